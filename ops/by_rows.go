package ops

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/internal/kernel"
)

// RowStepper is a [Stepper] that can compute the rows of the batch of a piece by themselves, each
// by the same sums as all of them together. A goroutine then takes its rows through all kernels of
// the piece, and waits for the others once, not in every kernel. Where all kernels of a piece are
// such, [Piece].Rows is not 0, and Forward and Backward only prepare what ForwardRows and
// BackwardRows compute afterwards; they read nothing that another kernel of the piece computes.
type RowStepper[T Float] interface {
	Stepper[T]
	// ByRows says whether it can, with these results wanted, nil where one is not; gin is nil for
	// the forward pass.
	ByRows(out, gin [][]T) bool
	// ForwardRows and BackwardRows compute the rows lo..hi-1 of the batch, from a multiple of
	// Piece.Rows on and at most so many, in all steps of the piece. They are called from several
	// goroutines at a time, with other rows.
	ForwardRows(lo, hi int)
	BackwardRows(lo, hi int)
	// BackwardEnd follows when all rows are computed, to add up gradients of parameters. It may be
	// called at the same time as that of another kernel.
	BackwardEnd()
}

// byRows is a [RowStepper] without its type parameter.
type byRows interface {
	rowwise(backward bool) bool
	forwardRows(lo, hi int)
	backwardRows(lo, hi int)
	backwardEnd()
}

// rowwise says whether the kernel can compute its pieces by rows, of the operands at hand.
func (r *run[T]) rowwise(backward bool) bool {
	k, ok := r.Kernel.(RowStepper[T])
	if !ok {
		return false
	}
	if r.piecewise.rows = k; backward {
		return k.ByRows(r.out, r.gin)
	}
	return k.ByRows(r.out, nil)
}

func (r *run[T]) forwardRows(lo, hi int)  { r.piecewise.rows.ForwardRows(lo, hi) }
func (r *run[T]) backwardRows(lo, hi int) { r.piecewise.rows.BackwardRows(lo, hi) }
func (r *run[T]) backwardEnd()            { r.piecewise.rows.BackwardEnd() }

// batch returns how many rows the batch of a kernel of sequences has.
func (m *fused) batch() int {
	for _, s := range [...]tensor.Shape{m.inShape[0], m.outShape[0]} {
		if s.Dims() == 3 {
			return s[1]
		}
	}
	return 0
}

// split sets how many rows a goroutine takes through the pieces of this run, 0 where the kernels do
// not go by rows.
func (c *chain) split() {
	c.batch, c.rows = c.members[0].batch(), 0
	for _, m := range c.members {
		if m.batch() != c.batch || c.batch == 0 || !m.kernel.rowwise(false) {
			return
		}
	}
	workers := kernel.Processors(c.batch)
	c.rows = max(1, min(mostRows, (c.batch+workers-1)/workers))
	if c.forwardRows == nil { // made once, so that a run allocates nothing
		c.forwardRows = func(lo, hi int) {
			for _, m := range c.members {
				if !c.again || m.kernel.repeats() {
					m.kernel.forwardRows(lo, hi)
				}
			}
		}
	}
}

// mostRows is how many rows a task has at most: they share what they read of a weight matrix.
const mostRows = 48

// split says whether the adjoints go by rows.
func (a *adjointChain) split() bool {
	for _, m := range a.members {
		if a.of.rows == 0 || !m.kernel.rowwise(true) {
			return false
		}
	}
	if a.backwardRows == nil {
		a.backwardRows = func(lo, hi int) {
			for _, m := range a.members {
				m.kernel.backwardRows(lo, hi)
			}
		}
		a.end = func(lo, hi int) {
			for _, m := range a.members[lo:hi] {
				m.kernel.backwardEnd()
			}
		}
	}
	return true
}

// abreast is [kernel.Abreast] with the arguments of [kernel.Blocks].
func abreast(n, _ int, f func(lo, hi int)) { kernel.Abreast(n, f) }

// together runs f for parts of n; a panic of it is an error.
func together(pass string, run func(n, size int, f func(lo, hi int)), n, size int, f func(lo, hi int)) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("ops: panic in the %s: %v", pass, p)
		}
	}()
	run(n, size, f)
	return nil
}
