"""Makes peers.json: what neurons of other libraries do, step by step, and their gradients.

    python peers.py LIBRARY...       (snntorch norse spikingjelly sinabs spyx rockpool)

replaces the cases of the installed versions of the libraries in the file beside it. Made with torch
2.15, jax 0.10.2, in float64 where the library computes in it: snnTorch 0.5.3, 0.6.4, 0.7.0, 0.8.1,
0.9.4 and 1.0.0, Norse 0.0.7.post1, 1.0.0 and 1.1.0, SpikingJelly 2.0.0, Sinabs 3.1.3, spyx 1.0.0,
Rockpool 3.1.0.

A case has the neuron's name and parameters of models.Compat, the current scale * x [T, N], perhaps
weights w_rec [N, N], and what came out, all [T, N]: spikes, the voltage that the library records
(vmem), and the gradient of sum(weight * spikes) with respect to the current.
"""
import importlib.metadata, json, pathlib, random, sys

FILE = pathlib.Path(__file__).with_name("peers.json")
T, N = 24, 2
rng = random.Random(1)
X = [round(0.35 + 0.6 * rng.gauss(0, 1), 3) for _ in range(T * N)]
W = [round(rng.gauss(0, 1), 3) for _ in range(T * N)]
REC = [0.3, -0.4, 0.5, 0.2]


def case(out, peer, made, params, run, scale=1.0, rec=False, surrogate=None):
    """run(x, w_rec) takes [T, N] and returns spikes and voltages."""
    spikes, vmem, grad = run(scale, REC if rec else None)
    c = {"peer": peer, "from": made, "params": params, "scale": scale}
    if rec:
        c["w_rec"] = REC
    if surrogate:
        c["surrogate"] = surrogate
    r = lambda a: [float(f"{float(v):.13g}") for row in a for v in row]
    c |= {"spikes": [int(v) for v in r(spikes)], "vmem": r(vmem), "grad": r(grad)}
    out.append(c)


def torch_run(step, dtype=None):
    """Runs step(x, w_rec, state) -> spikes, vmem, state."""
    import torch

    dtype = dtype or torch.float64

    def run(scale, rec):
        x = (scale * torch.tensor(X, dtype=dtype).reshape(T, 1, N)).requires_grad_()
        w = None if rec is None else torch.tensor(rec, dtype=dtype).reshape(N, N)
        state, s, v = None, [], []
        for t in range(T):
            spikes, vmem, state = step(x[t], w, state)
            s.append(spikes)
            v.append(vmem)
        s, v = torch.stack(s), torch.stack(v)
        (s * torch.tensor(W, dtype=dtype).reshape(T, 1, N)).sum().backward()
        return s.detach()[:, 0], v.detach()[:, 0], x.grad[:, 0]

    return run


def connection(w):
    """The spikes, which some libraries make in float32, times w."""
    import torch

    class Connection(torch.nn.Module):
        def forward(self, spikes):
            return spikes.to(w.dtype) @ w

    return Connection()


def snntorch(out, made):
    import inspect, torch
    torch.set_default_dtype(torch.float64)
    import snntorch as snn
    from snntorch import surrogate

    version = tuple(int(p) for p in snn.__version__.split(".")[:2])
    # Before 0.6 the default was the Heaviside function.
    args, name = ({}, None) if version >= (0, 6) else ({"spike_grad": surrogate.fast_sigmoid(25)}, "snntorch/fast_sigmoid(25)")

    def layer(make, states):
        def step(x, w, state):
            lif, s = state or (make(), [torch.zeros_like(x)] * states)
            *s, = lif(x, *s)
            return s[0], s[-1], (lif, s[1:])

        return torch_run(step)

    old = "-0.7" if version <= (0, 7) else ""
    for beta, th in [(0.9, 1.0), (0.7, 0.75)]:
        for kind, mechanism in [("", "subtract"), ("-zero", "zero")]:
            make = lambda: snn.Leaky(beta=beta, threshold=th, reset_mechanism=mechanism, **args)
            case(out, "snntorch/Leaky" + kind + old, made, [beta, th], layer(make, 1), surrogate=name)
        if version < (0, 9):
            continue
        if "reset_delay" in inspect.signature(snn.Leaky.__init__).parameters and version >= (1, 0):
            make = lambda: snn.Leaky(beta=beta, threshold=th, reset_delay=False)
            case(out, "snntorch/Leaky-nodelay", made, [beta, th], layer(make, 1))
        if version >= (1, 0):
            make = lambda: snn.Synaptic(alpha=beta, beta=0.8, threshold=th)
            case(out, "snntorch/Synaptic", made, [beta, 0.8, th], layer(make, 2))
    if version < (1, 0):
        return
    for r, c, th in [(5.1, 5e-3, 1.0), (2.0, 4e-3, 0.75)]:
        make = lambda: snn.Lapicque(R=r, C=c, time_step=1e-3, threshold=th)
        case(out, "snntorch/Lapicque", made, [r, c, 1e-3, th], layer(make, 1), scale=4.0)

    def recurrent(mechanism):
        def step(x, w, state):
            if state is None:
                lif = snn.RLeaky(beta=0.8, linear_features=N, reset_mechanism=mechanism)
                lif.recurrent = connection(w)
                state = (lif, torch.zeros_like(x), torch.zeros_like(x))
            spk, mem = state[0](x, state[1], state[2])
            return spk, mem, (state[0], spk, mem)

        return torch_run(step)

    case(out, "snntorch/Leaky-zero-0.7", made, [0.8, 1.0], recurrent("zero"), rec=True)
    case(out, "snntorch/Leaky", made, [0.8, 1.0], recurrent("subtract"), rec=True)


def norse(out, made):
    import torch
    torch.set_default_dtype(torch.float64)
    from norse.torch.functional import lif

    t = torch.as_tensor
    slope = "norse/superspike-1.1.0" if "1.1.0" in made else "norse/superspike(100)"
    current = "1.1.0" in made

    def run(f, first):
        def step(x, w, state):
            z, state = f(x, first(x) if state is None else state)
            return z, state.v, state

        return torch_run(step)

    def recurrent(f, first):
        def step(x, w, state):
            z, state = f(x, first(x) if state is None else state, w)
            return z, state.v, state

        return torch_run(step)

    for v_leak, v_reset in [(0.0, 0.0), (0.1, -0.2)]:
        p = lif.LIFParameters(tau_syn_inv=t(200.0), tau_mem_inv=t(100.0), v_leak=t(v_leak), v_th=t(1.0), v_reset=t(v_reset), alpha=t(100.0))
        first = lambda x: lif.LIFFeedForwardState(v=torch.full_like(x, v_leak), i=torch.zeros_like(x))
        eye = torch.eye(N)
        start = lambda x: lif.LIFState(z=torch.zeros_like(x), v=torch.full_like(x, v_leak), i=torch.zeros_like(x))
        params = [1e-3, 200.0, 100.0, v_leak, 1.0, v_reset]
        name = "norse/LIF-1.1.0" if current else "norse/LIF-1.0"
        case(out, name, made, params, run(lambda x, s: lif.lif_feed_forward_step(x, s, p), first), scale=6.0, surrogate=slope)
        # The recurrent step of 1.0.0 is that of 1.1.0.
        name = "norse/LIF-1.0" if "0.0" in made.replace("1.0.0", "") else "norse/LIF-1.1.0"
        case(out, name, made, params, recurrent(lambda x, s, w: lif.lif_step(x, s, eye, w.T, p), start), scale=6.0, rec=True, surrogate=slope)
    if not current:
        return
    from norse.torch.functional import lif_box, lsnn, lif_adex, izhikevich
    for v_leak, v_reset in [(0.0, 0.0), (0.1, -0.2)]:
        box = lif_box.LIFBoxParameters(tau_mem_inv=t(100.0), v_leak=t(v_leak), v_th=t(1.0), v_reset=t(v_reset), alpha=100.0)
        case(out, "norse/LIFBox", made, [1e-3, 100.0, v_leak, 1.0, v_reset], run(
            lambda x, s: lif_box.lif_box_feed_forward_step(x, s, box),
            lambda x: lif_box.LIFBoxFeedForwardState(v=torch.full_like(x, v_leak))), scale=8.0, surrogate=slope)
        ada = lsnn.LSNNParameters(tau_syn_inv=t(200.0), tau_mem_inv=t(100.0), tau_adapt_inv=t(1.0 / 800), v_leak=t(v_leak),
                                  v_th=t(1.0), v_reset=t(v_reset), beta=t(1.8), alpha=100.0)
        case(out, "norse/LSNN", made, [1e-3, 200.0, 100.0, 1.0 / 800, v_leak, 1.0, v_reset, 1.8], run(
            lambda x, s: lsnn.lsnn_feed_forward_step(x, s, ada),
            lambda x: lsnn.LSNNFeedForwardState(v=torch.full_like(x, v_leak), i=torch.zeros_like(x), b=torch.full_like(x, 1.0))),
            scale=8.0, surrogate=slope)
        case(out, "norse/LSNN", made, [1e-3, 200.0, 100.0, 1.0 / 800, v_leak, 1.0, v_reset, 1.8], recurrent(
            lambda x, s, w: lsnn.lsnn_step(x, s, eye, w.T, ada),
            lambda x: lsnn.LSNNState(z=torch.zeros_like(x), v=torch.full_like(x, v_leak), i=torch.zeros_like(x), b=torch.full_like(x, 1.0))),
            scale=8.0, rec=True, surrogate=slope)
        exp = lif_adex.LIFAdExParameters(adaptation_current=t(4.0), adaptation_spike=t(0.02), delta_T=t(0.5), tau_ada_inv=t(2.0),
                                         tau_syn_inv=t(200.0), tau_mem_inv=t(100.0), v_leak=t(v_leak), v_th=t(1.0), v_reset=t(v_reset), alpha=100.0)
        case(out, "norse/LIFAdEx", made, [1e-3, 4.0, 0.02, 0.5, 2.0, 200.0, 100.0, v_leak, 1.0, v_reset], run(
            lambda x, s: lif_adex.lif_adex_feed_forward_step(x, s, exp),
            lambda x: lif_adex.LIFAdExFeedForwardState(v=torch.full_like(x, v_leak), i=torch.zeros_like(x), a=torch.zeros_like(x))),
            scale=3.0, surrogate=slope)
    for a, d in [(0.02, 8.0), (0.1, 2.0)]:
        izh = izhikevich.IzhikevichParameters(a=a, b=0.2, c=-65.0, d=d)
        case(out, "norse/Izhikevich", made, [1e-3, a, 0.2, -65.0, d, 0.04, 5.0, 140.0, 30.0, 250.0], run(
            lambda x, s: izhikevich.izhikevich_feed_forward_step(x, s, izh),
            lambda x: izhikevich.IzhikevichState(v=torch.zeros_like(x), u=torch.zeros_like(x))), scale=8.0, surrogate=slope)


def spikingjelly(out, made):
    import torch
    torch.set_default_dtype(torch.float64)
    from spikingjelly.activation_based import neuron

    def layer(make):
        def step(x, w, state):
            node, last = state or (make(), torch.zeros_like(x))
            spikes = node(x if w is None else x + last @ w)
            return spikes, node.v, (node, spikes)

        return torch_run(step)

    for th, reset in [(1.0, 0.0), (0.8, 0.1)]:
        case(out, "spikingjelly/IFNode", made, [th, reset], layer(lambda: neuron.IFNode(v_threshold=th, v_reset=reset)))
        case(out, "spikingjelly/LIFNode", made, [2.0, th, reset],
             layer(lambda: neuron.LIFNode(tau=2.0, v_threshold=th, v_reset=reset)), scale=3.0)
        case(out, "spikingjelly/LIFNode-soft", made, [2.0, th], layer(lambda: neuron.LIFNode(tau=2.0, v_threshold=th, v_reset=None)), scale=3.0)
        case(out, "spikingjelly/LIFNode-nodecay", made, [3.0, th, reset],
             layer(lambda: neuron.LIFNode(tau=3.0, decay_input=False, v_threshold=th, v_reset=reset)))


def sinabs(out, made):
    import torch
    torch.set_default_dtype(torch.float64)
    import sinabs.layers as sl

    def layer(make, recurrent=None):
        def run(scale, rec):
            x = (scale * torch.tensor(X).reshape(1, T, N)).requires_grad_()
            if rec is None:
                l = make(record_states=True)
            else:
                l = recurrent(rec_connect=connection(torch.tensor(rec).reshape(N, N)), record_states=True)
            s = l(x)
            (s * torch.tensor(W).reshape(1, T, N)).sum().backward()
            # The recurrent layers record the states before the reset of the step after.
            v = l.recordings["v_mem"].detach()[0] if rec is None else []
            return s.detach()[0], v, x.grad[0]

        return run

    for th in [1.0, 0.4]:
        case(out, "sinabs/IAF", made, [th], layer(lambda **k: sl.IAF(spike_threshold=t64(th), **k)))
        case(out, "sinabs/LIF", made, [10.0, th], layer(lambda **k: sl.LIF(tau_mem=t64(10.0), spike_threshold=t64(th), **k)), scale=20.0)
        case(out, "sinabs/LIF-synapse", made, [10.0, 5.0, th],
             layer(lambda **k: sl.LIF(tau_mem=t64(10.0), tau_syn=t64(5.0), spike_threshold=t64(th), **k)), scale=8.0)
    case(out, "sinabs/IAF", made, [1.0], layer(None, lambda **k: sl.IAFRecurrent(spike_threshold=t64(1.0), **k)), rec=True)


def t64(v):
    import torch
    return torch.tensor(v, dtype=torch.float64)


def spyx(out, made):
    import jax, jax.numpy as jnp
    jax.config.update("jax_enable_x64", True)
    from flax import nnx
    import spyx.nn as sn

    rngs = nnx.Rngs(0)

    def layer(make, voltage=lambda s: s):
        def run(scale, rec):
            l = make()
            if rec is not None:
                l.recurrent_w = nnx.Param(jnp.array(rec).reshape(N, N))

            def forward(x):
                state, s, v = l.initial_state(1), [], []
                state = jax.tree.map(lambda a: a.astype(jnp.float64), state)
                for t in range(T):
                    spikes, state = l(x[t], state)
                    s.append(spikes[0])
                    v.append(voltage(state)[0])
                s = jnp.stack(s)
                return (s * jnp.array(W).reshape(T, N)).sum(), (s, jnp.stack(v))

            grad, (s, v) = jax.grad(forward, has_aux=True)(scale * jnp.array(X).reshape(T, 1, N))
            return s, v, grad[:, 0]

        return run

    half = lambda state: state[..., :N]
    set64 = lambda l, **p: [setattr(l, k, nnx.Param(jnp.full((), v, jnp.float64))) for k, v in p.items()] and l
    for th in [1.0, 0.8]:
        case(out, "spyx/IF", made, [th], layer(lambda: sn.IF((N,), threshold=th)))
        case(out, "spyx/LIF", made, [0.7, th], layer(lambda: set64(sn.LIF((N,), beta=0.7, threshold=th, rngs=rngs), beta=0.7)))
        case(out, "spyx/CuBaLIF", made, [0.6, 0.7, th], layer(
            lambda: set64(sn.CuBaLIF((N,), alpha=0.6, beta=0.7, threshold=th, rngs=rngs), alpha=0.6, beta=0.7), half))
        case(out, "spyx/ALIF", made, [0.7, 0.8, th], layer(
            lambda: set64(sn.ALIF((N,), beta=0.7, gamma=0.8, threshold=th, rngs=rngs), beta=0.7, gamma=0.8), half))
    case(out, "spyx/IF", made, [1.0], layer(lambda: sn.RIF((N,), threshold=1.0, rngs=rngs)), rec=True)
    case(out, "spyx/LIF", made, [0.7, 1.0], layer(lambda: set64(sn.RLIF((N,), beta=0.7, threshold=1.0, rngs=rngs), beta=0.7)), rec=True)
    case(out, "spyx/CuBaLIF", made, [0.6, 0.7, 1.0], layer(
        lambda: set64(sn.RCuBaLIF((N,), alpha=0.6, beta=0.7, threshold=1.0, rngs=rngs), alpha=0.6, beta=0.7), half), rec=True)


def rockpool(out, made):
    import torch
    from rockpool.nn.modules import LIFTorch

    def layer(p):
        def run(scale, rec):
            x = (scale * torch.tensor(X).reshape(1, T, N)).requires_grad_()
            tau_mem, tau_syn, bias, th, dt = p
            l = LIFTorch((N, N), tau_mem=tau_mem, tau_syn=tau_syn, bias=torch.full((N,), bias), threshold=torch.full((N,), th), dt=dt,
                         has_rec=rec is not None, w_rec=None if rec is None else torch.tensor(rec).reshape(N, N))
            s, _, record = l(x, record=True)
            (s * torch.tensor(W).reshape(1, T, N)).sum().backward()
            return s.detach()[0], record["vmem"].detach()[0], x.grad[0]

        return run

    for p in [[20e-3, 20e-3, 0.0, 1.0, 1e-3], [10e-3, 5e-3, 0.1, 0.8, 1e-3]]:
        case(out, "rockpool/LIFTorch", made, p, layer(p))
    # Voltages on both sides of the lower end of the window, of a threshold that is not 1.
    case(out, "rockpool/LIFTorch", made, [10e-3, 5e-3, 0.0, 0.6, 1e-3], layer([10e-3, 5e-3, 0.0, 0.6, 1e-3]), scale=0.1)
    case(out, "rockpool/LIFTorch", made, [5e-3, 5e-3, 0.0, 1.0, 1e-3], layer([5e-3, 5e-3, 0.0, 1.0, 1e-3]), scale=0.4, rec=True)


if __name__ == "__main__":
    data = json.loads(FILE.read_text()) if FILE.exists() else {"cases": []}
    if (data.get("x", X), data.get("weight", W)) != (X, W):
        sys.exit("the current in the file is another one: delete it")
    cases = data["cases"]
    for name in sys.argv[1:]:
        new = []
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            version = importlib.import_module(name).__version__
        globals()[name](new, f"{name} {version}")
        cases = [c for c in cases if c["from"] != new[0]["from"]] + new
    cases.sort(key=lambda c: (c["peer"], c["from"]))
    text = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)
    FILE.write_text(f'{{"steps":{T},"neurons":{N},\n"x":{json.dumps(X)},\n"weight":{json.dumps(W)},\n"cases":[\n{text}\n]}}\n')
