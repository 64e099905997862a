"""Makes the NIR files that simulators write of networks of their own, and what these networks give.

Made with nir 1.0.8, nirtorch 2.6, torch 2.4.1 and 2.15.0, snntorch 1.0.0, spikingjelly 2.0.0, sinabs 3.1.3, norse 1.1.0, rockpool 3.1.0.
snntorch_old: nir 0.2, nirtorch 1.0, snntorch 0.9.1.
Names of cases as arguments make these alone, and add them to written.json or replace them there.
"""
import io, json, contextlib, sys
import numpy as np, torch, nir
from torch import nn

T = 60

def full(v, *shape):
    return torch.full(shape, float(v))

def seeded(net, gain=1.0, shift=0.0):
    for p in net.parameters():
        if p.dim() > 1:
            p.data = gain * torch.randn(p.shape) * (2 / p[0].numel()) ** 0.5 + shift / p[0].numel()
    return net

def steps(net, x, state=True):
    s, out = None, []
    for t in range(len(x)):
        y = net(x[t : t + 1], s) if state else net(x[t : t + 1])
        y, s = y if isinstance(y, tuple) else (y, None)
        out.append(y[0].reshape(-1))
    return torch.stack(out)

def sj():
    if not hasattr(torch.library, "triton_op"):  # of torch 2.6, for GPUs
        torch.library.triton_op, torch.library.wrap_triton = torch.library.custom_op, lambda f: f
    from spikingjelly.activation_based import neuron, layer, nir_exchange, functional
    return neuron, layer, nir_exchange, functional

def snntorch_dense(x):
    import snntorch as snn
    from snntorch.export_nir import export_to_nir
    net = seeded(nn.Sequential(nn.Linear(6, 8), snn.Leaky(beta=full(0.9, 8), threshold=full(1, 8), init_hidden=True), nn.Linear(8, 3), snn.Leaky(beta=full(0.8, 3), threshold=full(1, 3), init_hidden=True)), 1.5, 2)
    y = steps(net, x, False)
    return export_to_nir(net, x[0]), y, "subtract"

def snntorch_zero(x):
    import snntorch as snn
    from snntorch.export_nir import export_to_nir
    leaky = lambda b, n: snn.Leaky(beta=full(b, n), threshold=full(1, n), init_hidden=True, reset_mechanism="zero")
    net = seeded(nn.Sequential(nn.Linear(6, 8), leaky(0.9, 8), nn.Linear(8, 3), leaky(0.8, 3)), 1.5, 2)
    y = steps(net, x, False)
    return export_to_nir(net, x[0]), y, "value"

def snntorch_synaptic(x):
    import snntorch as snn
    from snntorch.export_nir import export_to_nir
    net = seeded(nn.Sequential(nn.Linear(6, 8), snn.Synaptic(alpha=full(0.8, 8), beta=full(0.9, 8), threshold=full(1, 8), init_hidden=True), nn.Linear(8, 3), snn.Synaptic(alpha=full(0.7, 3), beta=full(0.8, 3), threshold=full(1, 3), init_hidden=True)), 1, 1)
    y = steps(net, x, False)
    return export_to_nir(net, x[0]), y, "subtract"

def spikingjelly_dense(x):
    neuron, layer, nx, functional = sj()
    net = seeded(nn.Sequential(layer.Linear(6, 8), neuron.LIFNode(tau=4.0, decay_input=True, v_reset=0.0), layer.Linear(8, 3), neuron.LIFNode(tau=3.0, decay_input=False, v_reset=0.0)), 3, 6)
    y = steps(net, x, False)
    functional.reset_net(net)
    return nx.export_to_nir(net, x[:1], save_path=None, dt=1e-4), y, ""

def spikingjelly_soft(x):
    neuron, layer, nx, functional = sj()
    net = seeded(nn.Sequential(layer.Linear(6, 8), neuron.IFNode(v_reset=0.0), layer.Linear(8, 3), neuron.LIFNode(tau=3.0, v_reset=0.0)), 2, 3)
    y = steps(net, x, False)
    functional.reset_net(net)
    return nx.export_to_nir(net, x[:1], save_path=None, dt=1e-4), y, ""

def spikingjelly_conv(x):
    neuron, layer, nx, functional = sj()
    net = seeded(nn.Sequential(layer.Conv2d(1, 3, 3, padding=1), neuron.LIFNode(tau=2.0, v_reset=0.0), layer.AvgPool2d(2), layer.Flatten(), layer.Linear(12, 3), neuron.LIFNode(tau=2.0, v_reset=0.0)), 3, 6)
    image = x[:, None, :4, None].repeat(1, 1, 1, 4)[:, :, :, :4]
    y = steps(net, image, False)
    functional.reset_net(net)
    return nx.export_to_nir(net, image[:1], save_path=None, dt=1e-4), y, "", dict(input=image)

def sinabs_dense(x):
    import sinabs.layers as sl
    from sinabs.nir import to_nir
    lif = lambda: sl.LIF(tau_mem=full(10, 8), spike_threshold=full(1, 8), norm_input=False)
    iaf = lambda: sl.IAF(spike_threshold=full(1, 3), min_v_mem=-1.0)
    a, b = seeded(nn.Linear(6, 8), 1.5, 2), seeded(nn.Linear(8, 3), 1.5, 2)
    y = iaf()(b(lif()(a(x)[None])))[0]
    return to_nir(nn.Sequential(a, sl.LIFSqueeze(tau_mem=full(10, 8), spike_threshold=full(1, 8), norm_input=False, batch_size=1), b, sl.IAFSqueeze(spike_threshold=full(1, 3), min_v_mem=-1.0, batch_size=1)), x[:1]), y, "", dict(said=["norm_input=false", "min_v_mem@3=-1"])

def box(rate, n):  # tau_mem_inv, v_leak, v_th, v_reset
    return full(rate, n), full(0, n), full(1, n), full(0, n)

def norse_dense(x):
    import norse.torch as nt
    P = nt.LIFBoxParameters if hasattr(nt, "LIFBoxParameters") else None
    net = nt.SequentialState(nn.Linear(6, 8), nt.LIFBoxCell(P(*box(100, 8))), nn.Linear(8, 3), nt.LIFBoxCell(P(*box(80, 3))))
    seeded(net, 10, 30)
    y = steps(net, x)
    return nt.to_nir(net, x[:1]), y, ""

def norse_cuba(x):
    import norse.torch as nt
    from norse.torch.functional.lif import LIFParameters as P
    net = nt.SequentialState(nn.Linear(6, 8), nt.LIFCell(P(full(200, 8), *box(100, 8))), nn.Linear(8, 3), nt.LIFCell(P(full(150, 3), *box(80, 3))))
    seeded(net, 4, 12)
    y = steps(net, x)
    return nt.to_nir(net, x[:1]), y, ""

def snntorch(x, layers, reset, seed=(1.5, 2), image=None, **more):
    from snntorch.export_nir import export_to_nir
    net = seeded(nn.Sequential(*layers), *seed)
    x = x if image is None else image
    y = steps(net, x, False)
    return export_to_nir(net, x[0] if image is None else x[:1], ignore_dims=[] if image is None else [0]), y, reset, dict(more, input=x)

def leaky(n, beta=0.9, **k):
    import snntorch as snn
    shape = n if isinstance(n, tuple) else (n,)
    return snn.Leaky(beta=full(beta, *shape), threshold=full(1, *shape), init_hidden=True, **k)

def recurrent(kind, n, reset="subtract", **k):
    import snntorch as snn
    if kind == "RLeaky":
        return snn.RLeaky(beta=torch.linspace(0.7, 0.95, n), linear_features=n, threshold=torch.linspace(0.8, 1.5, n), init_hidden=True, reset_mechanism=reset, **k)
    return snn.RSynaptic(alpha=torch.linspace(0.5, 0.8, n), beta=torch.linspace(0.7, 0.9, n), linear_features=n, threshold=full(1, n), init_hidden=True, reset_mechanism=reset, **k)

def snntorch_atonce(x):
    return snntorch(x, [nn.Linear(6, 8), leaky(8, reset_delay=False), nn.Linear(8, 3), leaky(3, 0.8, reset_delay=False)], "subtract", said=["reset_delay=false"])

def snntorch_none(x):
    return snntorch(x, [nn.Linear(6, 8), leaky(8, 0.5, reset_mechanism="none"), nn.Linear(8, 3), leaky(3, 0.6, reset_mechanism="none")], "none", (1.5, 0.5))

def snntorch_synapticzero(x):
    import snntorch as snn
    syn = lambda a, b, n: snn.Synaptic(alpha=full(a, n), beta=full(b, n), threshold=full(1, n), init_hidden=True, reset_mechanism="zero")
    return snntorch(x, [nn.Linear(6, 8), syn(0.8, 0.9, 8), nn.Linear(8, 3), syn(0.7, 0.8, 3)], "value", (1, 1))

def snntorch_rleaky(x):
    return snntorch(x, [nn.Linear(6, 8), recurrent("RLeaky", 8), nn.Linear(8, 3), leaky(3, 0.8)], "subtract", (1, 2))

def snntorch_rleakyzero(x):
    return snntorch(x, [nn.Linear(6, 8), recurrent("RLeaky", 8, "zero"), nn.Linear(8, 3), leaky(3, 0.8, reset_mechanism="zero")], "value", (1, 2))

def snntorch_rleakyatonce(x):
    return snntorch(x, [nn.Linear(6, 8), recurrent("RLeaky", 8, "zero", reset_delay=False), nn.Linear(8, 3), leaky(3, 0.8, reset_mechanism="zero", reset_delay=False)], "value", (1, 2), said=["reset_delay=false"])

def snntorch_rsynaptic(x):
    return snntorch(x, [nn.Linear(6, 8), recurrent("RSynaptic", 8), nn.Linear(8, 3), leaky(3, 0.8)], "subtract", (0.7, 1))

def snntorch_onetoone(x):
    import snntorch as snn
    r = snn.RLeaky(beta=full(0.9, 8), V=torch.linspace(-1, 1, 8), all_to_all=False, threshold=full(1, 8), init_hidden=True)
    return snntorch(x, [nn.Linear(6, 8), r, nn.Linear(8, 3), leaky(3, 0.8)], "subtract", (1, 2))

def typed(g):  # input_shape is None in convolutions of these, and nir.write fails for it
    g.infer_types()
    return g

def pictures(x, channels=2, size=6):
    return (torch.rand(len(x), channels, size, size) < 0.3).float()

def snntorch_conv(x):
    return snntorch(x, [nn.Conv2d(2, 4, 3, stride=1, padding=2, dilation=2, groups=2), leaky((4, 6, 6), 0.7), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(36, 3), leaky(3, 0.8)], "subtract", (2, 3), pictures(x))

def spikingjelly(x, layers, seed=(3, 6), dt=1e-4, **more):
    _, _, nx, functional = sj()
    net = seeded(nn.Sequential(*layers), *seed)
    y = steps(net, x, False)
    functional.reset_net(net)
    return nx.export_to_nir(net, x[:1], save_path=None, dt=dt), y, "", dict(more, input=x, dt=dt)

def spikingjelly_plif(x):
    neuron, layer, _, _ = sj()
    return spikingjelly(x, [layer.Linear(6, 8), neuron.ParametricLIFNode(init_tau=3.0, v_reset=0.0), layer.Linear(8, 3), neuron.ParametricLIFNode(init_tau=2.5, v_reset=0.0, decay_input=False)], dt=1e-3)

def spikingjelly_cuba(x):
    neuron, layer, _, _ = sj()
    return spikingjelly(x, [layer.Linear(6, 8, bias=False), neuron.CUBALIFNode(c_decay=0.6, v_decay=0.8), layer.Linear(8, 3), neuron.CUBALIFNode(c_decay=0.5, v_decay=0.75, v_reset=-0.2)], (1, 2))

def spikingjelly_vreset(x):
    neuron, layer, _, _ = sj()
    return spikingjelly(x, [layer.Linear(6, 8), neuron.LIFNode(tau=4.0, v_reset=-0.3, v_threshold=0.7), layer.Linear(8, 3), neuron.IFNode(v_reset=-0.3)], (2, 4))

def spikingjelly_skip(x):
    neuron, layer, _, _ = sj()
    class Skip(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.m, self.b, self.n = layer.Linear(6, 5), neuron.LIFNode(tau=2.0, v_reset=0.0), layer.Linear(5, 5), neuron.LIFNode(tau=3.0, v_reset=0.0)
        def forward(self, x):
            y = self.m(self.a(x))
            return self.n(self.b(y) + y)
    return spikingjelly(x, [Skip()])

def spikingjelly_rows(x):
    neuron, layer, _, _ = sj()
    rows = (torch.rand(len(x), 2, 9) < 0.3).float()
    return spikingjelly(rows, [layer.Conv1d(2, 4, 3, padding="same", dilation=2), neuron.LIFNode(tau=2.0, v_reset=0.0), layer.Conv1d(4, 3, 2, stride=2, padding=1), neuron.LIFNode(tau=2.0, v_reset=0.0), layer.Flatten(), layer.Linear(15, 3), neuron.LIFNode(tau=2.0, v_reset=0.0)])

def spikingjelly_same(x):
    neuron, layer, _, _ = sj()
    return spikingjelly(pictures(x), [layer.Conv2d(2, 4, (3, 2), padding="same", bias=False), neuron.IFNode(v_reset=0.0), layer.AvgPool2d((2, 3), stride=(2, 1), padding=(1, 0)), layer.Flatten(), layer.Linear(64, 3), neuron.IFNode(v_reset=0.0)], (1, 2))

def sinabs(x, layers, seed, reset="", **more):
    from sinabs.nir import to_nir
    net = seeded(nn.Sequential(*layers), *seed)
    y = net(x).reshape(len(x), -1)
    return typed(to_nir(net, x)), y, reset, dict(more, input=x)

def sinabs_single(x):
    import sinabs.layers as sl
    from sinabs.activation import SingleSpike
    k = dict(batch_size=1, spike_fn=SingleSpike)
    return sinabs(x, [nn.Linear(6, 8), sl.LIFSqueeze(tau_mem=full(10, 8), spike_threshold=full(1, 8), norm_input=False, **k), nn.Linear(8, 3), sl.IAFSqueeze(spike_threshold=full(1, 3), **k)], (1.5, 2), said=["norm_input=false", "spike_fn=SingleSpike"])

def sinabs_norm(x):
    import sinabs.layers as sl
    lif = lambda n: sl.LIFSqueeze(tau_mem=torch.linspace(3, 12, n), spike_threshold=torch.linspace(0.5, 1.5, n), batch_size=1)
    return sinabs(x, [nn.Linear(6, 8), lif(8), nn.Linear(8, 3), lif(3)], (4, 12), said=["norm_input=true"])

def sinabs_reset(x):
    import sinabs.layers as sl
    from sinabs.activation import MembraneReset
    lif = lambda n: sl.LIFSqueeze(tau_mem=full(8, n), tau_syn=full(4, n), spike_threshold=full(1, n), reset_fn=MembraneReset(), norm_input=False, min_v_mem=-0.5, batch_size=1)
    return sinabs(x, [nn.Linear(6, 8), lif(8), nn.Linear(8, 3), lif(3)], (1, 1), "value", said=["norm_input=false", "tau_syn=4", "min_v_mem=-0.5"])

def sinabs_conv(x):
    import sinabs.layers as sl
    lif = sl.IAFSqueeze(spike_threshold=torch.tensor(1.0), batch_size=1)
    return sinabs(pictures(x), [nn.Conv2d(2, 4, 3, padding=1, groups=2, bias=False), lif, sl.SumPool2d(2), nn.Flatten(), nn.Linear(36, 3), sl.IAFSqueeze(spike_threshold=torch.tensor(1.0), batch_size=1)], (1, 1))

def sinabs_floor(x):  # which the voltage that is given out does not know
    import sinabs.layers as sl
    return sinabs(x, [nn.Linear(6, 8), sl.LIFSqueeze(tau_mem=full(10, 8), spike_threshold=full(1, 8), norm_input=False, min_v_mem=-0.1, batch_size=1), nn.Linear(8, 3), sl.ExpLeakSqueeze(tau_mem=full(7, 3), norm_input=False, min_v_mem=-0.1, batch_size=1)], (2, 1), said=["norm_input=false", "min_v_mem=-0.1"])

def sinabs_leak(x):
    import sinabs.layers as sl
    return sinabs(x, [nn.Linear(6, 8), sl.LIFSqueeze(tau_mem=full(10, 8), spike_threshold=full(1, 8), norm_input=False, batch_size=1), nn.Linear(8, 3), sl.ExpLeakSqueeze(tau_mem=full(7, 3), norm_input=False, batch_size=1)], (1.5, 2), said=["norm_input=false"])

def norse(x, layers, seed, reset="", dt=1e-3, **more):
    import norse.torch as nt
    net = seeded(nt.SequentialState(*layers), *seed)
    y = steps(net, x)
    return typed(nt.to_nir(net, x[0], dt=dt)), y, reset, dict(more, input=x, dt=dt)

def norse_vreset(x):
    import norse.torch as nt
    lif = lambda rate, n: nt.LIFBoxCell(nt.LIFBoxParameters(full(rate, n), full(0.2, n), full(1, n), full(-0.3, n)))
    return norse(x, [nn.Linear(6, 8), lif(100, 8), nn.Linear(8, 3), lif(80, 3)], (10, 30), said=["v_reset=-0.3"])

def norse_subtract(x):
    import norse.torch as nt
    from norse.torch.functional.reset import reset_subtract
    lif = lambda rate, n: nt.LIFBoxCell(nt.LIFBoxParameters(*box(rate, n), reset_method=reset_subtract))
    return norse(x, [nn.Linear(6, 8), lif(100, 8), nn.Linear(8, 3), lif(80, 3)], (10, 30), "subtract")

def norse_fine(x):  # a time step that the file does not say
    import norse.torch as nt
    lif = lambda rate, n: nt.LIFBoxCell(nt.LIFBoxParameters(*box(rate, n)), dt=1e-4)
    return norse(x, [nn.Linear(6, 8), lif(1000, 8), nn.Linear(8, 3), lif(800, 3)], (10, 30), dt=1e-4)

def norse_iaf(x):
    import norse.torch as nt
    iaf = lambda n: nt.IAFCell(nt.IAFParameters(v_th=full(1, n)))
    return norse(x, [nn.Linear(6, 8), iaf(8), nn.Linear(8, 3), iaf(3)], (1, 2))

def norse_iafreset(x):
    import norse.torch as nt
    iaf = lambda n: nt.IAFCell(nt.IAFParameters(v_th=full(1, n), v_reset=full(-0.5, n)))
    return norse(x, [nn.Linear(6, 8), iaf(8), nn.Linear(8, 3), iaf(3)], (1, 2), said=["v_reset=-0.5"])

def norse_conv(x):  # a sample without a batch, else its types are not found; and no Flatten, which is not exported
    import norse.torch as nt
    lif = lambda rate, *n: nt.LIFBoxCell(nt.LIFBoxParameters(full(rate, *n), full(0, *n), full(1, *n), full(0, *n)))
    return norse(pictures(x), [nn.Conv2d(2, 4, 3, padding=1, stride=2), lif(100, 4, 3, 3), nn.Conv2d(4, 3, 2, dilation=2), lif(80, 3, 1, 1)], (10, 30))

def norse_li(x):
    import norse.torch as nt
    li = nt.LIBoxCell(nt.LIBoxParameters(full(80, 3), full(0, 3)))
    return norse(x, [nn.Linear(6, 8), nt.LIFBoxCell(nt.LIFBoxParameters(*box(100, 8))), nn.Linear(8, 3), li], (10, 30))

def snntorch_old(x):
    return snntorch_synaptic(x)

def rockpool_dense(x):
    from rockpool.nn.modules import LinearTorch, LIFTorch
    from rockpool.nn.combinators import Sequential
    from rockpool.nn.modules.torch.nir import to_nir
    net = Sequential(LinearTorch((6, 8)), LIFTorch(8, tau_mem=20e-3, tau_syn=10e-3, dt=1e-3), LinearTorch((8, 3)), LIFTorch(3, tau_mem=15e-3, tau_syn=8e-3, dt=1e-3))
    for p in net.parameters().astorch():
        if p.dim() > 1:
            p.data = 0.3 * torch.rand(p.shape)
    y, _, _ = net(x[None])
    return to_nir(net), y[0], ""

def main():
    names = sys.argv[1:] or [n for n, f in globals().items() if "_" in n and callable(f) and n != "_"]
    cases = []
    for make in [globals()[n] for n in names]:
        torch.manual_seed(5)
        x = (torch.rand(T, 6) < 0.3).float()
        peer = make.__name__.split("_")[0]
        try:
            with contextlib.redirect_stdout(io.StringIO()), torch.no_grad():
                g, y, reset, *more = make(x)
            nir.write(make.__name__ + ".nir", g)
        except BaseException as e:
            print(make.__name__, f"{type(e).__name__}: {e}"[:300], file=sys.stderr)
            continue
        more = more[0] if more else {}
        used, y = more.pop("input", x), y.reshape(-1).tolist()
        whole = all(v == int(v) for v in y)
        cases.append(dict(file=make.__name__ + ".nir", writer=peer, reset=reset, **more, steps=T, input=used.reshape(-1).int().tolist(), output=[int(v) for v in y] if whole else y))
        print(make.__name__, sum(y), {k: type(n).__name__ for k, n in g.nodes.items()}, file=sys.stderr)
    if len(sys.argv) > 1:
        made = {c["file"]: c for c in cases}
        with open("written.json") as f:
            old = json.load(f)
        cases = [made.pop(c["file"], c) for c in old] + list(made.values())
    with open("written.json", "w") as f:
        f.write("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n")

if __name__ == "__main__":
    main()
