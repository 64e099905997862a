#!/bin/sh
# rockpool 3.1.0: to_nir writes neither the recurrent weights nor the bias of a LIFTorch, and says nothing.
#
# The graph has one CubaLIF for the layer, without an edge back to it, and v_leak = 0, whatever w_rec and bias are: a layer with
# recurrent weights is exported as one without. Read back by rockpool's own from_nir it gives other spikes.
# Whoever exports such a network adds an Affine with w_rec and bias, and the two edges, to the graph before writing it.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
${PYTHON:-python3} -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q rockpool==3.1.0 nir==1.0.8 nirtorch==2.6 torch==2.15.0 numpy==2.4.6
cd "$dir"
"$dir/venv/bin/python" - 2>/dev/null <<'PY'
from importlib.metadata import version
import numpy as np, torch
from rockpool.nn.combinators import Sequential
from rockpool.nn.modules import LIFTorch, LinearTorch
from rockpool.nn.modules.torch.nir import from_nir, to_nir

print("rockpool", version("rockpool"), "nir", version("nir"))

def net(**layer):
    return Sequential(LinearTorch((3, 4), weight=torch.full((3, 4), 3.0), has_bias=False),
                      LIFTorch((4, 4), dt=1e-3, tau_mem=20e-3, tau_syn=10e-3, threshold=1.0, noise_std=0.0, **layer))

x = torch.zeros(1, 60, 3)
x[:, ::10] = 1
spikes = lambda n: int(n(x)[0].sum())
plain, bias = net(), net(bias=torch.full((4,), 0.5))
loop = net(has_rec=True, w_rec=torch.full((4, 4), -1.0))
graph = lambda n: to_nir(n, torch.zeros(1, 60, 3))
kinds = {name: sorted(type(v).__name__ for v in graph(n).nodes.values()) for name, n in [("plain", plain), ("w_rec", loop), ("bias", bias)]}
edges = {name: len(graph(n).edges) for name, n in [("plain", plain), ("w_rec", loop), ("bias", bias)]}
leak = [v.v_leak.tolist() for v in graph(bias).nodes.values() if type(v).__name__ == "CubaLIF"][0]
print("nodes:", kinds, "edges:", edges)
print("v_leak of the layer with a bias of 0.5:", leak)
print("spikes: plain", spikes(plain), "with w_rec", spikes(loop), "with bias", spikes(bias))
back = {name: int(from_nir(graph(n))(x)[0].sum()) for name, n in [("plain", plain), ("w_rec", loop), ("bias", bias)]}
print("spikes of what is read back:", back)

assert kinds["w_rec"] == kinds["plain"] == kinds["bias"] == ["Affine", "CubaLIF", "Input", "Output"] or kinds["w_rec"] == kinds["plain"] == kinds["bias"] == ["CubaLIF", "Input", "Linear", "Output"]
assert edges["w_rec"] == edges["plain"] == 3 and not any(leak)
assert spikes(loop) != spikes(plain) != spikes(bias)
assert back["w_rec"] == back["plain"] == back["bias"]
PY
