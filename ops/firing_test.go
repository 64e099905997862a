package ops

import (
	"errors"
	"math"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/surrogate"
)

func TestFiringCounts(t *testing.T) {
	x := []float64{-2, -1e-9, 0, 1e-9, 0.5, 1, 1.5, 2, 2.1, 40}
	for _, c := range []struct {
		f    Firing
		want []float64
	}{
		{Firing{}, []float64{0, 0, 0, 1, 1, 1, 1, 1, 1, 1}},
		{Firing{AtThreshold: true}, []float64{0, 0, 1, 1, 1, 1, 1, 1, 1, 1}},
		{Firing{Max: 3}, []float64{0, 0, 0, 1, 1, 1, 2, 2, 3, 3}},
		{Firing{Max: math.Inf(1), AtThreshold: true}, []float64{0, 0, 1, 1, 1, 2, 2, 3, 3, 41}},
	} {
		got := make([]float64, len(x))
		FiringCounts(c.f, got, x)
		for i := range x {
			if got[i] != c.want[i] {
				t.Errorf("%+v at %v: %v spikes, want %v", c.f, x[i], got[i], c.want[i])
			}
		}
	}
	got := []float64{1}
	if FiringCounts(Firing{}, got, []float64{math.NaN()}); got[0] == got[0] {
		t.Errorf("NaN becomes %v spikes", got[0])
	}
	for _, most := range []float64{-1, 0.5, math.NaN()} {
		if err := (Firing{Max: most}).Check(); !errors.Is(err, ErrValue) {
			t.Errorf("Max %v: %v", most, err)
		}
	}
}

// The mean of the spikes over an even grid of noise is S(x)/area, to one part of the grid.
func TestStochasticSpikeMean(t *testing.T) {
	const n = 4096
	s := surrogate.Tanh{Sharpness: 2}
	k := &stochastic[float64]{s: s}
	x, u, out := make([]float64, n), make([]float64, n), [][]float64{make([]float64, n)}
	for _, at := range []float64{-2, -0.3, 0, 0.1, 1} {
		for i := range x {
			x[i], u[i] = at, (float64(i)+0.5)/n
		}
		if err := k.Forward([][]float64{x, u}, out); err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for _, v := range out[0] {
			if v != 0 && v != 1 {
				t.Fatalf("a spike of %v", v)
			}
			sum += v
		}
		if want := s.Antiderivative(at) / s.Area(); math.Abs(sum/n-want) > 1./n {
			t.Errorf("at %v: mean %v, want %v", at, sum/n, want)
		}
	}
	g := G.NewGraph()
	a := G.NewMatrix(g, tensor.Float64, G.WithShape(2, 3), G.WithName("a"))
	b := G.NewMatrix(g, tensor.Float64, G.WithShape(3, 2), G.WithName("b"))
	if _, err := StochasticSpike(a, b, s, false); !errors.Is(err, ErrShape) {
		t.Errorf("shapes that differ: %v", err)
	}
	for _, bad := range []surrogate.Surrogate{nil, surrogate.StepPWL{}, surrogate.Tanh{Sharpness: -1}} {
		if _, err := StochasticSpike(a, a, bad, false); !errors.Is(err, ErrValue) {
			t.Errorf("%v: %v", bad, err)
		}
	}
}
