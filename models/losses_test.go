package models_test

import (
	"errors"
	"math"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/ops"
)

// lossOf returns the loss of a sequence [3, 2, 2].
func lossOf(t *testing.T, x []float64, f func(b *graph.Builder, x *G.Node) *G.Node) float64 {
	t.Helper()
	prog, err := graph.Build(graph.NewParams(1), graph.Settings{DType: tensor.Float64, NoGrad: true}, func(b *graph.Builder) {
		b.Loss(f(b, b.Input("x", 3, 2, 2)))
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(prog.Set("x", x), prog.Run()); err != nil {
		t.Fatal(err)
	}
	return prog.Loss()
}

// Losses worked out by hand.
func TestLosses(t *testing.T) {
	// Row 0: neuron 0 fires at 0 and 2, neuron 1 at 1. Row 1: neuron 0 never, neuron 1 at 2.
	x := []float64{1, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 1}
	ce := func(right, wrong float64) float64 { return math.Log(1 + math.Exp(wrong-right)) }
	class := func(b *graph.Builder) *G.Node { return b.Const("class", []float64{0, 1}, 2) }
	for _, c := range []struct {
		name string
		want float64
		f    func(b *graph.Builder, x *G.Node) *G.Node
	}{
		{"count", (ce(2, 1) + ce(1, 0)) / 2, func(b *graph.Builder, x *G.Node) *G.Node { return models.CountCrossEntropy(b, x, class(b)) }},
		{"rate", (ce(1, 0) + ce(0, 0) + ce(0, 1) + ce(0, 0) + ce(1, 0) + ce(1, 0)) / 6, func(b *graph.Builder, x *G.Node) *G.Node {
			return models.RateCrossEntropy(b, x, class(b))
		}},
		{"max", (ce(1, 1) + ce(1, 0)) / 2, func(b *graph.Builder, x *G.Node) *G.Node { return models.MaxMembraneCrossEntropy(b, x, class(b)) }},
		// First spikes at 0 and 1 ms, and at 3 (never) and 2 ms.
		{"first spike", (ce(0, -1) + ce(-2, -3)) / 2, func(b *graph.Builder, x *G.Node) *G.Node {
			return models.FirstSpikeCrossEntropy(b, x, class(b), 1e-3)
		}},
		{"first spike time", (0 + 1 + 4 + 1) / 4., func(b *graph.Builder, x *G.Node) *G.Node {
			return models.FirstSpikeMSE(b, x, b.Const("t", []float64{0, 2e-3, 1e-3, 1e-3}, 2, 2), 1e-3)
		}},
		{"count MSE", (1./9 + 0 + 0 + 4./9) / 4, func(b *graph.Builder, x *G.Node) *G.Node {
			return models.CountMSE(b, x, b.Const("y", []float64{1, 1. / 3, 0, 1}, 2, 2))
		}},
		{"membrane MSE", 4. / 12, func(b *graph.Builder, x *G.Node) *G.Node {
			return models.MembraneMSE(b, x, b.Const("y", make([]float64, 12), 3, 2, 2))
		}},
		{"sparsity", 4. / 12, func(b *graph.Builder, x *G.Node) *G.Node { return b.Check(ops.Sparsity(x)) }},
		// Counts 2, 1, 0, 1 where 1.5 are wanted.
		{"silence", (0 + 0.25 + 2.25 + 0.25) / 4, func(b *graph.Builder, x *G.Node) *G.Node { return b.Check(ops.Silence(x, 1.5)) }},
		{"voltage", (4*0.25 + 8*0.01) / 12, func(b *graph.Builder, x *G.Node) *G.Node {
			return b.Check(ops.VoltageBounds{Lower: 0.1, Upper: 0.5}.Apply(x))
		}},
	} {
		// A handful of roundings.
		if got := lossOf(t, x, c.f); math.Abs(got-c.want) > 1e-14 {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	for name, f := range map[string]func(b *graph.Builder, x *G.Node){
		"tau":        func(b *graph.Builder, x *G.Node) { models.FirstSpikeCrossEntropy(b, x, class(b), 0) },
		"scale":      func(b *graph.Builder, x *G.Node) { models.FirstSpikeMSE(b, x, class(b), -1) },
		"a matrix":   func(b *graph.Builder, x *G.Node) { models.RateCrossEntropy(b, b.Input("y", 2, 2), class(b)) },
		"bounds":     func(b *graph.Builder, x *G.Node) { b.Check(ops.VoltageBounds{Lower: 1}.Apply(x)) },
		"least of 0": func(b *graph.Builder, x *G.Node) { b.Check(ops.Silence(x, 0)) },
	} {
		_, err := graph.Build(graph.NewParams(1), graph.Settings{}, func(b *graph.Builder) { f(b, b.Input("x", 3, 2, 2)) })
		if !errors.Is(err, models.ErrParameter) && !errors.Is(err, ops.ErrValue) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
