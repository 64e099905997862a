package models_test

import (
	"math"
	"testing"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
)

// TestMaskedWeights: connections that do not exist have the weight 0, and the others the width that
// FanIn promises for as many inputs as there are.
func TestMaskedWeights(t *testing.T) {
	const in, out = 1000, 400
	mask, err := models.SparseMask(0.1, 1, "m", in, out)
	if err != nil {
		t.Fatal(err)
	}
	for name, layer := range map[string]func(b *graph.Builder, mask []float64){
		"linear": func(b *graph.Builder, m []float64) {
			models.Linear{Out: out, Mask: m, Init: models.FanIn(3, 2)}.Apply(b, "w", b.Input("x", 1, 1, in))
		},
		"recurrent": func(b *graph.Builder, m []float64) {
			models.LIF{Recurrent: true, RecMask: m[:out*out], RecInit: models.FanIn(3, 2)}.Apply(b, "h", b.Input("x", 1, 1, out))
		},
	} {
		params := graph.NewParams(1)
		p, err := graph.Build(params, graph.Settings{DType: tensor.Float64, NoGrad: true}, func(b *graph.Builder) {
			layer(b, mask)
			b.Output("y", b.Input("y", 1))
		})
		if err != nil {
			t.Fatal(err)
		}
		p.Close()
		w := params.Value(params.Names()[0]).Float64s()
		sums, n := make([]float64, out), 0
		for i, v := range w {
			switch {
			case mask[i] == 0 && v != 0:
				t.Fatalf("%s: weight %d of a connection that does not exist is %v", name, i, v)
			case mask[i] != 0 && v == 0:
				t.Fatalf("%s: weight %d is 0", name, i)
			case mask[i] != 0:
				n++
			}
			sums[i%out] += v
		}
		// The drive of inputs of 1 is N(3, 2²) for each neuron: five standard errors of 400.
		mean, square := 0.0, 0.0
		for _, s := range sums {
			mean += s / out
			square += (s - 3) * (s - 3) / out
		}
		if math.Abs(mean-3) > 5*2/math.Sqrt(out) || math.Abs(square-4) > 5*4*math.Sqrt(2./out) {
			t.Errorf("%s: drive of mean %v and variance %v, want 3 and 4 (%d weights)", name, mean, square, n)
		}
	}
}
