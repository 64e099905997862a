package ops

import (
	"fmt"
	"slices"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/internal/kernel"
)

// Piece is the part of a sequence that a [Stepper] computes: the steps From..To-1 of Steps.
type Piece struct {
	From, To, Steps int
	// Keep says that the adjoint of the piece follows; otherwise nothing needs to be kept for it.
	Keep bool
	// Rows is how many rows of the batch a [RowStepper] is asked for at a time, 0 for all others.
	Rows int
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
	byRows
	isStepper() bool
	repeats() bool
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
	slots         int   // for states between pieces that are kept on the way to the piece at hand
	held          []int // the pieces before which the states of the slots are, rising
	trained       bool  // there are adjoints
	kept          bool  // what the last piece kept for its adjoint is still there

	batch, rows int  // rows of the batch, and how many of them a goroutine takes; 0: not by rows
	again       bool // the piece at hand has been computed before
	forwardRows func(lo, hi int)
}

func (c *chain) piece(n int, keep bool) Piece {
	return Piece{n * c.length, min((n+1)*c.length, c.steps), c.steps, keep, c.rows}
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
	c.split()
	c.held = c.held[:0]
	c.kept = true
	return c.advance(0, c.pieces-1, false)
}

// advance runs the pieces from..to, of which the last one keeps what its adjoint needs, and holds
// states on the way, so that the pieces before are not far from one.
func (c *chain) advance(from, to int, again bool) error {
	for n, next := from, c.hold(from, to); n <= to; n++ {
		if n+1 == next {
			c.held = append(c.held, next)
			next = c.hold(next, to)
		}
		if err := c.run(n, c.trained && n == to, again); err != nil {
			return err
		}
	}
	return nil
}

// hold returns the piece before which the next state is held on the way from a piece to another, 0
// for none.
func (c *chain) hold(from, to int) int {
	free := c.slots + 1 - len(c.held) // that of the last piece needs no slot: its adjoint is next
	if !c.trained || from == to || free == 0 {
		return 0
	}
	return from + splitPieces(to-from+1, free)
}

// run computes a piece.
func (c *chain) run(n int, keep, again bool) error {
	p := c.piece(n, keep)
	for _, m := range c.members {
		if err := m.kernel.forwardPiece(c, n, p, again); err != nil {
			return fmt.Errorf("steps %d to %d: %w", p.From, p.To-1, err)
		}
	}
	if c.again = again; c.rows > 0 {
		return together("forward pass", kernel.Blocks, c.batch, c.rows, c.forwardRows)
	}
	return nil
}

// restore brings back what piece n keeps for its adjoint.
func (c *chain) restore(n int) error {
	if c.kept && n == c.pieces-1 {
		return nil
	}
	c.kept = false
	return c.advance(c.back(n), n, true)
}

// back forgets the states that are held behind piece n, and returns the piece to begin with on the
// way to it.
func (c *chain) back(n int) int {
	from := 0
	for i := len(c.held) - 1; i >= 0 && from == 0; i-- {
		if c.held[i] > n {
			c.held = c.held[:i]
		} else {
			from = c.held[i]
		}
	}
	return from
}

// adjointChain is adjoints of members of a chain that run together.
type adjointChain struct {
	of      *chain
	members []*fused

	backwardRows, end func(lo, hi int) // of some rows, and of some members
}

// run notes the gradients of a member and runs all of them when the last one has its own.
func (a *adjointChain) run(m *fused) error {
	m.kernel.bind(m.in, m.out)
	m.kernel.bindGradients(m.gout, m.gin)
	if m != a.members[len(a.members)-1] {
		return nil
	}
	rows := a.split()
	for n := a.of.pieces - 1; n >= 0; n-- {
		if err := a.of.restore(n); err != nil {
			return err
		}
		p := a.of.piece(n, true)
		if !rows {
			p.Rows = 0
		}
		for _, m := range a.members {
			if err := m.kernel.backwardPiece(a.of, n, p); err != nil {
				return fmt.Errorf("steps %d to %d: %w", p.From, p.To-1, err)
			}
		}
		if !rows {
			continue
		}
		if err := together("adjoint", kernel.Blocks, a.of.batch, p.Rows, a.backwardRows); err != nil {
			return err
		}
		if err := together("adjoint", abreast, len(a.members), 1, a.end); err != nil {
			return err
		}
	}
	return nil
}

// piecewise is what a [Stepper] has between its pieces.
type piecewise[T Float] struct {
	kernel             Stepper[T]
	rows               RowStepper[T]
	xs, ys, states     int
	in, out, gout, gin [][]T
	held               [][][]T  // states of the slots
	around             [2][][]T // those before and behind a piece that are in no slot
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
		k.held = make([][][]T, c.slots)
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
	if n == 0 {
		return r.in[len(r.in)-k.states:]
	}
	if i := slices.Index(c.held, n); i >= 0 && i < c.slots {
		return r.like(&k.held[i])
	}
	return r.like(&k.around[n%2])
}

// repeats says whether a piece of the kernel is computed again for the adjoints of others.
func (r *run[T]) repeats() bool { return r.piecewise.ys > 0 }

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
	if again && !r.repeats() {
		return nil
	}
	k.in = append(append(parts(k.in, r.in[:k.xs], p), r.in[k.xs:len(r.in)-k.states]...), r.before(c, n)...)
	k.out = append(parts(k.out, r.out[:k.ys], p), r.out[k.ys:len(r.out)-k.states]...)
	switch {
	case n < c.pieces-1:
		k.out = append(k.out, r.before(c, n+1)...)
	case again: // they are known
		k.out = append(k.out, r.like(&k.around[(n+1)%2])...)
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
