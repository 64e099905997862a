package gradcheck

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/surrogate"
)

// customCases has rows for what users write themselves.
func customCases() []Case {
	return []Case{
		{
			Name:   "custom kernel",
			Covers: []string{"ops.Apply"},
			Model: func(b *graph.Builder) {
				x, y := b.Param("x", models.Normal(0, 1), 2, 3), b.Param("y", models.Normal(0, 1), 2, 3)
				k := func() ops.Kernels { return ops.Kernels{Float32: &polar[float32]{}, Float64: &polar[float64]{}} }
				first := b.CheckAll(ops.Apply(k(), nil, x, y))
				// Chained, one input twice, one output unused.
				second := b.CheckAll(ops.Apply(k(), nil, first[0], first[0]))
				probe(b, first[1], second[0])
			},
		},
		{
			Name:   "custom cell",
			Covers: []string{"models.Spike"},
			Model: func(b *graph.Builder) {
				x, decay := b.Param("x", current, 5, 2, 3), b.Param("decay", models.Uniform(0.7, 0.9), 3)
				out, final := b.Scan("alif", adaptive{n: 3}, []*G.Node{x}, []*G.Node{decay})
				probe(b, append(out, final...)...)
			},
		},
		{
			Name:   "custom cell between layers and Gorgonia's operations",
			Covers: []string{"models.LIF", "models.Spike"},
			Model: func(b *graph.Builder) {
				x := b.Param("x", current, 5, 2, 3)
				h := models.LIF{TauMem: models.Learned(5e-3), Surrogate: cubic{}}.Apply(b, "h", x)
				out, _ := b.Scan("alif", adaptive{n: 3}, []*G.Node{h.Vmem}, []*G.Node{b.Param("decay", models.Uniform(0.7, 0.9), 3)})
				flat := b.Check(G.Reshape(out[0], tensor.Shape{10, 3}))
				y := b.Check(G.Tanh(b.Check(G.Mul(flat, b.Param("w", models.Normal(0, 1), 3, 4)))))
				z := models.LI{TauMem: models.Learned(4e-3)}.Apply(b, "z", b.Check(G.Reshape(y, tensor.Shape{5, 2, 4})))
				probe(b, z.Vmem, h.Spikes)
			},
		},
	}
}

// adaptive is a neuron with a threshold that rises with every spike, in the operations
// of Gorgonia alone:
//
//	v[t] = d v[t-1] + x[t] - s[t-1] (1 + a[t-1])
//	a[t] = d a[t-1] + s[t]
//	s[t] = H(v[t] - 1 - a[t-1])
type adaptive struct{ n int }

func (adaptive) Kind() string      { return "alif" }
func (adaptive) Outputs() []string { return []string{"spikes"} }
func (c adaptive) State() []graph.StateSpec {
	return []graph.StateSpec{{Name: "vmem", Width: c.n}, {Name: "adaptation", Width: c.n}, {Name: "spikes", Width: c.n}}
}

func (c adaptive) Step(b *graph.Builder, x, params, state []*G.Node) (out, next []*G.Node) {
	v, a, s, d := state[0], state[1], state[2], params[0]
	threshold := b.Check(ops.Affine(a, 1, 1))
	v = b.Check(G.Add(b.Check(G.HadamardProd(d, v)), x[0]))
	v = b.Check(G.Sub(v, b.Check(G.HadamardProd(s, threshold))))
	s = models.Spike(b, b.Check(G.Sub(v, threshold)), surrogate.Sigmoid{})
	a = b.Check(G.Add(b.Check(G.HadamardProd(d, a)), s))
	return []*G.Node{s}, []*G.Node{v, a, s}
}

// cubic is a surrogate of a user: S(x) = x³/3 + x within [-1, 1], constant outside.
type cubic struct{}

func (cubic) Slope(x float64) float64 {
	if math.Abs(x) > 1 {
		return 0
	}
	return x*x + 1
}

func (cubic) Antiderivative(x float64) float64 {
	x = min(max(x, -1), 1)
	return x*x*x/3 + x + 4./3
}

func (cubic) Peak() float64  { return 2 }
func (cubic) Area() float64  { return 8. / 3 }
func (cubic) String() string { return "cubic" }

// polar is a kernel with two inputs and two outputs: r = x² + y², a = x y.
type polar[T ops.Float] struct{}

func (*polar[T]) Name() string { return "polar" }

func (*polar[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	if !in[0].Eq(in[1]) {
		return nil, fmt.Errorf("%w: polar of %v and %v", ops.ErrShape, in[0], in[1])
	}
	return []tensor.Shape{in[0].Clone(), in[0].Clone()}, nil
}

func (*polar[T]) Forward(in, out [][]T) error {
	for i, x := range in[0] {
		y := in[1][i]
		out[0][i], out[1][i] = x*x+y*y, x*y
	}
	return nil
}

func (*polar[T]) Backward(in, _, gout, gin [][]T) error {
	at := func(g []T, i int) T {
		if g == nil {
			return 0
		}
		return g[i]
	}
	for i, x := range in[0] {
		y, r, a := in[1][i], at(gout[0], i), at(gout[1], i)
		if gin[0] != nil {
			gin[0][i] = 2*x*r + y*a
		}
		if gin[1] != nil {
			gin[1][i] = 2*y*r + x*a
		}
	}
	return nil
}
