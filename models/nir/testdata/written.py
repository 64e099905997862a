"""Makes the NIR files that simulators write of networks of their own, and what these networks give.

Made with nir 1.0.8, nirtorch 2.6, torch 2.4.1, snntorch 1.0.0, spikingjelly 2.0.0, sinabs 3.1.3, norse 1.1.0.
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
    return nx.export_to_nir(net, image[:1], save_path=None, dt=1e-4), y, "", image

def sinabs_dense(x):
    import sinabs.layers as sl
    from sinabs.nir import to_nir
    lif = lambda: sl.LIF(tau_mem=full(10, 8), spike_threshold=full(1, 8), norm_input=False)
    iaf = lambda: sl.IAF(spike_threshold=full(1, 3), min_v_mem=-1.0)
    a, b = seeded(nn.Linear(6, 8), 1.5, 2), seeded(nn.Linear(8, 3), 1.5, 2)
    y = iaf()(b(lif()(a(x)[None])))[0]
    return to_nir(nn.Sequential(a, sl.LIFSqueeze(tau_mem=full(10, 8), spike_threshold=full(1, 8), norm_input=False, batch_size=1), b, sl.IAFSqueeze(spike_threshold=full(1, 3), min_v_mem=-1.0, batch_size=1)), x[:1]), y, ""

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

def main():
    cases = []
    for make in [snntorch_dense, snntorch_zero, snntorch_synaptic, spikingjelly_dense, spikingjelly_soft, spikingjelly_conv, sinabs_dense, norse_dense, norse_cuba]:
        torch.manual_seed(5)
        x = (torch.rand(T, 6) < 0.3).float()
        peer = make.__name__.split("_")[0]
        try:
            with contextlib.redirect_stdout(io.StringIO()), torch.no_grad():
                g, y, reset, *image = make(x)
            nir.write(make.__name__ + ".nir", g)
        except BaseException as e:
            print(make.__name__, f"{type(e).__name__}: {e}"[:300], file=sys.stderr)
            continue
        used = image[0] if image else x
        cases.append(dict(file=make.__name__ + ".nir", writer=peer, reset=reset, steps=T, input=used.reshape(-1).int().tolist(), output=[int(v) for v in y.reshape(-1).tolist()]))
        print(make.__name__, int(y.sum()), {k: type(n).__name__ for k, n in g.nodes.items()}, file=sys.stderr)
    with open("written.json", "w") as f:
        f.write("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases) + "\n]\n")

if __name__ == "__main__":
    main()
