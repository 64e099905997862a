package lanes

import (
	"math"

	"github.com/surge-snn/surge/internal/fmath"
)

// Flow sets p to the propagators over a time h >= 0 of each neuron, with the slower and the faster
// of its rates, which over h are at most 700:
//
//	Mem, Syn = e^(-slower h), e^(-faster h)   or the other way round
//	Kappa = (Mem - Syn) alpha / (beta - alpha), alpha h Mem at equal rates
func Flow(p Each, r Rates, h []float64) {
	n := len(h)
	p, r = p.first(n), r.first(n)
	if n > 0 && !fastFlow(p, r, h) {
		flow(p, r, h)
	}
}

// Approach sets h to times near those at which neurons in states v < q < i reach q. With the decay
// 1 - z of V and r = TauMem/TauSyn,
//
//	V(z) = (1 - z) v + i ((1 - z) - (1 - z)^r) / (r - 1)
//	     = v + z (i - v) - i (r/2 z² - r (r-2)/6 z³ + r (r-2) (r-3)/24 z⁴ - ...)
//
// whose first terms are all there is at r = 2: z is their root, and then Newton's step with the two
// terms that follow. h = -TauMem ln(1 - z), or limit if that is less.
func Approach(h, limit, v, i, q []float64, r Rates) {
	n := len(h)
	limit, v, i, q, r = limit[:n], v[:n], i[:n], q[:n], r.first(n)
	if n == 0 {
		return
	}
	if !fastApproach(h, v, i, q, r) {
		approach(h, v, i, q, r)
	}
	Log1p(h, h)
	for j, tau := range r.TauMem {
		if h[j] *= tau; !(h[j] < limit[j]) {
			h[j] = limit[j]
		}
	}
}

// Halley takes one step of Halley's iteration from h, over which p are the propagators, towards the
// crossings of q by neurons in states v, i, and stays within 0 and limit. With f = V(h) - q,
//
//	h <- h - 2 f f' / (2 f'² - f f'')
func Halley(h, limit, v, i, q []float64, p Each, r Rates) {
	n := len(h)
	limit, v, i, q, p, r = limit[:n], v[:n], i[:n], q[:n], p.first(n), r.first(n)
	if n > 0 && !fastHalley(h, limit, v, i, q, p, r) {
		halley(h, limit, v, i, q, p, r)
	}
}

// Settle takes the last step of Halley's iteration, with the propagators over it: a step s is so
// short that
//
//	e^(-x) = 1 - x + x²/2,  x = s alpha, s beta
//	kappa(s) = s alpha (1 - s (alpha + beta)/2)
//
// to 2e-19 where |s| (alpha + beta) < 1e-6. The bits in hits are of the neurons of which that is
// so, whose V rises there, and which are then between 0 and limit. Of others h and p are of no use.
func Settle(hits []uint64, h, limit, v, i, q []float64, p Each, r Rates) {
	n := len(h)
	hits, limit, v, i, q, p, r = hits[:Words(n)], limit[:n], v[:n], i[:n], q[:n], p.first(n), r.first(n)
	clear(hits)
	if n > 0 && !fastSettle(hits, h, limit, v, i, q, p, r) {
		settle(hits, h, limit, v, i, q, p, r)
	}
}

// The specification, as in generic.go:

func flow(p Each, r Rates, h []float64) {
	for j, alpha := range r.Alpha {
		beta := r.Beta[j]
		slow := min(alpha, beta)
		gap := max(alpha, beta) - slow
		minus := 0 - h[j]
		e := fmath.Exp(float64(slow * minus))
		lost := float64(e * fmath.Expm1(float64(gap*minus)))
		p.put(j, r, e, lost, h[j])
	}
}

// approach sets h to z/(1 - z).
func approach(h, v, i, q []float64, r Rates) {
	for j, v := range v {
		ratio := float64(r.TauMem[j] * r.Beta[j])
		slope, gap, bent := i[j]-v, q[j]-v, float64(ratio*i[j])
		if !(gap > 0) {
			gap = 0
		}
		d := float64(slope*slope) - float64(float64(2*bent)*gap)
		if !(d > 0) {
			d = 0
		}
		z := float64(2*gap) / (slope + math.Sqrt(d))
		third := float64(bent * float64(float64(ratio-2)*(1./6)))
		fourth := float64(third * float64(float64(ratio-3)*(-1./4)))
		z2 := float64(z * z)
		rest := float64(float64(z2*z) * (third + float64(fourth*z)))
		steep := slope - float64(bent*z) + float64(z2*(float64(3*third)+float64(float64(4*fourth)*z)))
		next := z - rest/steep
		if !(next > float64(z*0.5)) {
			next = float64(z * 0.5)
		}
		if !(next < float64(z*1.5)) {
			next = float64(z * 1.5)
		}
		if !(next < 0.9375) {
			next = 0.9375
		}
		h[j] = next / (1 - next)
	}
}

// halleyStep returns a step from h, and the slope there.
func halleyStep(v, i, q, mem, syn, kappa, alpha, beta float64) (step, slope float64) {
	current := float64(syn * i)
	u := float64(mem*v) + float64(kappa*i)
	f := u - q
	slope = float64(alpha * (current - u))
	bend := float64(alpha * (float64(beta*current) + slope)) // -f''
	return float64(float64(-2*f)*slope) / (float64(float64(2*slope)*slope) + float64(f*bend)), slope
}

func halley(h, limit, v, i, q []float64, p Each, r Rates) {
	for j := range h {
		step, _ := halleyStep(v[j], i[j], q[j], p.Mem[j], p.Syn[j], p.Kappa[j], r.Alpha[j], r.Beta[j])
		next := h[j] + step
		if !(next > 0) {
			next = 0
		}
		if !(next < limit[j]) {
			next = limit[j]
		}
		h[j] = next
	}
}

func settle(hits []uint64, h, limit, v, i, q []float64, p Each, r Rates) {
	for j := range h {
		alpha, beta := r.Alpha[j], r.Beta[j]
		s, slope := halleyStep(v[j], i[j], q[j], p.Mem[j], p.Syn[j], p.Kappa[j], alpha, beta)
		x, y := float64(s*alpha), float64(s*beta)
		both := x + y
		mem := 1 - float64(x*(1-float64(x*0.5)))
		syn := 1 - float64(y*(1-float64(y*0.5)))
		kappa := float64(x * (1 - float64(both*0.5)))
		p.Kappa[j] = float64(p.Kappa[j]*mem) + float64(kappa*p.Syn[j])
		p.Mem[j] = float64(p.Mem[j] * mem)
		p.Syn[j] = float64(p.Syn[j] * syn)
		h[j] += s
		if math.Abs(both) < 1e-6 && slope > 0 && h[j] > 0 && h[j] < limit[j] {
			hits[j>>6] |= 1 << (j & 63)
		}
	}
}
