package models

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/ops"
)

func square(n int) Window { return Window{Kernel: [2]int{n, n}} }

// program builds a model with an input x [T, B, N] that is set to values.
func program(t *testing.T, engine graph.Engine, dtype tensor.Dtype, shape [3]int, x []float64, model func(b *graph.Builder, x *G.Node)) *graph.Program {
	t.Helper()
	p, err := graph.Build(graph.NewParams(3), graph.Settings{DType: dtype, Engine: engine}, func(b *graph.Builder) {
		model(b, b.Input("x", shape[0], shape[1], shape[2]))
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	if err := p.Set("x", x); err != nil {
		t.Fatal(err)
	}
	if err := p.Run(); err != nil {
		t.Fatal(err)
	}
	return p
}

// graded returns numbers of which a share is not 0.
func graded(n int, share float64, seed uint64) []float64 {
	rng := rand.New(rand.NewPCG(seed, 1))
	x := make([]float64, n)
	for i := range x {
		if rng.Float64() < share {
			x[i] = rng.NormFloat64()
		}
	}
	return x
}

// TestConvNetwork: a spiking network of convolutions, whose layers exchange events and gradients as
// streams, gives what the unrolled engine gives, and the same bits whether or not the sequences are
// recorded.
func TestConvNetwork(t *testing.T) {
	const T, B = 4, 5
	in := Image{2, 9, 8}
	model := func(record bool) func(b *graph.Builder, x *G.Node) {
		return func(b *graph.Builder, x *G.Node) {
			first := Conv{In: in, Out: 6, Window: Window{Kernel: [2]int{3, 3}, Padding: [2]int{1, 1}}, Bias: true, Init: FanIn(1, 3)}
			h := LIF{TauMem: Learned(10e-3)}.Apply(b, "first", first.Apply(b, "first/w", x))
			pool := Pool{In: Image{6, 9, 8}, Window: Window{Kernel: [2]int{3, 2}}}
			pooled := pool.Apply(b, "pool", h.Spikes)
			second := Conv{In: Image{6, 3, 4}, Out: 8, Window: square(2), Groups: 2, Init: FanIn(1, 4)}
			g := LIF{TauSyn: Fixed(5e-3)}.Apply(b, "second", second.Apply(b, "second/w", pooled))
			y := LI{}.Apply(b, "out", Linear{Out: 3}.Apply(b, "out/w", Pool{In: Image{8, 2, 3}, Window: Window{Kernel: [2]int{1, 3}}, Average: true}.Apply(b, "average", g.Spikes)))
			if record {
				b.Output("first", h.Spikes)
				b.Output("pool", pooled)
				b.Output("second", g.Spikes)
			}
			b.Loss(b.Check(G.Sum(b.Check(ops.MaxOverTime(y.Vmem)))))
		}
	}
	for _, share := range []float64{0.05, 0.9} {
		t.Run(fmt.Sprint(share), func(t *testing.T) {
			x := graded(T*B*in.Size(), share, 4)
			shape := [3]int{T, B, in.Size()}
			fused := program(t, graph.FusedEngine, tensor.Float64, shape, x, model(false))
			recorded := program(t, graph.FusedEngine, tensor.Float64, shape, x, model(true))
			unrolled := program(t, graph.UnrolledEngine, tensor.Float64, shape, x, model(true))
			spikes := 0.0
			for _, s := range recorded.Output("second").Float64s() {
				spikes += s
			}
			if spikes < 20 {
				t.Fatalf("%v spikes in the second layer, too few to test anything", spikes)
			}
			for _, name := range []string{"first", "pool", "second"} {
				near(t, name, recorded.Output(name).Float64s(), unrolled.Output(name).Float64s())
			}
			for _, name := range unrolled.Report().Trained {
				near(t, name, recorded.Grad(name).Float64s(), unrolled.Grad(name).Float64s())
				for i, v := range recorded.Grad(name).Float64s() {
					if w := fused.Grad(name).Float64s()[i]; v != w {
						t.Fatalf("gradient of %s[%d] is %v with records, %v without", name, i, v, w)
					}
				}
			}
		})
	}
}

// TestDenseAndEvents: the outputs of a row, and the gradient of the weights, have the same bits
// whether the products went by events or were dense: what a sample gives must not depend on the
// others in its batch.
func TestDenseAndEvents(t *testing.T) {
	const T, B = 2, 6
	in := Image{4, 7, 6}
	n := in.Size()
	for name, layer := range map[string]func(b *graph.Builder, x *G.Node) *G.Node{
		"linear": func(b *graph.Builder, x *G.Node) *G.Node {
			return Linear{Out: 37, Bias: true, Init: Normal(0, 1)}.Apply(b, "w", x)
		},
		"conv": func(b *graph.Builder, x *G.Node) *G.Node {
			return Conv{In: in, Out: 10, Window: Window{Kernel: [2]int{3, 3}, Padding: [2]int{1, 0}}, Bias: true, Groups: 2}.Apply(b, "w", x)
		},
	} {
		for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
			t.Run(fmt.Sprint(name, dtype), func(t *testing.T) {
				// The first sample is the same; the others are empty or full, with a gradient of 0.
				model := func(b *graph.Builder, x *G.Node) {
					y := layer(b, x)
					b.Output("y", y)
					w := graded(y.Shape().TotalSize(), 1, 5)
					m := y.Shape()[2]
					for i := range w {
						if i/m%B != 0 {
							w[i] = 0
						}
					}
					b.Loss(b.Check(G.Sum(b.Check(G.HadamardProd(y, b.Const("weight", w, y.Shape()...))))))
				}
				few, many := graded(T*B*n, 0.5, 6), graded(T*B*n, 0.5, 6)
				for i := range few {
					if i/n%B != 0 {
						few[i], many[i] = 0, 1
					}
				}
				a := program(t, graph.FusedEngine, dtype, [3]int{T, B, n}, few, model)
				z := program(t, graph.FusedEngine, dtype, [3]int{T, B, n}, many, model)
				if a, z := a.Report().Layers[0], z.Report().Layers[0]; !a.Events || z.Events {
					t.Fatalf("measured %+v and %+v, want events and none", a, z)
				}
				one, other := numbers(a.Output("y")), numbers(z.Output("y"))
				m := len(one) / T / B
				for i, v := range one {
					if i/m%B == 0 && v != other[i] {
						t.Fatalf("y[%d] is %v by events, %v dense", i, v, other[i])
					}
				}
				for _, name := range a.Report().Trained {
					one, other := numbers(a.Grad(name)), numbers(z.Grad(name))
					for i, v := range one {
						if v != other[i] {
							t.Fatalf("gradient of %s[%d] is %v by events, %v dense", name, i, v, other[i])
						}
					}
				}
			})
		}
	}
}

// TestConvOfStills: inputs that stay for some steps, which are convolved once, give what the
// unrolled engine gives; and zeros behind the end of a sequence change no bit of the output and of
// the gradients.
func TestConvOfStills(t *testing.T) {
	const T, B = 6, 5
	in := Image{3, 8, 7}
	n := in.Size()
	model := func(b *graph.Builder, x *G.Node) {
		y := Conv{In: in, Out: 4, Window: Window{Kernel: [2]int{3, 3}, Stride: [2]int{1, 2}, Padding: [2]int{1, 1}}, Bias: true}.Apply(b, "w", x)
		h := LIF{TauMem: Learned(5e-3)}.Apply(b, "h", y)
		b.Output("y", y)
		weight := make([]float64, y.Shape().TotalSize()) // of nothing behind the end
		copy(weight, graded(T*B*y.Shape()[2], 1, 3))
		b.Loss(b.Check(G.Sum(b.Check(G.HadamardProd(b.Check(G.Add(y, h.Spikes)), b.Const("weight", weight, y.Shape()...))))))
	}
	for _, share := range []float64{0.05, 0.9} {
		x := graded(T*B*n, share, 7)
		for b := range B {
			for k := 1; k < T; k++ {
				if b > 0 && k%(b+1) != 0 { // sample 0 changes in each step, sample 4 once
					copy(x[(k*B+b)*n:][:n], x[((k-1)*B+b)*n:])
				}
			}
		}
		fused := program(t, graph.FusedEngine, tensor.Float64, [3]int{T, B, n}, x, model)
		unrolled := program(t, graph.UnrolledEngine, tensor.Float64, [3]int{T, B, n}, x, model)
		padded := program(t, graph.FusedEngine, tensor.Float64, [3]int{10 * T, B, n}, append(x, make([]float64, 9*T*B*n)...), model)
		y := fused.Output("y").Float64s()
		near(t, "y", y, unrolled.Output("y").Float64s())
		if !slices.Equal(y, padded.Output("y").Float64s()[:len(y)]) {
			t.Error("y changes with zeros behind the end")
		}
		for _, name := range fused.Report().Trained {
			near(t, name, fused.Grad(name).Float64s(), unrolled.Grad(name).Float64s())
			if !slices.Equal(fused.Grad(name).Float64s(), padded.Grad(name).Float64s()) {
				t.Errorf("the gradient of %s changes with zeros behind the end", name)
			}
		}
	}
}

// TestWindow: sizes as PyTorch has them, and what makes no window.
func TestWindow(t *testing.T) {
	for _, c := range []struct {
		n, kernel, stride, padding, dilation, want int
	}{
		{28, 5, 1, 0, 1, 24}, {28, 5, 2, 2, 1, 14}, {7, 3, 1, 0, 2, 3}, {5, 5, 1, 0, 1, 1}, {6, 3, 2, 0, 1, 2}, // floor((n+2p-d(k-1)-1)/s + 1)
	} {
		got, err := Conv{In: Image{1, c.n, c.n}, Out: 2, Window: Window{
			Kernel: [2]int{c.kernel, c.kernel}, Stride: [2]int{c.stride, c.stride}, Padding: [2]int{c.padding, c.padding}, Dilation: [2]int{c.dilation, c.dilation},
		}}.Shape()
		if err != nil || got != (Image{2, c.want, c.want}) {
			t.Errorf("%+v: %v, %v", c, got, err)
		}
	}
	for _, c := range []Conv{
		{In: Image{1, 4, 4}, Out: 1},
		{In: Image{1, 4, 4}, Out: 1, Window: square(5)},
		{In: Image{3, 4, 4}, Out: 2, Window: square(2), Groups: 2},
		{In: Image{1, 4, 4}, Window: square(2)},
		{In: Image{1, 4, math.MinInt}, Out: 1, Window: square(2)},
		{In: Image{1, 4, 4}, Out: 1, Window: Window{Kernel: [2]int{2, 2}, Stride: [2]int{-1, 1}}},
	} {
		if s, err := c.Shape(); !errors.Is(err, ErrParameter) {
			t.Errorf("%+v: %v, %v, want ErrParameter", c, s, err)
		}
	}
}
