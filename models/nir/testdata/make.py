"""Makes the NIR files of the tests and the spikes that other simulators give with them.

Made with nir 1.0.8, nirtorch 2.6, h5py 3.16.0, numpy 1.26.4, torch 2.4.1, snntorch 1.0.0, spikingjelly 2.0.0, sinabs 3.1.3,
norse 1.1.0, rockpool 3.1.0, spyx 1.0.0 (jax 0.10.2).
"orders" as an argument makes the graphs whose order of nodes and edges matters alone, and adds them to replay.json; "spyx" those that spyx reads.
"""
import io, json, contextlib, sys
import numpy as np, torch, nir

rng = np.random.default_rng(7)
T = 80
f32 = np.float32

def full(v, n):
    return np.full(n, v, f32)

def weights(out, inp, gain=1.0):
    return (gain * rng.normal(0.6, 0.5, (out, inp))).astype(f32)

def affine(out, inp, gain=1.0):
    return nir.Affine(weights(out, inp, gain), rng.normal(0, 0.05, out).astype(f32))

def lif(n, tau, r, reset=0.0, th=1.0, leak=0.0):
    return nir.LIF(tau=full(tau, n), r=full(r, n), v_leak=full(leak, n), v_threshold=full(th, n), v_reset=full(reset, n))

def cuba(n, mem, syn, r, w):
    return nir.CubaLIF(tau_mem=full(mem, n), tau_syn=full(syn, n), r=full(r, n), v_leak=full(0, n), v_threshold=full(1, n), v_reset=full(0, n), w_in=full(w, n))

def chain(*pairs):
    return nir.NIRGraph(nodes=dict(pairs), edges=[(a[0], b[0]) for a, b in zip(pairs, pairs[1:])])

def io_nodes(i, o):
    return ("input", nir.Input(np.array([i]))), ("output", nir.Output(np.array([o])))

def graphs():
    i, o = io_nodes(3, 2)
    yield "lif", chain(i, ("fc1", affine(4, 3)), ("lif1", lif(4, 1e-3, 10)), ("fc2", affine(2, 4)), ("lif2", lif(2, 1e-3, 10)), o)
    yield "seconds", chain(i, ("fc1", affine(4, 3, 10)), ("lif1", lif(4, 20e-3, 1)), ("fc2", affine(2, 4, 10)), ("lif2", lif(2, 20e-3, 1)), o)
    yield "reset", chain(i, ("fc1", affine(4, 3)), ("lif1", lif(4, 1e-3, 10, reset=-0.5, leak=-0.5)), ("fc2", affine(2, 4)), ("lif2", lif(2, 1e-3, 10)), o)
    yield "cuba", chain(i, ("fc1", affine(4, 3, 0.5)), ("lif1", cuba(4, 1e-3, 5e-4, 10, 5)), ("fc2", affine(2, 4, 0.5)), ("lif2", cuba(2, 1e-3, 5e-4, 10, 5)), o)
    yield "cubaexact", chain(i, ("fc1", affine(4, 3, 0.5)), ("lif1", cuba(4, 20e-3, 10e-3, 19.0246, 1)), ("fc2", affine(2, 4, 0.5)), ("lif2", cuba(2, 20e-3, 10e-3, 19.0246, 1)), o)
    yield "if", chain(i, ("fc1", affine(4, 3)), ("lif1", nir.IF(full(1, 4), full(1, 4), full(0, 4))), o[:1] + (nir.Output(np.array([4])),))
    n = 4
    inner = nir.NIRGraph(
        nodes={"rnn.input": nir.Input(np.array([n])), "rnn.lif": lif(n, 1e-3, 10), "rnn.w": nir.Affine(weights(n, n, 0.5), full(0, n)), "rnn.output": nir.Output(np.array([n]))},
        edges=[("rnn.input", "rnn.lif"), ("rnn.lif", "rnn.w"), ("rnn.w", "rnn.lif"), ("rnn.lif", "rnn.output")])
    yield "nested", chain(i, ("fc1", affine(n, 3)), ("rnn", inner), ("fc2", affine(2, n)), ("lif2", lif(2, 1e-3, 10)), o)
    yield "recurrent", nir.NIRGraph(
        nodes={"input": i[1], "fc1": affine(n, 3), "lif1": lif(n, 1e-3, 10), "w": nir.Affine(weights(n, n, 0.5), full(0, n)), "fc2": affine(2, n), "lif2": lif(2, 1e-3, 10), "output": o[1]},
        edges=[("input", "fc1"), ("fc1", "lif1"), ("lif1", "w"), ("w", "lif1"), ("lif1", "fc2"), ("fc2", "lif2"), ("lif2", "output")])
    conv = nir.Conv2d(input_shape=(8, 6), weight=rng.normal(0.1, 0.3, (4, 1, 3, 3)).astype(f32), stride=(2, 1), padding=(1, 0), dilation=(1, 2), groups=2, bias=rng.normal(0, 0.1, 4).astype(f32))
    yield "conv", nir.NIRGraph(
        nodes={"input": nir.Input(np.array([2, 8, 6])), "conv": conv, "pool": nir.SumPool2d(np.array([2, 2]), np.array([1, 2]), np.array([1, 1])),
               "avg": nir.AvgPool2d(np.array([2, 1]), np.array([2, 1]), np.array([1, 0])), "flat": nir.Flatten({"input": np.array([4, 3, 2])}, 0, -1),
               "output": nir.Output(np.array([24]))},
        edges=[("input", "conv"), ("conv", "pool"), ("pool", "avg"), ("avg", "flat"), ("flat", "output")], type_check=False)

    yield "recurrentbias", nir.NIRGraph(
        nodes={"input": i[1], "fc1": affine(n, 3), "lif1": lif(n, 1e-3, 10), "w": nir.Affine(weights(n, n, 0.5), full(1.5, n)), "fc2": affine(2, n), "lif2": lif(2, 1e-3, 10), "output": o[1]},
        edges=[("input", "fc1"), ("fc1", "lif1"), ("lif1", "w"), ("w", "lif1"), ("lif1", "fc2"), ("fc2", "lif2"), ("lif2", "output")])
    yield "leak", chain(i, ("fc1", affine(4, 3, 3)), ("lif1", lif(4, 5e-3, 1, leak=0.4, th=0.6)), ("fc2", affine(2, 4, 4)), ("lif2", lif(2, 5e-3, 2, reset=0.1, leak=0.1)), o)
    each = lambda a, b, k: np.linspace(a, b, k).astype(f32)
    yield "each", chain(i, ("fc1", affine(4, 3, 3)), ("lif1", nir.LIF(tau=each(3e-3, 8e-3, 4), r=each(1, 3, 4), v_leak=full(0, 4), v_threshold=each(0.5, 1.2, 4), v_reset=full(0, 4))), ("fc2", affine(2, 4, 4)), ("lif2", lif(2, 5e-3, 1)), o)
    scaled = nir.NIRGraph(
        nodes={"input": nir.Input(np.array([2, 8])), "conv": nir.Conv1d(input_shape=8, weight=rng.normal(0.1, 0.6, (4, 1, 3)).astype(f32), stride=1, padding="same", dilation=2, groups=2, bias=rng.normal(0, 0.1, 4).astype(f32)),
               "scale": nir.Scale(rng.normal(1, 0.3, (4, 8)).astype(f32)), "delay": nir.Delay(np.tile(np.array([0, 1e-3, 2e-3, 3e-3], f32)[:, None], (1, 8))),
               "flat": nir.Flatten({"input": np.array([4, 8])}, 0, -1), "output": nir.Output(np.array([32]))},
        edges=[("input", "conv"), ("conv", "scale"), ("scale", "delay"), ("delay", "flat"), ("flat", "output")], type_check=False)
    yield "rows", scaled

def orders():
    """Graphs that are run in an order of names or edges."""
    n, i, o = 4, nir.Input(np.array([3])), nir.Output(np.array([2]))
    ahead = {"input": i, "a": affine(n, 3), "lif1": lif(n, 1e-3, 10), "w": affine(n, n, 0.5), "fc2": affine(2, n), "lif2": lif(2, 1e-3, 10), "output": o}
    forth, back = [("input", "a"), ("a", "lif1"), ("lif1", "fc2"), ("fc2", "lif2"), ("lif2", "output")], [("lif1", "w"), ("w", "lif1")]
    yield "ahead", nir.NIRGraph(ahead, forth + back)  # norse gives out w, snntorch does not find its way
    loop = {"input": i, "kq": affine(n, 3), "lif1": lif(n, 1e-3, 10), "w": affine(n, n, 0.5), "output": nir.Output(np.array([n]))}
    yield "loop", nir.NIRGraph(loop, [("input", "kq"), ("kq", "lif1"), ("lif1", "w"), ("w", "lif1"), ("lif1", "output")])
    two = {"input": i, "a": affine(n, 3), "lif1": lif(n, 1e-3, 10), "b": affine(n, n), "lif2": lif(n, 1e-3, 10), "c": affine(n, n, 0.5), "d": affine(n, 3), "e": affine(2, n), "lif3": lif(2, 1e-3, 10), "output": o}
    edges = [("input", "a"), ("a", "lif1"), ("lif1", "b"), ("b", "lif2"), ("lif2", "e"), ("lif2", "c"), ("c", "lif1"), ("input", "d"), ("d", "lif2"), ("e", "lif3"), ("lif3", "output")]
    yield "across", nir.NIRGraph(two, edges)  # a skip and a loop over two layers
    inner = nir.NIRGraph(
        nodes={"rnn.input": nir.Input(np.array([n])), "rnn.lif": lif(n, 1e-3, 10), "rnn.w": affine(n, n, 0.5), "rnn.output": nir.Output(np.array([n]))},
        edges=[("rnn.input", "rnn.lif"), ("rnn.lif", "rnn.output"), ("rnn.lif", "rnn.w"), ("rnn.w", "rnn.lif")])
    yield "inside", nir.NIRGraph({"input": i, "k": affine(n, 3), "rnn": inner, "z": affine(2, n), "lif": lif(2, 1e-3, 10), "output": o},
        [("input", "k"), ("k", "rnn"), ("rnn", "z"), ("z", "lif"), ("lif", "output")])

def chains():
    """Graphs as spyx reads them, with time constants in steps."""
    i, o = lambda: nir.Input(np.array([3])), lambda n: nir.Output(np.array([n]))
    two = lambda neurons, extra={}: {"input": i(), "a": affine(4, 3), "l": neurons(4), **extra, "b": affine(2, 4), "m": lif(2, 5, 1), "output": o(2)}
    step, cub = lambda n: lif(n, 5, 1), lambda n: cuba(n, 5, 3, 1, 1)
    forth, loop = [("input", "a"), ("a", "l"), ("l", "b"), ("b", "m"), ("m", "output")], [("l", "w"), ("w", "l")]
    yield "spyxlif", nir.NIRGraph(two(step), forth)
    yield "spyxcuba", nir.NIRGraph(two(cub), forth)
    yield "spyxloop", nir.NIRGraph(two(step, {"w": affine(4, 4, 0.5)}), forth[:2] + loop + forth[2:])
    yield "spyxcubaloop", nir.NIRGraph(two(cub, {"w": affine(4, 4, 0.5)}), forth[:2] + loop + forth[2:])
    wide = {"input": i(), "a": affine(4, 3), "l": step(4), "b": affine(4, 4), "m": step(4), "c": affine(4, 3), "output": o(4)}
    yield "spyxbranch", nir.NIRGraph(wide, forth + [("input", "c"), ("c", "m")])
    yield "spyxbranch2", nir.NIRGraph({k: n for k, n in wide.items() if k != "c"}, forth[:2] + [("l", "output")] + forth[2:])
    yield "spyxscale", nir.NIRGraph({"input": i(), "a": affine(4, 3), "s": nir.Scale(full(2, 4)), "l": step(4), "output": o(4)}, [("input", "a"), ("a", "s"), ("s", "l"), ("l", "output")])

def run_spyx(g, x):
    from spyx import nir as spyx
    return torch.tensor(np.array(spyx.from_nir(g, x.numpy()[:, None])[1])[:, 0])

def run_snntorch(g, x):
    from snntorch.import_nir import import_from_nir
    net, state, out = import_from_nir(g), None, []
    for t in range(len(x)):
        y, state = net(x[t : t + 1], state)
        out.append(y[0])
    return torch.stack(out)

def run_norse(g, x):
    import norse.torch
    net, state, out = norse.torch.from_nir(g, ignore_warnings=True), None, []
    for t in range(len(x)):
        y, state = net(x[t : t + 1], state)
        out.append(y[0])
    return torch.stack(out)

def run_spikingjelly(g, x):
    if not hasattr(torch.library, "triton_op"):  # of torch 2.6, for GPUs
        torch.library.triton_op, torch.library.wrap_triton = torch.library.custom_op, lambda f: f
    from spikingjelly.activation_based import nir_exchange
    net, state, out = nir_exchange.import_from_nir(g), None, []
    for t in range(len(x)):
        y, state = net(x[t : t + 1], state)
        out.append(y[0])
    return torch.stack(out)

def run_sinabs(g, x):
    from sinabs.nir import from_nir
    net = from_nir(g, batch_size=1)
    y = net(x)
    return y[0] if isinstance(y, tuple) else y

def run_rockpool(g, x):
    from rockpool.nn.modules.torch.nir import from_nir
    y = from_nir(g)(x[None])
    return (y[0] if isinstance(y, tuple) else y)[0]

def main():
    global rng
    cases, only = [], {"orders": orders, "spyx": chains}.get("".join(sys.argv[1:]))
    if only:
        cases = [c for c in json.load(open("replay.json")) if c["file"][:-4] not in {name for name, _ in only()}]
        rng = np.random.default_rng(8)
    for name, g in only() if only else graphs():
        nir.write(name + ".nir", g)
        shape = tuple(int(k) for k in g.nodes["input"].input_type["input"])
        x = (rng.random((T if name not in ("conv", "rows") else 3 if name == "conv" else 6,) + shape) < 0.4).astype(f32)
        case = dict(file=name + ".nir", steps=len(x), input=x.reshape(-1).astype(int).tolist(), peers={})
        if name == "rows":
            c, F = g.nodes["conv"], torch.nn.functional
            y = F.conv1d(torch.tensor(x).double(), torch.tensor(c.weight).double(), torch.tensor(c.bias).double(), 1, "same", 2, 2) * torch.tensor(g.nodes["scale"].scale)
            y = torch.cat([F.pad(y[:, j], (0, 0, j, 0))[: len(x)] for j in range(4)], 1)
            case["peers"]["torch"] = dict(output=y.reshape(-1).tolist())
            cases.append(case)
            continue
        if name == "conv":
            c, p, a = g.nodes["conv"], g.nodes["pool"], g.nodes["avg"]
            F = torch.nn.functional
            y = F.conv2d(torch.tensor(x).double(), torch.tensor(c.weight).double(), torch.tensor(c.bias).double(), c.stride, c.padding, c.dilation, c.groups)
            y = F.avg_pool2d(y, (2, 2), (1, 2), (1, 1)) * 4
            y = F.avg_pool2d(y, (2, 1), (2, 1), (1, 0)).flatten(1)
            case["peers"]["torch"] = dict(output=y.reshape(-1).tolist())
            cases.append(case)
            continue
        for peer in ["spyx"] if only is chains else ["snntorch", "norse", "spikingjelly", "sinabs"] if only else ["snntorch", "norse", "spikingjelly", "sinabs", "rockpool"]:
            try:
                with contextlib.redirect_stdout(io.StringIO()), torch.no_grad():
                    y = globals()["run_" + peer](nir.read(name + ".nir"), torch.tensor(x))
                case["peers"][peer] = dict(output=[int(v) if v == int(v) else v for v in y.reshape(-1).tolist()])
            except BaseException as e:
                case["peers"][peer] = dict(error=f"{type(e).__name__}: {e}"[:200])
        cases.append(case)
        print(name, {k: v.get("error") or sum(v["output"]) for k, v in case["peers"].items()}, file=sys.stderr)
    with open("replay.json", "w") as f:
        f.write("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n")

if __name__ == "__main__":
    main()
