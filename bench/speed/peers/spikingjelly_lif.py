"""The network of the workload in SpikingJelly, multi-step mode: Linear, LIFNode, Linear, and a
leaky integrator by a loop."""

import importlib.metadata
import math

import torch
from spikingjelly.activation_based import functional, layer, neuron, surrogate

from peer import calibrate, serve


def build(n):
    if n.get("recurrent"):
        raise ValueError("multi-step mode has no recurrent layer")
    torch.manual_seed(1)
    T, B, H = n["T"], n["B"], n["hidden"]
    x = (torch.rand(T, B, n["inputs"]) < n["active"]).float()
    if n.get("analog"):
        x = x * torch.rand(x.shape)
    cls = torch.arange(B) % n["outputs"]
    fc1 = layer.Linear(n["inputs"], H, bias=False, step_mode="m")
    lif = neuron.LIFNode(tau=20.0, decay_input=False, v_reset=None, surrogate_function=surrogate.ATan(), step_mode="m")
    fc2 = layer.Linear(H, n["outputs"], bias=False, step_mode="m")
    hidden = torch.nn.Sequential(fc1, lif)
    net = torch.nn.ModuleList([hidden, fc2])
    beta = math.exp(-1 / 20)
    count = [0.0]

    def run():
        functional.reset_net(net)
        s = hidden(x)
        count[0] = s.detach().mean().item()
        o = fc2(s)
        y, total = 0, 0
        for t in range(T):
            y = beta * y + o[t]
            total = total + y
        return torch.nn.functional.cross_entropy(total, cls)

    def forward():
        with torch.no_grad():
            run()

    def gradient():
        net.zero_grad()
        run().backward()

    def firing():
        forward()
        return count[0]

    def scale(f):
        with torch.no_grad():
            fc1.weight.mul_(f)

    calibrate(n["rate"], firing, scale)
    return f"SpikingJelly {importlib.metadata.version('spikingjelly')}", firing(), forward, gradient


serve(build)
