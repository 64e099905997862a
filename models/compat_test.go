package models_test

import (
	"errors"
	"math"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/random"
	"github.com/surge-snn/surge/models"
)

// scalar is one neuron written as its source has it: s is its memory, which starts at zeros.
type scalar struct {
	start []float64
	step  func(x float64, p, s []float64) (spikes, vmem float64)
}

func above(x float64) float64 {
	if x > 0 {
		return 1
	}
	return 0
}

// neuron is a layer of spiking neurons.
type neuron interface {
	Apply(b *graph.Builder, name string, x *G.Node) models.Neurons
}

// compareSteps runs a layer of one neuron per row with both engines and compares it with a scalar
// step.
func compareSteps(t *testing.T, l neuron, want scalar, p []float64, scale, dt float64) {
	t.Helper()
	const steps, rows = 80, 3
	rng := random.New(1, "compare")
	x := make([]float64, steps*rows)
	for i := range x {
		x[i] = scale * (0.35 + 0.6*random.Normal(rng))
	}
	for _, engine := range []graph.Engine{graph.FusedEngine, graph.UnrolledEngine} {
		prog, err := graph.Build(graph.NewParams(1), graph.Settings{DType: tensor.Float64, NoGrad: true, Engine: engine, Dt: dt}, func(b *graph.Builder) {
			h := l.Apply(b, "h", b.Input("x", steps, rows, 1))
			b.Output("spikes", h.Spikes)
			b.Output("vmem", h.Vmem)
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(prog.Set("x", x), prog.Run()); err != nil {
			t.Fatal(err)
		}
		spikes, vmem := prog.Output("spikes").Float64s(), prog.Output("vmem").Float64s()
		fired := 0.0
		for row := range rows {
			s := make([]float64, 8)
			copy(s, want.start)
			for k := range steps {
				i := k*rows + row
				z, v := want.step(x[i], p, s)
				fired += z
				// 80 steps of some ten roundings, of voltages near 1 or, for Izhikevich, 100. An
				// exponential upswing multiplies them: by up to e^20, from a slope factor of 2 mV
				// to the peak.
				tol := 1e-12
				switch l.(type) {
				case models.EIF, models.AdEx:
					tol = 1e-9
				}
				if spikes[i] != z || math.Abs(vmem[i]-v) > tol*(1+math.Abs(v)) {
					t.Fatalf("%v, row %d, step %d: %v spikes, voltage %.17g; want %v, %.17g", engine, row, k, spikes[i], vmem[i], z, v)
				}
			}
		}
		if fired == 0 {
			t.Error("no spike at all")
		}
		if err := prog.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestCompat holds every neuron to its equations, as they are read, for parameters and currents
// that testdata/peers.json does not have: see TestPeers, which compares with the packages.
func TestCompat(t *testing.T) {
	for _, l := range models.PeerNeurons() {
		for _, other := range []bool{false, true} {
			var p []float64
			for i, param := range l.Params {
				v := param.Value
				if other && i > 0 && v == 0 {
					v = 0.1 // resets and leaks
				}
				p = append(p, v)
			}
			peer, err := models.Compat(l.Name, p...)
			if err != nil {
				t.Fatal(err)
			}
			scale := 1.0
			switch l.Name {
			case "norse/LIF-1.1.0", "norse/LIF-1.0", "norse/LSNN", "norse/LIFAdEx", "sinabs/LIF-synapse", "spikingjelly/LIFNode", "spikingjelly/LIFNode-soft":
				scale = 3
			case "norse/LIFBox", "norse/Izhikevich", "sinabs/LIF":
				scale = 8
			}
			t.Run(l.Name, func(t *testing.T) {
				want := written(t, peer, 0)
				if other { // and its own spikes come back
					const w = 0.3
					peer.Recurrent, peer.RecInit, want = true, models.Constant(w), written(t, peer, w)
				}
				compareSteps(t, peer, want, p, scale, 1e-3)
			})
		}
	}
}

// TestCompatAtThreshold: H and Θ of the equations are what the neurons do at the threshold itself.
func TestCompatAtThreshold(t *testing.T) {
	for name, x := range map[string]float64{
		"snntorch/Leaky": 1, "snntorch/Leaky-nodelay": 1, "spikingjelly/IFNode": 1, "spikingjelly/LIFNode": 2, "spikingjelly/LIFNode-soft": 2,
		"spikingjelly/LIFNode-nodecay": 1, "sinabs/IAF": 1, "spyx/IF": 1, "spyx/LIF": 1,
	} {
		l, err := models.Compat(name)
		if err != nil {
			t.Fatal(err)
		}
		var p []float64
		for _, param := range l.Params {
			p = append(p, param.Value)
		}
		prog, err := graph.Build(graph.NewParams(1), graph.Settings{DType: tensor.Float64, NoGrad: true}, func(b *graph.Builder) {
			b.Output("spikes", l.Apply(b, "h", b.Input("x", 2, 1, 1)).Spikes)
		})
		if err := errors.Join(err, prog.Set("x", []float64{x, 0}), prog.Run()); err != nil {
			t.Fatal(err)
		}
		want := written(t, l, 0)
		s := make([]float64, 8)
		copy(s, want.start)
		for k, got := range prog.Output("spikes").Float64s() {
			if z, _ := want.step([]float64{x, 0}[k], p, s); got != z {
				t.Errorf("%s: %v spikes in step %d, its equations %v", name, got, k, z)
			}
		}
		if err := prog.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestCompatErrors(t *testing.T) {
	for _, c := range []struct {
		name string
		p    []float64
	}{{"snntorch/Leeky", nil}, {"", nil}, {"spyx/IF", []float64{1, 2}}, {"spyx/IF", []float64{math.NaN()}}} {
		if _, err := models.Compat(c.name, c.p...); !errors.Is(err, models.ErrParameter) {
			t.Errorf("Compat(%q, %v): %v", c.name, c.p, err)
		}
	}
	// Changing one does not change the defaults of the next.
	a, err := models.Compat("spyx/IF", 3)
	b, _ := models.Compat("spyx/IF")
	if err != nil || a.Params[0].Value != 3 || b.Params[0].Value != 1 {
		t.Errorf("parameters %v, then %v", a.Params, b.Params)
	}
	_, err = graph.Build(graph.NewParams(1), graph.Settings{}, func(b *graph.Builder) {
		models.PeerNeuron{}.Apply(b, "h", b.Input("x", 2, 1, 1))
	})
	if !errors.Is(err, models.ErrParameter) {
		t.Errorf("a PeerNeuron of nothing: %v", err)
	}
}
