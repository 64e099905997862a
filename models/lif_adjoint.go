package models

import (
	"github.com/surge-snn/surge/internal/kernel"
	"github.com/surge-snn/surge/surrogate"
)

func (k *lifKernel[T]) Backward(in, out, gout, gin [][]T) error {
	k.in, k.out = split(k.lifCell, in), splitOut(k.lifCell, out)
	k.gin, k.gout = split(k.lifCell, gin), splitOut(k.lifCell, gout)
	d := &k.gin
	k.learns = d.leak != nil || d.vth != nil || d.beta != nil || d.vreset != nil
	if k.learns {
		for j := range k.partial {
			k.partial[j].Begin(k.b*k.n, k.whole)
		}
	}
	switch k.dx = (kernel.Panels[T]{}); {
	case d.x == nil && k.out.vmem == nil:
		k.dx = k.vmem // step by step over the voltages, which nobody reads again
	case d.x != nil || k.recurrent || k.handed:
		k.dx = k.panels(d.x, &k.own.dx)
	}
	if k.recurrent && k.whole { // pieces before the last one have the same weights
		k.wrec.PackTransposed(k.in.wrec, k.n, k.n)
	}
	if k.recurrent {
		k.follow = resized(k.follow, k.b*k.n)
	}
	if k.rows == 0 {
		kernel.Blocks(len(k.grid.tasks), 1, k.back)
		k.BackwardEnd()
	}
	return nil
}

func (k *lifKernel[T]) BackwardRows(lo, _ int) { k.backTasks(lo/k.rows, lo/k.rows+1) }

func (k *lifKernel[T]) BackwardEnd() {
	d := &k.gin
	// Gradients of parameters are summed in the order of the rows.
	for j, p := range [...][]T{d.leak, d.vth, d.beta, d.vreset} {
		if p != nil {
			k.partial[j].Rows(p)
		}
	}
	if d.wrec != nil {
		k.recurrentGradient()
	}
}

// recurrentGradient adds up the gradient of w_rec: the spikes of a step meet the gradients of the
// next one, and those before the piece, which are spikes of the piece before or the state, meet the
// gradients of its first step.
func (k *lifKernel[T]) recurrentGradient() {
	first := k.first * k.b
	span := kernel.Span{From: first, To: first + (k.t-1)*k.b, All: (k.steps - 1) * k.b}
	k.weights.Add(k.gin.wrec, span, k.addSpikes)
	k.start.columns.Transpose(&k.start.events)
	if first == 0 {
		k.startRows(0, k.b, true)
		return
	}
	span.From, span.To = first-k.b, first
	k.weights.Add(k.gin.wrec, span, k.addStart)
}

func (k *lifKernel[T]) spikeRows(from, to int, more bool) {
	k.byNeuron().Scatter(k.gin.wrec, k.dx, from, to, k.b, more)
}

func (k *lifKernel[T]) startRows(from, to int, more bool) {
	k.start.columns.Scatter(k.gin.wrec, k.dx, from, to, 0, more)
}

func (k *lifKernel[T]) backTasks(lo, hi int) {
	s := kernel.TakeScratch[T]()
	for i := lo; i < hi; i++ {
		k.grid.tasks[i].scratch = s
		k.backTask(&k.grid.tasks[i])
		k.grid.tasks[i].scratch = nil
	}
	kernel.KeepScratch(s)
}

// backTask takes some rows and neurons back through time.
func (k *lifKernel[T]) backTask(at *task[T]) {
	g, d := &k.gout, &k.gin
	rows, width := at.hi-at.lo, at.to-at.from
	at.x, at.u = resized(at.x, rows*width), resized(at.u, width)
	at.before = resized(at.before, width)
	at.v, at.i = resized(at.v, rows*width), resized(at.i, rows*width)
	at.load(at.v, g.v, k.n)
	at.load(at.i, g.i, k.n)
	l := k.neurons(at)
	sharpness, inside := surrogate.Inside(k.surrogate)
	if !inside || k.twin {
		at.slope = resized(at.slope, rows*width)
	}
	for t := k.t - 1; t >= 0; t-- {
		first := t*k.b + at.lo
		k.spikeGradients(at.x, t, at)
		u := kernel.Rows[T]{}
		u.Data, u.LD = k.vmem.From(first, at.from)
		a := kernel.Adjoint[T]{DV: at.v, DI: at.i, DX: kernel.Rows[T]{Data: at.u}, G: kernel.Rows[T]{Data: k.zero[at.from:at.to]}}
		if k.dx.Data != nil {
			a.DX.Data, a.DX.LD = k.dx.From(first, at.from)
		}
		if g.vmem != nil {
			a.G = kernel.Rows[T]{Data: g.vmem[first*k.n+at.from:], LD: k.n}
		}
		if k.learns {
			k.parameters(&a, t, at)
		}
		slope := at.slope
		if inside && !k.twin {
			slope = nil
		}
		for i := range min(rows, len(slope)) {
			row := slope[i*width : (i+1)*width]
			kernel.Sub(row, u.Data[i*u.LD:][:width], l.VTh)
			surrogate.Slopes(k.surrogate, row, row)
		}
		if !k.twin {
			l.Back(&a, rows, at.x, slope, T(sharpness), u)
		} else {
			for i := range rows {
				k.smoothBack(&l, &a, t, i, u, at)
			}
		}
		if k.learns {
			for j := range k.partial {
				at.fold(&k.partial[j], k.first+t, k.n)
			}
		}
	}
	at.store(d.v0, at.v, k.n)
	at.store(d.i0, at.i, k.n)
	if k.recurrent {
		copy(k.follow[at.lo*k.n:at.hi*k.n], k.dx.Data[at.lo*k.n:])
	}
	if k.recurrent && d.s0 != nil {
		k.wrec.Product(d.s0[at.lo*k.n:], k.n, at.lo, rows, 0, k.n, kernel.Matrix[T]{X: k.dx}, false, at.scratch)
	}
}

// spikeGradients sets ds to the gradients of the spikes of step t: those that arrive, and
// those that come back through the recurrent weights from the step behind.
func (k *lifKernel[T]) spikeGradients(ds []T, t int, at *task[T]) {
	rows, width, first := at.hi-at.lo, at.to-at.from, t*k.b+at.lo
	switch {
	case k.gradient != nil && k.gout.spikes == nil:
		k.gradient.Rows(ds, width, first, rows, at.from, at.to, at.scratch)
	case k.gout.spikes != nil:
		for i := range rows {
			copy(ds[i*width:(i+1)*width], k.row(k.gout.spikes, first+i, at))
		}
	default:
		clear(ds)
	}
	switch {
	case !k.recurrent:
	case t < k.t-1:
		k.wrec.Product(ds, k.n, first+k.b, rows, 0, k.n, kernel.Matrix[T]{X: k.dx}, true, at.scratch)
	case !k.whole:
		k.wrec.Product(ds, k.n, at.lo, rows, 0, k.n, kernel.Matrix[T]{X: kernel.RowMajor(k.follow, k.b, k.n)}, true, at.scratch)
	case k.gout.s != nil:
		kernel.Add(ds, ds, k.gout.s[at.lo*k.n:at.hi*k.n])
	}
}

// parameters prepares the sums of the gradients of the parameters for step t.
func (k *lifKernel[T]) parameters(a *kernel.Adjoint[T], t int, at *task[T]) {
	of := func(x []T) kernel.Rows[T] { return kernel.Rows[T]{Data: x[at.lo*k.n+at.from:], LD: k.n} }
	step := func(p *kernel.Panels[T], t int) (r kernel.Rows[T]) {
		r.Data, r.LD = p.From(t*k.b+at.lo, at.from)
		return r
	}
	a.DLeak, a.DVTh = of(k.partial[0].Part), of(k.partial[1].Part)
	a.Before, a.Unreset = of(k.in.v0), t > 0
	if t > 0 {
		a.Before = step(&k.vmem, t-1)
	}
	if k.synapse {
		a.DBeta, a.I, a.IBefore = of(k.partial[2].Part), step(&k.isyn, t), of(k.in.i0)
		if t > 0 {
			a.IBefore = step(&k.isyn, t-1)
		}
	}
	if k.toValue {
		a.DVReset = of(k.partial[3].Part)
	}
}
