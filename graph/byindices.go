package graph

import (
	"fmt"
	"hash"
	"hash/fnv"

	"github.com/chewxy/hm"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/ops"
)

// picked is the map of Gorgonia's ByIndices: the slices of a tensor along an axis with the given
// numbers.
func picked(in tensor.Shape, axis int, indices []int) (*gather, error) {
	out := in.Clone()
	out[axis] = len(indices)
	for _, i := range indices {
		if i < 0 || i >= in[axis] {
			return nil, fmt.Errorf("%w: ByIndices: index %d along axis %d of %v", ErrShape, i, axis, in)
		}
	}
	m := &gather{}
	eachIndex(out, func(to int, idx []int) {
		at := idx[axis]
		idx[axis] = indices[at]
		m.add(offset(in, idx), to)
		idx[axis] = at
	})
	return m, nil
}

// pickTerms replaces the derivative of ByIndices, of which Gorgonia's value is wrong along a
// middle axis, too.
func pickTerms(b *Builder, x []*G.Node, y, g *G.Node) []*G.Node {
	n := b.Check(G.ApplyOp(&pickGradient{dtype: x[0].Dtype(), axis: intField(y.Op(), "axis"), shape: x[0].Shape().Clone()}, g, x[1]))
	return []*G.Node{n, nil}
}

// pickGradient is the adjoint of ByIndices: (gradient, indices) -> gradient.
type pickGradient struct {
	dtype tensor.Dtype
	axis  int
	shape tensor.Shape
}

func (*pickGradient) OwnsResult()  {}
func (o *pickGradient) Arity() int { return 2 }
func (o *pickGradient) Type() hm.Type {
	t := func() hm.Type { return G.TensorType{Dims: o.shape.Dims(), Of: o.dtype} }
	return hm.NewFnType(t(), G.TensorType{Dims: 1, Of: tensor.Int}, t())
}
func (o *pickGradient) InferShape(...G.DimSizer) (tensor.Shape, error) { return o.shape.Clone(), nil }
func (o *pickGradient) ReturnsPtr() bool                               { return true }
func (o *pickGradient) CallsExtern() bool                              { return false }
func (o *pickGradient) OverwritesInput() int                           { return -1 }
func (o *pickGradient) String() string                                 { return "dByIndices" }
func (o *pickGradient) WriteHash(h hash.Hash)                          { fmt.Fprintf(h, "dByIndices %d %v", o.axis, o.shape) }
func (o *pickGradient) Hashcode() uint32 {
	h := fnv.New32a()
	o.WriteHash(h)
	return h.Sum32()
}

func (o *pickGradient) Do(in ...G.Value) (G.Value, error) {
	g, err := plainTensor(in[0])
	if err != nil {
		return nil, err
	}
	m, err := picked(o.shape, o.axis, in[1].Data().([]int))
	if err != nil {
		return nil, err
	}
	y := zeros(o.dtype, o.shape)
	applyTo(m.transposed(), y, g)
	return y, nil
}

// applyTo is y = m x for tensors.
func applyTo(m *gather, y, x *tensor.Dense) {
	if y.Dtype() == tensor.Float32 {
		apply(m, ops.Slice[float32](y), ops.Slice[float32](x))
	} else {
		apply(m, ops.Slice[float64](y), ops.Slice[float64](x))
	}
}

// plainTensor is a value as a tensor whose elements lie in the order of its shape.
func plainTensor(v G.Value) (*tensor.Dense, error) {
	d, ok := v.(*tensor.Dense)
	if !ok {
		return nil, fmt.Errorf("%w: value of type %T, want a tensor", ErrShape, v)
	}
	return rowMajor(d)
}
