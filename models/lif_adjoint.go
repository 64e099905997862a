package models

import (
	"github.com/surge-snn/surge/internal/kernel"
	"github.com/surge-snn/surge/surrogate"
)

func (k *lifKernel[T]) Backward(in, out, gout, gin [][]T) error {
	k.in, k.out = split(k.lifCell, in), splitOut(k.lifCell, out)
	k.gin, k.gout = split(k.lifCell, gin), splitOut(k.lifCell, gout)
	d := &k.gin
	k.learns = d.alpha != nil || d.vth != nil || d.beta != nil || d.vreset != nil
	if k.learns {
		for j := range k.partial {
			k.partial[j] = resized(k.partial[j], k.b*k.n)
			clear(k.partial[j])
		}
	}
	k.dx = kernel.Panels[T]{}
	if d.x != nil || k.recurrent || k.handed {
		k.dx = k.panels(d.x, &k.own.dx)
	}
	if k.recurrent {
		k.wrec.PackTransposed(k.in.wrec, k.n, k.n)
	}
	kernel.Blocks(len(k.grid.tasks), 1, k.back)
	// Gradients of parameters are summed in the order of the rows.
	for j, p := range [...][]T{d.alpha, d.vth, d.beta, d.vreset} {
		if p != nil {
			kernel.SumRows(p, k.partial[j])
		}
	}
	if d.wrec != nil {
		// The spikes of a step meet the gradients of the next one.
		k.byNeuron().Scatter(d.wrec, k.dx, (k.t-1)*k.b, k.b, false)
		if k.start.events.Len() > 0 {
			k.start.columns.Transpose(&k.start.events)
			k.start.columns.Scatter(d.wrec, k.dx, k.b, 0, true)
		}
	}
	return nil
}

func (k *lifKernel[T]) backTasks(lo, hi int) {
	for i := lo; i < hi; i++ {
		k.backTask(&k.grid.tasks[i])
	}
}

// backTask takes some rows and neurons back through time.
func (k *lifKernel[T]) backTask(at *task[T]) {
	g, d := &k.gout, &k.gin
	rows, width := at.hi-at.lo, at.to-at.from
	at.x = resized(at.x, rows*width)
	at.u = resized(at.u, width)
	at.slope, at.before = resized(at.slope, width), resized(at.before, width)
	at.v, at.i = resized(at.v, rows*width), resized(at.i, rows*width)
	at.load(at.v, g.v, k.n)
	at.load(at.i, g.i, k.n)
	l := k.neurons(at)
	a := kernel.Adjoint[T]{G: k.zero[at.from:at.to], Before: at.before}
	ds := at.x
	for t := k.t - 1; t >= 0; t-- {
		first := t*k.b + at.lo
		k.spikeGradients(ds, t, at)
		for b := at.lo; b < at.hi; b++ {
			r, own := first+b-at.lo, (b-at.lo)*width
			u := at.of(&k.vmem, r)
			kernel.Sub(at.slope, u, l.VTh)
			surrogate.Slopes(k.surrogate, at.slope, at.slope)
			a.DV, a.DX = at.v[own:own+width], at.u
			if k.synapse {
				a.DI = at.i[own : own+width]
			}
			if k.dx.Data != nil {
				a.DX = at.of(&k.dx, r)
			}
			if g.vmem != nil {
				a.G = k.row(g.vmem, r, at)
			}
			if k.learns {
				k.parameters(&a, &l, t, b, at)
			}
			if k.twin {
				k.smoothBack(&l, &a, ds[own:own+width], at.slope, u, at.of(&k.smooth, r))
			} else {
				l.Back(&a, ds[own:own+width], at.slope, u)
			}
		}
	}
	at.store(d.v0, at.v, k.n)
	at.store(d.i0, at.i, k.n)
	if k.recurrent && d.s0 != nil {
		k.wrec.Product(d.s0[at.lo*k.n:], k.n, at.lo, rows, 0, k.n, kernel.Matrix[T]{X: k.dx}, false, &at.scratch)
	}
}

// spikeGradients sets ds to the gradients of the spikes of step t: those that arrive, and
// those that come back through the recurrent weights from the step behind.
func (k *lifKernel[T]) spikeGradients(ds []T, t int, at *task[T]) {
	rows, width, first := at.hi-at.lo, at.to-at.from, t*k.b+at.lo
	switch {
	case k.gradient != nil && k.gout.spikes == nil:
		k.gradient.Rows(ds, width, first, rows, at.from, at.to, &at.scratch)
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
		k.wrec.Product(ds, k.n, first+k.b, rows, 0, k.n, kernel.Matrix[T]{X: k.dx}, true, &at.scratch)
	case k.gout.s != nil:
		kernel.Add(ds, ds, k.gout.s[at.lo*k.n:at.hi*k.n])
	}
}

// parameters prepares the sums of the gradients of the parameters for a row.
func (k *lifKernel[T]) parameters(a *kernel.Adjoint[T], l *kernel.LIF[T], t, b int, at *task[T]) {
	r := t*k.b + b
	a.DAlpha, a.DVTh = k.row(k.partial[0], b, at), k.row(k.partial[1], b, at)
	if k.synapse {
		a.DBeta = k.row(k.partial[2], b, at)
		a.I, a.IBefore = at.of(&k.isyn, r), k.row(k.in.i0, b, at)
		if t > 0 {
			a.IBefore = at.of(&k.isyn, r-k.b)
		}
	}
	if k.toValue {
		a.DVReset = k.row(k.partial[3], b, at)
	}
	switch {
	case t == 0:
		copy(a.Before, k.row(k.in.v0, b, at))
	case k.twin:
		k.smoothReset(l, a.Before, at.of(&k.vmem, r-k.b), at.of(&k.smooth, r-k.b))
	default:
		l.Reset(a.Before, at.of(&k.vmem, r-k.b))
	}
}
