package models_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
)

// built builds a float64 program.
func built(t *testing.T, params *graph.Params, s graph.Settings, model func(b *graph.Builder)) *graph.Program {
	t.Helper()
	s.DType = tensor.Float64
	p, err := graph.Build(params, s, model)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func ran(t *testing.T, p *graph.Program, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Run(); err != nil {
		t.Fatal(err)
	}
}

func ones(n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = 1
	}
	return x
}

func total(x []float64) (s float64) {
	for _, v := range x {
		s += v
	}
	return s
}

// TestDropout: of ones, 0 or 1/(1-P) is left while training, with one mask for all steps or one
// for each; other numbers in each run, the same in a run of the same number; and all of them in
// evaluation.
func TestDropout(t *testing.T) {
	const T, B, N, P = 4, 50, 40, 0.25
	model := func(each bool) func(b *graph.Builder) {
		return func(b *graph.Builder) {
			x := b.Check(G.HadamardProd(b.Input("x", T, B, N), b.Param("w", models.Constant(1), T, B, N)))
			y := models.Dropout{P: P, EachStep: each}.Apply(b, "drop", x)
			b.Output("y", y)
			b.Loss(b.Check(G.Sum(y)))
		}
	}
	for _, each := range []bool{false, true} {
		params := graph.NewParams(1)
		p := built(t, params, graph.Settings{}, model(each))
		ran(t, p, p.Set("x", ones(T*B*N)))
		first := slices.Clone(p.Output("y").Float64s())
		kept := 0
		for i, y := range first {
			if y != 0 && y != 1/(1-P) {
				t.Fatalf("element %d is %v, want 0 or %v", i, y, 1/(1-P))
			}
			if y != 0 {
				kept++
			}
			if !each && y != first[i%(B*N)] {
				t.Fatalf("element %d is %v, and in the first step %v", i, y, first[i%(B*N)])
			}
		}
		draws := float64(B * N)
		if each {
			draws *= T
		}
		// Five standard deviations of the share of so many draws.
		if share := float64(kept) / (T * B * N); math.Abs(share-(1-P)) > 5*math.Sqrt(P*(1-P)/draws) {
			t.Errorf("each %v: %v are kept, want %v", each, share, 1-P)
		}
		if each && slices.Equal(first[:B*N], first[B*N:2*B*N]) {
			t.Error("two steps have one mask")
		}
		if !slices.Equal(p.Grad("w").Float64s(), first) { // dy/dw = x m/(1-P)
			t.Error("the gradient has another mask")
		}
		ran(t, p, nil)
		if slices.Equal(p.Output("y").Float64s(), first) {
			t.Error("two runs have one mask")
		}
		p.SetRun(0)
		ran(t, p, nil)
		if !slices.Equal(p.Output("y").Float64s(), first) {
			t.Error("run 0 again has another mask")
		}

		eval := built(t, params, graph.Settings{NoGrad: true}, model(each))
		ran(t, eval, eval.Set("x", ones(T*B*N)))
		if !slices.Equal(eval.Output("y").Float64s(), ones(T*B*N)) {
			t.Error("an evaluation leaves something out")
		}
	}
}

// dropping adds up what a mask leaves of its weighted input.
type dropping struct{}

func (dropping) Kind() string             { return "dropping" }
func (dropping) State() []graph.StateSpec { return []graph.StateSpec{{Name: "v", Width: 3}} }
func (dropping) Outputs() []string        { return []string{"y"} }
func (dropping) Step(b *graph.Builder, x, p, s []*G.Node) (out, next []*G.Node) {
	y := b.Check(G.HadamardProd(b.Check(G.HadamardProd(x[0], p[0])), x[1]))
	return []*G.Node{y}, []*G.Node{b.Check(G.Add(s[0], y))}
}

// TestDropoutAcrossSegments: y = m w x with w = x = 1, so the gradient of Σy sums to Σy, however
// the sequence is cut.
func TestDropoutAcrossSegments(t *testing.T) {
	for _, k := range []int{0, 1, 4, 5, 12} {
		p := built(t, graph.NewParams(1), graph.Settings{Engine: graph.UnrolledEngine, Checkpoint: k}, func(b *graph.Builder) {
			m := models.Dropout{P: 0.5, EachStep: true}.Apply(b, "drop", b.Const("ones", ones(12*2*3), 12, 2, 3))
			o, _ := b.Scan("d", dropping{}, []*G.Node{b.Input("x", 12, 2, 3), m}, []*G.Node{b.Param("w", models.Constant(1), 3)})
			b.Output("y", o[0])
			b.Loss(b.Check(G.Sum(o[0])))
		})
		for range 2 {
			ran(t, p, p.Set("x", ones(72)))
			y, g, v := total(p.Output("y").Float64s()), total(p.Grad("w").Float64s()), total(p.FinalState()["d/v"].Float64s())
			if y == 0 || p.Loss() != y || g != y || v != y { // sums of twos
				t.Errorf("Checkpoint %d: loss %v, output %v, state %v, gradient %v, want one number", k, p.Loss(), y, v, g)
			}
		}
	}
}

// drawing draws in its step.
type drawing struct{ dropping }

func (drawing) Step(b *graph.Builder, x, p, s []*G.Node) (out, next []*G.Node) {
	y := models.Dropout{P: 0.5}.Apply(b, "drop", b.Check(G.HadamardProd(x[0], p[0])))
	return []*G.Node{y}, []*G.Node{b.Check(G.Add(s[0], y))}
}

func TestDropoutErrors(t *testing.T) {
	for want, model := range map[string]func(b *graph.Builder){
		"P is 1":    func(b *graph.Builder) { models.Dropout{P: 1}.Apply(b, "d", b.Input("x", 2, 2)) },
		"P is -0.5": func(b *graph.Builder) { models.Dropout{P: -0.5}.Apply(b, "d", b.Input("x", 2, 2)) },
		"P is NaN":  func(b *graph.Builder) { models.Dropout{P: math.NaN()}.Apply(b, "d", b.Input("x", 2, 2)) },
		`draw "drop" inside of a step`: func(b *graph.Builder) {
			b.Scan("d", drawing{}, []*G.Node{b.Input("x", 4, 2, 3)}, []*G.Node{b.Param("w", models.Constant(1), 3)})
		},
	} {
		for _, k := range []int{0, 2} {
			_, err := graph.Build(graph.NewParams(1), graph.Settings{Engine: graph.UnrolledEngine, Checkpoint: k}, model)
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want one that says %q", err, want)
			}
		}
	}
}

// TestBatchNorm: numbers with mean 3 and variance 5 get mean 0 and variance 1 while training, and
// the running ones, 0 and 1 at first, move by a tenth; an evaluation uses them.
func TestBatchNorm(t *testing.T) {
	x := []float64{0, 2, 4, 6} // of one channel: mean 3, variance 5, 20/3 with M-1
	for _, shape := range [][]int{{4, 1}, {2, 2, 1}} {
		params := graph.NewParams(1)
		model := func(b *graph.Builder) {
			y := models.BatchNorm{Eps: 1e-12}.Apply(b, "bn", b.Input("x", shape...))
			b.Output("y", y)
			if b.Training() {
				b.Loss(b.Check(G.Sum(b.Check(G.HadamardProd(y, b.Const("weight", []float64{1, 2, 3, 5}, shape...))))))
			}
		}
		p, eval := built(t, params, graph.Settings{}, model), built(t, params, graph.Settings{NoGrad: true}, model)
		near := func(what string, got []float64, want ...float64) {
			t.Helper()
			for i := range want {
				if math.Abs(got[i]-want[i]) > 1e-11 { // Eps is 1e-12 of the variance
					t.Errorf("%v: %s is %v, want %v", shape, what, got, want)
					return
				}
			}
		}
		ran(t, eval, eval.Set("x", x))
		near("evaluation before training", eval.Output("y").Float64s(), x...)
		ran(t, p, p.Set("x", x))
		r := math.Sqrt(5)
		near("output", p.Output("y").Float64s(), -3/r, -1/r, 1/r, 3/r)
		near("gradient of the scale", p.Grad("bn/scale").Float64s(), (-3-2+3+15)/r)
		near("gradient of the shift", p.Grad("bn/shift").Float64s(), 11)
		near("running mean", params.Value("bn/mean").Float64s(), 0.3)
		near("running variance", params.Value("bn/variance").Float64s(), 0.9+0.1*20/3)
		ran(t, p, nil)
		near("running mean after two runs", params.Value("bn/mean").Float64s(), 0.3*0.9+0.3)
		ran(t, eval, nil)
		m, v := params.Value("bn/mean").Float64s()[0], params.Value("bn/variance").Float64s()[0]
		near("evaluation", eval.Output("y").Float64s(), -m/math.Sqrt(v), (2-m)/math.Sqrt(v))
		if m != 0.57 && math.Abs(m-0.57) > 1e-15 || !slices.Equal(p.Report().Trained, []string{"bn/scale", "bn/shift"}) {
			t.Errorf("an evaluation moved the mean to %v, or trained are %v", m, p.Report().Trained)
		}
	}
}

// TestDropoutInSegments: the masks of a run are those of its segments, too, which compute the
// forward pass again: loss and gradient do not depend on their length.
func TestDropoutInSegments(t *testing.T) {
	for _, each := range []bool{false, true} {
		var loss float64
		var grad []float64
		for _, length := range []int{0, 1, 5, 12} {
			p, err := graph.Build(graph.NewParams(3), graph.Settings{DType: tensor.Float64, Checkpoint: length}, func(b *graph.Builder) {
				h := models.LIF{}.Apply(b, "h", models.Linear{Out: 8}.Apply(b, "w", b.Input("x", 12, 2, 4)))
				d := models.Dropout{P: 0.4, EachStep: each}.Apply(b, "drop", h.Vmem)
				o := models.LI{}.Apply(b, "o", models.Linear{Out: 3}.Apply(b, "out", d)).Vmem
				b.Loss(b.Check(G.Sum(b.Check(G.Square(o)))))
			})
			if err != nil {
				t.Fatal(err)
			}
			x := make([]float64, 12*2*4)
			for i := range x {
				x[i] = float64(i % 5)
			}
			if err := errors.Join(p.Set("x", x), p.Run()); err != nil {
				t.Fatal(err)
			}
			if length == 0 {
				loss, grad = p.Loss(), slices.Clone(p.Grad("w").Float64s())
			}
			if p.Loss() != loss || !slices.Equal(p.Grad("w").Float64s(), grad) {
				t.Errorf("mask for each step: %v, segments of %d: loss %v, want %v", each, length, p.Loss(), loss)
			}
			if err := p.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}
