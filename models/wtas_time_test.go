package models

import (
	"testing"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
)

// TestRefractorySteps: a unit with enough input fires every RefractTime/dt steps, whatever the
// rounding of the two, and as ngc-learn does with SumTime.
func TestRefractorySteps(t *testing.T) {
	for _, c := range []struct {
		dt    float64
		steps int
		sums  bool
		want  int
	}{
		{1e-4, 10, false, 10}, {1e-4, 30, false, 30}, {1e-3, 34, false, 34}, {3e-4, 7, false, 7}, {1e-3, 100, false, 100}, {0.7e-3, 1, false, 1},
		{1e-4, 10, true, 10}, {1e-4, 30, true, 31}, // sums of float32: 1.0000001 after 10 steps of 0.1, 2.9999995 after 30
	} {
		for _, s := range engines {
			if s.Dt = c.dt; c.sums && s.DType != tensor.Float64 {
				continue // float32 keeps seconds, not milliseconds
			}
			steps := 2*c.want + 2
			p := build(t, s, func(b *graph.Builder) {
				l := WTASCell{Thr: Fixed(0.6), ThrGain: Fixed(0), RefractTime: float64(c.steps) * c.dt, SumTime: c.sums}
				b.Output("s", l.Apply(b, "wtas", b.Input("j", steps, 1, 2)).Spikes)
			})
			j := make([]float64, 2*steps)
			for k := range steps {
				j[2*k] = 10
			}
			evaluate(t, p, map[string][]float64{"j": j})
			for k, x := range numbers(p.Output("s")) {
				want := 0.
				if k%2 == 0 && k/2%c.want == 0 {
					want = 1
				}
				if x != want {
					t.Errorf("%s: %v: unit %d has %v spikes in step %d, want %v", label(s), c, k%2, x, k/2, want)
				}
			}
		}
	}
}
