package graph

import (
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/ops"
)

// gather is a linear map of tensors that is nothing but additions,
//
//	y[to[k]] += weight[k] x[from[k]]      for all k, weight 1 where there is none
//
// and its adjoint x[from[k]] += weight[k] y[to[k]]: what selecting, pooling and joining are
// made of, and their gradients.
type gather struct {
	from, to []int
	weight   []float64
}

func (m *gather) add(from, to int) {
	m.from, m.to = append(m.from, from), append(m.to, to)
}

func apply[T ops.Float](m *gather, y, x []T) {
	clear(y)
	for k, i := range m.from {
		v := x[i]
		if m.weight != nil {
			v *= T(m.weight[k])
		}
		y[m.to[k]] += v
	}
}

// transposed is the adjoint.
func (m *gather) transposed() *gather { return &gather{from: m.to, to: m.from, weight: m.weight} }

// gathered adds the node of m applied to x, of the given shape. No gradient flows through it.
func (b *Builder) gathered(name string, m *gather, x *G.Node, shape tensor.Shape) *G.Node {
	k := ops.Kernels{Float32: &gatherKernel[float32]{name, m, shape.Clone()}, Float64: &gatherKernel[float64]{name, m, shape.Clone()}}
	return b.CheckAll(ops.Apply(k, []bool{false}, x))[0]
}

type gatherKernel[T ops.Float] struct {
	name  string
	m     *gather
	shape tensor.Shape
}

func (k *gatherKernel[T]) Name() string { return k.name }
func (k *gatherKernel[T]) Shapes([]tensor.Shape) ([]tensor.Shape, error) {
	return []tensor.Shape{k.shape}, nil
}
func (k *gatherKernel[T]) Forward(in, out [][]T) error     { apply(k.m, out[0], in[0]); return nil }
func (k *gatherKernel[T]) Backward(_, _, _, _ [][]T) error { return nil }

// eachIndex calls f for all indices of a shape in order, with the number of the element. idx
// is used again.
func eachIndex(shape tensor.Shape, f func(i int, idx []int)) {
	idx := make([]int, len(shape))
	for i := range shape.TotalSize() {
		f(i, idx)
		for k := len(idx) - 1; k >= 0; k-- {
			if idx[k]++; idx[k] < shape[k] {
				break
			}
			idx[k] = 0
		}
	}
}

// offset is the number of the element at idx.
func offset(shape tensor.Shape, idx []int) int {
	i := 0
	for k, x := range idx {
		i = i*shape[k] + x
	}
	return i
}

// reduced maps a tensor to what is left of it without some of its axes.
func reduced(shape tensor.Shape, along []int) *gather {
	gone := make([]bool, len(shape))
	for _, k := range along {
		gone[k] = true
	}
	m := &gather{}
	eachIndex(shape, func(i int, idx []int) {
		to := 0
		for k, n := range shape {
			if !gone[k] {
				to = to*n + idx[k]
			}
		}
		m.add(i, to)
	})
	return m
}

// averages is the map of Gorgonia's AveragePool2D over windows: the mean over the kernel, of
// which the padding is a part.
func averages(op G.Op, in, out tensor.Shape) *gather {
	h, w := intField(op, "h"), intField(op, "w")
	north, west := intField(op, "padNorth"), intField(op, "padWest")
	down, right := intField(op, "strideH"), intField(op, "strideW")
	m := &gather{}
	eachIndex(out, func(i int, idx []int) {
		for y := range h {
			for x := range w {
				at := []int{idx[0], idx[1], idx[2]*down - north + y, idx[3]*right - west + x}
				if at[2] >= 0 && at[2] < in[2] && at[3] >= 0 && at[3] < in[3] {
					m.add(offset(in, at), i)
				}
			}
		}
	})
	m.weight = make([]float64, len(m.from))
	for k := range m.weight {
		m.weight[k] = 1 / float64(h*w)
	}
	return m
}
