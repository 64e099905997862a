package dynapse

import "github.com/surge-snn/surge/internal/kernel"

// place is where some rows are in a step: elements lo to hi of [B, N], rows times n of them, with
// one set of coefficients for n.
type place struct {
	t, step, lo, hi int
	n, rows         int
	sums            int  // where the sums for n begin
	own             bool // coefficients are [B, N]
}

// at is the part of a record [T, B, N] in step t. One that is not kept has two steps.
func at[T any](p place, x []T, t int) []T {
	if len(x) == 2*p.step {
		t &= 1
	}
	return x[t*p.step+p.lo : t*p.step+p.hi]
}

// now is the part of a record.
func now[T any](p place, x []T) []T { return at(p, x, p.t) }

// before is that of the step before, or of the state before the first one.
func before[T any](p place, x, initial []T) []T {
	if p.t == 0 {
		return initial[p.lo:p.hi]
	}
	return at(p, x, p.t-1)
}

// of is the part of a state [B, N].
func of[T any](p place, x []T) []T { return x[p.lo:p.hi] }

// per is the part of a coefficient.
func per[T any](p place, x []T) []T {
	if p.own {
		return x[p.lo:p.hi]
	}
	return x
}

func (k *neuronKernel[T]) place(t, row, end int) place {
	p := place{t: t, step: k.b * k.n, lo: row * k.n, hi: end * k.n, own: k.perRow}
	p.n, p.sums = p.hi-p.lo, p.lo
	if !k.perRow {
		p.n = min(k.group*k.n, p.n)
	}
	if !k.rowSums() {
		p.sums = row / k.block * k.group * k.n
	}
	p.rows = (p.hi - p.lo) / max(1, p.n)
	return p
}

// until returns where the rows end that go through the loops with row, of those before hi: whole
// groups, or what is left of one. The twin, four synapse types, steps of Idc and sums of each row
// go by groups.
func (k *neuronKernel[T]) until(row, hi int) int {
	if k.twin || k.four || k.driven || k.clips() || hi-row < k.group {
		return min(row+k.group, hi)
	}
	return hi - (hi-row)%k.group
}

// weights returns w_rec of a row.
func (k *neuronKernel[T]) weights(row int) []T {
	if size := k.n * k.n * k.types(); k.ownWrec {
		return k.in.wrec[row*size : (row+1)*size]
	}
	return k.in.wrec
}

// dc writes Idc of the neurons of a place, in units of Io, into memory where it moves.
func (k *neuronKernel[T]) dc(memory []T, p place) []T {
	c := per(p, k.coef[dcMem])
	if !k.driven {
		return c
	}
	memory = memory[:p.n]
	for j, level := range now(p, k.in.dc) {
		memory[j] = T(c[j] * level)
	}
	return memory
}

// record lists the spikes of a step.
func (k *neuronKernel[T]) record(w *task[T], t, lo, hi int) {
	k.list(w, &k.spiked, t*k.b+lo, now(k.place(t, lo, hi), k.out.spikes))
}

// list lists spikes of rows from row number first on.
func (k *neuronKernel[T]) list(w *task[T], e *kernel.Events[T], first int, spikes []T) {
	for row := range len(spikes) / k.n {
		s := spikes[row*k.n : (row+1)*k.n]
		if kernel.Mask(w.mask, s) {
			s = nil // all are 1
		}
		w.recorder.Record(e, first+row, w.mask, s)
	}
}

// entering returns the events that enter step t, and the number of the row of b.
func (k *neuronKernel[T]) entering(t, b int) (*kernel.Events[T], int) {
	if t == 0 {
		return &k.start, b
	}
	return &k.spiked, (t-1)*k.b + b
}

// weigh returns the weighted input of rows lo to hi of a step, with what comes from the spikes of
// the step before.
func (k *neuronKernel[T]) weigh(w *task[T], t, lo, hi int) []T {
	width := k.n * k.types()
	x := k.in.x[(t*k.b+lo)*width : (t*k.b+hi)*width]
	if !k.recurrent {
		return x
	}
	sum := w.weighted[:len(x)]
	events, first := k.entering(t, lo)
	if !k.ownWrec {
		events.Gather(sum, width, x, width, first, hi-lo, width, k.in.wrec, width)
		return sum
	}
	for row := range hi - lo {
		at, end := row*width, (row+1)*width
		events.Gather(sum[at:end], width, x[at:end], width, first+row, 1, width, k.weights(lo+row), width)
	}
	return sum
}
