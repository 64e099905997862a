package ops

import (
	"fmt"
	"hash"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Unstack cuts a tensor [T, ...] along its first axis into T nodes [...]. wrt says
// whether a gradient flows back into x. (Gorgonia's own Slice keeps only the lowest
// eight bits of an index in a node's identity, so that steps 3 and 259 become one
// node.)
//
// Cost: one copy of x in each direction.
func Unstack(x *G.Node, wrt bool) ([]*G.Node, error) {
	return Apply(Kernels{&unstack[float32]{}, &unstack[float64]{}}, []bool{wrt}, x)
}

type unstack[T Float] struct{ step int }

func (*unstack[T]) Name() string { return "Unstack" }

func (k *unstack[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	s := in[0]
	if s.Dims() < 2 {
		return nil, fmt.Errorf("%w: Unstack of %v, want [T, ...]", ErrShape, s)
	}
	k.step = s.TotalSize() / s[0]
	out := make([]tensor.Shape, s[0])
	for i := range out {
		out[i] = s[1:].Clone()
	}
	return out, nil
}

func (k *unstack[T]) Forward(in, out [][]T) error {
	for t, o := range out {
		copy(o, in[0][t*k.step:])
	}
	return nil
}

func (k *unstack[T]) Backward(_, _, gout, gin [][]T) error {
	for t, g := range gout {
		dst := gin[0][t*k.step : (t+1)*k.step]
		if g == nil {
			clear(dst)
		} else {
			copy(dst, g)
		}
	}
	return nil
}

// Stack joins T nodes of one shape [...] to a tensor [T, ...]: the inverse of
// [Unstack].
func Stack(steps []*G.Node) (x *G.Node, err error) {
	defer recovered("Stack", &err)
	if len(steps) == 0 {
		return nil, fmt.Errorf("%w: Stack of nothing", ErrShape)
	}
	if err := checkDtype("Stack", steps[0]); err != nil {
		return nil, err
	}
	if err := checkNodes("Stack", steps...); err != nil {
		return nil, err
	}
	for t, s := range steps {
		if !sameShape(s.Shape(), steps[0].Shape()) {
			return nil, fmt.Errorf("%w: Stack: step %d has shape %v, step 0 has %v", ErrShape, t, s.Shape(), steps[0].Shape())
		}
	}
	shape := append(tensor.Shape{len(steps)}, steps[0].Shape()...)
	return G.ApplyOp(&stackOp{elementwise{dtype: steps[0].Dtype(), dims: shape.Dims()}, shape}, steps...)
}

type stackOp struct {
	elementwise
	shape tensor.Shape
}

func (o *stackOp) Arity() int       { return o.shape[0] }
func (o *stackOp) String() string   { return "Stack" }
func (o *stackOp) Hashcode() uint32 { return hashcode(o) }
func (o *stackOp) WriteHash(h hash.Hash) {
	fmt.Fprintf(h, "Stack %d", o.shape[0])
}
func (o *stackOp) Type() typ {
	t := make([]typ, 0, o.shape[0]+1)
	for range o.shape[0] {
		t = append(t, tensorType(o.dtype, o.shape.Dims()-1))
	}
	return fnType(append(t, o.typ())...)
}
func (o *stackOp) InferShape(...G.DimSizer) (tensor.Shape, error) { return o.shape.Clone(), nil }

func (o *stackOp) DiffWRT(n int) []bool {
	wrt := make([]bool, n)
	for i := range wrt {
		wrt[i] = true
	}
	return wrt
}

func (o *stackOp) SymDiff(_ G.Nodes, _, grad *G.Node) (G.Nodes, error) {
	return Unstack(grad, false)
}

func (o *stackOp) Do(in ...G.Value) (G.Value, error) {
	y := newDense(o.dtype, o.shape)
	return y, o.DoInto(y, in...)
}

func (o *stackOp) DoInto(dst *tensor.Dense, in ...G.Value) error {
	step := o.shape.TotalSize() / o.shape[0]
	for t, v := range in {
		d, err := dense(v)
		if err != nil {
			return fmt.Errorf("ops: step %d of Stack: %w", t, err)
		}
		if d.DataSize() != step {
			return fmt.Errorf("%w: step %d of Stack: %v, want %v", ErrShape, t, d.Shape(), o.shape[1:])
		}
		if o.dtype == tensor.Float32 {
			copy(dst.Float32s()[t*step:], d.Float32s())
		} else {
			copy(dst.Float64s()[t*step:], d.Float64s())
		}
	}
	return nil
}

// Rows repeats a vector [N] as the rows of a matrix [B, N]; the gradient is the sum
// over the rows. A vector [1] is repeated over both axes, to [B, n], where n is
// given: one shared parameter for n neurons.
func Rows(x *G.Node, b, n int) (*G.Node, error) {
	return apply1(Kernels{&rows[float32]{b: b, n: n}, &rows[float64]{b: b, n: n}}, nil, x)
}

// Spread repeats a vector [1] to [n]: one shared parameter for n neurons. The
// gradient is the sum.
func Spread(x *G.Node, n int) (*G.Node, error) {
	return apply1(Kernels{&rows[float32]{n: n, flat: true}, &rows[float64]{n: n, flat: true}}, nil, x)
}

type rows[T Float] struct {
	b, n int
	one  bool // the input is [1]
	flat bool // the output is [n]
}

func (k *rows[T]) Name() string {
	if k.flat {
		return "Spread"
	}
	return "Rows"
}

func (k *rows[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	s := in[0]
	if k.n <= 0 || (!k.flat && k.b <= 0) {
		return nil, fmt.Errorf("%w: %s to %d rows of %d", ErrShape, k.Name(), k.b, k.n)
	}
	if s.Dims() != 1 || (s[0] != k.n && s[0] != 1) || (k.flat && s[0] != 1) {
		return nil, fmt.Errorf("%w: %s to %d columns of %v, want (%d) or (1)", ErrShape, k.Name(), k.n, s, k.n)
	}
	k.one = s[0] == 1 && k.n != 1
	if k.flat {
		k.b = 1
		return []tensor.Shape{{k.n}}, nil
	}
	return []tensor.Shape{{k.b, k.n}}, nil
}

func (k *rows[T]) Forward(in, out [][]T) error {
	for b := range k.b {
		row := out[0][b*k.n : (b+1)*k.n]
		if k.one {
			for i := range row {
				row[i] = in[0][0]
			}
		} else {
			copy(row, in[0])
		}
	}
	return nil
}

func (k *rows[T]) Backward(_, _, gout, gin [][]T) error {
	clear(gin[0])
	if gout[0] == nil {
		return nil
	}
	for b := range k.b {
		for i, g := range gout[0][b*k.n : (b+1)*k.n] {
			if k.one {
				i = 0
			}
			gin[0][i] += g
		}
	}
	return nil
}
