package models

import (
	"errors"
	"math"
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
)

// TestDelayOfWholeSteps: a spike comes out as it went in, so many steps later, for both engines,
// and in a second run that goes on where the first ended.
func TestDelayOfWholeSteps(t *testing.T) {
	const T, N = 4, 3
	delays := []float64{0, 2e-3, 3e-3}
	for _, engine := range []graph.Engine{graph.FusedEngine, graph.UnrolledEngine} {
		for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
			p, err := graph.Build(graph.NewParams(1), graph.Settings{DType: dtype, Engine: engine, NoGrad: true}, func(b *graph.Builder) {
				b.Output("y", Delay{Delay: Fixed(delays...)}.Apply(b, "d", b.Input("x", T, 1, N)))
			})
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			x := graded(2*T*N, 0.5, 7)
			for i, v := range x {
				if v != 0 {
					x[i] = 1
				}
			}
			var y []float64
			for run := range 2 {
				if run == 1 {
					if err := p.SetState(p.FinalState()); err != nil {
						t.Fatal(err)
					}
				}
				if err := p.Set("x", x[run*T*N:(run+1)*T*N]); err != nil {
					t.Fatal(err)
				}
				if err := p.Run(); err != nil {
					t.Fatal(err)
				}
				y = append(y, numbers(p.Output("y"))...)
			}
			for i, v := range y {
				want, from := 0.0, i/N-[]int{0, 2, 3}[i%N]
				if from >= 0 {
					want = x[from*N+i%N]
				}
				if v != want {
					t.Errorf("%v %v: channel %d has %v in step %d, want %v", engine, dtype, i%N, v, i/N, want)
				}
			}
		}
	}
}

// TestDelaysAreChecked: delays that are none, and those that the longest delay cannot hold.
func TestDelaysAreChecked(t *testing.T) {
	for name, layer := range map[string]func(b *graph.Builder, x *G.Node) *G.Node{
		"negative": func(b *graph.Builder, x *G.Node) *G.Node { return Delay{Delay: Fixed(-1e-3)}.Apply(b, "d", x) },
		"learned 0": func(b *graph.Builder, x *G.Node) *G.Node {
			return Delay{Delay: Learned(0), Max: 1e-3}.Apply(b, "d", x)
		},
		"no longest": func(b *graph.Builder, x *G.Node) *G.Node { return Delay{Delay: Learned(1e-3)}.Apply(b, "d", x) },
		"too long": func(b *graph.Builder, x *G.Node) *G.Node {
			return Delay{Delay: Fixed(2e-3), Max: 1e-3}.Apply(b, "d", x)
		},
		"none":    func(b *graph.Builder, x *G.Node) *G.Node { return Delay{}.Apply(b, "d", x) },
		"endless": func(b *graph.Builder, x *G.Node) *G.Node { return DelayedLinear{Out: 2, Max: 1e9}.Apply(b, "d", x) },
	} {
		_, err := graph.Build(graph.NewParams(1), graph.Settings{}, func(b *graph.Builder) {
			b.Output("y", layer(b, b.Input("x", 2, 1, 3)))
		})
		if !errors.Is(err, ErrParameter) {
			t.Errorf("%s: %v, want ErrParameter", name, err)
		}
	}
}

// TestLearnedDelaysOfWholeSteps: delays that are kept as logarithms, and are a whole number of
// steps, hand a spike on in one step, and their gradient is that to the right, as long as they are
// not trained: with the weights (t+1)² behind it, (k+4)² - (k+3)² for each step of k+1.
func TestLearnedDelaysOfWholeSteps(t *testing.T) {
	const T, most = 30, 24
	for _, engine := range []graph.Engine{graph.FusedEngine, graph.UnrolledEngine} {
		for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
			for _, dt := range []float64{1e-3, 1e-4, 0.3e-3} {
				delays := make([]float64, most)
				for k := range delays {
					delays[k] = float64(k+1) * dt
				}
				for name, apply := range map[string]func(b *graph.Builder, x *G.Node) *G.Node{
					"delay": func(b *graph.Builder, x *G.Node) *G.Node {
						return Delay{Delay: Learned(delays...), Max: (most + 1) * dt}.Apply(b, "d", b.Check(G.Concat(2, slices.Repeat([]*G.Node{x}, most)...)))
					},
					"linear": func(b *graph.Builder, x *G.Node) *G.Node {
						return DelayedLinear{Out: most, Init: Constant(1), DelayInit: Values(delays), Learn: true, Max: (most + 1) * dt}.Apply(b, "d", x)
					},
				} {
					p, err := graph.Build(graph.NewParams(1), graph.Settings{DType: dtype, Engine: engine, Dt: dt}, func(b *graph.Builder) {
						x, squares := b.Input("x", T, 1, 1), make([]float64, T*most)
						for i := range squares {
							squares[i] = float64((i/most + 1) * (i/most + 1))
						}
						y := apply(b, x)
						b.Output("y", y)
						b.Loss(b.Check(G.Sum(b.Check(G.HadamardProd(y, b.Const("squares", squares, T, 1, most))))))
					})
					if err != nil {
						t.Fatal(err)
					}
					x := make([]float64, T)
					x[1] = 1
					if err := errors.Join(p.Set("x", x), p.Run()); err != nil {
						t.Fatal(err)
					}
					grad := numbers(p.Grad("d/log_delay"))
					for k := range delays {
						for s := range T {
							want := 0.0
							if s == 1+k+1 {
								want = 1
							}
							if got := numbers(p.Output("y"))[s*most+k]; got != want {
								t.Errorf("%s, %v %v, dt %v: step %d of a delay of %d steps is %v, want %v", name, engine, dtype, dt, s, k+1, got, want)
							}
						}
						if want := float64(k+1) * float64((k+4)*(k+4)-(k+3)*(k+3)); math.Abs(grad[k]-want) > 1e-5*want { // roundings of float32
							t.Errorf("%s, %v %v, dt %v: gradient of a delay of %d steps is %v, want %v", name, engine, dtype, dt, k+1, grad[k], want)
						}
					}
					p.Close()
				}
			}
		}
	}
}
