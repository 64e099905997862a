package graph

import (
	"fmt"
	"hash"
	"hash/fnv"

	"github.com/chewxy/hm"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// recordAll records the gradients, the loss, the outputs and the final states.
func (b *Builder) recordAll() {
	for _, p := range b.trained {
		b.record(p)
		if p.node.Dims() == 0 {
			p.value = zeros(b.DType(), tensor.Shape{}) // of the shape of the parameter
		}
	}
	if b.loss != nil {
		b.recordedLoss = &slot{name: "loss", node: b.loss}
		b.record(b.recordedLoss)
	}
	for _, o := range b.outputs {
		b.record(o)
	}
	for _, st := range b.states {
		b.record(st.final)
	}
	for _, u := range b.updates {
		b.record(u)
	}
}

// record adds a node that copies the value of s.node into s.value when the machine
// comes by, unless it is there already.
func (b *Builder) record(s *slot) {
	shape := s.node.Shape()
	if shape.Dims() == 0 {
		shape = tensor.Shape{1}
	}
	s.value = b.zeros(fmt.Sprintf("%q", s.name), shape)
	b.Check(G.ApplyOp(&recordOp{slot: s, id: len(b.g.AllNodes()), dtype: b.settings.DType, dims: s.node.Dims(), token: zeros(b.DType(), tensor.Shape{1})}, s.node))
}

// recordOp copies its operand into memory that the machine does not know. What no record
// depends on is not computed.
type recordOp struct {
	slot  *slot
	id    int
	dtype tensor.Dtype
	dims  int
	token *tensor.Dense // its value, which nobody reads
}

func (*recordOp) OwnsResult() {}

func (o *recordOp) Arity() int { return 1 }
func (o *recordOp) Type() hm.Type {
	var t hm.Type = o.dtype
	if o.dims > 0 {
		t = G.TensorType{Dims: o.dims, Of: o.dtype}
	}
	return hm.NewFnType(t, G.TensorType{Dims: 1, Of: o.dtype})
}
func (o *recordOp) InferShape(...G.DimSizer) (tensor.Shape, error) { return tensor.Shape{1}, nil }
func (o *recordOp) ReturnsPtr() bool                               { return true }
func (o *recordOp) CallsExtern() bool                              { return false }
func (o *recordOp) OverwritesInput() int                           { return -1 }
func (o *recordOp) String() string                                 { return "Record(" + o.slot.name + ")" }
func (o *recordOp) WriteHash(h hash.Hash)                          { fmt.Fprintf(h, "record %d", o.id) }
func (o *recordOp) Hashcode() uint32 {
	h := fnv.New32a()
	o.WriteHash(h)
	return h.Sum32()
}

func (o *recordOp) Do(in ...G.Value) (G.Value, error) {
	dst := o.slot.value
	switch v := in[0].(type) {
	case *G.F32:
		dst.Float32s()[0] = float32(*v)
	case *G.F64:
		dst.Float64s()[0] = float64(*v)
	case *tensor.Dense:
		if v == dst { // see machine.place
			return o.token, nil
		}
		if v.IsScalar() {
			copyData(dst, v)
			return o.token, nil
		}
		if v.DataOrder().IsColMajor() || v.RequiresIterator() {
			v = v.Materialize().(*tensor.Dense)
		}
		if have, want := v.Shape().TotalSize(), dst.Shape().TotalSize(); have != want {
			return nil, fmt.Errorf("%w: %q has %d elements, want %d", ErrShape, o.slot.name, have, want)
		}
		copyData(dst, v)
	default:
		return nil, fmt.Errorf("%w: %q is a %T", ErrShape, o.slot.name, v)
	}
	return o.token, nil
}
