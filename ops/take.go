package ops

import (
	"fmt"
	"hash"
	"hash/fnv"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Take returns a tensor of the given shape whose elements are those of x at given places, in the
// row-major order of both:
//
//	y[i] = x[at[i]],   0 where at[i] is -1
//
// An element may be taken several times; its gradient is the sum, by rising i. at is not copied,
// and must not be changed. Cost: one read and one write for each element.
//
// Errors: [ErrShape] for a shape of another size than at, or a place that x does not have.
func Take(x *G.Node, at []int32, shape ...int) (y *G.Node, err error) {
	defer recovered("Take", &err)
	if err := checkDtype("Take", x); err != nil {
		return nil, err
	}
	o := &takeOp{elementwise{dtype: x.Dtype(), dims: len(shape)}, at, 0, shape, x.Shape().Clone()}
	if len(shape) == 0 || x.Dims() == 0 || o.shape.TotalSize() != len(at) {
		return nil, fmt.Errorf("%w: Take of %d elements of %v as %v", ErrShape, len(at), x.Shape(), shape)
	}
	h := fnv.New64a()
	for i, k := range at {
		if k < -1 || int(k) >= x.Shape().TotalSize() {
			return nil, fmt.Errorf("%w: Take of element %d of %v, at %d", ErrShape, k, x.Shape(), i)
		}
		h.Write([]byte{byte(k), byte(k >> 8), byte(k >> 16), byte(k >> 24)})
	}
	o.places = h.Sum64()
	return G.ApplyOp(o, x)
}

// takeOp is Take; two with the same places are one.
type takeOp struct {
	elementwise
	at          []int32
	places      uint64 // a hash of at
	shape, from tensor.Shape
}

func (o *takeOp) Arity() int       { return 1 }
func (o *takeOp) Type() typ        { return fnType(tensorType(o.dtype, o.from.Dims()), o.typ()) }
func (o *takeOp) String() string   { return "Take" }
func (o *takeOp) Hashcode() uint32 { return hashcode(o) }
func (o *takeOp) WriteHash(h hash.Hash) {
	fmt.Fprintf(h, "Take %v %d %x", o.shape, len(o.at), o.places)
}
func (o *takeOp) InferShape(...G.DimSizer) (tensor.Shape, error) { return o.shape.Clone(), nil }
func (o *takeOp) DiffWRT(int) []bool                             { return []bool{true} }
func (o *takeOp) SymDiff(_ G.Nodes, _, grad *G.Node) (G.Nodes, error) {
	n, err := G.ApplyOp(&putOp{elementwise{dtype: o.dtype, dims: o.from.Dims()}, o}, grad)
	return G.Nodes{n}, err
}

func (o *takeOp) Do(in ...G.Value) (G.Value, error) {
	y := newDense(o.dtype, o.shape)
	return y, o.DoInto(y, in...)
}

func (o *takeOp) DoInto(dst *tensor.Dense, in ...G.Value) error {
	x, err := dense(in[0])
	if err != nil {
		return fmt.Errorf("ops: Take: %w", err)
	}
	if x.DataSize() != o.from.TotalSize() {
		return fmt.Errorf("%w: Take: operand of shape %v, want %v", ErrShape, x.Shape(), o.from)
	}
	if o.dtype == tensor.Float32 {
		take(dst.Float32s(), x.Float32s(), o.at)
	} else {
		take(dst.Float64s(), x.Float64s(), o.at)
	}
	return nil
}

func take[T Float](dst, x []T, at []int32) {
	for i, k := range at {
		dst[i] = 0
		if k >= 0 {
			dst[i] = x[k]
		}
	}
}

// putOp is the gradient of Take.
type putOp struct {
	elementwise
	of *takeOp
}

func (o *putOp) Arity() int       { return 1 }
func (o *putOp) Type() typ        { return fnType(tensorType(o.dtype, o.of.shape.Dims()), o.typ()) }
func (o *putOp) String() string   { return "dTake" }
func (o *putOp) Hashcode() uint32 { return hashcode(o) }
func (o *putOp) WriteHash(h hash.Hash) {
	fmt.Fprintf(h, "dTake %v %v %d %x", o.of.from, o.of.shape, len(o.of.at), o.of.places)
}
func (o *putOp) InferShape(...G.DimSizer) (tensor.Shape, error) { return o.of.from.Clone(), nil }

func (o *putOp) Do(in ...G.Value) (G.Value, error) {
	y := newDense(o.dtype, o.of.from)
	return y, o.DoInto(y, in...)
}

func (o *putOp) DoInto(dst *tensor.Dense, in ...G.Value) error {
	g, err := dense(in[0])
	if err != nil {
		return fmt.Errorf("ops: gradient of Take: %w", err)
	}
	if g.DataSize() != len(o.of.at) {
		return fmt.Errorf("%w: gradient of Take: %v, want %v", ErrShape, g.Shape(), o.of.shape)
	}
	if o.dtype == tensor.Float32 {
		put(dst.Float32s(), g.Float32s(), o.of.at)
	} else {
		put(dst.Float64s(), g.Float64s(), o.of.at)
	}
	return nil
}

func put[T Float](dst, g []T, at []int32) {
	clear(dst)
	for i, k := range at {
		if k >= 0 {
			dst[k] += g[i]
		}
	}
}
