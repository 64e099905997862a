package experiment

import (
	"context"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/data"
)

// TestGroups: the groups of a file do to gradients what they say. With sgd of rate 1 the updates
// are the gradients, with the other sign.
func TestGroups(t *testing.T) {
	const head = "name = \"x\"\n[model]\nlearn = [\"tau_mem\"]\n[train]\noptimizer = \"sgd\"\nlr = 1.0\n"
	names := []string{"hidden1/w", "hidden1/log_tau_mem", "out/w"}
	// The parameters are 2, ln 0.02 and -1, the gradients 3, 4 and 0.5.
	for _, c := range []struct {
		text string
		want [3]float64 // the parameters after an update
	}{
		{"", [3]float64{-1, math.Log(0.02) - 4, -1.5}},
		{"[[group]]\nparams = [\"hidden1/w\"]\nlr = 0.5", [3]float64{0.5, math.Log(0.02) - 4, -1.5}},
		{"[[group]]\nparams = [\"*/tau_mem\"]\nlr = 0.25\n[[group]]\nparams = [\"*/*\"]\nlr = 0.5", [3]float64{0.5, math.Log(0.02) - 1, -1.25}},
		{"weight_decay = 0.1\n[[group]]\nparams = [\"out/w\"]\nweight_decay = 0.0", [3]float64{-1.2, math.Log(0.02) - 4, -1.5}},
		{"weight_decay = 0.1\n[[group]]\nparams = [\"out/*\"]\nlr = 0.5", [3]float64{-1.2, math.Log(0.02) - 4, -1.25 + 0.05}}, // its own rate
		{"[[group]]\nparams = [\"*/tau_mem\"]\nweight_decay = 0.5", [3]float64{-1, math.Log(0.02)/2 - 4, -1.5}},
		{"[[group]]\nparams = [\"hidden1/*\"]\nclip = 2.5", [3]float64{0.5, math.Log(0.02) - 2, -1.5}},
		{"[[group]]\nparams = [\"hidden1/*\"]\nclip_value = 2.5", [3]float64{-0.5, math.Log(0.02) - 2.5, -1.5}},
		{"lr_neurons = 0.5\n[[group]]\nparams = [\"*/w\"]\nlr = 0.1", [3]float64{1.7, math.Log(0.02) - 2, -1.05}},
		// Bounds are those of the time constant, in s.
		{"[[group]]\nparams = [\"*/tau_mem\"]\nlow = 0.005\nhigh = 0.1", [3]float64{-1, math.Log(0.005), -1.5}},
		{"[[group]]\nparams = [\"*/w\"]\nlow = -1.25", [3]float64{-1, math.Log(0.02) - 4, -1.25}},
		{"[[group]]\nparams = [\"*\", \"*/*\"]\nhigh = 1.0\nlow = -0.5", [3]float64{-0.5, math.Log(0.02) - 4, -0.5}},
		{"lookahead = 1\n[[group]]\nparams = [\"hidden1/w\"]\nlow = 1.5", [3]float64{1.5, math.Log(0.02) - 2, -1.25}},
		// theta = ln p moves by -g p: p exp(-3·2).
		{"[[group]]\nparams = [\"hidden1/w\"]\ncoordinate = \"log\"", [3]float64{2 * math.Exp(-6), math.Log(0.02) - 4, -1.5}},
		// theta = ln(e^2 - 1) moves by -3 (1 - e^-2).
		{"[[group]]\nparams = [\"hidden1/w\"]\ncoordinate = \"softplus\"",
			[3]float64{math.Log1p(math.Exp(math.Log(math.Expm1(2)) - 3*(1-math.Exp(-2)))), math.Log(0.02) - 4, -1.5}},
		// In (0, 4) 2 is at theta 0 with slope 1, and moves to theta -3.
		{"[[group]]\nparams = [\"hidden1/w\"]\ncoordinate = \"box\"\nlow = 0.0\nhigh = 4.0", [3]float64{4 / (1 + math.Exp(3)), math.Log(0.02) - 4, -1.5}},
	} {
		e, err := Parse("a.toml", head+c.text, "")
		if err != nil {
			t.Fatalf("%s: %v", c.text, err)
		}
		again, err := Parse("a.toml", e.Text(), "")
		if err != nil || !reflect.DeepEqual(e, again) {
			t.Errorf("%s: reads back as %+v, %v", c.text, again, err)
		}
		params, grads := graph.NewParams(1), optim.Tree{}
		var p optim.Tree
		for i, start := range []float64{2, math.Log(0.02), -1} {
			x, _ := optim.NewLeaf(names[i], []float64{start})
			g, _ := optim.NewLeaf(names[i], []float64{[]float64{3, 4, 0.5}[i]})
			p, grads = append(p, x), append(grads, g)
		}
		if err := (checks{e}).checkGroups(params, nil); len(e.Group) > 0 && err == nil {
			t.Errorf("%s: groups of nothing, want an error", c.text)
		}
		o := e.Optimizer(100, names...)
		state := o.Init(p)
		if err := o.Update(grads, p, &state); err != nil {
			t.Fatalf("%s: %v", c.text, err)
		}
		if err := optim.Apply(p, grads); err != nil {
			t.Fatal(err)
		}
		for i, want := range c.want {
			if got := p[i].F64[0]; math.Abs(got-want) > 1e-13*(1+math.Abs(want)) { // some roundings of numbers up to 8
				t.Errorf("%s: %s is %v, want %v", c.text, names[i], got, want)
			}
		}
	}
}

// TestGroupErrors: what a group cannot be is an error that names its key.
func TestGroupErrors(t *testing.T) {
	for _, method := range []string{Surrogate, EventProp} {
		for text, want := range map[string]string{
			"params = []":                                                           "group[0].params: expected names of parameters",
			"params = [\"hidden1/[\"]":                                              "group[0].params: expected names of parameters, with",
			"params = [\"hidden1/v\"]":                                              "group[0].params: expected what is learned: hidden1/w, hidden1/tau_mem, hidden2/w",
			"params = [\"hidden1/log_tau_mem\"]":                                    "group[0].params: expected what is learned: hidden1/w, hidden1/tau_mem",
			"param = [\"*/w\"]":                                                     "group[0].param: expected one of",
			"params = [\"*/w\"]\nlr = -1.0":                                         "group[0].lr: expected > 0",
			"params = [\"*/w\"]\nlr = 0.0":                                          "group[0].lr: expected > 0",
			"params = [\"*/w\"]\nweight_decay = -1.0":                               "group[0].weight_decay: expected >= 0",
			"params = [\"*/w\"]\nclip = -1.0":                                       "group[0].clip: expected >= 0",
			"params = [\"*/w\"]\nclip_value = -1.0":                                 "group[0].clip_value: expected >= 0",
			"params = [\"*/w\"]\nlow = 1.0\nhigh = 1.0":                             "group[0].high: expected > low",
			"params = [\"*/w\"]\ncoordinate = \"lag\"":                              "group[0].coordinate: expected one of log, softplus, box",
			"params = [\"*/w\"]\ncoordinate = \"box\"\nhigh = 1.0":                  "group[0].low: expected a number, because coordinate is box",
			"params = [\"*/w\"]\ncoordinate = \"log\"":                              "group[0].coordinate: expected one in which hidden1/w can be",
			"params = [\"*/tau_mem\"]\ncoordinate = \"log\"":                        "group[0].coordinate: expected none, or box: hidden1/tau_mem is kept as a logarithm",
			"params = [\"*/tau_mem\"]\nhigh = -1.0":                                 "group[0].high: expected > 0, because hidden1/tau_mem is kept as a logarithm",
			"params = [\"*/tau_mem\"]\nlow = 0.1\nhigh = 0.2\ncoordinate = \"box\"": "group[0].coordinate: expected one in which hidden1/log_tau_mem can be",
			"params = [\"*/tau_mem\"]\nlow = 0.0\nhigh = 0.2\ncoordinate = \"box\"": "group[0].low: expected > 0, because hidden1/tau_mem",
			"params = [\"*/w\"]\ncoordinate = \"softplus\"\nweight_decay = 0.1":     "group[0].weight_decay: expected 0, because coordinate is softplus",
			"params = [\"*/w\"]\ncoordinate = \"box\"\nlow = -9.0\nhigh = 9.0\n[train]\nweight_decay = 0.1": "group[0].weight_decay: expected 0, because coordinate is box",
			"params = [\"*/w\"]\n[[group]]\nparams = [\"hidden1/w\"]":                                       "group[1].params: expected a parameter that no group before it has",
			"params = [\"*/w\"]\nweight_decay = 0.1\n[train]\nweight_decay = 0.2":                           "train.weight_decay: expected nothing",
			"params = [\"*/tau_mem\"]\nlr = 0.1\n[train]\nlr_neurons = 0.2":                                 "train.lr_neurons: expected nothing",
		} {
			e, err := Parse("a.toml", "name = \"x\"\n[model]\nhidden = [4, 3]\nw_mean = 0.0\nlearn = [\"tau_mem\"]\n[[group]]\n"+text, method)
			if err == nil {
				_, err = e.Build(4, data.Classes(3))
			}
			if err == nil || !strings.HasPrefix(err.Error(), "a.toml: "+want) {
				t.Errorf("%s: %q:\n%v\nwant %s", method, text, err, want)
			}
		}
	}
}

// TestBoundsHold: a run with bounds never leaves them, whatever the learning rate, by each way and
// method.
func TestBoundsHold(t *testing.T) {
	for _, method := range []string{Surrogate, EventProp} {
		for _, coordinate := range []string{"", "box"} {
			e, err := Parse("a.toml", fmt.Sprintf(`name = "x"
[data]
set = "yinyang"
train = 60
valid = 20
test = 20
[model]
hidden = [10]
learn = ["tau_mem"]
[train]
epochs = 2
batch = 10
[[group]]
params = ["*/tau_mem"]
lr = 5.0
low = 0.015
high = 0.03
coordinate = %q
`, coordinate), method)
			if err != nil {
				t.Fatal(err)
			}
			net, sets := built(t, e)
			moved := false
			s := e.Settings(net, sets.Train.Data.Len())
			s.AfterBatch = func(train.Position) {
				v := net.Params().Value("hidden1/log_tau_mem").Get(0)
				x, single := v.(float32)
				y := float64(x)
				if !single {
					y = v.(float64)
				}
				moved = moved || math.Abs(y-math.Log(e.Model.TauMem)) > 0.1
				// Bounds are of the logarithm: a rounding of it is less than 4 of the value.
				if tau := math.Exp(y); tau < 0.015*(1-4*0x1p-24) || tau > 0.03*(1+4*0x1p-24) {
					t.Errorf("%s, %q: tau_mem is %v", method, coordinate, tau)
				}
			}
			if _, err := train.Run(context.Background(), net, sets, s); err != nil {
				t.Fatalf("%s, %q: %v", method, coordinate, err)
			}
			if !moved {
				t.Errorf("%s, %q: the time constant has not moved", method, coordinate)
			}
		}
	}
}

// built returns the network and the data of an experiment.
func built(t *testing.T, e *Experiment) (Network, train.Data) {
	t.Helper()
	sets, target, err := e.Load()
	if err != nil {
		t.Fatal(err)
	}
	net, err := e.Build(sets.Train.Channels(), target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { net.Close() })
	return net, sets
}
