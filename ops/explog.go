package ops

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/internal/fmath"
)

// ExpFrom returns the positive numbers of which x holds the natural logarithms, and which were
// start when training began:
//
//	y[i] = start[i] exp(x[i] - ln start[i]),   dy/dx = y
//
// It is [Exp] but for rounding: as long as x holds ln start in its dtype, y is start itself, where
// exp(ln start) may be an ulp beside it. x is [N], with N starts, all finite and > 0.
func ExpFrom(x *G.Node, start []float64) (*G.Node, error) {
	for i, v := range start {
		if !(v > 0) || math.IsInf(v, 1) {
			return nil, fmt.Errorf("%w: ExpFrom: start[%d] = %v, want a finite number > 0", ErrValue, i, v)
		}
	}
	return apply1(Kernels{&expFrom[float32]{start}, &expFrom[float64]{start}}, nil, x)
}

// FromLog is one number of [ExpFrom].
func FromLog[T Float](x T, start float64) float64 {
	return start * fmath.Exp(float64(x)-float64(T(fmath.Log(start))))
}

type expFrom[T Float] struct{ start []float64 }

func (k *expFrom[T]) Name() string { return "ExpFrom" }

func (k *expFrom[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	if !sameShape(in[0], tensor.Shape{len(k.start)}) {
		return nil, fmt.Errorf("%w: ExpFrom of %v with %d starts", ErrShape, in[0], len(k.start))
	}
	return []tensor.Shape{in[0].Clone()}, nil
}

func (k *expFrom[T]) Forward(in, out [][]T) error {
	for i, x := range in[0] {
		out[0][i] = T(FromLog(x, k.start[i]))
	}
	return nil
}

func (k *expFrom[T]) Backward(_, out, gout, gin [][]T) error {
	for i, y := range out[0] {
		gin[0][i] = 0
		if gout[0] != nil {
			gin[0][i] = gout[0][i] * y
		}
	}
	return nil
}
