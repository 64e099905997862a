package eventprop

import (
	"math"

	"github.com/surge-snn/surge/internal/fmath"
)

// cell is a neuron: its flow, and its levels counted from VLeak.
type cell struct {
	Flow
	leak     float64 // VLeak
	q        float64 // VTh - VLeak
	rho      float64 // VReset - VLeak
	kappaMax float64 // largest Kappa, (TauSyn/TauMem)^(TauMem/(TauMem-TauSyn))
}

func newCell(f Flow, vTh, vLeak, vReset float64) cell {
	return cell{Flow: f, leak: vLeak, q: vTh - vLeak, rho: vReset - vLeak, kappaMax: f.LargestKappa()}
}

// log1pOver is ln(1+z)/z.
func log1pOver(z float64) float64 {
	if z == 0 {
		return 1
	}
	return fmath.Log1p(z) / z
}

// NextSpike returns the time in seconds from state s to the next upward crossing of
// vTh without further input, or +Inf if there is none. It solves
//
//	vTh - vLeak = (V - vLeak) e^(-t/TauMem) + I Kappa(t)
//
// for any time constants, and for a leak below or above the threshold. A state at or
// above threshold crosses at 0. A voltage that touches the threshold at its maximum
// does not cross it.
//
// Without a spike the cost is some compares, one logarithm and one exponential at
// most. Otherwise Newton's iteration runs from the left, where V is concave, inside
// a bracket: 2 to 3 steps of two exponentials.
// The time is exact to the rounding of V: |V(t) - vTh| is a few units in the last
// place of its terms.
func NextSpike(f Flow, vTh, vLeak float64, s State) float64 {
	c := newCell(f, vTh, vLeak, 0)
	h, _, _ := c.next(s.V-vLeak, s.I)
	return h
}

// next is NextSpike in u = V - VLeak. solved tells whether it took a root search; p is then the
// propagator to the crossing.
func (c *cell) next(u, i float64) (h float64, p Factors, solved bool) {
	switch {
	case u >= c.q:
		return 0, Factors{Mem: 1, Syn: 1}, false
	case c.q < 0:
		h, p = c.tonic(u, i)
		return h, p, true
	}
	peak, top := c.peak(u, i)
	if !(top > c.q) {
		return math.Inf(1), p, false
	}
	start := peak - math.Sqrt(2*(top-c.q)/top*c.tauMem*c.tauSyn) // V'' = -u/(TauMem TauSyn) at the top
	h, p = c.root(u, i, 0, peak, max(0, start))
	return h, p, true
}

// peak returns the time and height of the maximum of u from a state below q >= 0, or the height 0
// if that is no more than q: the rejections, cheapest first.
func (c *cell) peak(u, i float64) (t, top float64) {
	switch {
	case i <= c.q: // at a crossing I > u = q
		return 0, 0
	case max(u, 0)+float64(i*c.kappaMax) < c.q*(1-1e-14): // margin: rounding of kappaMax
		return 0, 0
	}
	t, ok := c.extremum(u, i)
	if !ok {
		return 0, 0
	}
	return t, i * fmath.Exp(-c.beta*t) // V' = 0 there: u = I
}

// extremum returns the time > 0 of the only extremum of u:
//
//	e^(delta t) = beta i / (alpha i + delta u) = 1 + z,  delta = beta - alpha
func (c *cell) extremum(u, i float64) (t float64, ok bool) {
	delta := c.beta - c.alpha
	d := float64(c.alpha*i) + float64(delta*u)
	z := delta * (i - u) / d
	if d == 0 || !(z > -1) || math.IsInf(z, 1) {
		return 0, false
	}
	t = (i - u) / d * log1pOver(z)
	return t, t > 0 && !math.IsInf(t, 1)
}

// tonic returns the crossing for a leak above the threshold, u < q < 0: u ends at 0,
// so there is exactly one.
func (c *cell) tonic(u, i float64) (float64, Factors) {
	lo, hi := 0.0, math.Inf(1)
	if t, ok := c.extremum(u, i); ok {
		if i > u {
			hi = t
		} else {
			lo = t
		}
	}
	if math.IsInf(hi, 1) {
		step := max(c.tauMem, c.tauSyn)
		for hi = lo + step; hi < lo+float64(1e6*step) && c.Apply(State{u, i}, hi).V < c.q; {
			hi += hi - lo // by 1e6 time constants all is 0
		}
	}
	return c.root(u, i, lo, hi, lo)
}

// root returns the crossing in [lo, hi] by Newton's iteration from start, with
// bisection where a step leaves the bracket, and the propagator to it.
func (c *cell) root(u, i, lo, hi, start float64) (h float64, p Factors) {
	const most = 1200 // bisection alone takes 1100, from the largest to the smallest number
	h = start
	for range most {
		p = c.Factors(h)
		decayed, driven := float64(p.Mem*u), float64(p.Kappa*i)
		f := decayed + driven - c.q
		if f < 0 {
			lo = h
		} else {
			hi = h
		}
		if math.Abs(f) <= 0x1p-53*(math.Abs(decayed)+math.Abs(driven)+math.Abs(c.q)) {
			return h, p
		}
		slope := c.alpha * (float64(p.Syn*i) - decayed - driven)
		next := h - f/slope
		if next == h {
			return h, p
		}
		if !(next > lo && next < hi) {
			if next = lo + float64((hi-lo)/2); next <= lo || next >= hi {
				return h, p
			}
		}
		h = next
	}
	return h, p
}
