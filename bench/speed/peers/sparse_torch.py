"""LIF by hand on PyTorch: sparse CSR input, adjoint written out, no autograd.

v[t] = a v[t-1] + x[t] W (+ s[t-1] R), s = v > 1, v -= s; readout a leaky integrator whose sum
over time goes into a softmax cross-entropy. Slope of the spike: 1 / (1 + 20 |v - 1|)^2.
"""

import math

import torch

from peer import calibrate, serve


class Net:
    def __init__(self, n):
        torch.manual_seed(1)
        self.T, self.B, self.H, self.O = n["T"], n["B"], n["hidden"], n["outputs"]
        self.rec = n.get("recurrent", False)
        dtype = getattr(torch, n["dtype"])
        x = (torch.rand(self.T * self.B, n["inputs"]) < n["active"]).to(dtype)
        if n.get("analog"):
            x *= torch.rand(x.shape, dtype=dtype)
        self.dense = n["active"] > 0.3
        self.x = x if self.dense else x.to_sparse_csr()
        self.xt = x.t().contiguous() if self.dense else x.t().to_sparse_csr()
        self.W = torch.rand(n["inputs"], self.H, dtype=dtype) * 2 - 1
        self.R = torch.randn(self.H, self.H, dtype=dtype) * 0.5 / math.sqrt(self.H)
        self.V = torch.randn(self.H, self.O, dtype=dtype) / math.sqrt(self.H)
        self.cls = torch.arange(self.B) % self.O
        self.a = math.exp(-1 / 20)
        self.v = torch.empty(self.T, self.B, self.H, dtype=dtype)
        self.s = torch.empty_like(self.v)

    def forward(self):
        i = (self.x @ self.W).view(self.T, self.B, self.H)
        v = torch.zeros(self.B, self.H, dtype=i.dtype)
        for t in range(self.T):
            v.mul_(self.a).add_(i[t])
            if self.rec and t > 0:
                v.addmm_(self.s[t - 1], self.R)
            self.v[t] = v
            s = self.s[t]
            torch.gt(v, 1, out=s)
            v.sub_(s)
        o = (self.s.view(-1, self.H) @ self.V).view(self.T, self.B, self.O)
        y = torch.zeros(self.B, self.O, dtype=o.dtype)
        total = torch.zeros_like(y)
        for t in range(self.T):
            y.mul_(self.a).add_(o[t])
            total.add_(y)
        return total

    def gradient(self):
        total = self.forward()
        d = torch.softmax(total, 1)
        d[torch.arange(self.B), self.cls] -= 1
        d /= self.B
        do = torch.empty(self.T, self.B, self.O, dtype=d.dtype)
        g = torch.zeros_like(d)
        for t in reversed(range(self.T)):
            g.mul_(self.a).add_(d)
            do[t] = g
        do = do.view(-1, self.O)
        dV = self.s.view(-1, self.H).t() @ do
        ds = (do @ self.V.t()).view(self.T, self.B, self.H)
        slope = self.v.sub(1).abs_().mul_(20).add_(1).square_().reciprocal_()
        dv = torch.zeros(self.B, self.H, dtype=d.dtype)
        for t in reversed(range(self.T)):
            if self.rec and t + 1 < self.T:
                ds[t].addmm_(di[t + 1], self.R.t())
            # v' = v - s(v) goes on: dv is that of v', of the step after times a
            g = ds[t].sub_(dv).mul_(slope[t]).add_(dv)
            if t == self.T - 1:
                di = ds
            dv = g * self.a
        di = ds.view(-1, self.H)
        dW = self.xt @ di
        dR = None
        if self.rec:
            dR = self.s[:-1].reshape(-1, self.H).t() @ ds[1:].reshape(-1, self.H)
        return dW, dR, dV


def build(n):
    net = Net(n)

    def firing():
        net.forward()
        return net.s.mean().item()

    calibrate(n["rate"], firing, lambda f: net.W.mul_(f))
    return f"sparse torch {torch.__version__}", firing(), net.forward, net.gradient


with torch.no_grad():
    serve(build)
