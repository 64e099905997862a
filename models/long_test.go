package models

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/ops"
)

// TestAMillionSteps: what is added up over a million steps in float32 is right to its last digits.
// One float32 after the other, 1e6 times 0.1 is 100958.
func TestAMillionSteps(t *testing.T) {
	const T = 1_000_000
	x, tau := float64(float32(0.1)), 20e-3
	alpha, beta := float64(float32(math.Exp(-1e-3/tau))), math.Exp(-1e-3/5e-3)
	kept := -math.Expm1(-1e-3 / 10)
	isyn, v := 0.0, 0.0 // of the synaptic current, in float64, after 100 steps
	for range 100 {
		isyn = beta*isyn + x
		v += kept * (isyn - v)
	}
	// v[t] = x (1 - α^(t+1))/(1-α), of which the mean is x/(1-α) (1 - α (1 - α^T)/(T (1-α))), with
	// the derivative by ln τ through α, dα/dlnτ = α dt/τ.
	mean := func(a float64) float64 { return x / (1 - a) * (1 - a*(1-math.Pow(a, T))/(T*(1-a))) }
	slope := (mean(alpha+1e-5) - mean(alpha-1e-5)) / 2e-5 * alpha * 1e-3 / tau // error 1e-10/(1-α)² = 4e-8
	for name, c := range map[string]struct {
		of   func(b *graph.Builder, x *G.Node) *G.Node
		want float64
	}{
		"SumOverTime":  {func(b *graph.Builder, n *G.Node) *G.Node { return b.Check(ops.SumOverTime(n)) }, T * x},
		"MeanOverTime": {func(b *graph.Builder, n *G.Node) *G.Node { return b.Check(ops.MeanOverTime(n)) }, x},
		"SumUntil": {func(b *graph.Builder, n *G.Node) *G.Node {
			return b.Check(ops.SumUntil(n, b.Const("length", []float64{T - 1}, 1)))
		}, (T - 1) * x},
		"MeanUntil": {func(b *graph.Builder, n *G.Node) *G.Node {
			return b.Check(ops.MeanUntil(n, b.Const("length", []float64{T - 1}, 1)))
		}, x},
		"gorgonia.Sum":            {func(b *graph.Builder, n *G.Node) *G.Node { return b.Check(G.Sum(n)) }, T * x},
		"gorgonia.Mean":           {func(b *graph.Builder, n *G.Node) *G.Node { return b.Check(G.Mean(n)) }, x},
		"gorgonia.Sum along time": {func(b *graph.Builder, n *G.Node) *G.Node { return b.Check(G.Sum(n, 0)) }, T * x},
		"Sparsity":                {func(b *graph.Builder, n *G.Node) *G.Node { return b.Check(ops.Sparsity(n)) }, x},
		"Silence":                 {func(b *graph.Builder, n *G.Node) *G.Node { return b.Check(ops.Silence(n, 2*T)) }, T * T * (2 - x) * (2 - x)},
		"VoltageBounds": {func(b *graph.Builder, n *G.Node) *G.Node {
			return b.Check(ops.VoltageBounds{Lower: -1, Upper: 0.025}.Apply(n))
		}, (x - 0.025) * (x - 0.025)},
		"RateBounds": {func(b *graph.Builder, n *G.Node) *G.Node { return b.Check(ops.RateBounds{}.Apply(n)) }, T * T * x * x},
		"MSE":        {func(b *graph.Builder, n *G.Node) *G.Node { return b.Check(ops.MSE(n, b.Check(ops.Affine(n, 0, 0.5)))) }, (x - 0.5) * (x - 0.5)},
		"LI": {func(b *graph.Builder, n *G.Node) *G.Node {
			return b.Check(LI{TauMem: Fixed(tau)}.Apply(b, "li", n).Final[0], nil)
		}, x / (1 - alpha)},
		"mean of LI": {func(b *graph.Builder, n *G.Node) *G.Node {
			return b.Check(ops.MeanOverTime(LI{TauMem: Learned(tau)}.Apply(b, "li", n).Vmem))
		}, mean(alpha)},
		"LI with TauSyn": {func(b *graph.Builder, n *G.Node) *G.Node {
			return b.Check(LI{TauMem: Fixed(tau), TauSyn: Fixed(5e-3), Hold: true}.Apply(b, "li", n).Final[0], nil)
		}, x / (1 - float64(float32(beta)))},
		"LI with a long TauMem": {func(b *graph.Builder, n *G.Node) *G.Node {
			return b.Check(LI{TauMem: Fixed(10), TauSyn: Fixed(5e-3), Hold: true}.Apply(b, "li", b.Check(G.Slice(n, G.S(0, 100)))).Final[0], nil)
		}, v},
	} {
		t.Run(name, func(t *testing.T) {
			p := build(t, graph.Settings{DType: tensor.Float32}, func(b *graph.Builder) {
				n := c.of(b, b.Input("x", T, 1, 1))
				b.Output("y", n)
				if name == "mean of LI" {
					b.Loss(b.Check(G.Sum(n)))
				}
			})
			evaluate(t, p, map[string][]float64{"x": slices.Repeat([]float64{x}, T)})
			// A few roundings of float32, and of the voltage some 1/(1-α) = 20 of them.
			if got := (numbers(p.Output("y"))[0]); math.Abs(got-c.want) > 3e-6*math.Abs(c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
			if name == "mean of LI" {
				if got := (numbers(p.Grad("li/log_tau_mem"))[0]); math.Abs(got-slope) > 2e-5*math.Abs(slope) {
					t.Errorf("gradient %v, want %v", got, slope)
				}
			}
		})
	}
}

// TestSilence: behind the last input, states and gradients end at 0 and are never subnormal, with
// which steps are more than ten times as slow.
func TestSilence(t *testing.T) {
	const T = 2000 // steps of 1 ms, 100 time constants and more
	for name, layer := range map[string]func(b *graph.Builder, x *G.Node) (*G.Node, []*G.Node){
		"LIF": func(b *graph.Builder, x *G.Node) (*G.Node, []*G.Node) {
			n := LIF{TauMem: Fixed(10e-3)}.Apply(b, "n", x)
			return n.Vmem, n.Final
		},
		"LIF with TauSyn": func(b *graph.Builder, x *G.Node) (*G.Node, []*G.Node) {
			n := LIF{TauMem: Fixed(10e-3), TauSyn: Learned(5e-3)}.Apply(b, "n", x)
			return n.Vmem, n.Final
		},
		"LI": func(b *graph.Builder, x *G.Node) (*G.Node, []*G.Node) {
			n := LI{TauMem: Learned(10e-3), TauSyn: Fixed(5e-3)}.Apply(b, "n", x)
			return n.Vmem, n.Final
		},
		"ExpSyn": func(b *graph.Builder, x *G.Node) (*G.Node, []*G.Node) {
			n := ExpSyn{TauSyn: Learned(10e-3)}.Apply(b, "n", x)
			return n.Isyn, n.Final
		},
		"AlphaSynapse": func(b *graph.Builder, x *G.Node) (*G.Node, []*G.Node) {
			n := AlphaSynapse{Out: 1, TauDecay: Learned(10e-3)}.Apply(b, "n", x)
			return n.G, n.Final
		},
		"AlphaSynapse, exact": func(b *graph.Builder, x *G.Node) (*G.Node, []*G.Node) {
			n := AlphaSynapse{Out: 1, TauDecay: Learned(10e-3), Rule: AlphaExact}.Apply(b, "n", x)
			return n.G, n.Final
		},
		"DoubleExp": func(b *graph.Builder, x *G.Node) (*G.Node, []*G.Node) {
			n := DoubleExp{TauDecay: Learned(10e-3), TauRise: Fixed(5e-3)}.Apply(b, "n", x)
			return n.Isyn, n.Final
		},
		"ALIF": func(b *graph.Builder, x *G.Node) (*G.Node, []*G.Node) {
			n := ALIF{TauMem: Fixed(10e-3), TauAdapt: Fixed(10e-3), TauW: Fixed(10e-3)}.Apply(b, "n", x)
			return n.Vmem, n.Final
		},
	} {
		p := build(t, graph.Settings{DType: tensor.Float32}, func(b *graph.Builder) {
			x := b.Param("x", func(dst []float64, _ []int, _ *rand.Rand) { dst[0] = 0.5 }, T, 1, 1)
			y, final := layer(b, x)
			b.Output("y", y)
			b.Output("final", final[0])
			b.Loss(b.Check(G.Sum(final[len(final)-1])))
		})
		if err := p.Run(); err != nil {
			t.Fatal(err)
		}
		for _, list := range []struct {
			name string
			x    []float64
			zero int // where it is 0
		}{{"output", numbers(p.Output("y")), T - 1}, {"final state", numbers(p.Output("final")), 0}, {"gradient", numbers(p.Grad("x")), 0}} {
			for i, v := range list.x {
				if v != 0 && math.Abs(v) < 0x1p-126 || i == list.zero && v != 0 {
					t.Fatalf("%s: %s at step %d is %v", name, list.name, i, v)
				}
			}
		}
	}
}

// TestLongTimeConstants: at time constants of up to a million steps what reaches the voltage in
// float32 is that of float64, in both engines; with 1 - exp(-dt/tau) by subtraction it was 3 % off.
func TestLongTimeConstants(t *testing.T) {
	const T = 50
	x := sequence(T)
	for _, tau := range []float64{1, 10, 100, 1000} {
		for name, layer := range map[string]func(b *graph.Builder, x *G.Node) *G.Node{
			"LIF": func(b *graph.Builder, x *G.Node) *G.Node {
				return LIF{TauMem: Fixed(tau), TauSyn: Fixed(5e-3), VTh: Fixed(1e6)}.Apply(b, "n", x).Vmem
			},
			"LIF, held": func(b *graph.Builder, x *G.Node) *G.Node {
				return LIF{TauMem: Fixed(tau), TauSyn: Fixed(5e-3), VTh: Fixed(1e6), Hold: true}.Apply(b, "n", x).Vmem
			},
			"LIF, learned": func(b *graph.Builder, x *G.Node) *G.Node {
				return LIF{TauMem: Learned(tau), TauSyn: Learned(5e-3), VTh: Fixed(1e6), Hold: true}.Apply(b, "n", x).Vmem
			},
			"LIF, to value": func(b *graph.Builder, x *G.Node) *G.Node {
				return LIF{TauMem: Fixed(tau), TauSyn: Fixed(5e-3), VTh: Fixed(1e-9), Reset: ToValue, Hold: true}.Apply(b, "n", x).Vmem
			},
			"LIF, refractory": func(b *graph.Builder, x *G.Node) *G.Node {
				return LIF{TauMem: Fixed(tau), TauSyn: Fixed(5e-3), VTh: Fixed(1e6), Hold: true, Refractory: 2e-3}.Apply(b, "n", x).Vmem
			},
			"LI": func(b *graph.Builder, x *G.Node) *G.Node {
				return LI{TauMem: Fixed(tau), TauSyn: Fixed(5e-3)}.Apply(b, "n", x).Vmem
			},
			"LI, held": func(b *graph.Builder, x *G.Node) *G.Node {
				return LI{TauMem: Learned(tau), TauSyn: Fixed(5e-3), Hold: true}.Apply(b, "n", x).Vmem
			},
			"DoubleExp": func(b *graph.Builder, x *G.Node) *G.Node {
				return DoubleExp{TauDecay: Fixed(tau), TauRise: Fixed(5e-3)}.Apply(b, "n", x).Isyn
			},
		} {
			var want []float64
			for _, s := range []graph.Settings{{DType: tensor.Float64}, {DType: tensor.Float32}, {DType: tensor.Float32, Engine: graph.UnrolledEngine}} {
				p, err := graph.Build(graph.NewParams(1), s, func(b *graph.Builder) { b.Output("y", layer(b, b.Const("x", x, T, 1, 1))) })
				if err != nil {
					t.Fatal(err)
				}
				if err := p.Run(); err != nil {
					t.Fatal(err)
				}
				if want == nil {
					want = p.Output("y").Float64s()
					continue
				}
				for i, got := range p.Output("y").Float32s() {
					if math.Abs(float64(got)-want[i]) > 2e-6*slices.Max(want) { // T roundings
						t.Fatalf("%s, tau %g s, %v: step %d is %v, want %v", name, tau, s.Engine, i, got, want[i])
					}
				}
			}
		}
	}
}

// TestInfiniteTauMem: without a leak LIF is IF, and LI the sum so far; what acts by dt/TauMem
// cannot be without one.
func TestInfiniteTauMem(t *testing.T) {
	const T, B, N = 30, 2, 3
	x, inf := sequence(T*B*N), Fixed(math.Inf(1))
	for _, dt := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		for _, engine := range []graph.Engine{graph.FusedEngine, graph.UnrolledEngine} {
			p, err := graph.Build(graph.NewParams(1), graph.Settings{DType: dt, Engine: engine}, func(b *graph.Builder) {
				in := b.Const("x", x, T, B, N)
				b.Output("lif", LIF{TauMem: inf}.Apply(b, "lif", in).Vmem)
				b.Output("alif", ALIF{TauMem: inf, Beta: Fixed(0)}.Apply(b, "alif", in).Vmem)
				b.Output("if", IF{}.Apply(b, "if", in).Vmem)
				b.Output("li", LI{TauMem: inf}.Apply(b, "li", in).Final[0])
				b.Output("sum", b.Check(ops.SumOverTime(in)))
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Run(); err != nil {
				t.Fatal(err)
			}
			want := fmt.Sprint(p.Output("if").Data())
			for _, name := range []string{"lif", "alif"} {
				if got := fmt.Sprint(p.Output(name).Data()); got != want {
					t.Errorf("%v, %v: %s %v, want %v", dt, engine, name, got, want)
				}
			}
			if dt == tensor.Float64 {
				for i, got := range p.Output("li").Float64s() {
					if want := p.Output("sum").Float64s()[i]; math.Abs(got-want) > 1e-12 {
						t.Errorf("%v: li %v, want %v", engine, got, want)
					}
				}
			}
		}
	}
	for name, layer := range map[string]func(b *graph.Builder, x *G.Node){
		"LIF":       func(b *graph.Builder, x *G.Node) { LIF{TauMem: inf, TauSyn: Fixed(5e-3)}.Apply(b, "n", x) },
		"LIF, held": func(b *graph.Builder, x *G.Node) { LIF{TauMem: inf, TauSyn: Fixed(5e-3), Hold: true}.Apply(b, "n", x) },
		"LI":        func(b *graph.Builder, x *G.Node) { LI{TauMem: inf, TauSyn: Fixed(5e-3), Hold: true}.Apply(b, "n", x) },
	} {
		_, err := graph.Build(graph.NewParams(1), graph.Settings{}, func(b *graph.Builder) { layer(b, b.Const("x", x, T, B, N)) })
		if want := "n/tau_mem = +Inf, want a finite number"; !errors.Is(err, ErrParameter) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one that says %q", name, err, want)
		}
	}
}

// TestAtTheThreshold: a neuron whose voltage is its threshold does not spike, and one that is the
// next number above does, whether the threshold is learned or not.
func TestAtTheThreshold(t *testing.T) {
	for _, vth := range []float64{1, 0.7, 0.3, 1.3, 2.1, 17.3, 1e-3, 4.7e-11} {
		for _, dt := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
			at, above := vth, math.Nextafter(vth, math.Inf(1))
			if dt == tensor.Float32 {
				at, above = float64(float32(vth)), float64(math.Nextafter32(float32(vth), math.MaxFloat32))
			}
			for _, engine := range []graph.Engine{graph.FusedEngine, graph.UnrolledEngine} {
				for name, th := range map[string]Value{"fixed": Fixed(vth), "learned": Learned(vth), "learned, each": Learned(vth).PerNeuron()} {
					p, err := graph.Build(graph.NewParams(1), graph.Settings{DType: dt, Engine: engine}, func(b *graph.Builder) {
						x := b.Const("x", []float64{at, above}, 1, 1, 2)
						b.Output("lif", LIF{VTh: th}.Apply(b, "lif", x).Spikes)
						b.Output("to value", LIF{VTh: th, Reset: ToValue}.Apply(b, "lif0", x).Spikes)
						b.Output("refractory", LIF{VTh: th, Refractory: 1e-3}.Apply(b, "lifr", x).Spikes)
						b.Output("if", IF{VTh: th}.Apply(b, "if", x).Spikes)
						b.Output("alif", ALIF{VTh: th}.Apply(b, "alif", x).Spikes)
						b.Output("several", IF{VTh: th, Max: 4}.Apply(b, "several", x).Spikes)
					})
					if err != nil {
						t.Fatal(err)
					}
					if err := p.Run(); err != nil {
						t.Fatal(err)
					}
					for _, neuron := range []string{"lif", "to value", "refractory", "if", "alif", "several"} {
						if got := fmt.Sprint(p.Output(neuron).Data()); got != "[0 1]" {
							t.Errorf("%s, VTh %v %s, %v, %v: spikes %v at the threshold and above, want [0 1]", neuron, vth, name, dt, engine, got)
						}
					}
				}
			}
		}
	}
}
