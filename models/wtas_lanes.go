package models

import (
	"math/bits"

	"github.com/surge-snn/surge/internal/cells"
	"github.com/surge-snn/surge/internal/kernel"
)

// wtasTask is what a block of rows needs.
type wtasTask[T kernel.Float] struct {
	scratch  *cells.Scratch
	half     []T // [N]
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

func newWTASTask[T kernel.Float](n int) wtasTask[T] {
	return wtasTask[T]{scratch: cells.NewScratch(), half: make([]T, n), s: make([]T, n), vp: make([]T, n), mask: make([]uint64, kernel.Words(n))}
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

func (w *wtasTask[T]) top(x []T) T {
	rest := w.fold(x, func(out, x, y []T) {
		w.larger = cells.Larger[T]{X: x, Y: y, Out: out}
		w.larger.Run(w.scratch)
	})
	top := rest[0]
	for _, v := range rest {
		top = max(top, v)
	}
	return top
}

func (w *wtasTask[T]) sum(x []T) (sum T) {
	for _, v := range w.fold(x, kernel.Add[T]) {
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
	w.drive = cells.Drive[T]{J: a.j[at:end], Resist: a.resist, Rfr: o.rfrEnd[r0:r1], V: v, Ready: T(k.refract)}
	if w.drive.Run(w.scratch); !kernel.Finite(v) {
		return false
	}
	w.softmax = cells.Softmax[T]{V: v, E: vp, Top: w.top(v)}
	w.softmax.Run(w.scratch)
	w.compete = cells.Compete[T]{Thr: o.thrEnd[r0:r1], E: vp, S: s, Sum: w.sum(vp)}
	w.compete.Run(w.scratch)
	kernel.Mask(w.mask, s)
	fired := 0
	for _, m := range w.mask {
		fired += bits.OnesCount64(m)
	}
	w.settle = cells.Settle[T]{
		S: s, Gain: a.gain, Thr: o.thrEnd[r0:r1], Rfr: o.rfrEnd[r0:r1], Tols: o.tolsEnd[r0:r1], Steps: o.stepEnd[r0:r1],
		OutThr: recorded(o.thr, at, end, o.thrEnd[r0:r1]), OutRfr: recorded(o.rfr, at, end, o.rfrEnd[r0:r1]),
		OutTols: recorded(o.tols, at, end, o.tolsEnd[r0:r1]),
		Surplus: T(fired - 1), Floor: thrFloor, Dt: T(k.clock.dt), T0: T(k.t0),
	}
	w.settle.Run(w.scratch)
	return true
}
