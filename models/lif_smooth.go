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
		kernel.Mask(mask[r*words:(r+1)*words], s)
	}
}

func (k *lifKernel[T]) smoothStep(l *kernel.LIF[T], u, v, i, x, s []T) {
	for j, x := range x {
		if l.Beta != nil {
			i[j] = T(l.Beta[j]*i[j]) + x
			x = T((1 - l.Alpha[j]) * i[j])
		}
		u[j] = T(l.Alpha[j]*v[j]) + x
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

// smoothBack is the adjoint of smoothStep.
func (k *lifKernel[T]) smoothBack(l *kernel.LIF[T], a *kernel.Adjoint[T], ds, slope, u, s []T) {
	dx := a.DX.Data
	for j, u := range u {
		dr := a.DV[j]
		du, dsj := dr, T(-l.VTh[j]*dr)
		if l.VReset != nil {
			du, dsj = T(dr*(1-s[j])), T((l.VReset[j]-u)*dr)
		}
		if l.Detach {
			dsj = 0
		}
		spike := T((ds[j] + dsj) * slope[j])
		if a.DAlpha != nil {
			if l.VReset != nil {
				a.DVReset[j] += T(s[j] * dr)
			} else {
				a.DVTh[j] -= T(s[j] * dr)
			}
			a.DVTh[j] -= spike
		}
		du = du + spike + a.G.Data[j]
		a.DV[j] = l.Alpha[j] * du
		if l.Beta == nil {
			if a.DAlpha != nil {
				a.DAlpha[j] += T(du * a.Before[j])
			}
			dx[j] = du
			continue
		}
		di := a.DI[j] + T((1-l.Alpha[j])*du)
		if a.DAlpha != nil {
			a.DAlpha[j] += T(du * (a.Before[j] - a.I[j]))
			a.DBeta[j] += T(di * a.IBefore[j])
		}
		dx[j], a.DI[j] = di, l.Beta[j]*di
	}
}
