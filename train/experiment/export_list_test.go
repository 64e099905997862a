package experiment

import (
	"slices"
	"strings"
	"testing"

	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/train/export"
)

// listed are networks of all kinds of layers that a list can have.
var listed = map[string]string{
	"images": strings.NewReplacer("kind = \"delay\"", "kind = \"delay\"\nper_channel = true").Replace(images),
	"rows": `name = "rows"
[data]
set = "yinyang"
train = 40
valid = 20
[encode]
kind = "population"
steps = 20
[model]
readout = "li-max"
[[layer]]
kind = "conv1d"
image = [4, 8]
channels = 6
kernel = 3
bias = false
[[layer]]
kind = "batch_norm"
[[layer]]
kind = "lif"
[[layer]]
kind = "avg_pool"
kernel = 2
[[layer]]
kind = "conv1d"
channels = 5
kernel = 2
w_gain = 4.0
[[layer]]
kind = "lif"
[[layer]]
kind = "avg_pool"
[train]
epochs = 1
batch = 8
dtype = "float64"
`,
	"delays": `name = "delays"
[data]
set = "yinyang"
train = 40
valid = 20
[encode]
kind = "latency"
steps = 25
[model]
readout = "count"
neuron = "cuba"
tau_syn = 0.005
bias = true
out_mean = 2.0
out_gain = 3.0
[[layer]]
kind = "delay"
delay = 2e-3
[[layer]]
kind = "linear"
size = 9
bias = true
max_delay = 5e-3
learn_delay = true
w_mean = 3.0
w_gain = 3.0
[[layer]]
kind = "lif"
[[layer]]
kind = "conv1d"
image = [3, 3]
channels = 6
kernel = 2
groups = 3
dilation = 2
padding = 1
w_mean = 2.0
w_gain = 3.0
[[layer]]
kind = "lif"
v_th = 0.3
[[layer]]
kind = "avg_pool"
image = [1, 3, 6]
kernel = 2
stride = 2
padding = 1
[[layer]]
kind = "lif"
v_th = 0.2
[[layer]]
kind = "linear"
size = 8
max_delay = 3e-3
w_mean = 3.0
w_gain = 3.0
[[layer]]
kind = "lif"
[train]
epochs = 1
batch = 8
`,
}

// listedNetwork builds an experiment with a list of layers, trains it for some batches, and exports
// it.
func listedNetwork(t *testing.T, text string) (*Experiment, *stepNetwork, *export.Network) {
	t.Helper()
	e, err := Parse("list.toml", text, "")
	if err != nil {
		t.Fatal(err)
	}
	sets, classes, err := e.Load()
	if err != nil {
		t.Fatal(err)
	}
	net, err := e.Build(sets.Train.Channels(), classes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { net.Close() })
	for k := range 3 { // moves the running means
		if _, err := net.Gradient(sets.Train, 0, k); err != nil {
			t.Fatal(err)
		}
	}
	x, err := e.Export(net.Params(), sets.Train.Channels())
	if err != nil {
		t.Fatal(err)
	}
	return e, net.(*stepNetwork), x
}

// TestListInC: the C file of a list of layers gives the logits of the network bit for bit, in
// float32 and in float64.
func TestListInC(t *testing.T) {
	for name, text := range listed {
		for _, dtype := range []string{"float32", "float64"} {
			t.Run(name+" "+dtype, func(t *testing.T) {
				text := strings.Replace(strings.Replace(text, "dtype = \"float64\"\n", "", 1), "[train]\n", "[train]\ndtype = \""+dtype+"\"\n", 1)
				e, n, x := listedNetwork(t, text)
				runsInC(t, e, n, x)
			})
		}
	}
}

// TestListAsArrays: the names and shapes of the arrays of a list of layers.
func TestListAsArrays(t *testing.T) {
	_, _, x := listedNetwork(t, listed["images"])
	arrays := x.NPZ()
	for name, shape := range map[string][]int{
		"layer1/w": {4, 1, 2, 2}, "layer1/b": {4}, "layer1/image": {3}, "layer1/stride": {2}, "layer1/padding": {2}, "layer1/dilation": {2}, "layer1/groups": nil,
		"layer2/scale": {4}, "layer2/mean": {4}, "layer2/r": {4}, "layer2/shift": {4}, "layer3/alpha": {36}, "layer3/v_th": {36},
		"layer5/kernel": {2}, "layer5/scale": nil, "layer6/delay": {16}, "layer7/w": {16, 6}, "layer8/w_rec": {6, 6}, "layer8/beta": {6}, "out/w": {6, 3}, "out/b": {3},
	} {
		a, err := files.Lookup(arrays, name)
		if err != nil || !slices.Equal(a.Shape, shape) {
			t.Errorf("%s: %v %v, want %v", name, a.Shape, err, shape)
		}
	}
}

// TestPoolsOfRows: pools behind conv1d go along the rows, and without a kernel over all of them.
func TestPoolsOfRows(t *testing.T) {
	_, _, x := listedNetwork(t, listed["rows"])
	var sizes []int
	for _, l := range x.Layers {
		if _, ok := l.Map.(*export.Pool); ok {
			sizes = append(sizes, l.N)
		}
	}
	if want := []int{6 * 3, 5}; !slices.Equal(sizes, want) {
		t.Errorf("%v outputs, want %v", sizes, want)
	}
	m := x.Layers[len(x.Layers)-2].Map.(*export.Pool)
	if m.Window.Kernel != [2]int{1, 2} || m.Scale != 0.5 {
		t.Errorf("the mean over %v with the scale %g, want of 2 in a row", m.Window.Kernel, m.Scale)
	}
}
