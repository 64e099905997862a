package eventprop

import "github.com/surge-snn/surge/internal/lanes"

// flows are the flows of neurons that differ, side by side.
type flows struct {
	alpha, beta []float64
	q           []float64 // thresholds
	slow, gap   []float64 // the smaller rate, and the difference to the larger
	perGap      []float64 // -alpha/gap, 0 where the rates are equal
	fastest     float64   // largest of slow and gap
}

// propagators are those of all neurons over an interval.
type propagators struct{ mem, syn, kappa []float64 }

func (p *propagators) grow(n int) {
	p.mem, p.syn, p.kappa = resize(p.mem, n), resize(p.syn, n), resize(p.kappa, n)
}

// of returns the propagator of neuron j.
func (p *propagators) of(j int) Factors { return Factors{p.mem[j], p.syn[j], p.kappa[j]} }

// set takes the flows of cells.
func (f *flows) set(cells []cell) {
	n := len(cells)
	f.alpha, f.beta, f.q = resize(f.alpha, n), resize(f.beta, n), resize(f.q, n)
	f.slow, f.gap, f.perGap = resize(f.slow, n), resize(f.gap, n), resize(f.perGap, n)
	f.fastest = 0
	for j := range cells {
		c := &cells[j]
		slow, gap := min(c.alpha, c.beta), max(c.alpha, c.beta)-min(c.alpha, c.beta)
		f.alpha[j], f.beta[j], f.q[j], f.slow[j], f.gap[j], f.perGap[j] = c.alpha, c.beta, c.q, slow, gap, 0
		if gap > 0 {
			f.perGap[j] = -c.alpha / gap
		}
		f.fastest = max(f.fastest, slow, gap)
	}
}

// most is the number of doublings of an exponent that [flows.over] makes.
const most = 3

// over sets p to the propagators over h, as [Flow.Factors] does. e^x - 1 is that of x/2, x/4 or x/8
// where the exponent is beyond those of lanes.Expm1, doubled by
//
//	e^(2x) - 1 = (e^x - 1) (2 + (e^x - 1))
func (f *flows) over(p *propagators, h float64, cells []cell) {
	doublings, part := 0, h
	for ; !(part*f.fastest < 1./8) && doublings <= most; doublings++ {
		part /= 2
	}
	if doublings > most || h == 0 {
		for j := range cells {
			x := cells[j].Factors(h)
			p.mem[j], p.syn[j], p.kappa[j] = x.Mem, x.Syn, x.Kappa
		}
		return
	}
	n := len(f.slow)
	mem, syn, kappa, gap, perGap, alpha, beta := p.mem[:n], p.syn[:n], p.kappa[:n], f.gap[:n], f.perGap[:n], f.alpha[:n], f.beta[:n]
	for j, s := range f.slow {
		mem[j], kappa[j] = -float64(s*part), -float64(gap[j]*part)
	}
	lanes.Expm1(mem, mem)
	lanes.Expm1(kappa, kappa)
	for range doublings {
		for j, e := range mem {
			mem[j] = e * (2 + e)
			kappa[j] *= 2 + kappa[j]
		}
	}
	for j, e := range mem {
		e++
		rest := kappa[j]
		if gap[j] == 0 { // of which Expm1 has no meaning
			mem[j], syn[j], kappa[j] = e, e, float64(alpha[j]*h)*e
			continue
		}
		kappa[j] = float64(e*rest) * perGap[j]
		if other := e + float64(e*rest); alpha[j] <= beta[j] {
			mem[j], syn[j] = e, other
		} else {
			mem[j], syn[j] = other, e
		}
	}
}

// advance is [lanes.Advance] with the propagators and thresholds of each neuron.
func (f *flows) advance(mask []uint64, v1, i1, v, i []float64, p *propagators) {
	n := len(v)
	v1, i1, i, mem, syn, kappa, q := v1[:n], i1[:n], i[:n], p.mem[:n], p.syn[:n], p.kappa[:n], f.q[:n]
	clear(mask)
	for j, u := range v {
		c := i[j]
		after, current := float64(mem[j]*u)+float64(kappa[j]*c), float64(syn[j]*c)
		v1[j], i1[j] = after, current
		if after >= q[j] || c > q[j] && current <= after {
			mask[j>>6] |= 1 << (j & 63)
		}
	}
}

// retreat is [lanes.Retreat] with the propagators of each neuron.
func (p *propagators) retreat(a, b []float64) {
	n := len(a)
	b, mem, syn, kappa := b[:n], p.mem[:n], p.syn[:n], p.kappa[:n]
	for j, x := range a {
		b[j] = float64(kappa[j]*x) + float64(syn[j]*b[j])
		a[j] = mem[j] * x
	}
}

// moved is [lanes.Moved] with the rates of each neuron.
func (f *flows) moved(w, a, b []float64) float64 {
	n := len(w)
	a, b, alpha, beta := a[:n], b[:n], f.alpha[:n], f.beta[:n]
	sum := 0.0
	for j, x := range w {
		sum += float64(x * (float64(b[j]*beta[j]) - float64(a[j]*alpha[j])))
	}
	return sum
}

// rateSlopes are the derivatives of the state (v, i) after an interval to the time constants of a
// neuron: those of V to TauMem are memV v + memI i, to TauSyn synI i, and that of I to TauSyn is
// currentI i.
type rateSlopes struct{ memV, memI, synI, currentI float64 }

// rateSlopes returns those over h, whose propagator is p; see [Flow.slopes].
func (f *Flow) rateSlopes(p Factors, h float64) rateSlopes {
	var dAlpha, dBeta float64
	delta := f.beta - f.alpha
	if x := float64(delta * h); x < 1./8 && x > -1./8 {
		dBeta = float64(float64(f.alpha*h) * float64(h*p.Mem) * phiSlopeSmall(x))
		dAlpha = float64(p.Kappa*f.tauMem) - float64(h*p.Kappa) - dBeta
	} else { // F = (Mem - Syn)/delta = Kappa/alpha
		F := float64(p.Kappa * f.tauMem)
		dBeta = f.alpha * (float64(h*p.Syn) - F) / delta
		dAlpha = F + f.alpha*(F-float64(h*p.Mem))/delta
	}
	a2, b2 := f.alpha*f.alpha, f.beta*f.beta
	return rateSlopes{float64(a2*p.Mem) * h, -a2 * dAlpha, -b2 * dBeta, float64(b2*p.Syn) * h}
}

// phiSlopeSmall is the derivative of (1 - e^-x)/x as a series, for |x| < 1/8: to 1/8^9 10/11! =
// 2e-15.
func phiSlopeSmall(x float64) float64 {
	x2 := float64(x * x)
	even := -1./2 + float64(x2*(-1./8+float64(x2*(-1./144+float64(x2*(-1./5760+float64(x2*(-1./403200))))))))
	odd := 1./3 + float64(x2*(1./30+float64(x2*(1./840+float64(x2*(1./45360))))))
	return even + float64(x*odd)
}
