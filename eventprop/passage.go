package eventprop

import (
	"math"

	"github.com/surge-snn/surge/internal/fmath"
)

// passage is a moment in an interval between inputs: its time, and the decays from the beginning of
// the interval. Within an interval these give all propagators by division, without exponentials.
type passage struct{ time, mem, syn float64 }

// opening is the beginning of an interval.
var opening = passage{0, 1, 1}

// kappaOf returns Kappa over h from the decays over h.
func (f *Flow) kappaOf(mem, syn, h float64) float64 {
	delta := f.beta - f.alpha
	d := float64(delta * h)
	if math.Abs(d) > 0.1 {
		return f.alpha * (mem - syn) / delta
	}
	// (1 - e^-d)/d = 1 - d/2! + d²/3! - ..., to 0.1^10/11! = 3e-18, even and odd terms apart
	d2 := float64(d * d)
	even := 1 + float64(d2*(1./6+float64(d2*(1./120+float64(d2*(1./5040+float64(d2*(1./362880))))))))
	odd := 1./2 + float64(d2*(1./24+float64(d2*(1./720+float64(d2*(1./40320+float64(d2*(1./3628800))))))))
	return float64(f.alpha*h) * mem * (even - float64(d*odd))
}

// between returns the propagator from a to b, b.time > a.time, in one interval.
func (f *Flow) between(a, b passage) Factors {
	h := b.time - a.time
	if a.time == 0 {
		return Factors{b.mem, b.syn, f.kappaOf(b.mem, b.syn, h)}
	}
	if !(a.syn > 1e-250) || !(a.mem > 1e-250) { // far into a long interval the ratios lose their digits
		return f.Factors(h)
	}
	mem := b.mem / a.mem
	if f.tauMem == 2*f.tauSyn {
		return Factors{mem, mem * mem, mem * (1 - mem)}
	}
	syn := b.syn / a.syn
	return Factors{mem, syn, f.kappaOf(mem, syn, h)}
}

// mayCross tells whether a neuron in state s, and in state after at the end of an interval, may
// cross the threshold on the way: it is over it at the end, or V has a maximum on the way and the
// current could lift it so far.
func (c *cell) mayCross(s, after State) bool {
	return after.V >= c.q || s.I > c.q && after.I <= after.V
}

// closed returns the crossing from s at TauMem = 2 TauSyn, where the threshold is a quadratic
// equation for the decay ([TTFSDouble]): mem = e^(-h/TauMem) and z = 1/mem - 1. sure is false near
// grazing, where the square root loses digits.
func (c *cell) closed(s State) (z, mem float64, crosses, sure bool) {
	a := s.V + s.I
	d := float64(a*a) - float64(4*s.I*c.q)
	margin := 1e-6 * float64(a*a)
	if !(d > margin) {
		return 0, 0, false, d < -margin
	}
	slope := s.I - s.V
	if !(slope > 0 && a > 0) {
		return 0, 0, false, true
	}
	r := math.Sqrt(d) // d = slope² - 4 I (q - V), too: slope - r would cancel near the threshold
	gap := max(0, 4*s.I*(c.q-s.V))
	e := float64((slope + r) * (a + r)) // mem = (a + r) / (2 I), too, but with the digits of r alone
	return gap / e, e / (e + gap), true, true
}

// crossingFrom returns the time to the crossing from s, with the decays up to it.
func (c *cell) crossingFrom(s State) (x passage, ok bool) {
	if c.tauMem == 2*c.tauSyn {
		if z, mem, crosses, sure := c.closed(s); sure {
			return passage{c.tauMem * fmath.Log1p(z), mem, mem * mem}, crosses
		}
	}
	h, p, solved := c.next(s.V, s.I)
	return passage{h, p.Mem, p.Syn}, solved
}

// crossingWithin returns the crossing before end of a neuron that is in state s at now, with its
// state just before it, and the propagator up to there. Without a crossing that is end. A neuron
// that is over the threshold at the end by rounding crosses there.
func (c *cell) crossingWithin(s State, now, end passage) (leg Factors, to passage, at State, crosses bool) {
	if c.tauMem == 2*c.tauSyn {
		z, mem, crosses, sure := c.closed(s)
		if sure {
			// The logarithm is for those alone that cross before the end, or at it by rounding.
			if m := mem * now.mem; crosses && m > end.mem*almost {
				h, syn := now.time+float64(c.tauMem*fmath.Log1p(z)), mem*mem
				return Factors{mem, syn, z * syn}, passage{min(h, end.time), m, now.syn * syn}, State{c.q, s.I * syn}, true
			}
			leg = c.over(now, end)
			at = leg.Apply(s)
			return leg, end, at, at.V >= c.q
		}
	}
	leg = c.over(now, end)
	at = leg.Apply(s)
	if at.V > c.q && s.V < c.q {
		if h, p, ok := c.rise(s, end.time-now.time); ok {
			return p, passage{now.time + h, now.mem * p.Mem, now.syn * p.Syn}, State{c.q, s.I * p.Syn}, true
		}
	}
	if c.mayCross(s, at) {
		if h, p, solved := c.next(s.V, s.I); solved && now.time+h <= end.time {
			return p, passage{now.time + h, now.mem * p.Mem, now.syn * p.Syn}, State{c.q, s.I * p.Syn}, true
		}
	}
	return leg, end, at, at.V >= c.q
}

// rise returns the crossing within h from s, at the end of which V is above the threshold, and the
// propagator to it: by Halley's iteration from the crossing of the parabola at s, inside a bracket.
// Steps that are short beside the time constants take no exponentials. ok is false where V does not
// rise at first, or not so far by the parabola.
func (c *cell) rise(s State, h float64) (at float64, p Factors, ok bool) {
	gap := c.q - s.V
	slope := float64(c.alpha * (s.I - s.V))
	curve := float64(-c.alpha * (float64(c.beta*s.I) + slope))
	d := float64(slope*slope) + float64(2*curve*gap)
	if !(slope > 0 && d > 0 && s.I > 0) {
		return 0, p, false
	}
	at = 2 * gap / (slope + math.Sqrt(d))
	if !(at > 0 && at < h) {
		return 0, p, false
	}
	p = c.Factors(at)
	lo, hi := 0.0, h
	for range 12 {
		decayed, driven, current := float64(p.Mem*s.V), float64(p.Kappa*s.I), float64(p.Syn*s.I)
		v := decayed + driven
		f := v - c.q
		if f < 0 {
			lo = at
		} else {
			hi = at
		}
		if math.Abs(f) <= 0x1p-53*(math.Abs(decayed)+driven+c.q) {
			return at, p, true
		}
		slope := float64(c.alpha * (current - v))
		curve := float64(-c.alpha * (float64(c.beta*current) + slope))
		next := at - 2*f*slope/(float64(2*slope*slope)-float64(f*curve))
		if next == at {
			return at, p, true
		}
		if !(slope > 0 && next > lo && next < hi) {
			return 0, p, false
		}
		p = c.shifted(p, at, next)
		at = next
	}
	return 0, p, false
}

// shifted returns the propagator over to from that over from.
func (c *cell) shifted(p Factors, from, to float64) Factors {
	step := to - from
	x, y := float64(c.alpha*step), float64(c.beta*step)
	if !(x < 1./512 && x > -1./512 && y < 1./512 && y > -1./512) {
		return c.Factors(to)
	}
	// e^-x to x^6/720 = 8e-20
	mem := p.Mem - float64(p.Mem*float64(x*(1-float64(x*(1./2-float64(x*(1./6-float64(x*(1./24-float64(x*(1./120)))))))))))
	syn := p.Syn - float64(p.Syn*float64(y*(1-float64(y*(1./2-float64(y*(1./6-float64(y*(1./24-float64(y*(1./120)))))))))))
	return Factors{mem, syn, c.kappaOf(mem, syn, to)}
}

// almost is 1 less the rounding of a product of decays.
const almost = 1 - 2e-15

// over returns the propagator from a to b.
func (c *cell) over(a, b passage) Factors {
	if b.time > a.time {
		return c.between(a, b)
	}
	return Factors{1, 1, 0}
}
