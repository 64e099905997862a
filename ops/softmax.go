package ops

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/surrogate"
)

// Softmax returns the softmax over the units of each row of x, [B, N]:
//
//	y[b, n] = m[b, n] exp(x[b, n]) / Σ_k m[b, k] exp(x[b, k])
//	dL/dx[b, n] = y[b, n] (g[b, n] - Σ_k y[b, k] g[b, k]),   g = dL/dy
//
// ready is m, a mask [B, N] of zeros and ones that says which units take part; nil means
// all of them. A row in which none does is 0. The largest x of those that take part is
// subtracted first, so that no exponential overflows. No gradient flows to the mask. Cost:
// O(B·N).
func Softmax(x, ready *G.Node) (*G.Node, error) {
	k := Kernels{&softmax[float32]{}, &softmax[float64]{}}
	if ready == nil {
		return apply1(k, nil, x)
	}
	return apply1(k, []bool{true, false}, x, ready)
}

type softmax[T Float] struct{ b, n int }

func (*softmax[T]) Name() string { return "Softmax" }

func (k *softmax[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	s, err := rowsShape(k.Name(), in...)
	if err != nil {
		return nil, err
	}
	k.b, k.n = s[0], s[1]
	return []tensor.Shape{s.Clone()}, nil
}

// rowsShape checks that all operands are of one shape [B, N].
func rowsShape(name string, in ...tensor.Shape) (tensor.Shape, error) {
	for i, s := range in {
		if s.Dims() != 2 || !sameShape(s, in[0]) {
			return nil, fmt.Errorf("%w: %s: operand %d has shape %v, want [B, N] as of operand 0, %v", ErrShape, name, i, s, in[0])
		}
	}
	return in[0], nil
}

func (k *softmax[T]) Forward(in, out [][]T) error {
	var ready []T
	for b := range k.b {
		lo, hi := b*k.n, (b+1)*k.n
		if len(in) > 1 {
			ready = in[1][lo:hi]
		}
		SoftmaxRow(out[0][lo:hi], in[0][lo:hi], ready)
	}
	return nil
}

func (k *softmax[T]) Backward(_, out, gout, gin [][]T) error {
	if gin[0] == nil {
		return nil
	}
	if gout[0] == nil {
		clear(gin[0])
		return nil
	}
	for b := range k.b {
		lo, hi := b*k.n, (b+1)*k.n
		SoftmaxRowGradient(gin[0][lo:hi], out[0][lo:hi], gout[0][lo:hi])
	}
	return nil
}

// SoftmaxRow is [Softmax] of one row: dst and x have one length, and so has ready
// unless it is nil; of slices of different length the shortest counts. dst and x may be the same
// slice. A NaN that takes part makes the whole row NaN.
func SoftmaxRow[T Float](dst, x, ready []T) {
	dst, x, ready = same(dst, x, ready)
	none := T(math.Inf(-1))
	top := none
	for i, v := range x {
		if ready == nil || ready[i] != 0 {
			top = max(top, v) // NaN if any is
		}
	}
	for i, v := range x {
		dst[i] = v - top
		if ready != nil && ready[i] == 0 {
			dst[i] = none
		}
	}
	fmath.ExpTo(dst, dst)
	sum := T(0)
	for _, v := range dst {
		sum += v
	}
	if sum == 0 { // nobody takes part: whoever is at the top adds 1
		return
	}
	for i := range dst {
		dst[i] /= sum
	}
}

// SoftmaxRowGradient is the adjoint of [SoftmaxRow]: dst = dL/dx of the result y and g =
// dL/dy. All three have one length, or the shortest counts; dst and g may be the same slice.
func SoftmaxRowGradient[T Float](dst, y, g []T) {
	n := min(len(dst), len(y), len(g))
	dst, y, g = dst[:n], y[:n], g[:n]
	mean := T(0)
	for i, yi := range y {
		mean += T(yi * g[i])
	}
	for i, yi := range y {
		dst[i] = yi * (g[i] - mean)
	}
}

// SumUnits returns the sum over the units of each row of x, [B, N], given to every
// unit of the row:
//
//	y[b, n] = Σ_k x[b, k],   dL/dx[b, n] = Σ_k dL/dy[b, k]
func SumUnits(x *G.Node) (*G.Node, error) {
	return apply1(Kernels{&sumUnits[float32]{}, &sumUnits[float64]{}}, nil, x)
}

type sumUnits[T Float] struct{ n int }

func (*sumUnits[T]) Name() string { return "SumUnits" }

func (k *sumUnits[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	s, err := rowsShape(k.Name(), in...)
	if err != nil {
		return nil, err
	}
	k.n = s[1]
	return []tensor.Shape{s.Clone()}, nil
}

func (k *sumUnits[T]) Forward(in, out [][]T) error {
	k.sum(out[0], in[0])
	return nil
}

func (k *sumUnits[T]) Backward(_, _, gout, gin [][]T) error {
	if gout[0] == nil {
		clear(gin[0])
		return nil
	}
	k.sum(gin[0], gout[0])
	return nil
}

func (k *sumUnits[T]) sum(dst, x []T) {
	for lo := 0; lo < len(x); lo += k.n {
		s := T(0)
		for _, v := range x[lo : lo+k.n] {
			s += v
		}
		for i := range k.n {
			dst[lo+i] = s
		}
	}
}

// Winner returns 1 for the unit with the largest x in each row of x, [B, N], and 0 for the
// others: exactly one winner. Of several equal ones the first wins.
//
//	y[b, n] = 1 if n = argmax_k { x[b, k] : m[b, k] = 1 }, else 0
//	dy[b, n]/dx[b, n] := m[b, n] S'(x[b, n])            the slope of the surrogate
//
// ready is m, a mask [B, N] of zeros and ones that says which units take part; nil means
// all of them. A row in which none does has no winner. The gradient is that of [Spike]:
// each unit sees the surrogate of its own x. A NaN that takes part makes its row NaN.
// Cost: O(B·N).
func Winner(x, ready *G.Node, s surrogate.Surrogate) (*G.Node, error) {
	if err := surrogate.Check(s); err != nil {
		return nil, fmt.Errorf("%w: Winner: %w", ErrValue, err)
	}
	k := Kernels{&winner[float32]{s: s}, &winner[float64]{s: s}}
	if ready == nil {
		return apply1(k, nil, x)
	}
	return apply1(k, []bool{true, false}, x, ready)
}

type winner[T Float] struct {
	s surrogate.Surrogate
	n int
}

func (*winner[T]) Name() string { return "Winner" }

func (k *winner[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	s, err := rowsShape(k.Name(), in...)
	if err != nil {
		return nil, err
	}
	k.n = s[1]
	return []tensor.Shape{s.Clone()}, nil
}

func (k *winner[T]) Forward(in, out [][]T) error {
	var ready []T
	for lo := 0; lo < len(in[0]); lo += k.n {
		if len(in) > 1 {
			ready = in[1][lo : lo+k.n]
		}
		WinnerRow(out[0][lo:lo+k.n], in[0][lo:lo+k.n], ready)
	}
	return nil
}

func (k *winner[T]) Backward(in, _, gout, gin [][]T) error {
	if gin[0] == nil {
		return nil
	}
	if gout[0] == nil {
		clear(gin[0])
		return nil
	}
	surrogate.Slopes(k.s, gin[0], in[0])
	for i, g := range gout[0] {
		gin[0][i] *= g
		if len(in) > 1 {
			gin[0][i] *= in[1][i]
		}
	}
	return nil
}

// WinnerRow is [Winner] of one row: dst and x have one length, and so has ready unless it is
// nil; of slices of different length the shortest counts. dst and x may not overlap.
func WinnerRow[T Float](dst, x, ready []T) {
	dst, x, ready = same(dst, x, ready)
	clear(dst)
	best := -1
	for i, v := range x {
		if ready != nil && ready[i] == 0 {
			continue
		}
		if v != v {
			for j := range dst {
				dst[j] = v
			}
			return
		}
		if best < 0 || v > x[best] {
			best = i
		}
	}
	if best >= 0 {
		dst[best] = 1
	}
}

// same cuts slices to one length; ready may be nil.
func same[T Float](dst, x, ready []T) (d, y, r []T) {
	n := min(len(dst), len(x))
	if ready != nil {
		n = min(n, len(ready))
		ready = ready[:n]
	}
	return dst[:n], x[:n], ready
}
