package models

import (
	"github.com/surge-snn/surge/internal/kernel"
	"github.com/surge-snn/surge/surrogate"
)

// The steps of a smoothed twin, whose spikes s are numbers, S(u - VTh): [kernel.LIF] has those of
// neurons whose spikes are 0 or 1.

func (k *lifKernel[T]) smoothRows(l *kernel.LIF[T], at *task[T], u, x kernel.Rows[T], first int, mask []uint64, words int) {
	width := at.to - at.from
	for r := range at.hi - at.lo {
		s, own := at.of(&k.smooth, first+r), r*width
		k.smoothStep(l, u.Data[r*u.LD:][:width], at.v[own:own+width], at.i[own:own+width], x.Data[r*x.LD:][:width], s)
		kernel.Mask(mask[r*words:], s)
	}
}

func (k *lifKernel[T]) smoothStep(l *kernel.LIF[T], u, v, i, x, s []T) {
	for j, x := range x {
		if l.Beta != nil {
			i[j] = T(l.Beta[j]*i[j]) + x
			u[j] = v[j] + T(l.Gain[j]*(i[j]-v[j]))
		} else {
			u[j] = T(l.Alpha[j]*v[j]) + x
		}
		s[j] = u[j] - l.VTh[j]
	}
	surrogate.Antiderivatives(k.surrogate, s, s)
	k.smoothReset(l, v, u, s)
}

func (k *lifKernel[T]) smoothReset(l *kernel.LIF[T], v, u, s []T) {
	for j, u := range u {
		if l.VReset != nil {
			v[j] = u + T(s[j]*(l.VReset[j]-u))
		} else {
			v[j] = u - T(l.VTh[j]*s[j])
		}
	}
}

// smoothBack is the adjoint of smoothStep for row i of a task.
func (k *lifKernel[T]) smoothBack(l *kernel.LIF[T], a *kernel.Adjoint[T], t, i int, us kernel.Rows[T], at *task[T]) {
	width, r := at.to-at.from, t*k.b+at.lo+i
	own := i * width
	dv, ds, slope, s := at.v[own:], at.x[own:], at.slope[own:], at.of(&k.smooth, r)
	row := func(of kernel.Rows[T]) []T {
		if of.Data == nil {
			return nil
		}
		return of.Data[i*of.LD:][:width]
	}
	dx, g, dleak, dvth, dbeta, dvreset := row(a.DX), row(a.G), row(a.DLeak), row(a.DVTh), row(a.DBeta), row(a.DVReset)
	before, isyn, isynBefore := row(a.Before), row(a.I), row(a.IBefore)
	if a.Unreset && before != nil {
		k.smoothReset(l, at.before, before, at.of(&k.smooth, r-k.b))
		before = at.before
	}
	for j, u := range row(us) {
		dr := dv[j]
		du, dsj := dr, T(-l.VTh[j]*dr)
		if l.VReset != nil {
			du, dsj = T(dr*(1-s[j])), T((l.VReset[j]-u)*dr)
		}
		if l.Detach {
			dsj = 0
		}
		spike := T((ds[j] + dsj) * slope[j])
		if dleak != nil {
			if l.VReset != nil {
				dvreset[j] += T(s[j] * dr)
			} else {
				dvth[j] -= T(s[j] * dr)
			}
			dvth[j] -= spike
		}
		du = du + spike + g[j]
		if l.Beta == nil {
			dv[j] = l.Alpha[j] * du
			if dleak != nil {
				dleak[j] += T(du * before[j])
			}
			dx[j] = du
			continue
		}
		part := T(l.Gain[j] * du)
		dv[j] = du - part
		di := at.i[own+j] + part
		if dleak != nil {
			dleak[j] += T(du * (isyn[j] - before[j]))
			dbeta[j] += T(di * isynBefore[j])
		}
		dx[j], at.i[own+j] = di, l.Beta[j]*di
	}
}
