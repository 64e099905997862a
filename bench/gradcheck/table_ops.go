package gradcheck

import (
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/ops"
)

// elementwise is the case of one elementwise operation on a matrix.
func elementwise(name string, f func(b *graph.Builder, x *G.Node) (*G.Node, error)) Case {
	return Case{
		Name:   name,
		Covers: []string{name},
		Model: func(b *graph.Builder) {
			x := b.Param("x", models.Normal(0, 1), 3, 4)
			probe(b, b.Check(f(b, x)))
		},
	}
}

func elementwiseCases() []Case {
	currents := func(b *graph.Builder) (imem, ispkthr, ireset *G.Node) {
		// ln(imem/ispkthr) is -3.4 .. 2.6 in steps of 0.75, never whole.
		imem = b.Param("imem", numbers(0.034, 0.071, 0.15, 0.32, 0.67, 1.42, 3.0, 6.4, 13.5), 9)
		ispkthr = b.Param("ispkthr", models.Constant(1.03), 9)
		ireset = b.Param("ireset", models.Constant(0.2), 9)
		return imem, ispkthr, ireset
	}
	return []Case{
		elementwise("ops.Decay", func(b *graph.Builder, x *G.Node) (*G.Node, error) {
			return ops.Decay(b.Check(ops.Affine(x, 1, math.Log(b.Dt()/0.4))), b.Dt())
		}),
		elementwise("ops.Approach", func(b *graph.Builder, x *G.Node) (*G.Node, error) {
			return ops.Approach(b.Check(ops.Affine(x, 1, math.Log(b.Dt()/0.4))), b.Dt())
		}),
		{
			Name:   "ops.ExpFrom",
			Covers: []string{"ops.ExpFrom"},
			Model: func(b *graph.Builder) {
				probe(b, b.Check(ops.ExpFrom(b.Param("x", models.Uniform(-1, 1), 4), []float64{0.3, 1, 2, 7})))
			},
		},
		elementwise("ops.Exp", func(_ *graph.Builder, x *G.Node) (*G.Node, error) { return ops.Exp(x) }),
		elementwise("ops.Affine", func(_ *graph.Builder, x *G.Node) (*G.Node, error) { return ops.Affine(x, -0.7, 0.3) }),
		{
			Name:    "ops.Detach",
			Covers:  []string{"ops.Detach"},
			Inexact: "Detach leaves one of the ways to x out on purpose",
			Model: func(b *graph.Builder) {
				x := b.Param("x", models.Normal(0, 1), 3, 4)
				probe(b, b.Check(G.HadamardProd(x, b.Check(ops.Detach(x)))))
			},
			// d/dx (w x detach(x)) := w x
			Formula: func(value func(string) []float64) map[string][]float64 {
				g := weights(0, 12)
				for i, x := range value("x") {
					g[i] *= x
				}
				return map[string][]float64{"x": g}
			},
		},
		{
			Name:   "ops.StepPWL",
			Covers: []string{"ops.StepPWL"},
			Model: func(b *graph.Builder) {
				imem, ispkthr, ireset := currents(b)
				s := b.Check(ops.StepPWL{Twin: b.Twin()}.Apply(imem, ispkthr, ireset))
				// The rule states no effect of ireset; the product reaches it.
				probe(b, b.Check(G.HadamardProd(s, ireset)))
			},
		},
		{
			Name:   "ops.StepPWL/bounded",
			Covers: []string{"ops.StepPWL"},
			Model: func(b *graph.Builder) {
				imem, ispkthr, ireset := currents(b)
				s := b.Check(ops.StepPWL{MaxSpikes: 2, Width: 0.9, Twin: b.Twin()}.Apply(imem, ispkthr, ireset))
				probe(b, b.Check(G.HadamardProd(s, ireset)))
			},
		},
		{
			Name:    "ops.StepPWL/compat",
			Covers:  []string{"ops.StepPWL"},
			Inexact: "the rule of the package is not the derivative of its count",
			Model: func(b *graph.Builder) {
				imem, ispkthr, ireset := currents(b)
				probe(b, b.Check(ops.StepPWL{Compat: true}.Apply(imem, ispkthr, ireset)))
			},
			Formula: func(value func(string) []float64) map[string][]float64 {
				g := weights(0, 9)
				imem, ireset := value("imem"), value("ireset")
				for i := range g {
					g[i] *= math.Min(math.Max(math.Ceil(imem[i]-ireset[i]), 0), 1)
				}
				return map[string][]float64{"imem": g, "ispkthr": make([]float64, 9), "ireset": make([]float64, 9)}
			},
		},
	}
}

func sequenceCases() []Case {
	return []Case{
		{
			Name:   "ops.Stack, ops.Unstack",
			Covers: []string{"ops.Stack", "ops.Unstack"},
			Model: func(b *graph.Builder) {
				x := b.Param("x", models.Normal(0, 1), 5, 2, 3)
				s := b.CheckAll(ops.Unstack(x, true))
				// A step twice, in another order, one not at all.
				probe(b, b.Check(ops.Stack([]*G.Node{s[4], s[1], s[0], b.Check(G.HadamardProd(s[1], s[3]))})))
			},
		},
		{
			Name:   "ops.Rows",
			Covers: []string{"ops.Rows"},
			Model: func(b *graph.Builder) {
				x := b.Param("x", models.Normal(0, 1), 3)
				one := b.Param("one", models.Normal(0, 1), 1)
				probe(b, b.Check(ops.Rows(x, 4, 3)), b.Check(ops.Rows(one, 4, 3)))
			},
		},
		{
			Name:   "ops.Spread",
			Covers: []string{"ops.Spread"},
			Model: func(b *graph.Builder) {
				probe(b, b.Check(ops.Spread(b.Param("x", models.Normal(0, 1), 1), 5)))
			},
		},
	}
}

func normCases() []Case {
	return []Case{
		{
			Name:   "ops.Moments, ops.Normalise",
			Covers: []string{"ops.Moments", "ops.Normalise"},
			Model: func(b *graph.Builder) {
				x := b.Param("x", models.Normal(1, 2), 4, 2, 3)
				mean, variance, err := ops.Moments(x, 3)
				b.Check(mean, err)
				scale, shift := b.Param("scale", models.Normal(0, 1), 3), b.Param("shift", models.Normal(0, 1), 3)
				free, wide := b.Param("mean", models.Normal(0, 1), 3), b.Param("variance", models.Uniform(1, 2), 3)
				probe(b, mean, variance, b.Check(ops.Normalise(x, mean, variance, scale, shift, 0.1)), b.Check(ops.Normalise(x, free, wide, scale, shift, 0.1)))
			},
		},
		{
			Name:   "ops.HeldCurrent, ops.ScaleUnits",
			Covers: []string{"ops.HeldCurrent", "ops.ScaleUnits"},
			Model: func(b *graph.Builder) {
				// Time constants of 1 to 30 steps, two of them almost equal.
				mem := b.Param("mem", numbers(math.Log(5e-3), math.Log(20e-3), math.Log(2e-3), math.Log(1e-3)), 4)
				syn := b.Param("syn", numbers(math.Log(3e-3), math.Log(30e-3), math.Log(2.0001e-3), math.Log(2e-3)), 4)
				c := b.Check(ops.HeldCurrent(mem, syn, b.Dt()))
				probe(b, c, b.Check(ops.ScaleUnits(b.Param("x", models.Normal(0, 1), 3, 2, 4), c)))
			},
		},
		{
			Name:   "models.BatchNorm",
			Covers: []string{"models.BatchNorm"},
			Model: func(b *graph.Builder) {
				x := b.Param("x", models.Normal(1, 2), 4, 2, 3)
				probe(b, models.BatchNorm{}.Apply(b, "norm", x))
			},
		},
		{
			Name:   "ops.MomentsUntil",
			Covers: []string{"ops.MomentsUntil"},
			Model: func(b *graph.Builder) {
				mean, variance, unbiased, err := ops.MomentsUntil(b.Param("x", models.Normal(1, 2), 4, 2, 6), b.Const("length", []float64{3, 2}, 2), 3)
				b.Check(mean, err)
				probe(b, mean, variance, unbiased)
			},
		},
		{
			Name:   "models.Dropout",
			Covers: []string{"models.Dropout"},
			Model: func(b *graph.Builder) {
				x := b.Param("x", models.Normal(1, 2), 4, 2, 3)
				probe(b, models.Dropout{P: 0.3}.Apply(b, "all", x), models.Dropout{P: 0.5, EachStep: true}.Apply(b, "each", x))
			},
		},
	}
}

// readout is the case of an operation that reduces [T, B, N].
func readout(name string, init graph.Init, f func(b *graph.Builder, x *G.Node) (*G.Node, error)) Case {
	return Case{
		Name:   name,
		Covers: []string{name},
		Model: func(b *graph.Builder) {
			probe(b, b.Check(f(b, b.Param("x", init, 5, 3, 2))))
		},
	}
}

// until is the case of an operation on sequences of different lengths in [T, B, N].
func until(name string, f func(x, length *G.Node) (*G.Node, error)) Case {
	return Case{
		Name:   name,
		Covers: []string{name},
		Model: func(b *graph.Builder) {
			probe(b, b.Check(f(b.Param("x", models.Normal(0, 1), 5, 3, 2), b.Const("length", []float64{5, 1, 3}, 3))))
		},
	}
}

func readoutCases() []Case {
	plain := func(f func(x *G.Node) (*G.Node, error)) func(b *graph.Builder, x *G.Node) (*G.Node, error) {
		return func(_ *graph.Builder, x *G.Node) (*G.Node, error) { return f(x) }
	}
	return []Case{
		readout("ops.SumOverTime", models.Normal(0, 1), plain(ops.SumOverTime)),
		readout("ops.MeanOverTime", models.Normal(0, 1), plain(ops.MeanOverTime)),
		readout("ops.MaxOverTime", models.Normal(0, 1), plain(ops.MaxOverTime)),
		readout("ops.LastStep", models.Normal(0, 1), plain(ops.LastStep)),
		until("ops.Until", ops.Until),
		until("ops.SumUntil", ops.SumUntil),
		until("ops.MeanUntil", ops.MeanUntil),
		until("ops.MaxUntil", ops.MaxUntil),
		until("ops.LastUntil", ops.LastUntil),
		until("ops.SparsityUntil", ops.SparsityUntil),
		{
			Name: "ops.VoltageBounds.ApplyUntil", Covers: []string{"ops.VoltageBounds"},
			Model: until("", ops.VoltageBounds{Lower: -0.3, Upper: 0.4}.ApplyUntil).Model,
		},
		until("ops.FirstSpikeUntil", func(x, length *G.Node) (*G.Node, error) { return ops.FirstSpikeUntil(x, length, 1e-3) }),
		readout("ops.FirstSpikeTime", models.Uniform(0, 1), func(b *graph.Builder, x *G.Node) (*G.Node, error) { return ops.FirstSpikeTime(x, b.Dt()) }),
	}
}

func lossCases() []Case {
	return []Case{
		{
			Name:   "ops.SoftmaxCrossEntropy",
			Covers: []string{"ops.SoftmaxCrossEntropy"},
			Model: func(b *graph.Builder) {
				z := b.Param("z", models.Normal(0, 2), 4, 3)
				probe(b, b.Check(ops.SoftmaxCrossEntropy(z, b.Const("class", []float64{2, 0, -1, 1}, 4))))
			},
		},
		{
			Name:   "ops.MSE",
			Covers: []string{"ops.MSE"},
			Model: func(b *graph.Builder) {
				x, y := b.Param("x", models.Normal(0, 1), 2, 3), b.Param("y", models.Normal(0, 1), 2, 3)
				probe(b, b.Check(ops.MSE(x, y)))
			},
		},
		{
			Name:   "ops.RateBounds",
			Covers: []string{"ops.RateBounds"},
			Model: func(b *graph.Builder) {
				// Some 0.4 spikes per step and neuron: 2 in 5 steps. The second neuron
				// stands above the bounds, the third below.
				x := b.Param("x", models.Uniform(0, 0.8), 5, 2, 3)
				scale := b.Const("scale", []float64{1, 9, 0.1}, 3)
				rows := b.Check(ops.Rows(scale, 10, 3))
				s := b.Check(G.HadamardProd(x, b.Check(G.Reshape(rows, tensor.Shape{5, 2, 3}))))
				probe(b, b.Check(ops.RateBounds{Lower: 0.5, Upper: 4}.Apply(s)))
			},
		},
	}
}
