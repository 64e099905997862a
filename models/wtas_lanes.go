package models

import (
	"math"
	"math/bits"

	"github.com/surge-snn/surge/internal/cells"
	"github.com/surge-snn/surge/internal/kernel"
)

// wtasTask is what a block of rows needs.
type wtasTask[T kernel.Float] struct {
	scratch  *cells.Scratch
	half     []T // of lanes
	lanes    []T // what is folded, of a row
	s, vp    []T // of a row, where they are not kept
	mask     []uint64
	recorder kernel.Recorder[T]
	product  kernel.Scratch[T]
	drive    cells.Drive[T]
	larger   cells.Larger[T]
	softmax  cells.Softmax[T]
	compete  cells.Compete[T]
	settle   cells.Settle[T]
}

// rowLanes is how many maxima and sums of a row go side by side.
const rowLanes = 64

func newWTASTask[T kernel.Float](n int) wtasTask[T] {
	return wtasTask[T]{scratch: cells.NewScratch(), half: make([]T, rowLanes), lanes: make([]T, rowLanes), s: make([]T, n), vp: make([]T, n), mask: make([]uint64, kernel.Words(n))}
}

// fold reduces x to few elements: both halves to one, until less than 16 are left.
func (w *wtasTask[T]) fold(x []T, both func(out, x, y []T)) []T {
	for len(x) > 16 {
		n := len(x)
		h := n / 2
		out := w.half[:n-h]
		both(out[:h], x[:h], x[n-h:])
		if n > 2*h {
			out[h] = x[h]
		}
		x = out
	}
	return x
}

func (w *wtasTask[T]) top() T {
	rest := w.fold(w.lanes, func(out, x, y []T) {
		w.larger = cells.Larger[T]{X: x, Y: y, Out: out}
		w.larger.Run(w.scratch)
	})
	top := rest[0]
	for _, v := range rest {
		top = max(top, v)
	}
	return top
}

func (w *wtasTask[T]) sum() (sum T) {
	for _, v := range w.fold(w.lanes, kernel.Add[T]) {
		sum += v
	}
	return sum
}

// lanes says whether a row is computed in vector instructions.
func (k *wtasKernel[T]) lanes() bool { return !k.twin && !k.hard && !k.exclude && !k.clock.sums }

// runRow is a step of a row in vector instructions, without what is not finite. The mask is that of
// its spikes then.
func (k *wtasKernel[T]) runRow(w *wtasTask[T], r0, r1, at int, s, v, vp []T) (finite bool) {
	a, o, end := &k.in, &k.out, at+k.n
	thr, rfr, tols, steps := o.thrEnd[r0:r1], o.rfrEnd[r0:r1], o.tolsEnd[r0:r1], o.stepEnd[r0:r1]
	for i := range w.lanes {
		w.lanes[i] = T(math.Inf(-1))
	}
	whole := k.n / rowLanes * rowLanes
	w.drive = cells.Drive[T]{J: a.j[at:end], Resist: a.resist, Rfr: rfr, V: v, Top: w.lanes, Ready: T(k.refract)}
	finite = w.drive.Run(w.scratch, rowLanes, k.n/rowLanes)
	d := &w.drive
	d.J, d.Resist, d.Rfr, d.V = d.J[whole:], d.Resist[whole:], d.Rfr[whole:], d.V[whole:]
	if !d.Run(w.scratch, k.n-whole, 1) || !finite {
		return false
	}
	next := a.j[at:end]
	if later := at + k.b*k.n; later < len(a.j) { // the row in the next step
		next = a.j[later : later+k.n]
	}
	w.softmax = cells.Softmax[T]{V: v, E: vp, Next: next, Sum: w.lanes, Top: w.top()}
	clear(w.lanes)
	w.softmax.Run(w.scratch, rowLanes, k.n/rowLanes)
	w.softmax.V, w.softmax.E, w.softmax.Next = v[whole:], vp[whole:], next[whole:]
	w.softmax.Run(w.scratch, k.n-whole, 1)
	w.compete = cells.Compete[T]{Thr: thr, E: vp, S: s, Sum: w.sum()}
	w.compete.Run(w.scratch)
	kernel.Mask(w.mask, s)
	fired := 0
	for i, m := range w.mask {
		fired += bits.OnesCount64(m)
		for ; m != 0; m &= m - 1 {
			j := i<<6 + bits.TrailingZeros64(m)
			tols[j] = T(steps[j]*T(k.clock.dt)) + T(k.t0)
		}
	}
	w.settle = cells.Settle[T]{S: s, Gain: a.gain, Thr: thr, Rfr: rfr, Steps: steps, Surplus: T(fired - 1), Floor: thrFloor, Dt: T(k.clock.dt)}
	w.settle.Run(w.scratch)
	for i, x := range [...][]T{o.thr, o.rfr, o.tols} {
		copy(recorded(x, at, end, nil), [...][]T{thr, rfr, tols}[i])
	}
	return true
}
