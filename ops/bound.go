package ops

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Floor returns max(x, lo), elementwise, for x of any shape. On an exact tie the
// gradient is shared with the constant, as in jax:
//
//	y = max(x, lo),   dy/dx = 1 if x > lo, 1/2 if x = lo, 0 if x < lo
//
// A NaN stays a NaN.
func Floor(x *G.Node, lo float64) (*G.Node, error) {
	if !finite(lo) {
		return nil, fmt.Errorf("%w: Floor at %v, want a finite number", ErrValue, lo)
	}
	return apply(floor{lo}, x)
}

type floor struct{ lo float64 }

func (f floor) name() string             { return fmt.Sprintf("Floor(%v)", f.lo) }
func (f floor) value32(dst, x []float32) { floorValues(dst, x, float32(f.lo)) }
func (f floor) value64(dst, x []float64) { floorValues(dst, x, f.lo) }
func (f floor) slope32(dst, x []float32) { floorSlopes(dst, x, float32(f.lo)) }
func (f floor) slope64(dst, x []float64) { floorSlopes(dst, x, f.lo) }

func floorValues[T Float](dst, x []T, lo T) {
	for i, v := range x {
		dst[i] = max(v, lo)
	}
}

func floorSlopes[T Float](dst, x []T, lo T) {
	for i, v := range x {
		dst[i] = FloorSlope(v, lo)
	}
}

// FloorSlope is the derivative of max(x, lo) with respect to x, as [Floor] defines it;
// NaN for a NaN.
func FloorSlope[T Float](x, lo T) T {
	switch {
	case x > lo:
		return 1
	case x < lo:
		return 0
	case x == lo:
		return 0.5
	}
	return T(math.NaN())
}

// AtLeast returns 1 where x >= lo and 0 elsewhere, elementwise, for x of any shape. lo is
// rounded to the dtype of x first. No gradient flows: it is a mask. A NaN counts as less
// than everything.
func AtLeast(x *G.Node, lo float64) (*G.Node, error) {
	if !finite(lo) {
		return nil, fmt.Errorf("%w: AtLeast %v, want a finite number", ErrValue, lo)
	}
	d, err := Detach(x)
	if err != nil {
		return nil, err
	}
	return apply(atLeast{lo}, d)
}

type atLeast struct{ lo float64 }

func (f atLeast) name() string             { return fmt.Sprintf("AtLeast(%v)", f.lo) }
func (f atLeast) value32(dst, x []float32) { threshold(dst, x, float32(f.lo)) }
func (f atLeast) value64(dst, x []float64) { threshold(dst, x, f.lo) }
func (f atLeast) slope32(dst, _ []float32) { clear(dst) }
func (f atLeast) slope64(dst, _ []float64) { clear(dst) }

func threshold[T Float](dst, x []T, lo T) {
	for i, v := range x {
		dst[i] = 0
		if v >= lo {
			dst[i] = 1
		}
	}
}

// Where returns x where cond is not 0 and y where it is, elementwise, for three nodes of one
// shape. The gradient goes to the one that was taken; none flows to cond.
func Where(cond, x, y *G.Node) (*G.Node, error) {
	return apply1(Kernels{&where[float32]{}, &where[float64]{}}, []bool{false, true, true}, cond, x, y)
}

type where[T Float] struct{}

func (*where[T]) Name() string { return "Where" }

func (k *where[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	for i, s := range in {
		if !sameShape(s, in[0]) {
			return nil, fmt.Errorf("%w: Where: operand %d has shape %v, want %v as the condition", ErrShape, i, s, in[0])
		}
	}
	return []tensor.Shape{in[0].Clone()}, nil
}

func (k *where[T]) Forward(in, out [][]T) error {
	for i, c := range in[0] {
		if c != 0 {
			out[0][i] = in[1][i]
		} else {
			out[0][i] = in[2][i]
		}
	}
	return nil
}

func (k *where[T]) Backward(in, _, gout, gin [][]T) error {
	for j, d := range gin[1:] {
		if d == nil {
			continue
		}
		clear(d)
		if gout[0] == nil {
			continue
		}
		for i, c := range in[0] {
			if (c != 0) == (j == 0) {
				d[i] = gout[0][i]
			}
		}
	}
	return nil
}
