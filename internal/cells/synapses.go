package cells

import "github.com/surge-snn/surge/internal/fmath"

// ExpSyn is a step of exponential synapses, i = Beta (i + X), whose result is written twice.
type ExpSyn[T Float] struct {
	X, Beta []T
	I       []T // before, and after
	Out     []T
}

// Run computes the step.
func (a *ExpSyn[T]) Run(s *Scratch) {
	if n := len(a.X); n > 0 && !run[T](expSyn, a, s, n, 1) {
		a.generic(n)
	}
}

// ExpSynBack is its adjoint: with g = DI + GOut,
//
//	DOut += g Out,  DI = DX = Beta g
//
// where the derivative with respect to Beta is DOut/Beta, as Out = Beta (i + X).
type ExpSynBack[T Float] struct {
	GOut, Out, Beta []T
	DI              []T // before, and after
	DOut            []T // sum
	DX              []T
}

// Run computes the adjoint.
func (a *ExpSynBack[T]) Run(s *Scratch) {
	if n := len(a.Out); n > 0 && !run[T](expSynBack, a, s, n, 1) {
		a.generic(n)
	}
}

// Alpha is a step of alpha synapses, with h before it and after it:
//
//	h' = A h + Gbar O,  g' = A g + C h',  I = -(g' Scale)
type Alpha[T Float] struct {
	O, A, C, Gbar, Scale []T
	H, G                 []T // before, and after
	I, OutG, OutH        []T
}

// Run computes the step.
func (a *Alpha[T]) Run(s *Scratch) {
	if n := len(a.O); n > 0 && !run[T](alpha, a, s, n, 1) {
		a.generic(n, false)
	}
}

// AlphaExact is [Alpha] with h before the step in the equation of g.
type AlphaExact[T Float] struct{ Alpha[T] }

// Run computes the step.
func (a *AlphaExact[T]) Run(s *Scratch) {
	if n := len(a.O); n > 0 && !run[T](alphaExact, a, s, n, 1) {
		a.generic(n, true)
	}
}

// AlphaBack is the adjoint of [Alpha] after that of its current; DH and DG are the adjoints of h'
// and g' with all that arrives at them, and then those before the step. H is h after it and H0, G0
// are h and g before it.
//
//	dh = DH + C DG,  DC += DG H,  DA += dh H0 + DG G0,  DGbar += dh O
//	DO = Gbar dh,    DH = A dh,   DG = A DG
type AlphaBack[T Float] struct {
	O, H, H0, G0, A, C, Gbar []T
	DH, DG                   []T // before, and after
	DA, DC, DGbar            []T // sums
	DO                       []T
}

// Run computes the adjoint.
func (a *AlphaBack[T]) Run(s *Scratch) {
	if n := len(a.O); n > 0 && !run[T](alphaBack, a, s, n, 1) {
		a.generic(n)
	}
}

// Softmax is e^(V - Top), the first half of a softmax, and adds it to the sums of its rows. Next is
// as long as V, and what the caller reads next: it is fetched meanwhile, and has no influence.
type Softmax[T Float] struct {
	V, E, Next []T
	Sum        OfNeurons[T]
	Top        T
}

// Run computes it.
func (a *Softmax[T]) Run(s *Scratch, n, rows int) {
	if n*rows > 0 && !run[T](softmax, a, s, n, rows) {
		a.generic(n, rows)
	}
}

// Larger is Out = X where X > Y, else Y.
type Larger[T Float] struct{ X, Y, Out []T }

// Run computes it.
func (a *Larger[T]) Run(s *Scratch) {
	if n := len(a.X); n > 0 && !run[T](largest, a, s, n, 1) {
		a.generic(n)
	}
}

// Drive is the input of units that compete: V = J Resist where Rfr >= Ready, else 0. Top becomes
// the largest of it and of V over the rows.
type Drive[T Float] struct {
	J, Resist, Rfr, V []T
	Top               OfNeurons[T]
	Ready             T
}

// Run computes it. It returns false where V is not finite.
func (a *Drive[T]) Run(s *Scratch, n, rows int) (finite bool) {
	if n*rows == 0 {
		return true
	}
	if bad, ok := call[T](drive, a, s, n, rows); ok {
		return bad == 0
	}
	return a.generic(n, rows)
}

// Compete makes the shares of units E/Sum, of which those above their thresholds fire.
type Compete[T Float] struct {
	Thr []T
	E   []T // before, and the share after
	S   []T
	Sum T
}

// Run computes them.
func (a *Compete[T]) Run(s *Scratch) {
	if n := len(a.E); n > 0 && !run[T](compete, a, s, n, 1) {
		a.generic(n)
	}
}

// Settle is what follows for thresholds, refractory times and counts of steps, before and after:
//
//	Thr   = max(Thr + Surplus Gain, Floor)
//	Rfr   = Dt with a spike, else Rfr + Dt, a whole number of Dt where it is one but for rounding
//	Steps = Steps + 1
type Settle[T Float] struct {
	S, Gain            []T
	Thr, Rfr, Steps    []T
	Surplus, Floor, Dt T
}

// Run computes it.
func (a *Settle[T]) Run(s *Scratch) {
	if n := len(a.S); n > 0 && !run[T](settle, a, s, n, 1) {
		a.generic(n)
	}
}

// wholeSteps is how far from a whole number of steps a time may be.
const wholeSteps = 1e-3

// Later is the time t after one more step of dt.
func Later[T Float](t, dt T) T {
	q := t / dt
	n := ceil(q - 0.5)
	if off := q - n; larger(off, -off) <= wholeSteps {
		return T((n + 1) * dt)
	}
	return t + dt
}

func (a *ExpSyn[T]) generic(n int) {
	for j := range n {
		a.I[j] = fmath.Flush(T((a.I[j] + a.X[j]) * a.Beta[j]))
		a.Out[j] = a.I[j]
	}
}

func (a *ExpSynBack[T]) generic(n int) {
	for j := range n {
		g := fmath.Flush(a.DI[j] + a.GOut[j])
		a.DOut[j] += T(g * a.Out[j])
		a.DI[j] = T(g * a.Beta[j])
		a.DX[j] = a.DI[j]
	}
}

func (a *Alpha[T]) generic(n int, exact bool) {
	for j := range n {
		rise := a.H[j]
		h := fmath.Flush(T(a.A[j]*a.H[j]) + T(a.Gbar[j]*a.O[j]))
		if !exact {
			rise = h
		}
		g := fmath.Flush(T(a.A[j]*a.G[j]) + T(a.C[j]*rise))
		a.H[j], a.G[j], a.OutH[j], a.OutG[j] = h, g, h, g
		a.I[j] = 0 - T(g*a.Scale[j])
	}
}

func (a *AlphaBack[T]) generic(n int) {
	for j := range n {
		dg := fmath.Flush(a.DG[j])
		dh := fmath.Flush(a.DH[j] + T(a.C[j]*dg))
		a.DC[j] += T(dg * a.H[j])
		a.DA[j] += T(dh*a.H0[j]) + T(dg*a.G0[j])
		a.DGbar[j] += T(dh * a.O[j])
		a.DO[j] = T(a.Gbar[j] * dh)
		a.DH[j] = T(a.A[j] * dh)
		a.DG[j] = T(a.A[j] * dg)
	}
}

func (a *Softmax[T]) generic(n, rows int) {
	for i := range n * rows {
		a.E[i] = Exp(a.V[i] - a.Top)
		a.Sum[i%n] += a.E[i]
	}
}

func (a *Larger[T]) generic(n int) {
	for j := range n {
		a.Out[j] = larger(a.X[j], a.Y[j])
	}
}

func (a *Drive[T]) generic(n, rows int) (finite bool) {
	finite = true
	for i := range n * rows {
		v := T(0)
		if a.Rfr[i] >= a.Ready {
			v = T(a.J[i] * a.Resist[i])
		}
		a.V[i], a.Top[i%n] = v, larger(v, a.Top[i%n])
		finite = finite && v-v == 0
	}
	return finite
}

func (a *Compete[T]) generic(n int) {
	for j := range n {
		a.E[j] /= a.Sum
		if a.S[j] = 0; a.E[j]-a.Thr[j] > 0 {
			a.S[j] = 1
		}
	}
}

func (a *Settle[T]) generic(n int) {
	for j := range n {
		rfr := Later(a.Rfr[j], a.Dt)
		if a.S[j] > 0 {
			rfr = a.Dt
		}
		a.Thr[j], a.Rfr[j] = larger(a.Floor, a.Thr[j]+T(a.Surplus*a.Gain[j])), rfr
		a.Steps[j]++
	}
}
