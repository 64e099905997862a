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

	// Of the neurons of a group: the drive of the synapses and the leak, and with four types the
	// weighted input of AMPA, its adjoint, and the leak with SHUNT.
	syn, leak, ampa, dampa, shunted []T

	currents cells.Currents[T]
	membrane cells.Membrane[T]
	forced   cells.Forced[T]
	adjoint  adjoint[T]
}

func newTask[T kernel.Float](m mode, n, block, span int) task[T] {
	w := task[T]{scratch: cells.NewScratch(), syn: make([]T, span), leak: make([]T, span), adjoint: newAdjoint[T](span)}
	if m.recurrent {
		w.weighted, w.mask = make([]T, block*m.types()), make([]uint64, kernel.Words(n))
	}
	if m.four {
		w.ampa, w.dampa, w.shunted = make([]T, span), make([]T, span), make([]T, span)
	}
	return w
}

func (k *neuronKernel[T]) Forward(in, out [][]T) error {
	k.in, k.out = splitIn(k.mode, in), splitOut(k.mode, out)
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
	o := &k.out
	last := (k.t - 1) * k.b * k.n
	for j := range k.m {
		o.final[0][j], o.final[1][j] = log(o.isyn[last+j]), log(o.iahp[last+j])
	}
	for i, x := range [][]T{o.ypost, o.ypre, o.spikes, k.timer} {
		copy(o.final[2+i], x[last:])
	}
	for i := range k.types() - 1 {
		copy(o.final[numStates-numMore+i], o.more[i][last:])
	}
	return nil
}

func (k *neuronKernel[T]) forwardRows(lo, hi int) {
	w := &k.tasks[lo/k.block]
	w.err = nil
	w.recorder.Reset()
	for t := range k.t {
		if k.recurrent {
			k.record(w, t, lo, hi)
		}
		x := k.weigh(w, t, lo, hi)
		for row := lo; row < hi; row += k.group {
			p := k.place(t, row, min(row+k.group, hi))
			if !k.advance(w, p, x[(p.lo-lo*k.n)*k.types():(p.hi-lo*k.n)*k.types()]) {
				w.err = k.notFinite(w, p)
				return
			}
		}
	}
}

// advance computes a step of a group for its weighted input x.
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
		mem.RateMem, mem.Feedback, mem.GainMem, mem.DcMem = per(p, c[rateMem]), per(p, c[feedback]), per(p, c[gainMem]), per(p, c[dcMem])
		mem.InvLeak, mem.Threshold, mem.Refractory = per(p, d.invLeak), per(p, c[threshold]), per(p, d.refractory)
		mem.Most, mem.Tick = T(k.most), 1+tolerance[T]()
		if k.twin { // smooth in it
			mem.Refractory = per(p, c[refractory])
		}
	}
	if k.twin {
		k.twinCurrents(cur)
	} else {
		cur.Run(w.scratch)
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
		return w.forced.Run(w.scratch)
	}
	return mem.Run(w.scratch)
}

// notFinite names the first neuron of a group whose state is not finite.
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
