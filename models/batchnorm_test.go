package models

import (
	"errors"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
)

// TestFold: weights with a trained normalisation in them give what both give one after the other.
func TestFold(t *testing.T) {
	const T, B = 3, 4
	in := Image{2, 4, 3}
	norms := map[string]BatchNorm{"linear": {}, "conv": {Channels: 5}}
	layers := map[string]func(b *graph.Builder, x *G.Node, bias bool) *G.Node{
		"linear": func(b *graph.Builder, x *G.Node, bias bool) *G.Node {
			return Linear{Out: 5, Bias: bias}.Apply(b, "w", x)
		},
		"conv": func(b *graph.Builder, x *G.Node, bias bool) *G.Node {
			return Conv{In: in, Out: 5, Window: square(2), Bias: bias}.Apply(b, "w", x)
		},
	}
	for name, layer := range layers {
		x := graded(T*B*in.Size(), 0.8, 2)
		params := graph.NewParams(1)
		run := func(params *graph.Params, folded bool) []float64 {
			p, err := graph.Build(params, graph.Settings{DType: tensor.Float64, NoGrad: true}, func(b *graph.Builder) {
				y := layer(b, b.Input("x", T, B, in.Size()), folded)
				if !folded {
					y = norms[name].Apply(b, "n", y)
				}
				b.Output("y", y)
			})
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			// Any running mean and width.
			for i := range 5 {
				if !folded {
					params.Value("n/scale").Float64s()[i] = 0.5 + float64(i)
					params.Value("n/shift").Float64s()[i] = 1 - float64(i)
					params.Value("n/mean").Float64s()[i] = 0.3 * float64(i)
					params.Value("n/variance").Float64s()[i] = 0.2 + float64(i)
				}
			}
			if err := p.Set("x", x); err != nil {
				t.Fatal(err)
			}
			if err := p.Run(); err != nil {
				t.Fatal(err)
			}
			return append([]float64(nil), p.Output("y").Float64s()...)
		}
		want := run(params, false)
		w, bias, err := norms[name].Fold(params, "n", "w")
		if err != nil {
			t.Fatal(err)
		}
		other := graph.NewParams(1)
		run(other, true)
		copy(other.Value("w").Float64s(), w)
		copy(other.Value("w/bias").Float64s(), bias)
		near(t, name, run(other, true), want)
		if _, _, err := norms[name].Fold(params, "n", "v"); err == nil {
			t.Error("weights that do not exist were folded")
		}
	}
}

// TestBuffersStayFinite: a batch whose variance is beyond float32 is an error that names the
// buffer, and the running ones stay as they are, in evaluation, too.
func TestBuffersStayFinite(t *testing.T) {
	params := graph.NewParams(1)
	p, err := graph.Build(params, graph.Settings{}, func(b *graph.Builder) {
		y := BatchNorm{}.Apply(b, "n", b.Input("x", 2, 1))
		b.Loss(b.Check(G.Sum(b.Check(G.Square(y)))))
	})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for _, c := range []struct {
		x        []float32
		fails    bool
		mean     float32
		variance float32
	}{
		{[]float32{-1, 3}, false, 0.1, 0.9 + 0.8}, // a tenth of 1 and of 8
		{[]float32{0, 3e38}, true, 0.1, 0.9 + 0.8},
	} {
		if err := p.Set("x", c.x); err != nil {
			t.Fatal(err)
		}
		err := p.Run()
		if (err != nil) != c.fails || c.fails && (!errors.Is(err, graph.ErrNotFinite) || !strings.Contains(err.Error(), "n/variance")) {
			t.Errorf("%v: %v", c.x, err)
		}
		for name, want := range map[string]float32{"n/mean": c.mean, "n/variance": c.variance} {
			if got := params.Value(name).Float32s()[0]; got < want-1e-6 || got > want+1e-6 { // float32
				t.Errorf("%v: %s is %v, want %v", c.x, name, got, want)
			}
		}
	}
}
