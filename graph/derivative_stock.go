package graph

import (
	"math"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/ops"
)

// The derivatives that take the place of those of Gorgonia 0.9.18. Each returns nil where
// Gorgonia's are right.

// unaryTerms replaces two rules: Gorgonia's derivative of Log2 is ln 2/x for 1/(x ln 2), that of
// InverseSqrt is -1/(2 y³) for -y³/2, y being the result.
func unaryTerms(b *Builder, x []*G.Node, y, g *G.Node) []*G.Node {
	switch y.Op().String() {
	case "log2":
		return []*G.Node{b.Check(G.HadamardDiv(g, b.Check(ops.Affine(x[0], math.Ln2, 0))))}
	case "invSqrt":
		return []*G.Node{b.Check(G.HadamardProd(g, b.Check(ops.Affine(b.Check(G.Cube(y)), -0.5, 0))))}
	}
	return nil
}

// productTerms replaces the rule of the outer product y = a bᵀ: da = g b, db = gᵀ a. Gorgonia has
// a for b.
func productTerms(b *Builder, x []*G.Node, y, g *G.Node) []*G.Node {
	if y.Op().String() != "a ⊗ b" {
		return nil
	}
	return contraction(b, x, g, nil, nil)
}

// contractionTerms replaces the rule of Tensordot, which fails where nothing is left of an
// operand.
func contractionTerms(b *Builder, x []*G.Node, y, g *G.Node) []*G.Node {
	return contraction(b, x, g, intsField(y.Op(), "aAxes"), intsField(y.Op(), "bAxes"))
}

// contraction adds the gradients of the product that sums over pairs of axes: of the matrices A,
// [kept, summed], and B, [summed, kept], dA = G Bᵀ and dB = Aᵀ G.
func contraction(b *Builder, x []*G.Node, g *G.Node, aAxes, bAxes []int) []*G.Node {
	rest := func(n *G.Node, axes []int) (keep []int) {
		for k := range n.Dims() {
			if !slices.Contains(axes, k) {
				keep = append(keep, k)
			}
		}
		return keep
	}
	length := func(n *G.Node, axes []int) int {
		l := 1
		for _, k := range axes {
			l *= n.Shape()[k]
		}
		return l
	}
	aKeep, bKeep := rest(x[0], aAxes), rest(x[1], bAxes)
	m, n, inner := length(x[0], aKeep), length(x[1], bKeep), length(x[0], aAxes)
	aOrder, bOrder := slices.Concat(aKeep, aAxes), slices.Concat(bAxes, bKeep)
	as := func(x *G.Node, shape ...int) *G.Node { return b.Check(G.Reshape(x, tensor.Shape(shape))) }
	matrix := func(x *G.Node, order []int, rows, columns int) *G.Node {
		return as(b.Check(G.Transpose(x, slices.Clone(order)...)), rows, columns)
	}
	back := func(g, x *G.Node, order []int) *G.Node {
		shape, inverse := make([]int, len(order)), make([]int, len(order))
		for i, k := range order {
			shape[i], inverse[k] = x.Shape()[k], i
		}
		return b.Check(G.Transpose(as(g, shape...), inverse...))
	}
	left, right, grad := matrix(x[0], aOrder, m, inner), matrix(x[1], bOrder, inner, n), as(g, m, n)
	da := b.Check(G.Mul(grad, b.Check(G.Transpose(right, 1, 0))))
	db := b.Check(G.Mul(b.Check(G.Transpose(left, 1, 0)), grad))
	return []*G.Node{back(da, x[0], aOrder), back(db, x[1], bOrder)}
}

// concatTerms replaces the rule of Concat, whose slices of the gradient Gorgonia takes for one
// where their beginnings differ by a multiple of 256.
func concatTerms(b *Builder, x []*G.Node, y, g *G.Node) []*G.Node {
	axis, start := intField(y.Op(), "axis"), 0
	terms := make([]*G.Node, len(x))
	for i, n := range x {
		if b.needsGrad(n) {
			m := &gather{}
			eachIndex(n.Shape(), func(to int, idx []int) {
				idx[axis] += start
				m.add(offset(g.Shape(), idx), to)
				idx[axis] -= start
			})
			terms[i] = b.gathered("dConcat", m, g, n.Shape())
		}
		start += n.Shape()[axis]
	}
	return terms
}

// sliceTerms replaces the rule of a Slice of one element, for which Gorgonia adds nothing to the
// gradient where the slice keeps an axis.
func sliceTerms(b *Builder, x []*G.Node, y, g *G.Node) []*G.Node {
	if y.Shape().TotalSize() != 1 {
		return nil
	}
	return []*G.Node{b.gathered("dSlice", cut(y.Op(), x[0].Shape()).transposed(), g, x[0].Shape())}
}

// atTerms is the derivative of At, which has none in Gorgonia: a gradient through it would be
// missing without a word.
func atTerms(b *Builder, x []*G.Node, y, g *G.Node) []*G.Node {
	m := &gather{}
	m.add(0, offset(x[0].Shape(), intsField(y.Op(), "coordinates")))
	return []*G.Node{b.gathered("dAt", m, g, x[0].Shape())}
}

// averageTerms replaces that of AveragePool2D, of which Gorgonia's value is wrong, too.
func averageTerms(b *Builder, x []*G.Node, y, g *G.Node) []*G.Node {
	m := averages(y.Op(), x[0].Shape(), y.Shape())
	return []*G.Node{b.gathered("dAveragePool2D", m.transposed(), g, x[0].Shape())}
}

// globalAverageTerms is the derivative of GlobalAveragePool2D, which has none in Gorgonia.
func globalAverageTerms(b *Builder, x []*G.Node, y, g *G.Node) []*G.Node {
	s := x[0].Shape()
	m := reduced(s, []int{2, 3})
	m.weight = make([]float64, len(m.from))
	for k := range m.weight {
		m.weight[k] = 1 / float64(s[2]*s[3])
	}
	return []*G.Node{b.gathered("dGlobalAveragePool2D", m.transposed(), g, s)}
}

// maxTerms replaces that of Max, which gives all of the gradient to each of several largest
// elements. They share it here, as in JAX and PyTorch.
func maxTerms(b *Builder, x []*G.Node, y, g *G.Node) []*G.Node {
	m := reduced(x[0].Shape(), intsField(y.Op(), "along"))
	k := ops.Kernels{Float32: &maxGradient[float32]{m: m}, Float64: &maxGradient[float64]{m: m}}
	return b.CheckAll(ops.Apply(k, []bool{false, false, false}, x[0], y, g))
}

type maxGradient[T ops.Float] struct{ m *gather }

func (k *maxGradient[T]) Name() string                                     { return "dMax" }
func (k *maxGradient[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) { return in[:1], nil }
func (k *maxGradient[T]) Backward(_, _, _, _ [][]T) error                  { return nil }
func (k *maxGradient[T]) Forward(in, out [][]T) error {
	x, y, g, dx := in[0], in[1], in[2], out[0]
	ties := make([]T, len(y))
	for i, v := range x {
		if v == y[k.m.to[i]] {
			ties[k.m.to[i]]++
		}
	}
	for i, v := range x {
		dx[i] = 0
		if to := k.m.to[i]; v == y[to] {
			dx[i] = g[to] / ties[to]
		}
	}
	return nil
}

// betweenTerms replaces those of MinBetween and MaxBetween, which give all of the gradient to
// the first operand where both are equal. They share it here, as in JAX and PyTorch.
func betweenTerms(b *Builder, x []*G.Node, y, g *G.Node) []*G.Node {
	k := ops.Kernels{Float32: betweenGradient[float32]{}, Float64: betweenGradient[float64]{}}
	return b.CheckAll(ops.Apply(k, make([]bool, 4), x[0], x[1], y, g))
}

type betweenGradient[T ops.Float] struct{}

func (betweenGradient[T]) Name() string                                     { return "dBetween" }
func (betweenGradient[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) { return in[:2], nil }
func (betweenGradient[T]) Backward(_, _, _, _ [][]T) error                  { return nil }
func (betweenGradient[T]) Forward(in, out [][]T) error {
	for i, g := range in[3] {
		a, b, y := in[0][i], in[1][i], in[2][i]
		out[0][i], out[1][i] = 0, 0
		switch {
		case a == b:
			out[0][i], out[1][i] = g/2, g/2
		case a == y:
			out[0][i] = g
		default:
			out[1][i] = g
		}
	}
	return nil
}

// groupNormTerms replaces that of GroupNorm, which prints to the log in every run:
//
//	y = (x - mean)/σ,   dx = (g - mean(g) - y mean(g y))/σ
//
// over each group of channels of each image.
func groupNormTerms(b *Builder, x []*G.Node, y, g *G.Node) []*G.Node {
	groups := x[0].Shape()[0] * intField(y.Op(), "numGroups")
	eps := field(y.Op(), "epsilon").Float()
	k := ops.Kernels{Float32: groupNormGradient[float32]{groups, eps}, Float64: groupNormGradient[float64]{groups, eps}}
	return b.CheckAll(ops.Apply(k, make([]bool, 3), x[0], y, g))
}

type groupNormGradient[T ops.Float] struct {
	groups int
	eps    float64
}

func (groupNormGradient[T]) Name() string                                     { return "dGroupNorm" }
func (groupNormGradient[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) { return in[:1], nil }
func (groupNormGradient[T]) Backward(_, _, _, _ [][]T) error                  { return nil }
func (k groupNormGradient[T]) Forward(in, out [][]T) error {
	n := len(in[0]) / k.groups
	for lo := 0; lo < len(in[0]); lo += n {
		x, y, g, dx := in[0][lo:lo+n], in[1][lo:lo+n], in[2][lo:lo+n], out[0][lo:lo+n]
		var sum, squares, gs, gy float64
		for i, v := range x {
			sum += float64(v)
			gs += float64(g[i])
			gy += float64(g[i] * y[i])
		}
		mean := sum / float64(n)
		for _, v := range x {
			d := float64(v) - mean
			squares += float64(d * d)
		}
		scale := 1 / math.Sqrt(squares/float64(n)+k.eps)
		for i := range dx {
			dx[i] = T(scale * (float64(g[i]) - gs/float64(n) - float64(float64(y[i])*gy)/float64(n)))
		}
	}
	return nil
}
