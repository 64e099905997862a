package models

import (
	"fmt"
	"math"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/ops"
)

// TestLongGradients: gradients of parameters in float32 are those of float64 over 131,072 steps
// that give one and the same. One float32 after the other they would be up to 1 % off.
func TestLongGradients(t *testing.T) {
	const T = 1 << 17
	high := Fixed(1e3) // nobody spikes
	learned := func(v float64) Value { return Learned(v).PerNeuron() }
	for name, layer := range map[string]func(b *graph.Builder, x *G.Node) *G.Node{
		"Linear": func(b *graph.Builder, x *G.Node) *G.Node { return Linear{Out: 2, Bias: true}.Apply(b, "n", x) },
		"Linear, dense": func(b *graph.Builder, x *G.Node) *G.Node {
			return Linear{Out: 2, Bias: true}.Apply(b, "n", b.Check(ops.Affine(x, 1, 1)))
		},
		"recurrent LIF": func(b *graph.Builder, x *G.Node) *G.Node {
			return LIF{VTh: learned(0.02), Recurrent: true, RecInit: Constant(-0.01)}.Apply(b, "n", x).Spikes
		},
		"recurrent ALIF": func(b *graph.Builder, x *G.Node) *G.Node {
			return ALIF{VTh: learned(0.02), Beta: Fixed(0), Recurrent: true, RecInit: Constant(-0.01)}.Apply(b, "n", x).Spikes
		},
		"ALIF": func(b *graph.Builder, x *G.Node) *G.Node {
			return ALIF{TauMem: learned(20e-3), VTh: high}.Apply(b, "n", x).Vmem
		},
		"ExpSyn": func(b *graph.Builder, x *G.Node) *G.Node { return ExpSyn{TauSyn: learned(20e-3)}.Apply(b, "n", x).Isyn },
		"ExpSyn with noise": func(b *graph.Builder, x *G.Node) *G.Node {
			return ExpSyn{TauSyn: learned(20e-3), NoiseStd: learned(0.1), Noise: b.Check(ops.Affine(x, 2, 0))}.Apply(b, "n", x).Isyn
		},
		"alpha, Euler": func(b *graph.Builder, x *G.Node) *G.Node {
			return AlphaSynapse{Out: 2, Bias: true, TauDecay: learned(5e-3), GSynBar: learned(1), ResistScale: learned(1), Rule: AlphaEulerTau}.Apply(b, "n", x).Isyn
		},
		"alpha, exact": func(b *graph.Builder, x *G.Node) *G.Node {
			return AlphaSynapse{Out: 2, TauDecay: learned(5e-3), GSynBar: learned(1), ResistScale: learned(1), SynRest: learned(-1), V: b.Check(ops.Affine(x, 1, 0.3)), Rule: AlphaExact}.Apply(b, "n", x).Isyn
		},
		"WTAS": func(b *graph.Builder, x *G.Node) *G.Node {
			return WTASCell{ResistM: learned(1), Thr: Fixed(0.9), ThrGain: learned(1e-12)}.Apply(b, "n", x).V
		},
		"Delay": func(b *graph.Builder, x *G.Node) *G.Node {
			y := Delay{Delay: Learned(1.5e-3, 2.25e-3), Max: 4e-3}.Apply(b, "n", x)
			return b.Check(G.HadamardProd(y, x))
		},
		"DelayedLinear": func(b *graph.Builder, x *G.Node) *G.Node {
			y := DelayedLinear{Out: 2, Bias: true, Learn: true, Max: 4e-3}.Apply(b, "n", x)
			return b.Check(G.HadamardProd(y, x))
		},
		"Conv": func(b *graph.Builder, x *G.Node) *G.Node {
			return Conv{In: Image{1, 1, 2}, Out: 1, Window: Window{Kernel: [2]int{1, 1}}, Bias: true}.Apply(b, "n", x)
		},
	} {
		t.Run(name, func(t *testing.T) {
			gradients := map[string][]float64{}
			for _, dt := range []tensor.Dtype{tensor.Float64, tensor.Float32} {
				p := build(t, graph.Settings{DType: dt}, func(b *graph.Builder) {
					x := b.Input("x", T, 1, 2)
					y := layer(b, x)
					b.Loss(b.Check(G.Sum(b.Check(ops.MeanOverTime(y)))))
				})
				x := make([]float64, 2*T)
				for i := range x {
					x[i] = []float64{0.1, 0.07}[i%2]
					if name == "Delay" || name == "DelayedLinear" { // a constant input has no slope
						x[i] = []float64{0, 0.1, 0.03}[i/2%3]
					}
				}
				evaluate(t, p, map[string][]float64{"x": x})
				for _, param := range p.Report().Trained {
					got := numbers(p.Grad(param))
					want, ok := gradients[param]
					if !ok {
						gradients[param] = got
						continue
					}
					for i := range got {
						// A part of 4096 rows of one size is 5e-5 off.
						if e := math.Abs(got[i]-want[i]) / (math.Abs(want[i]) + 1e-9); e > 1e-4 {
							t.Errorf("gradient of %s[%d]: %v, want %v (%.1e)", param, i, got[i], want[i], e)
						}
					}
				}
			}
		})
	}
}

// TestLongGradientsInPieces: a sequence in pieces, wherever they are cut, gives the bits of the
// whole.
func TestLongGradientsInPieces(t *testing.T) {
	const T, B = 9_000, 3
	var want string
	for _, every := range []int{0, 1000, 1365} { // 4096 rows are 1365 steps and a row
		p := build(t, graph.Settings{DType: tensor.Float32, Checkpoint: every}, func(b *graph.Builder) {
			x := b.Input("x", T, B, 2)
			h := LIF{VTh: Fixed(0.5), Recurrent: true}.Apply(b, "h", Linear{Out: 3, Bias: true}.Apply(b, "h/w", x))
			y := LI{}.Apply(b, "out", Linear{Out: 1, Bias: true}.Apply(b, "out/w", h.Spikes))
			b.Loss(b.Check(G.Sum(b.Check(G.Square(y.Vmem)))))
		})
		evaluate(t, p, map[string][]float64{"x": sequence(T * B * 2)})
		got := ""
		for _, param := range p.Report().Trained {
			got += fmt.Sprintln(param, p.Grad(param).Data())
		}
		if want == "" {
			want = got
		}
		if got != want {
			t.Errorf("cut every %d steps: %s, want %s", every, got, want)
		}
	}
}
