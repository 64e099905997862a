package ops

import (
	"errors"
	"fmt"
	"sync/atomic"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// ErrShape is wrapped by every error about a shape that an operation cannot take.
var ErrShape = errors.New("ops: shape mismatch")

// ErrValue is wrapped by every error about data that an operation cannot take, as
// a class index out of range.
var ErrValue = errors.New("ops: bad value")

// Kernel is an operation with k inputs and m outputs whose forward pass and
// adjoint are written by hand over plain slices (row-major). It is what the author
// of a fused cell writes; no graph is in sight.
//
// A Kernel value belongs to one node of one graph: it may keep buffers and what
// the forward pass saved for the adjoint. Its methods are never called
// concurrently.
type Kernel[T Float] interface {
	// Name says what the kernel computes, for error messages and graph drawings.
	Name() string
	// Shapes returns the shapes of the outputs for the given shapes of the
	// inputs, or an error that wraps [ErrShape]. It is called once, before
	// everything else. The empty shape is a scalar.
	Shapes(in []tensor.Shape) ([]tensor.Shape, error)
	// Forward computes out from in. What out holds on entry is arbitrary; it must be
	// overwritten in full, and in must not be written to.
	Forward(in, out [][]T) error
	// Backward computes gin, the gradients of the loss with respect to the
	// inputs, from gout, those with respect to the outputs. gout[i] is nil where
	// no gradient reaches output i (it counts as zero); gin[i] is nil where
	// nobody asks for that gradient. What gin[i] holds on entry is arbitrary; it must be
	// overwritten in full, and nothing else written to. in and out are those of the
	// last Forward.
	Backward(in, out, gout, gin [][]T) error
}

// Differentiator is a Kernel that prepares its adjoint while the graph is differentiated. gout
// and gin say for which outputs a gradient will arrive, and for which inputs one is wanted.
// Its error is that of the differentiation.
type Differentiator interface {
	Differentiate(gout, gin []bool) error
}

// Kernels is a kernel in both precisions, two instances of one generic type as a
// rule; the graph's dtype picks one. A nil field makes that dtype an error.
type Kernels struct {
	Float32 Kernel[float32]
	Float64 Kernel[float64]
}

func (k Kernels) runner(dt tensor.Dtype) (runner, error) {
	switch {
	case dt == tensor.Float32 && k.Float32 != nil:
		return &run[float32]{Kernel: k.Float32}, nil
	case dt == tensor.Float64 && k.Float64 != nil:
		return &run[float64]{Kernel: k.Float64}, nil
	}
	return nil, fmt.Errorf("%w: no kernel for dtype %v", ErrValue, dt)
}

// name is what errors call the kernel.
func (k Kernels) name() string {
	switch {
	case k.Float32 != nil:
		return k.Float32.Name()
	case k.Float64 != nil:
		return k.Float64.Name()
	}
	return "a kernel"
}

// runner is a Kernel without its type parameter.
type runner interface {
	Name() string
	Shapes(in []tensor.Shape) ([]tensor.Shape, error)
	differentiate(gout, gin []bool) error
	forward(in, out []*tensor.Dense) error
	backward(in, out, gout, gin []*tensor.Dense) error
	connectInput(i int, from runner, output int) bool
	connectGradient(i int, from runner, input int) bool
	optional(output int) bool
	measure() (Measure, bool)
	stays(i int, yes bool)
	inPieces
}

// run holds the slices of a kernel's tensors, so that passing them on allocates
// nothing.
type run[T Float] struct {
	Kernel[T]
	in, out, gout, gin [][]T
	piecewise          piecewise[T]
}

func (r *run[T]) differentiate(gout, gin []bool) error {
	if d, ok := r.Kernel.(Differentiator); ok {
		return d.Differentiate(gout, gin)
	}
	return nil
}

func (r *run[T]) forward(in, out []*tensor.Dense) (err error) {
	defer r.recover("forward pass", &err)
	r.bind(in, out)
	return r.Forward(r.in, r.out)
}

func (r *run[T]) backward(in, out, gout, gin []*tensor.Dense) (err error) {
	defer r.recover("adjoint", &err)
	r.bind(in, out)
	r.bindGradients(gout, gin)
	return r.Backward(r.in, r.out, r.gout, r.gin)
}

func (r *run[T]) bind(in, out []*tensor.Dense) {
	r.in, r.out = elements(r.in, in), elements(r.out, out)
}

func (r *run[T]) bindGradients(gout, gin []*tensor.Dense) {
	r.gout, r.gin = elements(r.gout, gout), elements(r.gin, gin)
}

// recover turns a panic of the kernel into an error: the machine runs on a goroutine
// of its own, where a panic would end the process.
func (r *run[T]) recover(pass string, err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("ops: panic in the %s of %s: %v", pass, r.Name(), p)
	}
}

// elements appends the elements of every tensor to dst[:0], nil for nil.
func elements[T Float](dst [][]T, d []*tensor.Dense) [][]T {
	dst = dst[:0]
	for _, t := range d {
		if t == nil {
			dst = append(dst, nil)
		} else {
			dst = append(dst, Slice[T](t))
		}
	}
	return dst
}

// Apply adds the kernel to the graph of its inputs and returns its outputs.
// wrt says which inputs get a gradient; nil means all of them. All inputs must be
// of one dtype, float32 or float64.
//
// Gorgonia knows operations with one output only. Apply therefore adds one node
// whose value is a token, and per output a node that turns the token into the
// tensor. Differentiation runs the other way: per output that is used, a node
// takes its gradient in and gives a token; their sum triggers the adjoint once, and one
// node per wanted input hands its gradient out. Since these nodes share memory, a kernel
// can be differentiated once in a graph: a second Grad through it is an error.
//
// Errors wrap [ErrShape] or [ErrValue], at construction; what Forward and Backward
// return, or their panic, is the error of the run.
func Apply(kernels Kernels, wrt []bool, in ...*G.Node) (out []*G.Node, err error) {
	name := kernels.name()
	defer recovered(name, &err)
	if len(in) == 0 {
		return nil, fmt.Errorf("%w: %s without inputs", ErrShape, name)
	}
	if err := checkNodes(name, in...); err != nil {
		return nil, err
	}
	k, err := kernels.runner(in[0].Dtype())
	if err != nil {
		return nil, err
	}
	if wrt == nil {
		wrt = make([]bool, len(in))
		for i := range wrt {
			wrt[i] = true
		}
	}
	if len(wrt) != len(in) {
		return nil, fmt.Errorf("%w: %s has %d inputs, but wrt has length %d", ErrShape, k.Name(), len(in), len(wrt))
	}
	m := &fused{id: fusedID.Add(1), kernel: k, wrt: wrt, dtype: in[0].Dtype()}
	for i, n := range in {
		if n.Dtype() != m.dtype {
			return nil, fmt.Errorf("%w: %s: input %d is %v, input 0 is %v", ErrValue, k.Name(), i, n.Dtype(), m.dtype)
		}
		m.inShape = append(m.inShape, n.Shape().Clone())
	}
	shapes, err := k.Shapes(m.inShape)
	if err != nil {
		return nil, err
	}
	m.outShape = shapes
	m.token = newDense(m.dtype, tensor.Shape{1})
	m.in, m.follows = make([]*tensor.Dense, len(in)), make([]follow, len(in))
	m.streamed = make([]bool, len(in))
	m.out = make([]*tensor.Dense, len(shapes))
	m.gout = make([]*tensor.Dense, len(shapes))
	m.goutNode, m.scalar = make([]*G.Node, len(shapes)), make([]*tensor.Dense, len(shapes))
	m.goutStreamed = make([]bool, len(shapes))
	m.used = make([]bool, len(shapes))
	m.gin = make([]*tensor.Dense, len(in))
	m.outputs, m.gradients = make([]result, len(shapes)), make([]result, len(in))
	for i, s := range shapes {
		m.outputs[i] = result{shape: s, dtype: m.dtype, optional: k.optional(i)}
	}
	for i, s := range m.inShape {
		m.gradients[i] = result{shape: s, dtype: m.dtype}
		if from, ok := in[i].Op().(outputOp); ok {
			m.streamed[i] = k.connectInput(i, from.kernel, from.i)
		}
	}
	tok, err := G.ApplyOp(forwardOp{m}, in...)
	if err != nil {
		return nil, fmt.Errorf("ops: %s: %w", k.Name(), err)
	}
	for i := range shapes {
		n, err := G.ApplyOp(outputOp{m, i}, tok)
		if err != nil {
			return nil, fmt.Errorf("ops: output %d of %s: %w", i, k.Name(), err)
		}
		m.outNode = append(m.outNode, n)
	}
	return m.outNode, nil
}

// apply1 is Apply for a kernel with one output.
func apply1(k Kernels, wrt []bool, in ...*G.Node) (*G.Node, error) {
	out, err := Apply(k, wrt, in...)
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

// fusedID makes the hash of every kernel node unique: kernels have state, so no
// two of them are ever one node.
var fusedID atomic.Uint64

// fused is the state that the nodes of one applied kernel share.
type fused struct {
	id                uint64
	kernel            runner
	wrt               []bool
	dtype             tensor.Dtype
	inShape, outShape []tensor.Shape
	outNode           []*G.Node

	token          *tensor.Dense // zero; Gorgonia may add others to it in place, which are zero, too
	in, out        []*tensor.Dense
	follows        []follow
	gout, gin      []*tensor.Dense // gradients that arrive, nil where none does, and those that are handed on
	outputs        []result
	gradients      []result
	streamed       []bool          // inputs that are read as streams
	goutNode       []*G.Node       // gradients that arrive
	scalar         []*tensor.Dense // those of scalars
	goutStreamed   []bool          // those that are read as streams
	used           []bool          // outputs whose gradient arrives
	differentiated bool

	chain *chain // with which it runs in pieces; nil: by itself, in one piece
	back  *adjointChain
}

func (m *fused) inTypes() []typ { return types(m.dtype, m.inShape) }

// forwardOp runs the kernel forward: inputs -> token.
type forwardOp struct{ *fused }

func (o forwardOp) Arity() int     { return len(o.inShape) }
func (o forwardOp) Type() typ      { return fnType(append(o.inTypes(), tokenType(o.dtype))...) }
func (o forwardOp) String() string { return o.kernel.Name() }
func (o forwardOp) InferShape(...G.DimSizer) (tensor.Shape, error) {
	return tensor.Shape{1}, nil
}
func (o forwardOp) DiffWRT(int) []bool { return o.wrt }

func (o forwardOp) Do(in ...G.Value) (v G.Value, err error) {
	defer func() {
		if err != nil {
			o.lose()
		}
	}()
	for i, v := range in {
		if o.in[i] = nil; o.streamed[i] {
			if _, unwritten := v.(*result); unwritten {
				continue
			}
		}
		d, err := dense(v)
		if err != nil {
			return nil, fmt.Errorf("ops: input %d of %s: %w", i, o.kernel.Name(), err)
		}
		if d.DataSize() != o.inShape[i].TotalSize() {
			return nil, fmt.Errorf("%w: input %d of %s has shape %v, want %v", ErrShape, i, o.kernel.Name(), d.Shape(), o.inShape[i])
		}
		o.in[i] = d
	}
	o.follow()
	for i := range o.outputs {
		o.out[i] = o.outputs[i].tensor()
	}
	if o.chain != nil {
		return o.token, o.chain.forward(o.fused)
	}
	if err := o.kernel.forward(o.in, o.out); err != nil {
		return nil, err
	}
	return o.token, nil
}

func (o forwardOp) readsStream(i int) bool { return o.streamed[i] }

func (o forwardOp) SymDiff(in G.Nodes, out, grad *G.Node) (G.Nodes, error) {
	if o.differentiated {
		return nil, fmt.Errorf("%w: %s is differentiated a second time in one graph", ErrValue, o.kernel.Name())
	}
	o.differentiated = true
	if err := o.kernel.differentiate(o.used, o.wrt); err != nil {
		return nil, err
	}
	// The inputs, the outputs and the gradients that arrive are operands of the adjoint, so that
	// their memory is left alone until it has run.
	operands := append(G.Nodes{out, grad}, in...)
	operands = append(operands, o.outNode...)
	for _, n := range o.goutNode {
		if n != nil {
			operands = append(operands, n)
		}
	}
	b, err := G.ApplyOp(adjointOp(o), operands...)
	if err != nil {
		return nil, err
	}
	ret := make(G.Nodes, len(in))
	for i := range in {
		if o.wrt[i] {
			if ret[i], err = G.ApplyOp(inputGradOp{o.fused, i}, b); err != nil {
				return nil, err
			}
		}
	}
	return ret, nil
}

// outputOp hands output i out: token -> tensor.
type outputOp struct {
	*fused
	i int
}

func (o outputOp) Arity() int { return 1 }
func (o outputOp) Type() typ {
	return fnType(tokenType(o.dtype), tensorType(o.dtype, o.outShape[o.i].Dims()))
}
func (o outputOp) String() string { return fmt.Sprintf("%s[%d]", o.kernel.Name(), o.i) }
func (o outputOp) InferShape(...G.DimSizer) (tensor.Shape, error) {
	return o.outShape[o.i].Clone(), nil
}
func (o outputOp) Do(...G.Value) (G.Value, error) { return o.outputs[o.i].emit() }
func (o outputOp) settle()                        { o.outputs[o.i].settle() }
func (o outputOp) demand()                        { o.outputs[o.i].demand() }
func (o outputOp) DiffWRT(int) []bool             { return []bool{true} }
func (o outputOp) SymDiff(_ G.Nodes, _, grad *G.Node) (G.Nodes, error) {
	o.used[o.i], o.goutNode[o.i] = true, grad
	if from, ok := grad.Op().(inputGradOp); ok && o.kernel.connectGradient(o.i, from.kernel, from.i) {
		o.goutStreamed[o.i], from.gradients[from.i].optional = true, true
	}
	n, err := G.ApplyOp(outputGradOp(o), grad)
	return G.Nodes{n}, err
}

// outputGradOp takes the gradient of output i in: tensor -> token.
type outputGradOp struct {
	*fused
	i int
}

func (o outputGradOp) Arity() int { return 1 }
func (o outputGradOp) Type() typ {
	return fnType(tensorType(o.dtype, o.outShape[o.i].Dims()), tokenType(o.dtype))
}
func (o outputGradOp) String() string { return fmt.Sprintf("d%s[%d]", o.kernel.Name(), o.i) }
func (o outputGradOp) InferShape(...G.DimSizer) (tensor.Shape, error) {
	return tensor.Shape{1}, nil
}
func (o outputGradOp) Do(...G.Value) (G.Value, error) { return o.token, nil }

// The adjoint reads the gradient, not this operation.
func (o outputGradOp) readsStream(int) bool { return true }
