package models_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/surrogate"
)

// peerGolden is testdata/peers.json, which peers.py makes with the packages themselves.
type peerGolden struct {
	Steps, Neurons int
	X, Weight      []float64
	Cases          []struct {
		Peer, From string
		Params     []float64
		Scale      float64
		WRec       []float64 `json:"w_rec"`
		Surrogate  string
		Spikes     []float64
		Vmem, Grad []float64
	}
}

// TestPeers compares every neuron of Compat, its recurrence and its gradient, with what the package
// did.
func TestPeers(t *testing.T) {
	text, err := os.ReadFile("testdata/peers.json")
	if err != nil {
		t.Fatal(err)
	}
	var g peerGolden
	if err := json.Unmarshal(text, &g); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, c := range g.Cases {
		engines := []graph.Engine{graph.FusedEngine, graph.UnrolledEngine}
		if testing.Short() && seen[c.Peer] {
			engines = engines[:1] // the unrolled one takes most of the time
		}
		seen[c.Peer] = true
		name := c.Peer + " of " + c.From
		if c.WRec != nil {
			name += ", recurrent"
		}
		t.Run(name, func(t *testing.T) {
			l, err := models.Compat(c.Peer, c.Params...)
			if err == nil && c.Surrogate != "" {
				l.Surrogate, err = surrogate.Parse(c.Surrogate)
			}
			if err != nil {
				t.Fatal(err)
			}
			if l.Recurrent = c.WRec != nil; l.Recurrent {
				l.RecInit = func(dst []float64, _ []int, _ *rand.Rand) { copy(dst, c.WRec) }
			}
			// Values are written with 13 digits; exponential upswings and steep surrogates multiply
			// roundings. snnTorch and Sinabs make spikes, and so the gradient that flows through
			// them, in float32, of which Sinabs subtracts up to 15 thresholds. Rockpool computes
			// all in float32, voltages of up to 15 before its resets: 24 roundings of 1e-6.
			tol, gradTol := 1e-11, 1e-9
			switch {
			case strings.HasPrefix(c.Peer, "rockpool/"):
				tol, gradTol = 5e-5, 1e-4
			case strings.HasPrefix(c.Peer, "sinabs/"):
				tol, gradTol = 1e-5, 1e-4
			case strings.HasPrefix(c.Peer, "snntorch/"):
				tol, gradTol = 1e-9, 1e-6
			}
			for _, engine := range engines {
				x := make([]float64, len(g.X))
				for i, v := range g.X {
					x[i] = c.Scale * v
				}
				prog, err := graph.Build(graph.NewParams(1), graph.Settings{DType: tensor.Float64, Engine: engine}, func(b *graph.Builder) {
					x := b.Param("x", func(dst []float64, _ []int, _ *rand.Rand) { copy(dst, x) }, g.Steps, 1, g.Neurons)
					h := l.Apply(b, "h", x)
					b.Output("spikes", h.Spikes)
					b.Output("vmem", h.Vmem)
					w := b.Const("weight", g.Weight, g.Steps, 1, g.Neurons)
					b.Loss(b.Check(G.Sum(b.Check(G.HadamardProd(h.Spikes, w)))))
				})
				if err != nil {
					t.Fatal(err)
				}
				if err := prog.Run(); err != nil {
					t.Fatal(err)
				}
				compare := func(what string, got, want []float64, tol float64) {
					for i, w := range want {
						if math.Abs(got[i]-w) > tol*(1+math.Abs(w)) {
							t.Fatalf("%v: %s at step %d of neuron %d is %.14g, want %.14g", engine, what, i/g.Neurons, i%g.Neurons, got[i], w)
						}
					}
				}
				compare("spikes", prog.Output("spikes").Float64s(), c.Spikes, 0)
				compare("vmem", prog.Output("vmem").Float64s(), c.Vmem, tol)
				largest := 0.0
				for _, v := range c.Grad {
					largest = max(largest, math.Abs(v))
				}
				compare("gradient", prog.Grad("x").Float64s(), c.Grad, gradTol*largest)
				if err := prog.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for _, l := range models.PeerNeurons() {
		if !seen[l.Name] {
			t.Errorf("%s: no values of the package in testdata/peers.json", l.Name)
		}
	}
}
