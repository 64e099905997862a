package gradcheck

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/surrogate"
	"github.com/surge-snn/surge/train/experiment"

	G "gorgonia.org/gorgonia"
)

// TestNetwork: the gradients of networks of every method are right, for each parameter.
func TestNetwork(t *testing.T) {
	for _, method := range []string{"surrogate", "eventprop"} {
		text := "name = \"small\"\n[data]\nset = \"yinyang\"\ntrain = 20\nvalid = 2\ntest = 2\n[encode]\nkind = \"latency\"\n[model]\nhidden = [4]\nlearn = [\"tau_mem\"]\n"
		e, err := experiment.Parse("small.toml", text, method)
		if err != nil {
			t.Fatal(err)
		}
		results, err := Network(t.Context(), "small", e, nil, 4)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, r := range results {
			seen[r.Check+" "+r.Where] = true
			if !r.Passed {
				t.Errorf("%s: %+v", method, r)
			}
		}
		want := []string{"engines out/w", "twin/fused hidden1/w", "twin/unrolled hidden1/log_tau_mem"}
		if method == "eventprop" {
			want = []string{"differences hidden1/w", "differences out/w", "methods out/w"}
		}
		for _, w := range want {
			if !seen[w] {
				t.Errorf("%s: no check %q in %v", method, w, seen)
			}
		}
	}
}

// TestNetworkOfEquations: neurons of a file have no implicit derivatives to be compared with, and
// differences of numbers that are far from 1.
func TestNetworkOfEquations(t *testing.T) {
	e, err := experiment.Parse("small.toml", `name = "small"
[data]
set = "yinyang"
train = 20
valid = 2
test = 2
[encode]
kind = "ttfs"
[model]
hidden = [4]
neuron = "own"
equations = """
dV/dt = (G*(0.1 - V) - g*V)/c
dG/dt = -G/tau_syn
threshold: V - 0.02
reset: V = 0
input: G = G + w
"""
values = {g = 1e-8, c = 1e-10, tau_syn = 5e-3}
learn = ["g", "tau_syn"]
w_mean = 3e-8
w_gain = 1e-8
out_mean = 8.0
`, "eventprop")
	if err != nil {
		t.Fatal(err)
	}
	results, err := Network(t.Context(), "small", e, nil, 4)
	if err != nil || len(results) < 4 {
		t.Fatalf("%d results, %v", len(results), err)
	}
	for _, r := range results {
		if !r.Passed || r.Check != "differences" {
			t.Errorf("%+v", r)
		}
	}
}

func TestNetworkInterrupt(t *testing.T) {
	e, err := experiment.Parse("small.toml", "name = \"small\"\n[data]\nset = \"yinyang\"\ntrain = 20\nvalid = 2\ntest = 2\n[encode]\nkind = \"latency\"\n[model]\nhidden = [4]\n", "")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Network(ctx, "small", e, nil, 4); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// mistaken is a surrogate whose slope is not the derivative of its antiderivative.
type mistaken struct {
	surrogate.Surrogate
	name  string
	slope func(x float64) float64
}

func (m mistaken) Slope(x float64) float64 { return m.slope(x) }
func (m mistaken) String() string          { return "mistaken " + m.name }

// TestMistakes: a surrogate with a wrong factor, sign, place or height is caught, by the twin or as
// one that no layer takes.
func TestMistakes(t *testing.T) {
	s := surrogate.ATan{Sharpness: 3}
	for name, slope := range map[string]func(x float64) float64{
		"none":    s.Slope,
		"factor":  func(x float64) float64 { return 1.01 * s.Slope(x) },
		"sign":    func(x float64) float64 { return -s.Slope(x) },
		"shifted": func(x float64) float64 { return s.Slope(x - 0.05) },
		"clipped": func(x float64) float64 { return math.Min(s.Slope(x), 0.9*s.Slope(0)) },
	} {
		results, err := Run(Case{Name: name, Model: func(b *graph.Builder) {
			current := models.Linear{Out: 3}.Apply(b, "w", b.Param("x", models.Normal(0.6, 0.6), 8, 2, 4))
			n := models.LIF{Surrogate: mistaken{s, name, slope}, TauMem: models.Learned(20e-3)}.Apply(b, "hidden", current)
			b.Loss(b.Check(G.Sum(b.Check(ops.SumOverTime(n.Spikes)))))
		}}, 1)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		caught := false
		for _, r := range results {
			caught = caught || !r.Passed && (strings.HasPrefix(r.Check, "twin/") || r.Check == "surrogate")
		}
		if caught != (name != "none") {
			t.Errorf("%s: caught %v, %v: %+v", name, caught, err, results)
		}
	}
}
