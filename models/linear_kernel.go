package models

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/internal/kernel"
	"github.com/surge-snn/surge/ops"
)

// linearKernel is linearCell for the whole sequence: inputs x, W and perhaps bias,
// output y.
type linearKernel[T kernel.Float] struct {
	rows, in, out int // rows = T·B
	events        kernel.Events[T]
	dense         bool // too many events for a list to pay

	w, bias, y, g, dw []T
	forward, backward func(lo, hi int)
}

func (k *linearKernel[T]) Name() string { return "linear" }

func (k *linearKernel[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	x, w := in[0], in[1]
	if x.Dims() != 3 || w.Dims() != 2 || x[2] != w[0] {
		return nil, fmt.Errorf("%w: linear: input %v and weights %v, want [T, B, N] and [N, Out]", ops.ErrShape, x, w)
	}
	k.rows, k.in, k.out = x[0]*x[1], x[2], w[1]
	k.forward, k.backward = k.forwardRows, k.scatterColumns
	return []tensor.Shape{{x[0], x[1], w[1]}}, nil
}

// denseFrom is the share of non-zero inputs from which a dense product is faster
// than a list of events.
const denseFrom = 0.4

const (
	blockRows    = 64 // rows of y that one task computes
	blockColumns = 16 // columns of x, rows of dW, that one task computes
)

func (k *linearKernel[T]) Forward(in, out [][]T) error {
	x := in[0]
	k.w, k.bias, k.y = in[1], nil, out[0]
	if len(in) > 2 {
		k.bias = in[2]
	}
	k.events.Collect(x, k.rows, k.in)
	k.dense = float64(k.events.Len()) > denseFrom*float64(len(x))
	if k.dense {
		kernel.Gemm(false, false, k.rows, k.out, k.in, x, k.w, 0, k.y)
	}
	if !k.dense || k.bias != nil {
		kernel.Blocks(k.rows, blockRows, k.forward)
	}
	return nil
}

func (k *linearKernel[T]) forwardRows(lo, hi int) {
	for i := lo; i < hi; i++ {
		row := k.y[i*k.out : (i+1)*k.out]
		if !k.dense {
			clear(row)
			k.events.Gather(row, i, k.w)
		}
		for j, v := range k.bias {
			row[j] += v
		}
	}
}

func (k *linearKernel[T]) Backward(in, _, gout, gin [][]T) error {
	g := gout[0]
	if g == nil {
		for _, d := range gin {
			clear(d)
		}
		return nil
	}
	if gin[0] != nil {
		kernel.Gemm(false, true, k.rows, k.in, k.out, g, in[1], 0, gin[0])
	}
	switch k.g, k.dw = g, gin[1]; {
	case k.dw == nil:
	case k.dense:
		kernel.Gemm(true, false, k.in, k.out, k.rows, in[0], g, 0, k.dw)
	default:
		k.events.Transpose()
		kernel.Blocks(k.in, blockColumns, k.backward)
	}
	if len(gin) > 2 && gin[2] != nil {
		kernel.SumRows(gin[2], g)
	}
	return nil
}

func (k *linearKernel[T]) scatterColumns(lo, hi int) {
	for j := lo; j < hi; j++ {
		k.events.Scatter(k.dw[j*k.out:(j+1)*k.out], j, k.g)
	}
}
