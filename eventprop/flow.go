package eventprop

import (
	"fmt"
	"math"

	"github.com/surge-snn/surge/internal/fmath"
)

// State is the state of a neuron: membrane voltage and synaptic current. For an
// adjoint, V and I hold dL/dV and dL/dI.
type State struct {
	V float64 // V
	I float64 // times the membrane resistance: V
}

func (s State) finite() bool { return s.V-s.V == 0 && s.I-s.I == 0 }

// Flow is the exponential flow of a neuron between events, the closed form of
//
//	TauMem dv/dt = -v + I,  TauSyn dI/dt = -I
//
// in v = V - VLeak. It holds for any two time constants > 0, also for equal ones.
type Flow struct {
	tauMem, tauSyn float64
	alpha, beta    float64 // 1/tauMem, 1/tauSyn
}

// NewFlow returns the flow for two time constants in seconds. Time constants that
// are not positive and finite, or have no finite inverse, are an error
// (ErrParameter).
func NewFlow(tauMem, tauSyn float64) (Flow, error) {
	f := Flow{tauMem: tauMem, tauSyn: tauSyn, alpha: 1 / tauMem, beta: 1 / tauSyn}
	switch {
	case !(tauMem > 0) || math.IsInf(tauMem, 1) || math.IsInf(f.alpha, 1):
		return f, fmt.Errorf("%w: TauMem is %g s, want a positive number", ErrParameter, tauMem)
	case !(tauSyn > 0) || math.IsInf(tauSyn, 1) || math.IsInf(f.beta, 1):
		return f, fmt.Errorf("%w: TauSyn is %g s, want a positive number", ErrParameter, tauSyn)
	}
	return f, nil
}

// LargestKappa returns the largest Kappa of [Factors], the peak of V after an input of weight 1:
//
//	(TauSyn/TauMem)^(TauMem/(TauMem-TauSyn))    (1/e at equal time constants)
func (f Flow) LargestKappa() float64 { return fmath.Exp(-log1pOver((f.tauSyn - f.tauMem) / f.tauMem)) }

// Factors are the elements of the propagator over a time h:
//
//	Mem = e^(-h/TauMem),  Syn = e^(-h/TauSyn)
//	Kappa = (Mem - Syn) TauSyn / (TauMem - TauSyn)    (h/TauMem Mem at equal time constants)
//
// so that V(h) = Mem V(0) + Kappa I(0) and I(h) = Syn I(0) with V counted from
// VLeak.
type Factors struct{ Mem, Syn, Kappa float64 }

// Factors returns the propagator over h >= 0 seconds to a few units in the last
// place. It costs two exponentials, and one where TauMem = 2 TauSyn.
func (f Flow) Factors(h float64) Factors {
	if f.tauMem == 2*f.tauSyn { // Syn = Mem², Kappa = Mem (1 - Mem)
		x := float64(f.alpha * h)
		if x < 0.5 {
			rest := fmath.Expm1(-x)
			mem := 1 + rest
			return Factors{mem, mem * mem, -rest * mem}
		}
		mem := fmath.Exp(-x)
		return Factors{mem, mem * mem, mem * (1 - mem)}
	}
	slow, fast := f.alpha, f.beta
	if slow > fast {
		slow, fast = fast, slow
	}
	eSlow := fmath.Exp(-slow * h)
	var eFast, F float64 // F = (eSlow - eFast) / (fast - slow)
	if x := (fast - slow) * h; x < 0.5 {
		p := fmath.Expm1(-x)
		eFast = eSlow + float64(eSlow*p)
		phi := 1.0
		if x > 0 {
			phi = -p / x
		}
		F = float64(h*eSlow) * phi
	} else {
		eFast = fmath.Exp(-fast * h)
		F = (eSlow - eFast) / (fast - slow)
	}
	if f.alpha <= f.beta {
		return Factors{eSlow, eFast, f.alpha * F}
	}
	return Factors{eFast, eSlow, f.alpha * F}
}

// Apply returns the state after a time, s.V counted from VLeak:
//
//	V <- Mem V + Kappa I,  I <- Syn I
func (p Factors) Apply(s State) State {
	return State{float64(p.Mem*s.V) + float64(p.Kappa*s.I), float64(p.Syn * s.I)}
}

// Adjoint carries dL/dV and dL/dI from the end of a time to its beginning; it is the
// transpose of Apply:
//
//	a_V <- Mem a_V,  a_I <- Kappa a_V + Syn a_I
func (p Factors) Adjoint(a State) State {
	return State{float64(p.Mem * a.V), float64(p.Kappa*a.V) + float64(p.Syn*a.I)}
}

// Apply returns the state h seconds later; see [Factors.Apply].
func (f Flow) Apply(s State, h float64) State { return f.Factors(h).Apply(s) }

// Adjoint returns the adjoint state h seconds earlier; see [Factors.Adjoint]. In
// the scaling of Wunderlich and Pehle, lambda_V = -a_V/TauMem and
// lambda_I = -a_I/TauSyn.
func (f Flow) Adjoint(a State, h float64) State { return f.Factors(h).Adjoint(a) }

// phi is (1 - e^-x)/x.
func phi(x float64) float64 {
	if x == 0 {
		return 1
	}
	return -fmath.Expm1(-x) / x
}

// phiRest is (phi(x) - 1)/x, x >= 0: a series below 0.5, where the difference would
// cancel.
//
//	sum_{n>=1} (-1)^n x^(n-1)/(n+1)!
func phiRest(x float64) float64 {
	if x >= 0.5 {
		return (phi(x) - 1) / x
	}
	sum, term := 0.0, -0.5 // 14 terms: 0.5^14/15! < 1e-16
	for n := 1; n <= 14; n++ {
		sum += term
		term *= -x / float64(n+2)
	}
	return sum
}

// phiSlope is dphi/dx = (e^-x - phi(x))/x, x >= 0:
//
//	sum_{n>=1} (-1)^n n x^(n-1)/(n+1)!
func phiSlope(x float64) float64 {
	if x >= 0.5 {
		return (fmath.Exp(-x) - phi(x)) / x
	}
	sum, term := 0.0, -0.5
	for n := 1; n <= 14; n++ {
		sum += float64(float64(n) * term)
		term *= -x / float64(n+2)
	}
	return sum
}

// secant returns F = (e^(-a h) - e^(-b h))/(b - a). It is symmetric in a and b.
func secant(a, b, h float64) float64 {
	a, b = min(a, b), max(a, b)
	return h * fmath.Exp(-a*h) * phi((b-a)*h)
}

// secantSlopes returns the derivatives of secant with respect to a and b.
func secantSlopes(a, b, h float64) (dA, dB float64) {
	swap := a > b
	if swap {
		a, b = b, a
	}
	x := (b - a) * h
	e := h * fmath.Exp(-a*h)
	dA, dB = float64(h*e)*phiRest(x), float64(h*e)*phiSlope(x)
	if swap {
		dA, dB = dB, dA
	}
	return dA, dB
}

// slopes returns the derivatives of the state after h, from u (voltage above VLeak)
// and i, with respect to the time constants: those of the voltage to both, and that
// of the current to TauSyn.
func (f Flow) slopes(p Factors, u, i, h float64) (uMem, uSyn, iSyn float64) {
	s := f.rateSlopes(p, h)
	return float64(s.memV*u) + float64(s.memI*i), s.synI * i, s.currentI * i
}
