package ops

import (
	"errors"
	"fmt"
	"hash"
	"hash/fnv"
	"math"
	"slices"

	"github.com/chewxy/hm"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Float is the element type of a kernel.
type Float interface{ float32 | float64 }

// Slice returns the backing slice of d, which must hold elements of type T; nil where it does not.
// Writing to it writes to the tensor.
func Slice[T Float](d *tensor.Dense) []T {
	if d == nil {
		return nil
	}
	var s any
	switch d.Dtype() {
	case tensor.Float32:
		s = d.Float32s()
	case tensor.Float64:
		s = d.Float64s()
	}
	x, _ := s.([]T)
	return x
}

type typ = hm.Type

// The settings that are right for every operation of this package: results are
// pointers, no external library is called, no operand is overwritten.

func (*fused) ReturnsPtr() bool     { return true }
func (*fused) CallsExtern() bool    { return false }
func (*fused) OverwritesInput() int { return -1 }

// OwnsResult tells a machine that the result shares no memory with an operand: it is new, or it
// belongs to the operation.
func (*fused) OwnsResult() {}

// DoDiff is what a LispMachine calls; without it, the gradient would silently be zero.
func (*fused) DoDiff(G.ExecutionContext, G.Nodes, *G.Node) error { return errLisp }

var errLisp = errors.New("ops: no gradients on a LispMachine: use gorgonia.Grad and a tape machine")

func (o forwardOp) WriteHash(h hash.Hash)    { fmt.Fprintf(h, "forward %d", o.id) }
func (o outputOp) WriteHash(h hash.Hash)     { fmt.Fprintf(h, "output %d %d", o.id, o.i) }
func (o outputGradOp) WriteHash(h hash.Hash) { fmt.Fprintf(h, "outputGrad %d %d", o.id, o.i) }
func (o adjointOp) WriteHash(h hash.Hash)    { fmt.Fprintf(h, "adjoint %d", o.id) }
func (o inputGradOp) WriteHash(h hash.Hash)  { fmt.Fprintf(h, "inputGrad %d %d", o.id, o.i) }

func (o forwardOp) Hashcode() uint32    { return hashcode(o) }
func (o outputOp) Hashcode() uint32     { return hashcode(o) }
func (o outputGradOp) Hashcode() uint32 { return hashcode(o) }
func (o adjointOp) Hashcode() uint32    { return hashcode(o) }
func (o inputGradOp) Hashcode() uint32  { return hashcode(o) }

func hashcode(o interface{ WriteHash(hash.Hash) }) uint32 {
	h := fnv.New32a()
	o.WriteHash(h)
	return h.Sum32()
}

// tensorType is the type of a node: a fresh value on each call, because Gorgonia
// returns types to a pool.
func tensorType(dt tensor.Dtype, dims int) typ {
	if dims == 0 {
		return dt
	}
	return G.TensorType{Dims: dims, Of: dt}
}

func types(dt tensor.Dtype, shapes []tensor.Shape) []typ {
	t := make([]typ, len(shapes))
	for i, s := range shapes {
		t[i] = tensorType(dt, s.Dims())
	}
	return t
}

func tokenType(dt tensor.Dtype) typ { return tensorType(dt, 1) }

func fnType(t ...typ) typ { return hm.NewFnType(t...) }

// newDense allocates a tensor of zeros; a scalar is held as one element of shape (1).
func newDense(dt tensor.Dtype, s tensor.Shape) *tensor.Dense {
	if s.Dims() == 0 {
		s = tensor.Shape{1}
	}
	return tensor.New(tensor.Of(dt), tensor.WithShape(s.Clone()...))
}

// sameShape says whether two shapes are equal. (For Shape.Eq a vector [N] and a matrix
// [N, 1] are.)
func sameShape(a, b tensor.Shape) bool { return slices.Equal(a, b) }

// emit is how a value of shape s leaves an operation: a scalar travels as Gorgonia's
// scalar type, everything else as the tensor itself. Gorgonia may have reshaped that
// tensor in the last run.
func emit(d *tensor.Dense, s tensor.Shape) (G.Value, error) {
	switch {
	case s.Dims() > 0:
		if !sameShape(d.Shape(), s) {
			if err := d.Reshape(s...); err != nil {
				return nil, fmt.Errorf("%w: %w", ErrShape, err)
			}
		}
		return d, nil
	case d.Dtype() == tensor.Float32:
		return G.NewF32(d.Float32s()[0]), nil
	default:
		return G.NewF64(d.Float64s()[0]), nil
	}
}

// dense reads a value as a contiguous row-major tensor.
func dense(v G.Value) (*tensor.Dense, error) {
	switch v := v.(type) {
	case *tensor.Dense:
		if v.IsScalar() { // a scalar tensor has no size of its own
			if v.Dtype() == tensor.Float32 {
				return dense(G.NewF32(v.ScalarValue().(float32)))
			}
			return dense(G.NewF64(v.ScalarValue().(float64)))
		}
		if v.DataOrder().IsColMajor() || v.RequiresIterator() {
			c, ok := v.Materialize().(*tensor.Dense)
			if !ok || c.DataOrder().IsColMajor() || c.RequiresIterator() {
				return nil, fmt.Errorf("%w: tensor of shape %v is not contiguous", ErrShape, v.Shape())
			}
			return c, nil
		}
		return v, nil
	case *G.F32:
		return tensor.New(tensor.WithShape(1), tensor.WithBacking([]float32{float32(*v)})), nil
	case *G.F64:
		return tensor.New(tensor.WithShape(1), tensor.WithBacking([]float64{float64(*v)})), nil
	}
	return nil, fmt.Errorf("%w: value of type %T, want a float32 or float64 tensor", ErrValue, v)
}

// checkNodes says what keeps nodes from being operands: nil, or a node without a type or a graph.
func checkNodes(name string, in ...*G.Node) error {
	for i, n := range in {
		if n == nil || n.Type() == nil {
			return fmt.Errorf("%w: %s: operand %d is no node of a graph", ErrValue, name, i)
		}
	}
	return nil
}

// recovered, deferred, turns a panic of Gorgonia or of a kernel into an error.
func recovered(name string, err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("%w: %s: panic: %v", ErrValue, name, r)
	}
}

func copyDense(dst, src *tensor.Dense) error {
	if dst.DataSize() != src.DataSize() {
		return fmt.Errorf("%w: %v, want %v", ErrShape, src.Shape(), dst.Shape())
	}
	if dst.Dtype() == tensor.Float32 {
		copy(dst.Float32s(), src.Float32s())
	} else {
		copy(dst.Float64s(), src.Float64s())
	}
	return nil
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
