#!/bin/sh
# nir 1.0.8: the shapes of a Conv2d whose kernel is not square, or that has groups, are not those of the convolution.
#
# Conv2d derives its output shape with the height of the kernel for both dimensions, so that a kernel of 3x5 over 10x12 is said
# to give 8x10 (it gives 8x8), and its input channels from weight.shape[1], which is the number of channels of one group.
# A graph with the right shapes does not pass the type check, neither when it is made nor when it is read.
# A reader should compute the shapes itself; a writer has to use type_check=False.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
${PYTHON:-python3} -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q nir==1.0.8 h5py==3.16.0 numpy==2.4.6
cd "$dir"
"$dir/venv/bin/python" - <<'PY'
from importlib.metadata import version
import numpy as np, nir

print("nir", version("nir"))

def conv(shape, weight, groups=1):
    w = np.zeros(weight, np.float32)
    return nir.Conv2d(input_shape=shape, weight=w, stride=(1, 1), padding=(0, 0), dilation=(1, 1), groups=groups, bias=np.zeros(weight[0], np.float32))

def check(node, i, o):
    nodes = {"input": nir.Input(np.array(i)), "conv": node, "output": nir.Output(np.array(o))}
    try:
        nir.NIRGraph(nodes, [("input", "conv"), ("conv", "output")])
        return "accepted"
    except ValueError as e:
        return "ValueError"

kernel = conv((10, 12), (4, 2, 3, 5))
said = kernel.output_type["output"].tolist()
print("kernel 3x5 over 10x12: said", said, "is [4, 8, 8];", check(kernel, [2, 10, 12], [4, 8, 8]))
grouped = conv((8, 8), (4, 1, 3, 3), groups=2)
channels = int(grouped.input_type["input"][0])
print("2 groups of 1 channel: said", channels, "input channel, is 2;", check(grouped, [2, 8, 8], [4, 6, 6]))
square = conv((8, 8), (4, 2, 3, 3))
print("square kernel, no groups:", check(square, [2, 8, 8], [4, 6, 6]))

assert said == [4, 8, 10] and channels == 1
assert check(kernel, [2, 10, 12], [4, 8, 8]) == "ValueError"
assert check(grouped, [2, 8, 8], [4, 6, 6]) == "ValueError"
assert check(square, [2, 8, 8], [4, 6, 6]) == "accepted"
PY
