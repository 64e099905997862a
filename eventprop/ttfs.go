package eventprop

import (
	"math"

	"github.com/surge-snn/surge/internal/fmath"
)

// TTFS is [NextSpike] in the form of a solver with a horizon: for VLeak = 0 it
// returns the time of the next upward crossing of vTh, which may lie after tMax, or
// exactly tMax if there is none. A state at or above threshold has none. Its gradient
// is [TTFSGradient].
func TTFS(f Flow, vTh float64, s State, tMax float64) float64 {
	if s.V >= vTh {
		return tMax
	}
	return orHorizon(NextSpike(f, vTh, 0, s), tMax)
}

func orHorizon(h, tMax float64) float64 {
	if math.IsInf(h, 1) {
		return tMax
	}
	return h
}

// TTFSGradient returns the derivatives of the crossing at h with respect to the state
// s at 0, by implicit differentiation for VLeak = 0:
//
//	dh/dV = -Mem(h)/V'(h),  dh/dI = -Kappa(h)/V'(h),  V'(h) = (I(h) - V(h))/TauMem
//
// They are zero for a state that does not cross vTh > 0 (and whose h is a horizon),
// and for one at or above threshold already.
func TTFSGradient(f Flow, vTh float64, s State) (dV, dI float64) {
	h := NextSpike(f, vTh, 0, s)
	if math.IsInf(h, 1) || h == 0 {
		return 0, 0
	}
	p := f.Factors(h)
	slope := f.alpha * (float64(p.Syn*s.I) - vTh)
	return -p.Mem / slope, -p.Kappa / slope
}

// TTFSEqual is the closed form of [TTFS] at TauMem = TauSyn = tau, for vTh > 0:
//
//	t = tau (-V/I - W0(w)),  w = -(vTh/I) e^(-V/I)
//
// with the principal branch W0 of Lambert's function; there is no spike where
// w < -1/e (Göltz et al. 2021, doi:10.1038/s42256-021-00388-x). Near
// w = -1/e, the state that grazes, its error grows as that of any closed form.
func TTFSEqual(tau, vTh float64, s State, tMax float64) float64 {
	if !(s.I > vTh) || s.V >= vTh {
		return tMax
	}
	b := -s.V / s.I
	if b > 700 { // e^b overflows; V is far below -I e^-1
		return tMax
	}
	w := -vTh / s.I * fmath.Exp(b)
	if w < -1/math.E {
		return tMax
	}
	if t := b - lambertW0(w); t > 0 {
		return tau * t
	}
	return tMax
}

// TTFSDouble is the closed form of [TTFS] at TauMem = 2 TauSyn, for vTh > 0. With
// X = e^(t/TauMem), a crossing is a root of a quadratic:
//
//	X = 2 I / (a + sqrt(a^2 - 4 I vTh)),  a = V + I
//
// and there is none where the root is not real or X <= 1.
func TTFSDouble(tauMem, vTh float64, s State, tMax float64) float64 {
	if !(s.I > vTh) || s.V >= vTh {
		return tMax
	}
	a := s.V + s.I
	d := float64(a*a) - float64(4*s.I*vTh)
	if !(d > 0) || !(a > 0) {
		return tMax
	}
	r := math.Sqrt(d)
	// X - 1 = (2 I - a - r)/(a + r); I - V - r cancels less than X - 1 does.
	z := (s.I - s.V - r) / (a + r)
	if !(z > 0) {
		return tMax
	}
	return tauMem * fmath.Log1p(z)
}

// lambertW0 returns W with W e^W = x on the principal branch, -1/e <= x <= 0.
func lambertW0(x float64) float64 {
	p2 := 2 * (float64(math.E*x) + 1)
	if p2 <= 0 {
		return -1
	}
	p := math.Sqrt(p2)
	w := -1 + float64(p*(1-float64(p*(1./3-float64(p*(11./72)))))) // series at the branch point
	if p < 1e-3 {
		return w - float64(float64(p*p)*float64(p*p)*(43./540))
	}
	for range 20 { // Halley's iteration
		e := fmath.Exp(w)
		f := float64(w*e) - x
		d := f / (float64(e*(w+1)) - float64((w+2)*f)/(float64(2*w)+2))
		w -= d
		if math.Abs(d) <= 1e-16*math.Abs(w) {
			break
		}
	}
	return w
}
