package ops_test

import (
	"math"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"

	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/surrogate"
)

func TestElementwise(t *testing.T) {
	s := surrogate.ATan{Sharpness: 3}
	heaviside := func(x float64) float64 {
		if x > 0 {
			return 1
		}
		return 0
	}
	for name, c := range map[string]struct {
		f     function
		value func(x float64) float64
		// slope is nil where finite differences tell it.
		slope func(x float64) float64
	}{
		"Decay":       {one(func(x *G.Node) (*G.Node, error) { return ops.Decay(x, 0.3) }), func(x float64) float64 { return math.Pow(math.E, -0.3/math.Exp(x)) }, nil},
		"Approach":    {one(func(x *G.Node) (*G.Node, error) { return ops.Approach(x, 0.3) }), func(x float64) float64 { return 1 - math.Pow(math.E, -0.3/math.Exp(x)) }, nil},
		"Exp":         {one(ops.Exp), func(x float64) float64 { return math.Pow(math.E, x) }, nil},
		"Affine":      {one(func(x *G.Node) (*G.Node, error) { return ops.Affine(x, -2, 0.5) }), func(x float64) float64 { return 0.5 - 2*x }, nil},
		"SmoothSpike": {one(func(x *G.Node) (*G.Node, error) { return ops.SmoothSpike(x, s) }), s.Antiderivative, nil},
		"Spike":       {one(func(x *G.Node) (*G.Node, error) { return ops.Spike(x, s) }), heaviside, s.Slope},
		"Detach":      {one(ops.Detach), func(x float64) float64 { return x }, func(float64) float64 { return 0 }},
	} {
		t.Run(name, func(t *testing.T) {
			for _, shape := range [][]int{nil, {1}, {3}, {2, 3}, {1, 1}, {2, 3, 4}} {
				x := normal(1, shape...)
				checkValue(t, c.f, each(x, c.value), x)
				switch {
				case name == "Detach":
				case c.slope == nil:
					checkGradient(t, c.f, []int{0}, x)
				default:
					p := newPlain(t, tensor.Float64, c.f, []int{0}, x)
					p.mustRun(t)
					want := each(x, c.slope)
					if len(shape) > 0 {
						for i, w := range normal(99, shape...).data {
							want[i] *= w
						}
					}
					if got := numbers(p.grads[0]); !closeTo(got, want, 1e-15) {
						t.Errorf("shape %v: gradient %v, want %v", shape, got, want)
					}
				}
			}
		})
	}
}

// TestElementwiseChained: the result of one is overwritten by Gorgonia where that is
// allowed; twice the same operation on one operand is one node.
func TestElementwiseChained(t *testing.T) {
	f := func(x ...*G.Node) (*G.Node, error) {
		a := G.Must(ops.Exp(x[0]))
		b := G.Must(G.Add(a, x[1])) // may write to the memory of a
		c := G.Must(ops.Affine(b, 0.5, 0))
		d := G.Must(G.HadamardProd(c, x[0]))
		if again := G.Must(ops.Exp(x[0])); again != a {
			t.Error("Exp of one node gives two nodes")
		}
		if other := G.Must(ops.Affine(b, 0.25, 0)); other == c {
			t.Error("two different operations give one node")
		}
		return G.Add(G.Must(ops.Exp(d)), d)
	}
	x, y := normal(1, 2, 3), normal(2, 2, 3)
	want := make([]float64, 6)
	for i := range want {
		d := (math.Exp(x.data[i]) + y.data[i]) / 2 * x.data[i]
		want[i] = math.Exp(d) + d
	}
	checkValue(t, f, want, x, y)
	checkGradient(t, f, []int{0, 1}, x, y)
}

// TestTransposedOperand: an operand that Gorgonia has transposed is read in the order of
// its shape.
func TestTransposedOperand(t *testing.T) {
	x := normal(1, 2, 3)
	want := make([]float64, 6)
	for i := range 2 {
		for j := range 3 {
			want[j*2+i] = math.Exp(x.data[i*3+j])
		}
	}
	elementwise := one(func(x *G.Node) (*G.Node, error) { return ops.Exp(G.Must(G.Transpose(x, 1, 0))) })
	checkValue(t, elementwise, want, x)
	checkGradient(t, elementwise, []int{0}, x)
	kernel := one(func(x *G.Node) (*G.Node, error) {
		s, err := ops.Unstack(G.Must(G.Transpose(x, 1, 0)), true)
		if err != nil {
			return nil, err
		}
		return ops.Exp(G.Must(ops.Stack(s)))
	})
	checkValue(t, kernel, want, x)
	checkGradient(t, kernel, []int{0}, x)
}

func TestNaNPassesThrough(t *testing.T) {
	s := surrogate.FastSigmoid{}
	for name, f := range map[string]function{
		"Spike":       one(func(x *G.Node) (*G.Node, error) { return ops.Spike(x, s) }),
		"SmoothSpike": one(func(x *G.Node) (*G.Node, error) { return ops.SmoothSpike(x, s) }),
		"Exp":         one(ops.Exp),
		"Decay":       one(func(x *G.Node) (*G.Node, error) { return ops.Decay(x, 1) }),
		"Approach":    one(func(x *G.Node) (*G.Node, error) { return ops.Approach(x, 1) }),
		"Affine":      one(func(x *G.Node) (*G.Node, error) { return ops.Affine(x, 0, 1) }),
	} {
		for _, dt := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
			p := newPlain(t, dt, f, []int{0}, array{[]int{3}, []float64{-1, math.NaN(), 1}})
			p.mustRun(t)
			y := numbers(p.y)
			if !math.IsNaN(y[1]) || math.IsNaN(y[0]) || math.IsNaN(y[2]) || !math.IsNaN(numbers(p.loss)[0]) {
				t.Errorf("%s %v: values %v, loss %v", name, dt, y, p.loss)
			}
		}
	}
}

func TestElementwiseErrors(t *testing.T) {
	g := G.NewGraph()
	x := newNode(g, tensor.Float64, "x", normal(1, 2))
	bad := G.NewTensor(g, tensor.Int, 1, G.WithShape(2), G.WithName("int"))
	for _, c := range []struct {
		f    func() (*G.Node, error)
		text string
	}{
		{func() (*G.Node, error) { return ops.Decay(x, 0) }, "Decay with dt = 0 s"},
		{func() (*G.Node, error) { return ops.Decay(x, math.Inf(1)) }, "dt = +Inf s"},
		{func() (*G.Node, error) { return ops.Decay(x, math.NaN()) }, "dt = NaN s"},
		{func() (*G.Node, error) { return ops.Approach(x, -1) }, "Approach with dt = -1 s"},
		{func() (*G.Node, error) { return ops.ExpFrom(x, []float64{1, 0}) }, "start[1] = 0, want a finite number > 0"},
		{func() (*G.Node, error) { return ops.Affine(x, math.NaN(), 0) }, "Affine(NaN, 0)"},
		{func() (*G.Node, error) { return ops.Affine(x, 0, math.Inf(-1)) }, "Affine(0, -Inf)"},
		{func() (*G.Node, error) { return ops.Spike(x, nil) }, "Spike"},
		{func() (*G.Node, error) { return ops.SmoothSpike(x, surrogate.ATan{Sharpness: -1}) }, "SmoothSpike"},
		{func() (*G.Node, error) { return ops.Exp(bad) }, "Exp: dtype int, want float32 or float64"},
		{func() (*G.Node, error) { return ops.Detach(bad) }, "Detach: dtype int"},
		{func() (*G.Node, error) { return ops.Stack([]*G.Node{bad}) }, "Stack: dtype int"},
	} {
		_, err := c.f()
		wantError(t, err, ops.ErrValue, c.text)
	}
}

func TestHeavisideAtZero(t *testing.T) {
	x := []float64{0, math.Copysign(0, -1), 5e-324, -5e-324, math.Inf(1), math.Inf(-1)}
	got := make([]float64, len(x))
	ops.Heaviside(got, x)
	for i, want := range []float64{0, 0, 1, 0, 1, 0} {
		if got[i] != want {
			t.Errorf("H(%v) = %v, want %v", x[i], got[i], want)
		}
	}
}

// TestLispMachine: on a LispMachine an operation without DoDiff has a gradient of zero,
// and nobody says so. Those of this package are an error there.
func TestLispMachine(t *testing.T) {
	for name, f := range map[string]function{
		"Exp":   one(ops.Exp),
		"MSE":   one(func(x *G.Node) (*G.Node, error) { return ops.MSE(x, x) }),
		"Stack": one(func(x *G.Node) (*G.Node, error) { return ops.Stack([]*G.Node{x, x}) }),
	} {
		g := G.NewGraph()
		y, err := f(newNode(g, tensor.Float64, "x", normal(1, 3)))
		if err != nil {
			t.Fatal(err)
		}
		if !y.IsScalar() {
			G.Must(G.Sum(y))
		}
		m := G.NewLispMachine(g)
		wantText(t, name, m.RunAll(), "no gradients on a LispMachine")
		m.Close()
	}
}

// TestFromLog: until it is trained, a parameter that is kept as its logarithm is what it started
// with, and then e^x to rounding.
func TestFromLog(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		start := math.Exp(rapid.Float64Range(-80, 80).Draw(r, "ln"))
		if got := ops.FromLog(float32(fmath.Log(start)), start); got != start {
			r.Fatalf("float32: %v, want %v", got, start)
		}
		if got := ops.FromLog(fmath.Log(start), start); got != start {
			r.Fatalf("float64: %v, want %v", got, start)
		}
		x := rapid.Float64Range(-80, 80).Draw(r, "x")
		// The rounding of two logarithms below 80 and of their difference, below 160.
		if got, want := ops.FromLog(x, start), math.Exp(x); math.Abs(got-want) > 6e-14*want {
			r.Fatalf("%v, want %v", got, want)
		}
	})
}
