package dynapse

import (
	"fmt"

	"github.com/surge-snn/surge/internal/cells"
	"github.com/surge-snn/surge/internal/kernel"
)

// task is the memory of what takes a block of rows through time, and the operands of its loops.
type task[T kernel.Float] struct {
	scratch  *cells.Scratch
	weighted []T // of the rows of the block
	mask     []uint64
	recorder kernel.Recorder[T]
	err      error

	// Of the neurons of a block: the drive of the synapses and the leak, and with four types the
	// weighted input of AMPA, its adjoint, and the leak with SHUNT.
	syn, leak, ampa, dampa, shunted []T

	dc []T // Idc of the neurons of a block, where it moves

	currents cells.Currents[T]
	spiked   cells.Spiked[T]
	membrane cells.Membrane[T]
	forced   cells.Forced[T]
	adjoint  adjoint[T]
}

func newTask[T kernel.Float](m mode, n, block int, memory *lines[T]) task[T] {
	list := memory.take
	w := task[T]{scratch: cells.NewScratch(), syn: list(block), leak: list(block), mask: make([]uint64, kernel.Words(n)), adjoint: newAdjoint(block, memory)}
	if m.recurrent {
		w.weighted = list(block * m.types())
	}
	if m.four {
		w.ampa, w.dampa, w.shunted = list(block), list(block), list(block)
	}
	if m.driven {
		w.dc = list(block)
		w.adjoint.ddc = [2][]T{list(block), list(block)}
	}
	return w
}

func (k *neuronKernel[T]) Forward(in, out [][]T) error {
	k.in, k.out = splitIn(k.mode, in), splitOut(k.mode, out)
	k.sorted = false
	k.traces()
	k.derive(&k.in.coef)
	for j := range k.m {
		k.isyn0[j], k.iahp0[j], k.m[j] = exp(k.in.isyn[j]), exp(k.in.iahp[j]), exp(k.in.imem[j])
	}
	kernel.Blocks(k.b, k.block, k.forward)
	for i := range k.tasks {
		if err := k.tasks[i].err; err != nil {
			return err
		}
	}
	o, last := &k.out, k.place(k.t-1, 0, k.b)
	isyn, iahp := now(last, o.isyn), now(last, o.iahp)
	for j := range k.m {
		o.final[0][j], o.final[1][j] = log(isyn[j]), log(iahp[j])
	}
	for i, x := range [][]T{o.ypost, o.ypre, o.spikes, k.timer} {
		copy(o.final[2+i], now(last, x))
	}
	for i := range k.types() - 1 {
		copy(o.final[numStates-numMore+i], now(last, o.more[i]))
	}
	return nil
}

// derives says whether spikes and the membrane after the reset, where nobody else reads them, are
// computed again from the membrane before the reset on the way back.
func (k *neuronKernel[T]) derives() bool { return !k.forced && !k.twin && k.rule != Surge }

// spikeAgain brings the spikes and the membrane after the reset of step t of some rows back.
func (k *neuronKernel[T]) spikeAgain(w *task[T], t, lo, hi int) {
	o, s, steps := &k.out, &w.spiked, k.t*k.b*k.n
	if t < 0 || !k.derives() || len(o.spikes) == steps && len(o.ypost) == steps {
		return
	}
	for row := lo; row < hi; {
		end := k.until(row, hi)
		p := k.place(t, row, end)
		s.Pre, s.Threshold, s.S, s.Post, s.Most = now(p, o.ypre), per(p, k.coef[threshold]), now(p, o.spikes), now(p, o.ypost), T(k.most)
		s.Run(w.scratch, p.n, p.rows)
		row = end
	}
}

// traces makes memory for the records that nobody else reads, and for the timer.
func (k *neuronKernel[T]) traces() {
	steps := min(k.t, 2)
	if k.trained {
		steps = k.t
	}
	own := k.own.records()
	for i, x := range k.out.records() {
		size := steps * k.b * k.n
		if i < 2 && k.derives() {
			size = min(k.t, 2) * k.b * k.n
		}
		switch {
		case i >= k.records() || *x != nil:
		case len(*own[i]) != size:
			*own[i] = k.memory.take(size)
			fallthrough
		default:
			*x = *own[i]
		}
	}
	size := steps * k.b * k.n
	if len(k.timer) != size {
		k.timer = k.memory.take(size)
	}
}

func (k *neuronKernel[T]) forwardRows(lo, hi int) {
	w := &k.tasks[lo/k.block]
	w.err = nil
	w.recorder.Reset()
	if k.recurrent {
		k.list(w, &k.start, lo, k.in.spikes[lo*k.n:hi*k.n])
	}
	for t := range k.t {
		x := k.weigh(w, t, lo, hi)
		for row := lo; row < hi; {
			end := k.until(row, hi)
			p := k.place(t, row, end)
			if !k.advance(w, p, x[(p.lo-lo*k.n)*k.types():(p.hi-lo*k.n)*k.types()]) {
				w.err = k.notFinite(w, p)
				return
			}
			row = end
		}
		if k.recurrent || !k.unread {
			k.record(w, t, lo, hi)
		}
	}
}

// advance computes a step of some rows for their weighted input x.
func (k *neuronKernel[T]) advance(w *task[T], p place, x []T) (finite bool) {
	a, o, c, d := &k.in, &k.out, &k.coef, &k.derived
	cur, mem := &w.currents, &w.membrane
	n, ampa := p.hi-p.lo, x
	if k.four {
		ampa = column(w.ampa, x, 0)
	}
	cur.Isyn0, cur.Iahp0, cur.S0, cur.W = before(p, o.isyn, k.isyn0), before(p, o.iahp, k.iahp0), before(p, o.spikes, a.spikes), ampa
	cur.Isyn, cur.Iahp, cur.Leak = now(p, o.isyn), now(p, o.iahp), w.leak[:n]
	mem.Syn, mem.Leak, mem.Timer0, mem.V = cur.Isyn, cur.Leak, before(p, k.timer, a.timer), before(p, o.ypre, a.vmem)
	mem.M, mem.Pre, mem.Post, mem.S, mem.Timer = of(p, k.m), now(p, o.ypre), now(p, o.ypost), now(p, o.spikes), now(p, k.timer)
	if p.t == 0 || k.perRow {
		cur.DecaySyn, cur.ChargeSyn, cur.GainSyn = per(p, d.decaySyn), per(p, d.chargeSyn), per(p, c[gainSyn])
		cur.DecayAHP, cur.JumpAHP, cur.LeakMem = per(p, d.decayAHP), per(p, d.jumpAHP), per(p, c[leakMem])
		mem.RateMem, mem.Feedback, mem.GainMem = per(p, c[rateMem]), per(p, c[feedback]), per(p, c[gainMem])
		mem.InvLeak, mem.Threshold, mem.Refractory = per(p, d.invLeak), per(p, c[threshold]), per(p, d.refractory)
		mem.Most, mem.Tick = T(k.most), 1+tolerance[T]()
		if k.twin { // smooth in it
			mem.Refractory = per(p, c[refractory])
		}
	}
	mem.DcMem = k.dc(w.dc, p)
	if k.twin {
		k.twinCurrents(cur)
	} else {
		cur.Run(w.scratch, p.n, p.rows)
	}
	if k.four {
		mem.Syn = w.syn[:n]
		k.charge(p, x, cur, mem)
	}
	if k.forced {
		copy(mem.S, now(p, a.forced))
	}
	switch {
	case k.twin:
		return k.twinMembrane(mem)
	case k.forced:
		w.forced.Membrane = *mem
		return w.forced.Run(w.scratch, p.n, p.rows)
	}
	return mem.Run(w.scratch, p.n, p.rows)
}

// notFinite names the first neuron of some rows whose state is not finite.
func (k *neuronKernel[T]) notFinite(w *task[T], p place) error {
	mem := &w.membrane
	e := 0
	for j := range mem.M {
		if sum := mem.Syn[j] + mem.Leak[j] + mem.M[j]; sum-sum != 0 {
			e = j
			break
		}
	}
	return fmt.Errorf("%w: step %d, row %d, neuron %d: Isyn = %v Io, Iahp = %v Io, ln(Imem/Io) = %v", ErrState, p.t, (p.lo+e)/k.n, (p.lo+e)%k.n, now(p, k.out.isyn)[e], now(p, k.out.iahp)[e], mem.Pre[e])
}
