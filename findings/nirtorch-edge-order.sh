#!/bin/sh
# norse 1.1.0 with nirtorch 2.6: what a NIR graph computes depends on the order in which the file lists its edges.
#
# A graph of NIR is a set of nodes and edges, and a node with several incoming edges takes their sum. The reader goes depth first along the
# list: a node of which not all inputs are known yet runs with those that are, and the result of the last node that ran is the
# answer. Two branches into the output give 2 x or 3 x in place of 5 x, and a connection that skips a layer gives 9 x or 2 x, for
# the same edges in another order, without a word. Whoever writes branches for such a reader joins them in a node before the output and
# puts the edges into an order in which each node comes last after all that it needs.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
${PYTHON:-python3} -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q nir==1.0.8 nirtorch==2.6 norse==1.1.0 torch==2.15.0 numpy==2.4.6
cd "$dir"
"$dir/venv/bin/python" - 2>/dev/null <<'PY'
from collections import Counter
from importlib.metadata import version
from itertools import permutations
import nir, norse.torch, numpy as np, torch

print(", ".join(f"{p} {version(p)}" for p in ("nir", "nirtorch", "norse")))

def answers(edges):
    found = Counter()
    for order in permutations(edges):
        graph = nir.NIRGraph({"input": nir.Input(np.array([1])), "a": nir.Linear(np.array([[2.0]])),
                              "b": nir.Linear(np.array([[3.0]])), "output": nir.Output(np.array([1]))}, list(order))
        nir.write("graph.nir", graph)
        y = norse.torch.from_nir(nir.read("graph.nir"))(torch.ones(1, 1))
        found[float((y[0] if isinstance(y, tuple) else y).detach().flatten()[0])] += 1
    return dict(found)

branches = answers([("input", "a"), ("input", "b"), ("a", "output"), ("b", "output")])
skip = answers([("input", "a"), ("a", "b"), ("input", "b"), ("b", "output")])
print("2 x and 3 x into the output, 5 expected, over all orders of the edges:", branches)
print("(2 x + x) times 3, 9 expected:", skip)
assert branches == {2.0: 12, 3.0: 12}
assert skip == {9.0: 12, 2.0: 12}
PY
