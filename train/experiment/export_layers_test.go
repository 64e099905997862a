package experiment

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/surge-snn/surge/models/nir"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/export"
)

// images is an experiment whose list of layers a NIR graph can say.
const images = `name = "images"
[data]
set = "yinyang"
train = 40
valid = 20
[encode]
kind = "latency"
steps = 25
[model]
readout = "li-max"
tau_syn = 0.005
bias = true
[[layer]]
kind = "conv2d"
image = [1, 2, 2]
channels = 4
kernel = 2
padding = 1
w_mean = 1.5
w_gain = 2.0
[[layer]]
kind = "batch_norm"
[[layer]]
kind = "lif"
v_th = 0.5
[[layer]]
kind = "dropout"
p = 0.2
[[layer]]
kind = "sum_pool"
kernel = 2
stride = 1
[[layer]]
kind = "delay"
delay = 1.5e-3
max_delay = 3e-3
learn = true
[[layer]]
kind = "linear"
size = 6
w_mean = 3.0
w_gain = 2.0
[[layer]]
kind = "cuba"
recurrent = true
[train]
epochs = 1
batch = 8
dtype = "float64"
`

// TestNIRHasTheLayers: the graph that a list of layers leaves as gives the logits of the network.
func TestNIRHasTheLayers(t *testing.T) {
	for name, text := range map[string]string{"images": images, "rows": listed["rows"]} {
		t.Run(name, func(t *testing.T) { hasTheLayers(t, text) })
	}
}

func hasTheLayers(t *testing.T, text string) {
	t.Helper()
	e, err := Parse("layers.toml", text, "")
	if err != nil {
		t.Fatal(err)
	}
	sets, target, err := e.Load()
	if err != nil {
		t.Fatal(err)
	}
	n, err := e.Build(sets.Train.Channels(), target)
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	for k := range 3 { // moves the running means
		if _, err := n.Gradient(sets.Train, 0, k); err != nil {
			t.Fatal(err)
		}
	}
	g, err := e.NIR(n.Params(), sets.Train.Channels())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "net.nir")
	if err := nir.Write(path, g); err != nil {
		t.Fatal(err)
	}
	if g, err = nir.Read(path); err != nil {
		t.Fatal(err)
	}
	c, err := nir.Surge(g)
	if err != nil {
		t.Fatal(err)
	}
	net, err := nir.Compile(g, c, 0)
	if err != nil {
		t.Fatal(err)
	}
	batches := samples(t, e, 10)
	spikes := 0.0
	i := 0
	set := sets.Valid
	err = n.Predict(context.Background(), set, func(p *train.Prediction) error {
		if i >= len(batches) {
			return nil
		}
		b := batches[i]
		i++
		input := make([]float64, len(b.Input))
		for k, v := range b.Input {
			input[k] = float64(v)
		}
		trace, err := net.Run(map[string][]float64{"input": input}, b.Steps)
		if err != nil {
			return err
		}
		y := trace.Values["output"]
		for j, want := range p.Out {
			got := math.Inf(-1)
			for k := j; k < len(y); k += len(p.Out) {
				got = max(got, y[k])
			}
			// Weights of the graph are float32 where it writes them so.
			if math.Abs(got-want) > 1e-5*(1+math.Abs(want)) {
				t.Errorf("sample %d: logit %d is %v in the graph, %v in the network", i-1, j, got, want)
			}
		}
		for _, counts := range p.Counts {
			for _, v := range counts {
				spikes += v
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if spikes < 50 {
		t.Errorf("%v spikes, too few to test anything", spikes)
	}
}

// TestNIRRefusesLayers: what NIR does not say is an error.
func TestNIRRefusesLayers(t *testing.T) {
	e, err := Parse("images.toml", images, "")
	if err != nil {
		t.Fatal(err)
	}
	sets, target, err := e.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, new, want string }{
		{"size = 6", "size = 6\nmax_delay = 1e-3", "delays of connections"},
		{"kind = \"cuba\"\nrecurrent = true", "kind = \"conv1d\"\nimage = [2, 3]\nchannels = 3\nkernel = 2\n[[layer]]\nkind = \"cuba\"", "images made of rows"},
		{"kind = \"dropout\"\np = 0.2", "kind = \"batch_norm\"", "not behind weights"},
	} {
		e, err := Parse("images.toml", strings.Replace(images, c.old, c.new, 1), "")
		if err != nil {
			t.Fatal(err)
		}
		n, err := e.Build(sets.Train.Channels(), target)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.NIR(n.Params(), 4); !errors.Is(err, export.ErrNetwork) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.new, err)
		}
		n.Close()
	}
}
