package gradcheck

import (
	"math"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/ops"
)

// costCases are losses of layers and regularisers, of sequences [5, 3, 2].
func costCases() []Case {
	row := func(name string, init graph.Init, f func(b *graph.Builder, x *G.Node) *G.Node) Case {
		return Case{
			Name:   name,
			Covers: []string{name},
			Model: func(b *graph.Builder) {
				probe(b, f(b, b.Param("x", init, 5, 3, 2)))
			},
		}
	}
	class := func(b *graph.Builder) *G.Node { return b.Const("class", []float64{1, 0, -1}, 3) }
	target := func(b *graph.Builder, shape ...int) *G.Node { return b.Param("target", models.Uniform(0, 1), shape...) }
	spread := models.Normal(0, 1)
	return []Case{
		row("models.CountCrossEntropy", spread, func(b *graph.Builder, x *G.Node) *G.Node { return models.CountCrossEntropy(b, x, class(b)) }),
		row("models.RateCrossEntropy", spread, func(b *graph.Builder, x *G.Node) *G.Node { return models.RateCrossEntropy(b, x, class(b)) }),
		row("models.MaxMembraneCrossEntropy", spread, func(b *graph.Builder, x *G.Node) *G.Node { return models.MaxMembraneCrossEntropy(b, x, class(b)) }),
		row("models.FirstSpikeCrossEntropy", models.Uniform(0, 0.8), func(b *graph.Builder, x *G.Node) *G.Node {
			return models.FirstSpikeCrossEntropy(b, x, class(b), 2e-3)
		}),
		row("models.CountMSE", spread, func(b *graph.Builder, x *G.Node) *G.Node { return models.CountMSE(b, x, target(b, 3, 2)) }),
		row("models.MembraneMSE", spread, func(b *graph.Builder, x *G.Node) *G.Node { return models.MembraneMSE(b, x, target(b, 5, 3, 2)) }),
		row("models.FirstSpikeMSE", models.Uniform(0, 0.8), func(b *graph.Builder, x *G.Node) *G.Node {
			return models.FirstSpikeMSE(b, x, target(b, 3, 2), 0.5)
		}),
		row("ops.VoltageBounds", spread, func(b *graph.Builder, x *G.Node) *G.Node {
			return b.Check(ops.VoltageBounds{Lower: -0.5, Upper: math.Inf(1)}.Apply(x))
		}),
		row("ops.Sparsity", spread, func(b *graph.Builder, x *G.Node) *G.Node { return b.Check(ops.Sparsity(x)) }),
		row("ops.Silence", models.Uniform(0, 0.8), func(b *graph.Builder, x *G.Node) *G.Node { return b.Check(ops.Silence(x, 2.5)) }),
	}
}
