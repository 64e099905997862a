"""The network of the workload in snnTorch: Linear, Leaky, Linear, Leaky without spikes."""

import math

import snntorch
import torch
from snntorch import surrogate

from peer import calibrate, serve


def build(n):
    torch.manual_seed(1)
    T, B, H = n["T"], n["B"], n["hidden"]
    x = (torch.rand(T, B, n["inputs"]) < n["active"]).float()
    if n.get("analog"):
        x = x * torch.rand(x.shape)
    cls = torch.arange(B) % n["outputs"]
    beta = math.exp(-1 / 20)
    fc1 = torch.nn.Linear(n["inputs"], H, bias=False)
    grad = surrogate.fast_sigmoid(slope=20)
    if n.get("recurrent"):
        lif = snntorch.RLeaky(beta=beta, linear_features=H, spike_grad=grad, reset_mechanism="subtract")
    else:
        lif = snntorch.Leaky(beta=beta, spike_grad=grad, reset_mechanism="subtract")
    fc2 = torch.nn.Linear(H, n["outputs"], bias=False)
    out = snntorch.Leaky(beta=beta, reset_mechanism="none")
    parts = torch.nn.ModuleList([fc1, lif, fc2, out])
    count = [0.0]

    def run():
        m2 = out.reset_mem()
        spikes, state = 0.0, lif.reset_mem()
        total = 0
        for t in range(T):
            if n.get("recurrent"):
                s, m = lif(fc1(x[t]), *state)
                state = (s, m)
            else:
                s, state = lif(fc1(x[t]), state)
            spikes = spikes + s.detach()
            _, m2 = out(fc2(s), m2)
            total = total + m2
        count[0] = spikes.mean().item() / T
        return torch.nn.functional.cross_entropy(total, cls)

    def forward():
        with torch.no_grad():
            run()

    def gradient():
        parts.zero_grad()
        run().backward()

    def firing():
        forward()
        return count[0]

    def scale(f):
        with torch.no_grad():
            fc1.weight.mul_(f)

    calibrate(n["rate"], firing, scale)
    return f"snnTorch {snntorch.__version__}", firing(), forward, gradient


serve(build)
