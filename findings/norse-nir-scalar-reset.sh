#!/bin/sh
# norse 1.1.0 with nir 1.0.8: a network of norse's LIF cells with their default parameters becomes a graph that nir.write does not write.
#
# The parameters of the cells are tensors without axes, and those are written. The reset, which norse leaves out, is filled in by nir as
# an array like the threshold, without axes too, and arrays are written compressed: h5py has no compression of scalars and raises a
# TypeError that names neither the node nor the parameter. A leaky integrator (LIBoxCell), which has no reset, is written. With
# compression=None the graph is written; the parameters come back without axes, so that a reader has to spread them over the neurons.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
${PYTHON:-python3} -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q nir==1.0.8 nirtorch==2.6 norse==1.1.0 torch==2.15.0 numpy==2.4.6 h5py==3.16.0
cd "$dir"
"$dir/venv/bin/python" - 2>/dev/null <<'PY'
from importlib.metadata import version
import nir, norse.torch as norse, numpy as np, torch

print(", ".join(f"{p} {version(p)}" for p in ("nir", "norse", "h5py")))

def graph(cell):
    return norse.to_nir(norse.SequentialState(torch.nn.Linear(3, 2), cell), sample_data=torch.zeros(1, 3))

def written(g, **settings):
    try:
        nir.write("graph.nir", g, **settings)
        return "written"
    except TypeError as e:
        return f"TypeError: {e}"

found = {}
for cell in (norse.LIFCell(), norse.LIFBoxCell(), norse.LIBoxCell()):
    g = graph(cell)
    node = g.nodes["1"]
    arrays = [k for k, v in vars(node).items() if isinstance(v, np.ndarray) and v.shape == ()]
    found[type(cell).__name__] = written(g)
    print(f"{type(cell).__name__} -> {type(node).__name__}, arrays without axes: {arrays}; {written(g)}; compression=None: {written(g, compression=None)}")

written(graph(norse.LIFBoxCell()), compression=None)
back = nir.read("graph.nir", type_check=False).nodes["1"]
print("read back: shapes of tau and v_reset", np.shape(back.tau), np.shape(back.v_reset))

assert all("Scalar datasets" in found[k] for k in ("LIFCell", "LIFBoxCell")) and found["LIBoxCell"] == "written"
assert np.shape(back.tau) == () and np.shape(back.v_reset) == ()
PY
