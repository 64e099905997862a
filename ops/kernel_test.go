package ops_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"

	"github.com/surge-snn/surge/ops"
)

// wave is a kernel with two inputs and three outputs of three ranks:
//
//	s = x + sin(y) [N, M],   p = Σ_j x y [N],   q = Σ x y²   (a scalar)
type wave[T ops.Float] struct {
	n, m int
	seen [][]bool // which gradients were there in each call of Backward
}

func (*wave[T]) Name() string { return "wave" }

func (k *wave[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	if len(in) != 2 || in[0].Dims() != 2 || !slices.Equal(in[0], in[1]) {
		return nil, fmt.Errorf("%w: wave of %v", ops.ErrShape, in)
	}
	k.n, k.m = in[0][0], in[0][1]
	return []tensor.Shape{in[0].Clone(), {k.n}, {}}, nil
}

func (k *wave[T]) Forward(in, out [][]T) error {
	x, y := in[0], in[1]
	clear(out[1])
	out[2][0] = 0
	for i := range x {
		out[0][i] = x[i] + T(math.Sin(float64(y[i])))
		out[1][i/k.m] += x[i] * y[i]
		out[2][0] += x[i] * y[i] * y[i]
	}
	return nil
}

func (k *wave[T]) Backward(in, out, gout, gin [][]T) error {
	var seen []bool
	for _, g := range append(slices.Clone(gout), gin...) {
		seen = append(seen, g != nil)
	}
	k.seen = append(k.seen, seen)
	x, y := in[0], in[1]
	for i := range x {
		var s, p, q T
		if gout[0] != nil {
			s = gout[0][i]
		}
		if gout[1] != nil {
			p = gout[1][i/k.m]
		}
		if gout[2] != nil {
			q = gout[2][0]
		}
		// sin(y) from the output, to see that it is still there.
		cos := math.Copysign(math.Sqrt(1-math.Pow(float64(out[0][i]-x[i]), 2)), math.Cos(float64(y[i])))
		if gin[0] != nil {
			gin[0][i] = s + p*y[i] + q*y[i]*y[i]
		}
		if gin[1] != nil {
			gin[1][i] = s*T(cos) + p*x[i] + 2*q*x[i]*y[i]
		}
	}
	return nil
}

func newWave() (ops.Kernels, *wave[float64]) {
	w := &wave[float64]{}
	return ops.Kernels{Float32: &wave[float32]{}, Float64: w}, w
}

// TestKernelOutputs uses every subset of the outputs.
func TestKernelOutputs(t *testing.T) {
	x, y := normal(1, 2, 3), normal(2, 2, 3)
	for used := 1; used < 8; used++ {
		k, w := newWave()
		f := func(n ...*G.Node) (*G.Node, error) {
			k := k
			if n[0].Dtype() == tensor.Float64 {
				k, w = newWave()
			}
			out, err := ops.Apply(k, nil, n...)
			if err != nil {
				return nil, err
			}
			var sum *G.Node
			for i, o := range out {
				if used&(1<<i) == 0 {
					continue
				}
				if !o.IsScalar() {
					// In place, where Gorgonia thinks it may.
					o = G.Must(G.Square(G.Must(G.Neg(o))))
					o = G.Must(G.Sum(o))
				}
				if sum == nil {
					sum = o
				} else {
					sum = G.Must(G.Add(sum, o))
				}
			}
			return sum, nil
		}
		checkGradient(t, f, []int{0, 1}, x, y)
		for _, seen := range w.seen {
			want := []bool{used&1 != 0, used&2 != 0, used&4 != 0, true, true}
			if !slices.Equal(seen, want) {
				t.Fatalf("outputs %03b: Backward saw gradients %v, want %v", used, seen, want)
			}
		}
		if len(w.seen) == 0 {
			t.Errorf("outputs %03b: Backward was not called", used)
		}
	}
}

// TestKernelChains: kernels on kernels, an input twice, an input that is used outside,
// too, and operations that may write over operands in between.
func TestKernelChains(t *testing.T) {
	apply := func(a, b *G.Node) []*G.Node {
		k, _ := newWave()
		out, err := ops.Apply(k, nil, a, b)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	f := func(n ...*G.Node) (*G.Node, error) {
		a := G.Must(G.HadamardProd(n[0], n[1]))
		first := apply(a, a)
		second := apply(first[0], n[1])
		third := apply(G.Must(G.Neg(first[0])), G.Must(G.Sub(second[0], a)))
		sum := G.Must(G.Add(third[2], second[2]))
		row := G.Must(G.Sum(G.Must(G.HadamardProd(third[1], second[1]))))
		return G.Add(sum, row)
	}
	checkGradient(t, f, []int{0, 1}, normal(1, 2, 2), normal(2, 2, 2))
	checkGradient(t, f, []int{1}, normal(1, 2, 2), normal(2, 2, 2))
}

// TestKernelRunTwice: other inputs in each run, on one machine.
func TestKernelRunTwice(t *testing.T) {
	k, _ := newWave()
	p := newPlain(t, tensor.Float64, func(n ...*G.Node) (*G.Node, error) {
		out, err := ops.Apply(k, nil, n...)
		if err != nil {
			return nil, err
		}
		return out[2], nil
	}, []int{0}, normal(1, 2, 3), normal(2, 2, 3))
	for _, x := range []float64{1, -2, 0} {
		set(p.inputs[0], 4, x)
		p.mustRun(t)
		want := 0.0
		xs, ys := numbers(p.inputs[0]), numbers(p.inputs[1])
		for i := range xs {
			want += xs[i] * ys[i] * ys[i]
		}
		if got := numbers(p.loss)[0]; math.Abs(got-want) > 1e-14*(1+math.Abs(want)) { // six terms
			t.Errorf("loss %v, want %v", got, want)
		}
	}
}

// TestGradientBeforeForward: the gradient of a loss that is the output itself is a
// constant; Gorgonia is free to hand it in before the forward pass.
func TestGradientBeforeForward(t *testing.T) {
	f := func(n ...*G.Node) (*G.Node, error) {
		// A chain ahead of the kernel makes its forward pass late.
		x := n[0]
		for range 5 {
			x = G.Must(ops.Affine(x, 1.1, 0))
		}
		return ops.MSE(x, n[1])
	}
	checkGradient(t, f, []int{0, 1}, normal(1, 4), normal(2, 4))
}

// TestSecondGrad: the nodes of a kernel share memory, so that there can be one gradient
// through it in a graph.
func TestSecondGrad(t *testing.T) {
	g := G.NewGraph()
	x := newNode(g, tensor.Float64, "x", normal(1, 2, 3))
	k, _ := newWave()
	out, err := ops.Apply(k, nil, x, x)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := G.Grad(out[2], x); err != nil {
		t.Fatal(err)
	}
	if _, err := G.Grad(G.Must(G.Sum(out[0])), x); err == nil {
		t.Error("a second gradient through a kernel is no error")
	}
}

// TestReshapedOutput: Gorgonia reshapes in place; the next run must not see it.
func TestReshapedOutput(t *testing.T) {
	k, _ := newWave()
	f := func(n ...*G.Node) (*G.Node, error) {
		out, err := ops.Apply(k, nil, n...)
		if err != nil {
			return nil, err
		}
		product := G.Must(G.HadamardProd(out[0], n[0]))
		flat := G.Must(G.Reshape(out[0], tensor.Shape{6}))
		flat = G.Must(G.Reshape(G.Must(ops.Exp(flat)), tensor.Shape{3, 2}))
		return G.Add(G.Must(G.Sum(product)), G.Must(G.Sum(flat)))
	}
	p := newPlain(t, tensor.Float64, f, nil, normal(1, 2, 3), normal(2, 2, 3))
	p.mustRun(t)
	want := numbers(p.loss)
	for range 2 {
		p.mustRun(t)
		if got := numbers(p.loss); !slices.Equal(got, want) {
			t.Errorf("loss %v, in the first run %v", got, want)
		}
	}
}

// faulty fails on demand.
type faulty struct {
	shapes, forward, backward func() error
}

func call(f func() error) error {
	if f == nil {
		return nil
	}
	return f()
}

func (*faulty) Name() string { return "faulty" }
func (k *faulty) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	return []tensor.Shape{in[0].Clone()}, call(k.shapes)
}
func (k *faulty) Forward(in, out [][]float64) error { copy(out[0], in[0]); return call(k.forward) }
func (k *faulty) Backward(_, _, gout, gin [][]float64) error {
	copy(gin[0], gout[0])
	return call(k.backward)
}

func TestKernelErrors(t *testing.T) {
	mine := errors.New("mine")
	fail := func() error { return mine }
	blow := func() error { panic("oops") }
	apply := func(k *faulty) function {
		return one(func(x *G.Node) (*G.Node, error) {
			out, err := ops.Apply(ops.Kernels{Float64: k}, nil, x)
			if err != nil {
				return nil, err
			}
			return out[0], nil
		})
	}
	for _, c := range []struct {
		k    *faulty
		text string // the tape machine does not wrap
	}{
		{&faulty{forward: fail}, "mine"},
		{&faulty{backward: fail}, "mine"},
		{&faulty{forward: blow}, "panic in the forward pass of faulty: oops"},
		{&faulty{backward: blow}, "panic in the adjoint of faulty: oops"},
	} {
		p := newPlain(t, tensor.Float64, apply(c.k), []int{0}, normal(1, 3))
		if err := p.run(); err == nil || !strings.Contains(err.Error(), c.text) {
			t.Errorf("error %v, want %q", err, c.text)
		}
		*c.k = faulty{}
		p.mustRun(t) // as if nothing had been
		if got, want := numbers(p.grads[0]), normal(99, 3).data; !slices.Equal(got, want) {
			t.Errorf("%v: gradient of the next run %v, want %v", c.text, got, want)
		}
	}

	g := G.NewGraph()
	x := newNode(g, tensor.Float64, "x", normal(1, 2, 3))
	y := newNode(g, tensor.Float32, "y", normal(1, 2, 3))
	k, _ := newWave()
	for _, c := range []struct {
		k    ops.Kernels
		wrt  []bool
		in   []*G.Node
		want error
		text string
	}{
		{k, nil, nil, ops.ErrShape, "without inputs"},
		{k, []bool{true}, []*G.Node{x, x}, ops.ErrShape, "wave has 2 inputs, but wrt has length 1"},
		{k, nil, []*G.Node{x, y}, ops.ErrValue, "wave: input 1 is float32, input 0 is float64"},
		{k, nil, []*G.Node{x}, ops.ErrShape, "wave of"},
		{ops.Kernels{}, nil, []*G.Node{x}, ops.ErrValue, "no kernel for dtype float64"},
		{ops.Kernels{Float64: &faulty{shapes: fail}}, nil, []*G.Node{x}, mine, "mine"},
	} {
		_, err := ops.Apply(c.k, c.wrt, c.in...)
		wantError(t, err, c.want, c.text)
	}
}

// TestUnwantedInputs: no memory and no work for gradients that nobody asks for.
func TestUnwantedInputs(t *testing.T) {
	k, w := newWave()
	p := newPlain(t, tensor.Float64, func(n ...*G.Node) (*G.Node, error) {
		out, err := ops.Apply(k, []bool{false, true}, n...)
		if err != nil {
			return nil, err
		}
		return out[1], nil
	}, []int{1}, normal(1, 2, 3), normal(2, 2, 3))
	p.mustRun(t)
	if want := []bool{false, true, false, false, true}; !slices.Equal(w.seen[0], want) {
		t.Errorf("Backward saw gradients %v, want %v", w.seen[0], want)
	}
}

func TestUnstackStackIsIdentity(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		shape := rapid.SliceOfN(rapid.IntRange(1, 5), 2, 4).Draw(r, "shape")
		x := normal(rapid.Uint64().Draw(r, "seed"), shape...)
		f := one(func(x *G.Node) (*G.Node, error) {
			s, err := ops.Unstack(x, true)
			if err != nil {
				return nil, err
			}
			if len(s) != shape[0] || !slices.Equal(s[0].Shape(), tensor.Shape(shape[1:])) {
				t.Fatalf("%d steps of shape %v from %v", len(s), s[0].Shape(), shape)
			}
			return ops.Stack(s)
		})
		p := newPlain(t, tensor.Float64, f, []int{0}, x)
		p.mustRun(t)
		if got := numbers(p.y); !slices.Equal(got, x.data) {
			t.Fatalf("value %v, want %v", got, x.data)
		}
		if got, want := numbers(p.grads[0]), normal(99, shape...).data; !slices.Equal(got, want) {
			t.Fatalf("gradient %v, want %v", got, want)
		}
	})
}

func TestSequenceErrors(t *testing.T) {
	g := G.NewGraph()
	v, m := newNode(g, tensor.Float64, "v", normal(1, 3)), newNode(g, tensor.Float64, "m", normal(1, 3, 2))
	column := newNode(g, tensor.Float64, "column", normal(1, 3, 1))
	for _, c := range []struct {
		f    func() (any, error)
		text string
	}{
		{func() (any, error) { return ops.Unstack(v, true) }, "Unstack of (3), want [T, ...]"},
		{func() (any, error) { return ops.Stack(nil) }, "Stack of nothing"},
		{func() (any, error) { return ops.Stack([]*G.Node{v, m}) }, "step 1 has shape (3, 2), step 0 has (3)"},
		{func() (any, error) { return ops.Stack([]*G.Node{v, column}) }, "step 1 has shape (3, 1), step 0 has (3)"},
		{func() (any, error) { return ops.Rows(v, 2, 4) }, "Rows to 4 columns of (3), want (4) or (1)"},
		{func() (any, error) { return ops.Rows(v, 0, 3) }, "Rows to 0 rows of 3"},
		{func() (any, error) { return ops.Rows(m, 2, 3) }, "Rows to 3 columns of (3, 2)"},
		{func() (any, error) { return ops.Spread(v, 3) }, "Spread to 3 columns of (3)"},
		{func() (any, error) { return ops.SumOverTime(m) }, "SumOverTime of (3, 2), want a sequence [T, B, N]"},
		{func() (any, error) { return ops.FirstSpikeTime(m, 1) }, "FirstSpikeTime of (3, 2)"},
		{func() (any, error) { return ops.RateBounds{Upper: 1}.Apply(m) }, "RateBounds of (3, 2)"},
		{func() (any, error) { return ops.MSE(v, column) }, "MSE of (3) and (3, 1)"},
		{func() (any, error) { return ops.SoftmaxCrossEntropy(m, m) }, "SoftmaxCrossEntropy of logits (3, 2) and classes (3, 2), want [B, N] and [B]"},
		{func() (any, error) { return ops.StepPWL{}.Apply(v, v, m) }, "StepPWL of imem (3), ispkthr (3) and ireset (3, 2)"},
	} {
		_, err := c.f()
		wantError(t, err, ops.ErrShape, c.text)
	}
}
