package gradcheck

import (
	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/surrogate"
)

// delayCases are the layers of delays. The time step is 1 ms; delays are between whole steps, but
// for one row.
func delayCases() []Case {
	ms := 1e-3
	one := func(name string, l models.Delay) Case {
		return Case{Name: "models.Delay/" + name, Covers: []string{"models.Delay"}, Model: func(b *graph.Builder) {
			probe(b, l.Apply(b, "d", b.Param("x", models.Normal(0, 1), 5, 2, 3)))
		}}
	}
	soft := surrogate.FastSigmoid{Sharpness: 2}
	return []Case{
		one("one for all", models.Delay{Delay: models.Learned(1.3 * ms), Max: 4 * ms}),
		one("of each channel", models.Delay{Delay: models.Learned(0.4*ms, 2.7*ms, 1.5*ms), Max: 3 * ms}),
		one("fixed, whole steps", models.Delay{Delay: models.Fixed(0, 2*ms, 3*ms)}),
		{
			Name: "models.Delay/initial state", Covers: []string{"models.Delay"},
			Model: func(b *graph.Builder) {
				l := models.Delay{Delay: models.Learned(0.4*ms, 1.7*ms), Max: 2 * ms, Initial: []*G.Node{b.Param("past", models.Normal(0, 1), 3, 4)}}
				probe(b, l.Apply(b, "d", b.Param("x", models.Normal(0, 1), 4, 3, 2)))
			},
			// x at the time t - d: of the first channel 0.6 now, 0.4 before; of the second 0.3 one,
			// 0.7 two steps before.
			Value: func(value func(string) []float64) ([]int, []float64) {
				x, past := value("x"), value("past")
				at := func(t, b, j int) float64 {
					if t < 0 {
						return past[b*4+(-1-t)*2+j]
					}
					return x[(t*3+b)*2+j]
				}
				y := make([]float64, len(x))
				for i := range y {
					t, b := i/6, i/2%3
					if i%2 == 0 {
						y[i] = 0.6*at(t, b, 0) + 0.4*at(t-1, b, 0)
					} else {
						y[i] = 0.3*at(t-1, b, 1) + 0.7*at(t-2, b, 1)
					}
				}
				return []int{4, 3, 2}, y
			},
		},
		{
			Name: "models.DelayedLinear", Covers: []string{"models.DelayedLinear"},
			Model: func(b *graph.Builder) {
				l := models.DelayedLinear{Out: 3, Bias: true, Learn: true, Max: 3 * ms, DelayInit: models.Uniform(0.05*ms, 2.9*ms), Initial: []*G.Node{b.Param("past", models.Normal(0, 1), 2, 12)}}
				probe(b, l.Apply(b, "w", b.Param("x", models.Normal(0, 1), 5, 2, 4)))
			},
		},
		{
			Name: "models.DelayedLinear/network", Covers: []string{"models.DelayedLinear", "models.LIF"},
			Model: func(b *graph.Builder) {
				x := b.Param("x", current, 5, 9, 3)
				h := models.LIF{Surrogate: soft}.Apply(b, "h", models.DelayedLinear{Out: 4, Learn: true, Max: 2 * ms, Init: models.FanIn(1, 1)}.Apply(b, "w", x))
				y := models.DelayedLinear{Out: 2, Max: 1.5 * ms}.Apply(b, "v", models.Delay{Delay: models.Learned(0.8 * ms), Max: ms}.Apply(b, "d", h.Spikes))
				probe(b, models.LI{}.Apply(b, "out", y).Vmem)
			},
		},
		{
			Name: "ops.Tap", Covers: []string{"ops.Tap"},
			Model: func(b *graph.Builder) {
				d := b.Param("d", numbers(0.3, 1.2, 1.9, 2.5), 4)
				probe(b, b.Check(ops.Tap(d, 0, 3)), b.Check(ops.Tap(d, 1, 3)), b.Check(ops.Tap(d, 2, 3)), b.Check(ops.Tap(d, 3, 3)))
			},
			Value: func(value func(string) []float64) ([]int, []float64) { return []int{4}, []float64{0.7, 0, 0, 0} },
		},
	}
}
