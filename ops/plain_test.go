package ops_test

// The tests of this package use plain Gorgonia graphs and its tape machine: the
// operations must work outside of surge's programs, where the machine writes results
// over operands.

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// array is the value of an input; no shape means a scalar.
type array struct {
	shape []int
	data  []float64
}

// normal draws an array from N(0, 1).
func normal(seed uint64, shape ...int) array {
	rng := rand.New(rand.NewPCG(seed, 0))
	a := array{shape, make([]float64, tensor.Shape(shape).TotalSize())}
	for i := range a.data {
		a.data[i] = rng.NormFloat64()
	}
	return a
}

// function makes one node of the inputs.
type function func(x ...*G.Node) (*G.Node, error)

// plain is a graph with the loss L = Σ w∘f(x), w random, on a tape machine.
type plain struct {
	inputs  []G.Value
	machine G.VM
	y, loss G.Value
	grads   []G.Value
}

func newNode(g *G.ExprGraph, dt tensor.Dtype, name string, a array) *G.Node {
	if len(a.shape) == 0 {
		v := G.NewF64(a.data[0])
		if dt == tensor.Float32 {
			return G.NewScalar(g, dt, G.WithName(name), G.WithValue(G.NewF32(float32(a.data[0]))))
		}
		return G.NewScalar(g, dt, G.WithName(name), G.WithValue(v))
	}
	v := tensor.New(tensor.Of(dt), tensor.WithShape(a.shape...))
	for i, x := range a.data {
		if dt == tensor.Float32 {
			v.Float32s()[i] = float32(x)
		} else {
			v.Float64s()[i] = x
		}
	}
	return G.NewTensor(g, dt, len(a.shape), G.WithName(name), G.WithShape(a.shape...), G.WithValue(v))
}

// newPlain builds the graph; wrt says which inputs are differentiated, nil means none.
func newPlain(t *testing.T, dt tensor.Dtype, f function, wrt []int, in ...array) *plain {
	t.Helper()
	g := G.NewGraph()
	var x, with G.Nodes
	p := &plain{}
	for i, a := range in {
		n := newNode(g, dt, "x"+string(rune('a'+i)), a)
		x = append(x, n)
		p.inputs = append(p.inputs, n.Value())
	}
	y, err := f(x...)
	if err != nil {
		t.Fatal(err)
	}
	G.Read(y, &p.y)
	loss := y
	if !y.IsScalar() {
		w := normal(99, y.Shape()...)
		loss = G.Must(G.Sum(G.Must(G.HadamardProd(y, newNode(g, dt, "w", w)))))
	}
	G.Read(loss, &p.loss)
	for _, i := range wrt {
		with = append(with, x[i])
	}
	if len(with) > 0 {
		grads, err := G.Grad(loss, with...)
		if err != nil {
			t.Fatal(err)
		}
		p.grads = make([]G.Value, len(grads))
		for i, n := range grads {
			G.Read(n, &p.grads[i])
		}
	}
	p.machine = G.NewTapeMachine(g)
	t.Cleanup(func() { p.machine.Close() })
	return p
}

func (p *plain) run() error {
	p.machine.Reset()
	return p.machine.RunAll()
}

func (p *plain) mustRun(t *testing.T) {
	t.Helper()
	if err := p.run(); err != nil {
		t.Fatal(err)
	}
}

// numbers returns the elements of a value as float64.
func numbers(v G.Value) []float64 {
	switch x := v.Data().(type) {
	case float64:
		return []float64{x}
	case float32:
		return []float64{float64(x)}
	case []float64:
		return slices.Clone(x)
	case []float32:
		y := make([]float64, len(x))
		for i, v := range x {
			y[i] = float64(v)
		}
		return y
	}
	panic("not a float")
}

// closeTo says whether two slices agree to the tolerance, relative to the largest element.
func closeTo(x, y []float64, tolerance float64) bool {
	scale := 1e-300
	for _, v := range y {
		scale = max(scale, math.Abs(v))
	}
	return slices.EqualFunc(x, y, func(a, b float64) bool {
		return math.Abs(a-b) <= tolerance*scale || (math.IsNaN(a) && math.IsNaN(b))
	})
}

// checkValue compares f(in) with want in both dtypes. Every operation rounds each number
// a few times, or sums some ten of them.
func checkValue(t *testing.T, f function, want []float64, in ...array) {
	t.Helper()
	for dt, eps := range map[tensor.Dtype]float64{tensor.Float64: 0x1p-52, tensor.Float32: 0x1p-23} {
		p := newPlain(t, dt, f, nil, in...)
		for range 2 {
			p.mustRun(t)
			if got := numbers(p.y); !closeTo(got, want, 16*eps) {
				t.Errorf("%v: value %v, want %v", dt, got, want)
			}
		}
	}
}

// checkGradient compares the gradient with respect to the inputs wrt with central
// differences in float64, and the float32 gradient with the float64 one. The difference
// quotient with h = 1e-5 has a truncation error of 1e-10 times a third derivative of some
// ten, and a rounding error of 1e-11 times the loss.
func checkGradient(t *testing.T, f function, wrt []int, in ...array) {
	t.Helper()
	p := newPlain(t, tensor.Float64, f, wrt, in...)
	p.mustRun(t)
	single := newPlain(t, tensor.Float32, f, wrt, in...)
	single.mustRun(t)
	const h, tolerance = 1e-5, 1e-8
	var grads [][]float64
	for _, g := range p.grads {
		grads = append(grads, numbers(g))
	}
	for k, i := range wrt {
		want := make([]float64, len(in[i].data))
		for j := range want {
			shifted := func(by float64) float64 {
				set(p.inputs[i], j, in[i].data[j]+by)
				p.mustRun(t)
				set(p.inputs[i], j, in[i].data[j])
				return numbers(p.loss)[0]
			}
			want[j] = (shifted(h) - shifted(-h)) / (2 * h)
		}
		if !closeTo(grads[k], want, tolerance) {
			t.Errorf("gradient of input %d: %v, difference quotients %v", i, grads[k], want)
		}
		if got := numbers(single.grads[k]); !closeTo(got, grads[k], 1e-5) {
			t.Errorf("float32 gradient of input %d: %v, in float64 %v", i, got, grads[k])
		}
	}
}

func set(v G.Value, i int, x float64) {
	switch v := v.(type) {
	case *tensor.Dense:
		v.Float64s()[i] = x
	case *G.F64:
		*v = G.F64(x)
	}
}

func wantError(t *testing.T, err, want error, text string) {
	t.Helper()
	if !errors.Is(err, want) || !strings.Contains(err.Error(), text) {
		t.Errorf("error %q, want one that wraps %q and says %q", err, want, text)
	}
}

// one applies an operation with one operand.
func one(f func(*G.Node) (*G.Node, error)) function {
	return func(x ...*G.Node) (*G.Node, error) { return f(x[0]) }
}

// two applies an operation with two operands.
func two(f func(a, b *G.Node) (*G.Node, error)) function {
	return func(x ...*G.Node) (*G.Node, error) { return f(x[0], x[1]) }
}

func each(a array, f func(x float64) float64) []float64 {
	y := make([]float64, len(a.data))
	for i, x := range a.data {
		y[i] = f(x)
	}
	return y
}
