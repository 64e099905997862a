package ops

import (
	"fmt"
	"hash"
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/internal/fmath"
)

// function is an elementwise function with its derivative, in vector form. dst and x
// have one length and may not overlap.
type function interface {
	// name is unique for the function and all of its parameters: two nodes with
	// one name and one operand are one node.
	name() string
	value32(dst, x []float32)
	value64(dst, x []float64)
	slope32(dst, x []float32)
	slope64(dst, x []float64)
}

// apply adds the node f(x). Cost: one node, and one more for the gradient.
func apply(f function, x *G.Node) (y *G.Node, err error) {
	defer recovered(f.name(), &err)
	if err := checkDtype(f.name(), x); err != nil {
		return nil, err
	}
	return G.ApplyOp(&valueOp{elementwise{f: f, dtype: x.Dtype(), dims: x.Dims()}}, x)
}

func checkDtype(name string, x *G.Node) error {
	if err := checkNodes(name, x); err != nil {
		return err
	}
	if dt := x.Dtype(); dt != tensor.Float32 && dt != tensor.Float64 {
		return fmt.Errorf("%w: %s: dtype %v, want float32 or float64", ErrValue, name, dt)
	}
	return nil
}

// elementwise is what the node of a function and the node of its gradient share. Their
// result is new memory (Do) or memory that is given to them (DoInto).
type elementwise struct {
	f     function
	dtype tensor.Dtype
	dims  int
}

func (*elementwise) ReturnsPtr() bool     { return true }
func (*elementwise) CallsExtern() bool    { return false }
func (*elementwise) OverwritesInput() int { return -1 }
func (*elementwise) OwnsResult()          {}
func (e *elementwise) typ() typ           { return tensorType(e.dtype, e.dims) }

// DoDiff is what a LispMachine calls; without it, the gradient would silently be zero.
func (*elementwise) DoDiff(G.ExecutionContext, G.Nodes, *G.Node) error { return errLisp }

// intoDoer is an operation that computes its result into given memory: a tensor with as many
// elements as the result, row-major, that no operand shares. All of it is overwritten.
type intoDoer interface {
	DoInto(dst *tensor.Dense, in ...G.Value) error
}

// doNew is Do of an operation whose result is as large as x.
func (e *elementwise) doNew(o intoDoer, in []G.Value) (G.Value, error) {
	x, err := dense(in[0])
	if err != nil {
		return nil, fmt.Errorf("ops: %v: %w", o, err)
	}
	y := newDense(e.dtype, x.Shape())
	if err := o.DoInto(y, in...); err != nil {
		return nil, err
	}
	if e.dims == 0 {
		return emit(y, nil)
	}
	return y, nil
}

// operand reads an operand that must have as many elements as dst.
func (e *elementwise) operand(o intoDoer, dst *tensor.Dense, v G.Value) (*tensor.Dense, error) {
	x, err := dense(v)
	if err != nil {
		return nil, fmt.Errorf("ops: %v: %w", o, err)
	}
	if x.DataSize() != dst.DataSize() {
		return nil, fmt.Errorf("%w: %v: operand of shape %v, want %v", ErrShape, o, x.Shape(), dst.Shape())
	}
	return x, nil
}

// valueOp is y = f(x).
type valueOp struct{ elementwise }

func (o *valueOp) Arity() int       { return 1 }
func (o *valueOp) Type() typ        { return fnType(o.typ(), o.typ()) }
func (o *valueOp) String() string   { return o.f.name() }
func (o *valueOp) Hashcode() uint32 { return hashcode(o) }
func (o *valueOp) WriteHash(h hash.Hash) {
	fmt.Fprintf(h, "f %s", o.f.name())
}
func (o *valueOp) InferShape(in ...G.DimSizer) (tensor.Shape, error) { return cloneShape(in[0]) }
func (o *valueOp) DiffWRT(int) []bool                                { return []bool{true} }
func (o *valueOp) SymDiff(in G.Nodes, _, grad *G.Node) (G.Nodes, error) {
	n, err := G.ApplyOp(&slopeOp{elementwise{f: o.f, dtype: o.dtype, dims: o.dims}}, in[0], grad)
	return G.Nodes{n}, err
}

func (o *valueOp) Do(in ...G.Value) (G.Value, error) { return o.doNew(o, in) }

func (o *valueOp) DoInto(dst *tensor.Dense, in ...G.Value) error {
	x, err := o.operand(o, dst, in[0])
	if err != nil {
		return err
	}
	if o.dtype == tensor.Float32 {
		o.f.value32(dst.Float32s(), x.Float32s())
	} else {
		o.f.value64(dst.Float64s(), x.Float64s())
	}
	return nil
}

// slopeOp is the gradient g·f'(x) of y = f(x).
type slopeOp struct{ elementwise }

func (o *slopeOp) Arity() int       { return 2 }
func (o *slopeOp) Type() typ        { return fnType(o.typ(), o.typ(), o.typ()) }
func (o *slopeOp) String() string   { return "d" + o.f.name() }
func (o *slopeOp) Hashcode() uint32 { return hashcode(o) }
func (o *slopeOp) WriteHash(h hash.Hash) {
	fmt.Fprintf(h, "df %s", o.f.name())
}
func (o *slopeOp) InferShape(in ...G.DimSizer) (tensor.Shape, error) { return cloneShape(in[0]) }

func (o *slopeOp) Do(in ...G.Value) (G.Value, error) { return o.doNew(o, in) }

func (o *slopeOp) DoInto(dst *tensor.Dense, in ...G.Value) error {
	x, err := o.operand(o, dst, in[0])
	if err != nil {
		return err
	}
	g, err := o.operand(o, dst, in[1])
	if err != nil {
		return err
	}
	if o.dtype == tensor.Float32 {
		d := dst.Float32s()
		o.f.slope32(d, x.Float32s())
		for i, gi := range g.Float32s() {
			d[i] *= gi
		}
	} else {
		d := dst.Float64s()
		o.f.slope64(d, x.Float64s())
		for i, gi := range g.Float64s() {
			d[i] *= gi
		}
	}
	return nil
}

func cloneShape(d G.DimSizer) (tensor.Shape, error) {
	s, ok := d.(tensor.Shape)
	if !ok {
		return nil, fmt.Errorf("%w: operand of type %T has no shape", ErrShape, d)
	}
	return s.Clone(), nil
}

// scalarFunction makes a function of two scalar ones, evaluated in float64.
type scalarFunction struct {
	label    string
	f, slope func(x float64) float64
	dt       float64 // time step in s of a function of one; 0: none
}

func (s scalarFunction) name() string             { return s.label }
func (s scalarFunction) value32(dst, x []float32) { mapTo(dst, x, s.f) }
func (s scalarFunction) value64(dst, x []float64) { mapTo(dst, x, s.f) }
func (s scalarFunction) slope32(dst, x []float32) { mapTo(dst, x, s.slope) }
func (s scalarFunction) slope64(dst, x []float64) { mapTo(dst, x, s.slope) }

func mapTo[T Float](dst, x []T, f func(float64) float64) {
	for i, v := range x {
		dst[i] = T(f(float64(v)))
	}
}

// Decay returns the factor by which an exponential with time constant tau falls
// within one time step of dt seconds, as a function of the logarithm of tau, so
// that tau stays positive under any gradient step:
//
//	y = exp(-dt / exp(x)),   x = ln(tau / 1 s)
//	dy/dx = y · dt/tau
//
// x may have any shape. dt <= 0 is an error.
func Decay(logTau *G.Node, dt float64) (*G.Node, error) {
	if !(dt > 0) || math.IsInf(dt, 0) {
		return nil, fmt.Errorf("%w: Decay with dt = %v s, want a positive number", ErrValue, dt)
	}
	return apply(scalarFunction{
		label: fmt.Sprintf("Decay(%v)", dt),
		dt:    dt,
		f:     func(x float64) float64 { return fmath.Exp(-dt * fmath.Exp(-x)) },
		slope: func(x float64) float64 {
			r := dt * fmath.Exp(-x)
			return r * fmath.Exp(-r)
		},
	}, logTau)
}

// Approach returns the part of the way to its end that an exponential with time constant tau goes
// within one time step of dt seconds, as a function of the logarithm of tau:
//
//	y = 1 - exp(-dt / exp(x)),   x = ln(tau / 1 s)
//	dy/dx = -(1 - y) dt/tau
//
// It is 1 - [Decay] with all digits: in float32 the difference of two numbers next to 1 is wrong by
// 3e-8 tau/dt. x may have any shape. dt <= 0 is an error.
func Approach(logTau *G.Node, dt float64) (*G.Node, error) {
	if !(dt > 0) || math.IsInf(dt, 0) {
		return nil, fmt.Errorf("%w: Approach with dt = %v s, want a positive number", ErrValue, dt)
	}
	return apply(scalarFunction{
		label: fmt.Sprintf("Approach(%v)", dt),
		dt:    dt,
		f:     func(x float64) float64 { return -fmath.Expm1(-dt * fmath.Exp(-x)) },
		slope: func(x float64) float64 {
			r := dt * fmath.Exp(-x)
			return -r * fmath.Exp(-r)
		},
	}, logTau)
}

// Exp returns exp(x), elementwise: the way back from a parameter that is kept as a
// logarithm.
func Exp(x *G.Node) (*G.Node, error) {
	return apply(scalarFunction{label: "Exp", f: fmath.Exp, slope: fmath.Exp}, x)
}

// Affine returns scale·x + shift, elementwise, with two constants. (Constants that
// are nodes of their own are merged by Gorgonia when they print alike; these are
// part of the operation.)
func Affine(x *G.Node, scale, shift float64) (*G.Node, error) {
	if !finite(scale) || !finite(shift) {
		return nil, fmt.Errorf("%w: Affine(%v, %v), want finite numbers", ErrValue, scale, shift)
	}
	return apply(scalarFunction{
		label: fmt.Sprintf("Affine(%v,%v)", scale, shift),
		f:     func(x float64) float64 { return float64(scale*x) + shift },
		slope: func(float64) float64 { return scale },
	}, x)
}

// Detach returns x, and stops the gradient: nothing flows from the result back
// into x.
func Detach(x *G.Node) (*G.Node, error) {
	if err := checkDtype("Detach", x); err != nil {
		return nil, err
	}
	return G.ApplyOp(&detachOp{elementwise{f: scalarFunction{label: "Detach"}, dtype: x.Dtype(), dims: x.Dims()}}, x)
}

type detachOp struct{ elementwise }

func (o *detachOp) Arity() int            { return 1 }
func (o *detachOp) Type() typ             { return fnType(o.typ(), o.typ()) }
func (o *detachOp) String() string        { return "Detach" }
func (o *detachOp) Hashcode() uint32      { return hashcode(o) }
func (o *detachOp) WriteHash(h hash.Hash) { fmt.Fprint(h, "Detach") }
func (o *detachOp) InferShape(in ...G.DimSizer) (tensor.Shape, error) {
	return cloneShape(in[0])
}
func (o *detachOp) DiffWRT(int) []bool                                 { return []bool{false} }
func (o *detachOp) SymDiff(G.Nodes, *G.Node, *G.Node) (G.Nodes, error) { return G.Nodes{nil}, nil }
func (o *detachOp) Do(in ...G.Value) (G.Value, error)                  { return o.doNew(o, in) }

func (o *detachOp) DoInto(dst *tensor.Dense, in ...G.Value) error {
	x, err := o.operand(o, dst, in[0])
	if err != nil {
		return err
	}
	return copyDense(dst, x)
}
