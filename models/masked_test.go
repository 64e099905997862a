package models_test

import (
	"math"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/random"
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

// TestMaskedScale: the deviation of the drive of inputs of 1 follows from the connections that
// exist.
func TestMaskedScale(t *testing.T) {
	const in, out = 1000, 400
	mask, err := models.SparseMask(0.1, 1, "m", in, out)
	if err != nil {
		t.Fatal(err)
	}
	inputs, outputs := make([]float64, out), make([]float64, in)
	for i, exists := range mask {
		inputs[i%out] += exists
		outputs[i/out] += exists
	}
	xavier := 0.0 // variance of the drive, mean over neurons
	for i, exists := range mask {
		if exists != 0 {
			xavier += 4 * 2 / (inputs[i%out] + outputs[i/out]) / out
		}
	}
	for name, c := range map[string]struct {
		init     graph.Init
		variance float64
	}{
		"Kaiming":          {models.Kaiming(2, false), 4},
		"Kaiming, uniform": {models.Kaiming(2, true), 4},
		"Xavier":           {models.Xavier(2, false), xavier},
		"Xavier, uniform":  {models.Xavier(2, true), xavier},
	} {
		w := make([]float64, in*out)
		models.Masked(c.init, mask)(w, []int{in, out}, random.New(1, name))
		sums := make([]float64, out)
		for i, v := range w {
			sums[i%out] += v
		}
		square := 0.0
		for _, s := range sums {
			square += s * s / out
		}
		// Five standard errors of the variance of 400 numbers.
		if math.Abs(square-c.variance) > 5*c.variance*math.Sqrt(2./out) {
			t.Errorf("%s: variance of the drive %v, want %v", name, square, c.variance)
		}
	}
}

// TestPruned: a mask that is put on given weights sets those that it leaves out to 0, and no
// others.
func TestPruned(t *testing.T) {
	mask := []float64{1, 0, 0, 1, 1, 0, 0, 1, 1}
	for _, dt := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		params := graph.NewParams(1)
		build := func(m []float64) []float64 {
			p, err := graph.Build(params, graph.Settings{DType: dt}, func(b *graph.Builder) {
				y := models.Linear{Out: 3, Mask: m}.Apply(b, "w", b.Input("x", 2, 1, 3))
				s := models.LIF{Recurrent: true, RecMask: m}.Apply(b, "h", y).Spikes
				b.Loss(b.Check(G.Sum(s)))
			})
			if err != nil {
				t.Fatal(err)
			}
			p.Close()
			var all []float64
			for _, name := range []string{"w", "h/w_rec"} {
				v, err := params.As(tensor.Float64)
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, v.Value(name).Float64s()...)
			}
			return all
		}
		dense := build(nil)
		for i, w := range build(mask) {
			if want := dense[i] * mask[i%len(mask)]; w != want {
				t.Errorf("%v: weight %d is %v after pruning, want %v", dt, i, w, want)
			}
		}
	}
}
