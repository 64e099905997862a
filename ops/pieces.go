package ops

import (
	"fmt"

	"gorgonia.org/tensor"
)

// Piece is the part of a sequence that a [Stepper] computes: the steps From..To-1 of Steps.
type Piece struct {
	From, To, Steps int
	// Keep says that the adjoint of the piece follows; otherwise nothing needs to be kept for it.
	Keep bool
}

// Stepper is a Kernel that computes sequences piece by piece, so that what it keeps for the adjoint
// is that of one piece. The pieces of the forward pass go from the first to the last, those of the
// adjoint from the last to the first, each after its own forward pass. Forward and Backward get the
// part of the sequences that is in the piece, and the states before and after it. Pieces have the
// bits of the whole.
type Stepper[T Float] interface {
	Kernel[T]
	// Sequences returns how many of the inputs and outputs, the first ones, are sequences [T, B,
	// ...], and how many, the last ones of both, are states. Inputs between them are parameters.
	Sequences() (in, out, states int)
	// Begin gets the whole inputs, before the first piece of a run.
	Begin(in [][]T)
	// Piece says what is computed from now on. In all pieces but the last the gradients of
	// parameters are added to those of the pieces behind.
	Piece(p Piece)
}

// inPieces is a [Stepper] without its type parameter.
type inPieces interface {
	isStepper() bool
	bind(in, out []*tensor.Dense)
	bindGradients(gout, gin []*tensor.Dense)
	begin(c *chain)
	forwardPiece(c *chain, n int, p Piece, again bool) error
	backwardPiece(c *chain, n int, p Piece) error
}

// chain is kernels that run in pieces together: a piece goes through all of them before the next
// one.
type chain struct {
	members       []*fused
	steps, length int
	pieces        int
	stride        int  // the state before every stride-th piece is kept; others are computed again
	trained       bool // there are adjoints
	block         int  // whose states inside are known: pieces block·stride and after
	kept          bool // what the last piece kept for its adjoint is still there
}

func (c *chain) piece(n int, keep bool) Piece {
	return Piece{n * c.length, min((n+1)*c.length, c.steps), c.steps, keep}
}

// forward notes the operands of a member and runs all of them when the last one has its own.
func (c *chain) forward(m *fused) error {
	m.kernel.bind(m.in, m.out)
	if m != c.members[len(c.members)-1] {
		return nil
	}
	for _, m := range c.members {
		m.kernel.begin(c)
	}
	for n := range c.pieces {
		if err := c.run(n, c.trained && n == c.pieces-1, false); err != nil {
			return err
		}
	}
	c.block, c.kept = (c.pieces-1)/c.stride, true
	return nil
}

// run computes a piece.
func (c *chain) run(n int, keep, again bool) error {
	p := c.piece(n, keep)
	for _, m := range c.members {
		if err := m.kernel.forwardPiece(c, n, p, again); err != nil {
			return fmt.Errorf("steps %d to %d: %w", p.From, p.To-1, err)
		}
	}
	return nil
}

// restore brings back what piece n keeps for its adjoint.
func (c *chain) restore(n int) error {
	if c.kept && n == c.pieces-1 {
		return nil
	}
	c.kept = false
	if block := n / c.stride; block != c.block {
		for i := block * c.stride; i < n; i++ {
			if err := c.run(i, false, true); err != nil {
				return err
			}
		}
		c.block = block
	}
	return c.run(n, true, true)
}

// adjointChain is adjoints of members of a chain that run together.
type adjointChain struct {
	of      *chain
	members []*fused
}

// run notes the gradients of a member and runs all of them when the last one has its own.
func (a *adjointChain) run(m *fused) error {
	m.kernel.bind(m.in, m.out)
	m.kernel.bindGradients(m.gout, m.gin)
	if m != a.members[len(a.members)-1] {
		return nil
	}
	for n := a.of.pieces - 1; n >= 0; n-- {
		if err := a.of.restore(n); err != nil {
			return err
		}
		p := a.of.piece(n, true)
		for _, m := range a.members {
			if err := m.kernel.backwardPiece(a.of, n, p); err != nil {
				return fmt.Errorf("steps %d to %d: %w", p.From, p.To-1, err)
			}
		}
	}
	return nil
}

// piecewise is what a [Stepper] has between its pieces.
type piecewise[T Float] struct {
	kernel             Stepper[T]
	xs, ys, states     int
	in, out, gout, gin [][]T
	saved, inside      [][][]T // states before every stride-th piece, and before those of one block
	scratch            [][]T   // final states that are known already
	carry              [2][][]T
}

func (r *run[T]) isStepper() bool {
	_, ok := r.Kernel.(Stepper[T])
	return ok
}

func (r *run[T]) begin(c *chain) {
	k := &r.piecewise
	if k.kernel == nil {
		k.kernel = r.Kernel.(Stepper[T])
		k.xs, k.ys, k.states = k.kernel.Sequences()
		k.saved, k.inside = make([][][]T, (c.pieces+c.stride-1)/c.stride), make([][][]T, max(c.stride, 2))
	}
	k.kernel.Begin(r.in)
}

// like returns memory for the states, that in list if there is some.
func (r *run[T]) like(list *[][]T) [][]T {
	if *list == nil {
		for _, s := range r.in[len(r.in)-r.piecewise.states:] {
			*list = append(*list, make([]T, len(s)))
		}
	}
	return *list
}

// before returns the states before piece n.
func (r *run[T]) before(c *chain, n int) [][]T {
	k := &r.piecewise
	switch {
	case n == 0:
		return r.in[len(r.in)-k.states:]
	case !c.trained:
		return r.like(&k.inside[n%2])
	case n%c.stride == 0:
		return r.like(&k.saved[n/c.stride])
	}
	return r.like(&k.inside[n%c.stride])
}

// parts appends the part of sequences in the piece to dst[:0].
func parts[T Float](dst, of [][]T, p Piece) [][]T {
	dst = dst[:0]
	for _, x := range of {
		if x != nil {
			step := len(x) / p.Steps
			x = x[p.From*step : p.To*step]
		}
		dst = append(dst, x)
	}
	return dst
}

// forwardPiece computes piece n, again if it has been computed before in this run.
func (r *run[T]) forwardPiece(c *chain, n int, p Piece, again bool) (err error) {
	defer r.recover("forward pass", &err)
	k := &r.piecewise
	if again && k.ys == 0 {
		return nil
	}
	k.in = append(append(parts(k.in, r.in[:k.xs], p), r.in[k.xs:len(r.in)-k.states]...), r.before(c, n)...)
	k.out = append(parts(k.out, r.out[:k.ys], p), r.out[k.ys:len(r.out)-k.states]...)
	switch {
	case n < c.pieces-1:
		k.out = append(k.out, r.before(c, n+1)...)
	case again:
		k.out = append(k.out, r.like(&k.scratch)...)
	default:
		k.out = append(k.out, r.out[len(r.out)-k.states:]...)
	}
	k.kernel.Piece(p)
	return k.kernel.Forward(k.in, k.out)
}

// backwardPiece is the adjoint of piece n, which has just been computed.
func (r *run[T]) backwardPiece(c *chain, n int, p Piece) (err error) {
	defer r.recover("adjoint", &err)
	k := &r.piecewise
	k.in = append(append(parts(k.in, r.in[:k.xs], p), r.in[k.xs:len(r.in)-k.states]...), r.before(c, n)...)
	k.out = append(parts(k.out, r.out[:k.ys], p), r.out[k.ys:]...)
	k.gout = append(parts(k.gout, r.gout[:k.ys], p), r.gout[k.ys:len(r.gout)-k.states]...)
	if n < c.pieces-1 {
		k.gout = append(k.gout, r.like(&k.carry[(n+1)%2])...)
	} else {
		k.gout = append(k.gout, r.gout[len(r.gout)-k.states:]...)
	}
	k.gin = append(parts(k.gin, r.gin[:k.xs], p), r.gin[k.xs:len(r.gin)-k.states]...)
	if n > 0 {
		k.gin = append(k.gin, r.like(&k.carry[n%2])...)
	} else {
		k.gin = append(k.gin, r.gin[len(r.gin)-k.states:]...)
	}
	k.kernel.Piece(p)
	return k.kernel.Backward(k.in, k.out, k.gout, k.gin)
}
