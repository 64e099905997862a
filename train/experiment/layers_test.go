package experiment

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/surge-snn/surge/models/nir"
	"github.com/surge-snn/surge/train/data"
)

// layered is an experiment with every kind of layer but a NIR graph.
const layered = `name = "layers"
[data]
set = "yinyang"
train = 40
valid = 20
[encode]
kind = "latency"
steps = 20
[model]
readout = "li-max"
tau_syn = 0.005
[[layer]]
kind = "linear"
size = 48
max_delay = 2e-3
learn_delay = true
[[layer]]
kind = "batch_norm"
[[layer]]
kind = "lif"
recurrent = true
[[layer]]
kind = "delay"
delay = 1.5e-3
max_delay = 3e-3
learn = true
per_channel = true
[[layer]]
kind = "conv2d"
image = [3, 4, 4]
channels = 4
kernel = 3
padding = 1
groups = 1
[[layer]]
kind = "cuba"
tau_mem = 0.01
[[layer]]
kind = "sum_pool"
kernel = 2
[[layer]]
kind = "dropout"
p = 0.1
[[layer]]
kind = "conv1d"
image = [4, 4]
channels = 2
kernel = 3
[[layer]]
kind = "lif"
[[layer]]
kind = "avg_pool"
image = [2, 1, 2]
kernel = 1
[[layer]]
kind = "flatten"
[train]
epochs = 1
batch = 8
`

// TestLayers: a list of layers is read, written, built and learns, with gradients for all that is
// in it.
func TestLayers(t *testing.T) {
	e, err := Parse("layers.toml", layered, "")
	if err != nil {
		t.Fatal(err)
	}
	again, err := Parse("again.toml", e.Text(), "")
	if err != nil {
		t.Fatalf("%v in\n%s", err, e.Text())
	}
	if again.Text() != e.Text() || len(again.Layer) != 12 || !strings.Contains(e.Text(), "[[layer]]") {
		t.Errorf("written\n%s\nand again\n%s", e.Text(), again.Text())
	}
	sets, target, err := e.Load()
	if err != nil {
		t.Fatal(err)
	}
	net, err := e.Build(sets.Train.Channels(), target)
	if err != nil {
		t.Fatal(err)
	}
	defer net.Close()
	if _, err := net.Gradient(sets.Train, 0, 0); err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, l := range net.Grads() {
		names[l.Name] = true
	}
	for _, want := range []string{"layer1/w", "layer1/w/log_delay", "layer2/scale", "layer3/w_rec", "layer4/log_delay", "layer5/w", "layer5/w/bias", "layer9/w", "out/w"} {
		if !names[want] {
			t.Errorf("no gradient of %s among %v", want, names)
		}
	}
}

// TestLayersAreChecked: a wrong layer is an error that names it by its place.
func TestLayersAreChecked(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{`kind = "flatten"`, `kind = "flat"`, `layer[11].kind: expected one of linear, conv2d`},
		{`kernel = 3`, `kernel = 0`, "layer[4].kernel: expected > 0"},
		{`size = 48`, "size = 48\nsiez = 2", "found an unknown key, did you mean layer[0].size?"},
		{`readout = "li-max"`, "readout = \"li-max\"\nhidden = [3]", "model.hidden: expected nothing"},
		{`image = [3, 4, 4]`, `image = [3, 4]`, "layer[4].image: expected [channels, height, width]"},
	} {
		_, err := Parse("layers.toml", strings.Replace(layered, c.old, c.new, 1), "")
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.new, err, c.want)
		}
	}
	e, err := Parse("layers.toml", strings.Replace(layered, "image = [3, 4, 4]", "image = [3, 4, 5]", 1), "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Build(4, data.Classes(3)); err == nil || !strings.Contains(err.Error(), "layer: expected layers that fit each other") {
		t.Errorf("images of another size: %v", err)
	}
}

// TestLayersOfNIR: a NIR graph as the whole network learns, and its weights are the start.
func TestLayersOfNIR(t *testing.T) {
	w := make([]float64, 12)
	for i := range w {
		w[i] = 0.3 + 0.1*float64(i%5)
	}
	g := nir.Chain("input", nir.New("Input", "shape", nir.Integers(4)), "fc", nir.New("Affine", "weight", nir.Matrix(3, 4, w), "bias", nir.Fill(0.1, 3)),
		"out", nir.New("LI", "tau", nir.Fill(10e-3, 3), "r", nir.Fill(1, 3), "v_leak", nir.Fill(0, 3)), "output", nir.New("Output", "shape", nir.Integers(3)))
	m := nir.Metadata{Dt: 1e-3, Unit: "s", Method: nir.Exact}
	m.Set(g)
	path := filepath.Join(t.TempDir(), "net.nir")
	if err := nir.Write(path, g); err != nil {
		t.Fatal(err)
	}
	text := "name = \"n\"\n[encode]\nkind = \"latency\"\nsteps = 20\n[model]\noutput = \"none\"\n[[layer]]\nkind = \"nir\"\nfile = \"" + filepath.ToSlash(path) + "\"\n[train]\nbatch = 8\n"
	e, err := Parse("nir.toml", text, "")
	if err != nil {
		t.Fatal(err)
	}
	sets, target, err := e.Load()
	if err != nil {
		t.Fatal(err)
	}
	net, err := e.Build(sets.Train.Channels(), target)
	if err != nil {
		t.Fatal(err)
	}
	defer net.Close()
	if _, err := net.Gradient(sets.Train, 0, 0); err != nil {
		t.Fatal(err)
	}
	if n := len(net.Grads()); n != 2 {
		t.Errorf("%d gradients, want those of weight and bias", n)
	}
	if _, err := Parse("nir.toml", strings.Replace(text, "kind = \"nir\"", "kind = \"nir\"\nlearn = [\"w\"]", 1), ""); err == nil {
		t.Error("learn of a name that is none was accepted")
	}
	e.Layer[0].Keys["file"] = "nothing.nir"
	if _, err := e.Build(4, data.Classes(3)); err == nil || !strings.Contains(err.Error(), "layer[0].file: expected a NIR graph") {
		t.Errorf("no file: %v", err)
	}
}
