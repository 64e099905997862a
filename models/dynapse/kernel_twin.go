package dynapse

import (
	"github.com/surge-snn/surge/internal/cells"
	"github.com/surge-snn/surge/internal/kernel"
)

// The smoothed twin of a step, with the operands of the loops of package cells: every step function
// is the antiderivative of its slope.

// bounded keeps m a number that float32 has.
func (k *neuronKernel[T]) bounded(m T) T { return min(m, T(ceiling)) }

// floor is max(a, 1), in the twin 1 + softplus(a-1).
func (k *neuronKernel[T]) floor(a T) T {
	if k.twin {
		return 1 + T(softplus(float64(a-1)))
	}
	return max(a, 1)
}

// slope is the derivative of floor, or what stands for it.
func (k *neuronKernel[T]) slope(a T) T {
	if k.soft {
		return T(logistic(float64(a - 1)))
	}
	return T(hardSlope(float64(a), 1))
}

// gate is the share of a bin in which the refractory gate is open.
func gate[T kernel.Float](timer T) T { return T(logistic((0.5 - float64(timer)) / gateWidth)) }

// tick takes a bin off the timer: max(timer-1, 0), in the twin a softplus of it.
func (k *neuronKernel[T]) tick(timer, tol T) T {
	switch {
	case k.twin:
		return T(timerWidth * softplus(float64(timer-1)/timerWidth))
	case timer > 1+tol:
		return timer - 1
	}
	return 0
}

// tickSlope is the derivative of tick.
func (k *neuronKernel[T]) tickSlope(timer, tol T) T {
	switch {
	case k.twin:
		return T(logistic(float64(timer-1) / timerWidth))
	case timer > 1+tol:
		return 1
	}
	return 0
}

func (k *neuronKernel[T]) twinCurrents(a *cells.Currents[T]) {
	for j, w := range a.W {
		a.Isyn[j] = T(a.DecaySyn[j]*a.Isyn0[j]) + T(a.ChargeSyn[j]*max(a.GainSyn[j]*w, 1))
		a.Iahp[j] = k.floor(T(a.DecayAHP[j]*a.Iahp0[j]) + T(a.JumpAHP[j]*a.S0[j]))
		a.Leak[j] = a.LeakMem[j] + a.Iahp[j]
	}
}

// branch is an update of the membrane with the input iin: m after it and before its bound, the
// relative growth but for its rate, and the drive.
func branch[T kernel.Float](m, h, f, ratio, gain, iin, leak T) (raw, inner, drive T) {
	drive = gain * iin / (m + gain)
	inner = f + T(ratio*(drive-leak))
	return m + T(m*T(h*inner)), inner, drive
}

func (k *neuronKernel[T]) twinMembrane(a *cells.Membrane[T]) (finite bool) {
	for j, m := range a.M {
		leak, h, gain := a.Leak[j], a.RateMem[j], a.GainMem[j]
		f, ratio := exp(a.Feedback[j]*a.V[j]), leak*a.InvLeak[j]
		on, _, _ := branch(m, h, f, ratio, gain, k.floor(a.Syn[j]-leak+a.DcMem[j]), leak)
		off, _, _ := branch(m, h, f, ratio, gain, 1, leak)
		yOff := log(k.bounded(k.floor(off)))
		pre := yOff + T(gate(a.Timer0[j])*(log(k.bounded(k.floor(on)))-yOff))
		if a.Pre[j] = pre; a.Syn[j]+leak+pre-(a.Syn[j]+leak+pre) != 0 {
			a.M[j] = pre
			return false
		}
		x := float64(pre - a.Threshold[j])
		b, post, rest := T(logistic(x/k.width)), T(logistic(-x/k.width))*pre, k.tick(a.Timer0[j], 0)
		switch {
		case !k.forced:
			a.S[j] = T(k.smoothCount(x))
		case a.S[j] > 0:
			b, post = 1, 0
		default:
			b, post = 0, pre
		}
		a.Timer[j] = T((1-b)*rest) + T(b*a.Refractory[j])
		a.Post[j], a.M[j] = post, exp(post)
	}
	return true
}

func (k *neuronKernel[T]) twinSlopes(a *cells.Slopes[T]) {
	for j, pre := range a.Pre {
		count, flag := k.slopes(float64(pre - a.Threshold[j]))
		a.Count[j], a.Flag[j] = T(count), T(flag)
	}
}

func (k *neuronKernel[T]) twinSpike(a *cells.SpikeS[T], refractory []T) {
	for j, pre := range a.Pre {
		b := T(logistic(float64(pre-a.Threshold[j]) / k.width))
		gpost, flag, d := a.DPost[j]+a.GPost[j], a.Flag[j], a.DTimer[j]
		gx := T((a.DS[j]+a.GS[j])*a.Count[j]) - T(T(gpost*pre)*flag)
		gx += T(T(d*flag) * (refractory[j] - k.tick(a.Timer0[j], 0)))
		a.Gy[j] = a.DPre[j] + a.GPre[j] + T((1-b)*gpost) + gx
		a.DThreshold[j] -= gx
		a.DTimer[j] = T((1-b)*d) * k.tickSlope(a.Timer0[j], 0)
		a.DRefractory[j] += T(b * d)
	}
}

func (k *neuronKernel[T]) twinForced(a *cells.SpikeForced[T]) {
	for j, s := range a.S {
		a.Gy[j] = a.DPre[j] + a.GPre[j]
		if s > 0 {
			a.DRefractory[j] += a.DTimer[j]
			a.DTimer[j] = 0
			continue
		}
		a.Gy[j] += a.DPost[j] + a.GPost[j]
		a.DTimer[j] *= k.tickSlope(a.Timer0[j], 0)
	}
}

// twinLinear runs the linear part of the adjoint twice, for the update with the gate open and for
// that with it closed, by their shares.
func (k *neuronKernel[T]) twinLinear(w *task[T], v *cells.Linear[T], p place) {
	l := &w.adjoint.mixed.Local
	n := p.hi - p.lo
	closed := make([]T, n)
	fill := func(open bool) {
		for j := range n {
			m, leak := exp(l.Post0[j]), l.LeakMem[j]+l.Iahp[j]
			e, ratio := exp(l.Feedback[j]*l.Pre0[j]), leak*l.InvLeak[j]
			input := l.Syn[j] - leak + l.DcMem[j]
			iin, slope := k.floor(input), k.slope(input)
			on, _, _ := branch(m, l.RateMem[j], e, ratio, l.GainMem[j], iin, leak)
			off, _, _ := branch(m, l.RateMem[j], e, ratio, l.GainMem[j], 1, leak)
			if open {
				g, gy := gate(l.Timer0[j]), v.Gy[j]
				jump := log(k.bounded(k.floor(on))) - log(k.bounded(k.floor(off)))
				v.DTimer[j] -= T(T(gy*jump) * T(float64(g*(1-g))/gateWidth))
				v.Gy[j], closed[j] = T(gy*g), T(gy*(1-g))
			} else {
				iin, slope = 1, 0
				v.Gy[j] = closed[j]
			}
			raw, inner, drive := branch(m, l.RateMem[j], e, ratio, l.GainMem[j], iin, leak)
			l.F[j], l.Drive[j], l.Iin[j], l.M0[j], l.InvUnder[j], l.Inner[j], l.Open[j], l.Leak[j] = e, drive, iin, m, 1/(m+l.GainMem[j]), inner, slope, leak
			l.Gain[j] = k.slope(raw) * m / k.bounded(k.floor(raw))
			l.SlopeAHP[j] = k.slope(T(l.DecayAHP[j]*l.Iahp0[j]) + T(l.JumpAHP[j]*l.S0[j]))
			l.Jump[j] = 0
		}
	}
	fill(true)
	v.Run(w.scratch, p.n, p.rows)
	fill(false)
	first := *v
	outputs := []*[]T{&v.DPost, &v.DPre, &v.DW, &v.DS, &v.Gsyn, &v.Gleak, &v.DIsyn, &v.DIahp}
	for _, x := range outputs {
		*x = make([]T, n)
	}
	v.GIsyn, v.GIahp = k.zeros[:n], k.zeros[:n]
	v.Run(w.scratch, p.n, p.rows)
	second := *v
	*v = first
	for i, x := range [][]T{second.DPost, second.DPre, second.DW, second.DS, second.Gsyn, second.Gleak, second.DIsyn, second.DIahp} {
		for j := range x {
			(*outputs[i])[j] += x[j]
		}
	}
}
