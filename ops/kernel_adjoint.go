package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// adjointOp runs the kernel's adjoint: (token, sum of gradient tokens, inputs,
// outputs, gradients of outputs) -> token.
type adjointOp struct{ *fused }

func (o adjointOp) Arity() int { return len(o.operands()) }
func (o adjointOp) Type() typ {
	t := []typ{tokenType(o.dtype), tokenType(o.dtype)}
	for _, s := range o.operands()[2:] {
		t = append(t, tensorType(o.dtype, s.Dims()))
	}
	return fnType(append(t, tokenType(o.dtype))...)
}
func (o adjointOp) String() string { return "d" + o.kernel.Name() }
func (o adjointOp) InferShape(...G.DimSizer) (tensor.Shape, error) {
	return tensor.Shape{1}, nil
}

// operands returns the shapes of the operands.
func (o adjointOp) operands() []tensor.Shape {
	s := append([]tensor.Shape{{1}, {1}}, o.inShape...)
	s = append(s, o.outShape...)
	for i, n := range o.goutNode {
		if n != nil {
			s = append(s, o.outShape[i])
		}
	}
	return s
}

func (o adjointOp) Do(in ...G.Value) (G.Value, error) {
	at := 2 + len(o.inShape) + len(o.outShape)
	for i, n := range o.goutNode {
		if n == nil {
			continue
		}
		v := in[at]
		at++
		if _, unwritten := v.(*result); unwritten {
			o.gout[i] = nil
			continue
		}
		d, err := o.incoming(i, v)
		if err == nil && d.DataSize() != o.outShape[i].TotalSize() {
			err = fmt.Errorf("%w: %v, want %v", ErrShape, d.Shape(), o.outShape[i])
		}
		if err != nil {
			return nil, fmt.Errorf("ops: gradient of output %d of %s: %w", i, o.kernel.Name(), err)
		}
		o.gout[i] = d
	}
	for i := range o.gradients {
		if o.wrt[i] {
			o.gin[i] = o.gradients[i].tensor()
		}
	}
	if o.back != nil {
		return o.token, o.back.run(o.fused)
	}
	if err := o.kernel.backward(o.in, o.out, o.gout, o.gin); err != nil {
		return nil, err
	}
	return o.token, nil
}

// incoming reads a gradient; that of a scalar, in memory that is used again.
func (o adjointOp) incoming(i int, v G.Value) (*tensor.Dense, error) {
	switch v.(type) {
	case *G.F32, *G.F64:
	default:
		return dense(v)
	}
	if o.scalar[i] == nil {
		o.scalar[i] = newDense(o.dtype, tensor.Shape{1})
	}
	switch v := v.(type) {
	case *G.F32:
		if o.dtype == tensor.Float32 {
			o.scalar[i].Float32s()[0] = float32(*v)
			return o.scalar[i], nil
		}
	case *G.F64:
		if o.dtype == tensor.Float64 {
			o.scalar[i].Float64s()[0] = float64(*v)
			return o.scalar[i], nil
		}
	}
	return nil, fmt.Errorf("%w: a %T, want %v", ErrValue, v, o.dtype)
}

// The adjoint reads inputs as the forward pass does, and of the outputs what the kernel has
// kept.
func (o adjointOp) readsStream(i int) bool {
	i -= 2
	if i < len(o.inShape) {
		return i >= 0 && o.streamed[i]
	}
	if i -= len(o.inShape); i < len(o.outShape) {
		return true
	}
	i -= len(o.outShape)
	for k, n := range o.goutNode {
		if n == nil {
			continue
		}
		if i == 0 {
			return o.goutStreamed[k]
		}
		i--
	}
	return false
}

// inputGradOp hands the gradient of input i out: token -> tensor.
type inputGradOp struct {
	*fused
	i int
}

func (o inputGradOp) Arity() int { return 1 }
func (o inputGradOp) Type() typ {
	return fnType(tokenType(o.dtype), tensorType(o.dtype, o.inShape[o.i].Dims()))
}
func (o inputGradOp) String() string { return fmt.Sprintf("d%s/din[%d]", o.kernel.Name(), o.i) }
func (o inputGradOp) InferShape(...G.DimSizer) (tensor.Shape, error) {
	return o.inShape[o.i].Clone(), nil
}
func (o inputGradOp) Do(...G.Value) (G.Value, error) { return o.gradients[o.i].emit() }
func (o inputGradOp) settle()                        { o.gradients[o.i].settle() }
func (o inputGradOp) demand()                        { o.gradients[o.i].demand() }
