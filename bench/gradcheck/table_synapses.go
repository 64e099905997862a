package gradcheck

import (
	"fmt"
	"slices"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/surrogate"
)

// unitCases are the operations over the units of a row and the bounds.
func unitCases() []Case {
	soft := surrogate.FastSigmoid{Sharpness: 2}
	x := func(b *graph.Builder) *G.Node { return b.Param("x", models.Normal(0, 1), 3, 4) }
	// Who takes part: all, some, none.
	ready := []float64{1, 1, 1, 1, 0, 1, 1, 0, 0, 0, 0, 0}
	mask := func(b *graph.Builder) *G.Node { return b.Const("ready", ready, 3, 4) }
	slopes := func(ready []float64) func(func(string) []float64) map[string][]float64 {
		return func(value func(string) []float64) map[string][]float64 {
			g := weights(0, 12)
			for i, x := range value("x") {
				g[i] *= soft.Slope(x)
				if ready != nil {
					g[i] *= ready[i]
				}
			}
			return map[string][]float64{"x": g}
		}
	}
	const hard = "the surrogate of a choice has no antiderivative"
	return []Case{
		{Name: "ops.Softmax", Covers: []string{"ops.Softmax"}, Model: func(b *graph.Builder) { probe(b, b.Check(ops.Softmax(x(b), nil))) }},
		{Name: "ops.Softmax/ready", Covers: []string{"ops.Softmax"}, Model: func(b *graph.Builder) { probe(b, b.Check(ops.Softmax(x(b), mask(b)))) }},
		{Name: "ops.SumUnits", Covers: []string{"ops.SumUnits"}, Model: func(b *graph.Builder) { probe(b, b.Check(ops.SumUnits(x(b)))) }},
		{
			Name: "ops.Winner", Covers: []string{"ops.Winner"}, Inexact: hard, Formula: slopes(nil),
			Model: func(b *graph.Builder) { probe(b, b.Check(ops.Winner(x(b), nil, soft))) },
		},
		{
			Name: "ops.Winner/ready", Covers: []string{"ops.Winner"}, Inexact: hard, Formula: slopes(ready),
			Model: func(b *graph.Builder) { probe(b, b.Check(ops.Winner(x(b), mask(b), soft))) },
		},
		{Name: "ops.Floor", Covers: []string{"ops.Floor"}, Model: func(b *graph.Builder) { probe(b, b.Check(ops.Floor(x(b), -0.2))) }},
		{
			Name: "ops.Floor/tie", Covers: []string{"ops.Floor"}, Inexact: "max(x, lo) has no derivative at x = lo",
			Model: func(b *graph.Builder) { probe(b, b.Check(ops.Floor(b.Param("x", numbers(-1, 0.25, 1), 3), 0.25))) },
			Formula: func(func(string) []float64) map[string][]float64 {
				w := weights(0, 3)
				return map[string][]float64{"x": {0, w[1] / 2, w[2]}}
			},
		},
		{
			Name: "ops.AtLeast", Covers: []string{"ops.AtLeast"},
			Model: func(b *graph.Builder) {
				x := x(b)
				probe(b, b.Check(G.HadamardProd(x, b.Check(ops.AtLeast(x, 0.1)))))
			},
		},
		{
			Name: "ops.Where", Covers: []string{"ops.Where"},
			Model: func(b *graph.Builder) {
				x := x(b)
				probe(b, b.Check(ops.Where(mask(b), x, b.Param("y", models.Normal(0, 1), 3, 4))), x)
			},
		},
	}
}

func expSynCases() []Case {
	row := func(name string, l models.ExpSyn, t, rows, n int, noise, start bool) Case {
		return Case{
			Name:   "models.ExpSyn/" + name,
			Covers: []string{"models.ExpSyn"},
			Model: func(b *graph.Builder) {
				if noise {
					l.Noise = b.Param("noise", models.Normal(0, 1), t, rows, n)
				}
				l.Initial = nil
				if start {
					l.Initial = []*G.Node{b.Param("isyn", models.Normal(0, 1), rows, n)}
				}
				y := l.Apply(b, "syn", b.Param("x", models.Normal(0, 1), t, rows, n))
				probe(b, y.Isyn, y.Final[0])
			},
		}
	}
	return []Case{
		row("defaults", models.ExpSyn{}, 5, 2, 3, false, false),
		row("shared", models.ExpSyn{TauSyn: models.Learned(4e-3)}, 6, 5, 3, false, true),
		row("per synapse", models.ExpSyn{TauSyn: models.Learned(2e-3, 4e-3, 50e-3)}, 6, 2, 3, false, true),
		row("noise", models.ExpSyn{TauSyn: models.Learned(4e-3), NoiseStd: models.Learned(8)}, 6, 5, 3, true, false),
		row("noise per synapse", models.ExpSyn{TauSyn: models.Fixed(4e-3), NoiseStd: models.Learned(8).PerNeuron()}, 6, 2, 3, true, true),
		row("one of everything", models.ExpSyn{TauSyn: models.Learned(4e-3), NoiseStd: models.Learned(8)}, 1, 1, 1, true, true),
	}
}

func alphaCases() []Case {
	row := func(name string, l models.AlphaSynapse, t, rows, in int, start bool) Case {
		return Case{
			Name:   "models.AlphaSynapse/" + name,
			Covers: []string{"models.AlphaSynapse"},
			Model: func(b *graph.Builder) {
				l.V, l.Initial = nil, nil
				if !l.SynRest.IsZero() {
					l.V = b.Param("v", models.Normal(0, 1), t, rows, l.Out)
				}
				if start {
					for i := range 2 {
						l.Initial = append(l.Initial, b.Param(fmt.Sprintf("initial/%d", i), models.Normal(0, 1), rows, l.Out))
					}
				}
				y := l.Apply(b, "syn", b.Param("x", models.Normal(0, 1), t, rows, in))
				probe(b, append([]*G.Node{y.Isyn, y.G, y.H}, y.Final...)...)
			},
		}
	}
	rules := []models.AlphaRule{models.AlphaEulerDt, models.AlphaEulerTau, models.AlphaExact}
	cases := []Case{
		row("defaults", models.AlphaSynapse{Out: 3}, 5, 2, 4, false),
		row("mask", models.AlphaSynapse{Out: 2, Mask: []float64{1, 0, 0, 1, 1, 1}}, 5, 2, 3, false),
		row("not plastic", models.AlphaSynapse{Out: 2, Nonplastic: true, Mask: []float64{1, 0, 0, 1, 1, 1}, TauDecay: models.Learned(4e-3)}, 5, 2, 3, false),
		row("one of everything", models.AlphaSynapse{Out: 1, SynRest: models.Learned(-0.5), TauDecay: models.Learned(4e-3), Bias: true}, 1, 1, 1, true),
	}
	for _, rule := range rules {
		l := models.AlphaSynapse{
			Out: 3, Rule: rule, TauDecay: models.Learned(4e-3), GSynBar: models.Learned(0.7), ResistScale: models.Learned(1.5),
		}
		cases = append(cases, row(fmt.Sprintf("rule %d", rule), l, 6, 2, 4, false))
		l.SynRest, l.Bias, l.TauDecay = models.Learned(-0.5), true, models.Learned(3e-3, 5e-3, 20e-3)
		l.GSynBar, l.ResistScale = l.GSynBar.PerNeuron(), l.ResistScale.PerNeuron()
		cases = append(cases, row(fmt.Sprintf("rule %d, voltage", rule), l, 6, 5, 4, true))
	}
	return cases
}

func wtasCases() []Case {
	soft := surrogate.FastSigmoid{Sharpness: 3}
	row := func(name string, l models.WTASCell, t, rows, n int) Case {
		return Case{
			Name:   "models.WTASCell/" + name,
			Covers: []string{"models.WTASCell"},
			Model: func(b *graph.Builder) {
				y := l.Apply(b, "wta", b.Param("j", models.Normal(0, 1), t, rows, n))
				probe(b, append([]*G.Node{y.Spikes, y.V, y.Prob, y.Thr}, y.Final[0], y.Final[1])...)
			},
		}
	}
	full := models.WTASCell{
		ResistM: models.Learned(1.5), Thr: models.Learned(0.2, 0.3, 0.25, 0.35), ThrGain: models.Learned(0.05).PerNeuron(), Surrogate: soft,
	}
	refractory, floor, jitter, hard, exclude, both := full, full, full, full, full, full
	refractory.RefractTime = 2.5e-3
	floor.Thr = models.Learned(0.03).PerNeuron()
	jitter.Thr, jitter.ThrJitter, jitter.Seed = models.Learned(0.25), 0.05, 7
	hard.Hard, hard.RefractTime = true, 2.5e-3
	exclude.ExcludeRefractory, exclude.RefractTime = true, 2.5e-3
	both.Hard, both.ExcludeRefractory, both.RefractTime = true, true, 2.5e-3
	given := models.WTASCell{ThrGain: models.Learned(0.05), Surrogate: soft, RefractTime: 2.5e-3}
	return []Case{
		row("defaults", models.WTASCell{}, 5, 2, 3),
		row("learned", full, 6, 5, 4),
		row("refractory", refractory, 6, 2, 4),
		row("floor", floor, 8, 2, 4),
		row("jitter", jitter, 5, 2, 4),
		row("hard", hard, 6, 2, 4),
		row("exclude refractory", exclude, 6, 2, 4),
		row("hard, exclude refractory", both, 6, 2, 4),
		row("one of everything", models.WTASCell{Thr: models.Learned(0.9), Surrogate: soft}, 1, 1, 1),
		{
			Name:   "models.WTASCell/initial states",
			Covers: []string{"models.WTASCell"},
			Model: func(b *graph.Builder) {
				l := given
				start := func(name string, x ...float64) *G.Node { return b.Const("initial/"+name, x, 2, 3) }
				l.Initial = []*G.Node{
					start("v", 0, 0, 0, 0, 0, 0), b.Param("thr", models.Uniform(0.2, 0.4), 2, 3),
					start("rfr", 1e-3, 2e-3, 3e-3, 4e-3, 1e-3, 2e-3), start("tols", 0, 1, 2, 3, 4, 5), start("steps", 5, 5, 5, 5, 5, 5),
				}
				y := l.Apply(b, "wta", b.Param("j", models.Normal(0, 1), 5, 2, 3))
				probe(b, y.Spikes, y.Thr, y.Final[1])
			},
		},
	}
}

func coupledCases() []Case {
	soft := surrogate.FastSigmoid{Sharpness: 2}
	synapses := models.AlphaSynapse{
		Out: 3, TauDecay: models.Learned(4e-3), GSynBar: models.Learned(0.7), SynRest: models.Learned(1.5), Bias: true,
	}
	covers := []string{"models.Couple", "models.AlphaSynapse"}
	lif := func(name string, l models.LIF, s models.AlphaSynapse, t int) Case {
		return Case{
			Name: "models.Couple/LIF, " + name, Covers: covers,
			Model: func(b *graph.Builder) {
				y, h := models.Couple(b, "h", s, b.Param("x", models.Uniform(0, 1), t, 2, 4), l)
				probe(b, slices.Concat([]*G.Node{y.Isyn, y.G, h.Spikes, h.Vmem}, y.Final, h.Final)...)
			},
		}
	}
	exact, short := synapses, synapses
	exact.Rule = models.AlphaExact
	short.TauDecay = models.Fixed(4e-3) // nothing has decayed yet
	return []Case{
		lif("delta", models.LIF{TauMem: models.Learned(5e-3), VTh: models.Learned(0.8), Surrogate: soft}, synapses, 6),
		lif("recurrent", models.LIF{TauSyn: models.Learned(3e-3), Hold: true, Recurrent: true, Reset: models.ToValue, Surrogate: soft}, exact, 5),
		lif("one step", models.LIF{Surrogate: soft}, short, 1),
		{
			Name: "models.Couple/WTASCell", Covers: covers,
			Model: func(b *graph.Builder) {
				w := models.WTASCell{Thr: models.Learned(0.3), ThrGain: models.Learned(0.05), RefractTime: 2.5e-3, Surrogate: soft}
				y, h := models.Couple(b, "h", synapses, b.Param("x", models.Uniform(0, 1), 6, 2, 4), w)
				probe(b, slices.Concat([]*G.Node{y.Isyn, h.Spikes, h.V, h.Thr}, y.Final, h.Final[:2])...)
			},
		},
	}
}
