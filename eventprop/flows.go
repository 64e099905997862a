package eventprop

import "github.com/surge-snn/surge/internal/lanes"

// flows are the flows of neurons that differ, side by side.
type flows struct {
	lanes.Rates
	q       []float64 // thresholds
	fastest float64   // the largest rate of all that [lanes.Propagate] takes exponentials of,
	widest  float64   // and the largest difference of the two rates of a neuron
	h       []float64 // see over
}

// propagators are those of all neurons over an interval.
type propagators struct{ lanes.Each }

func (p *propagators) grow(n int) {
	p.Mem, p.Syn, p.Kappa = resize(p.Mem, n), resize(p.Syn, n), resize(p.Kappa, n)
}

// of returns the propagator of neuron j.
func (p *propagators) of(j int) Factors { return Factors{p.Mem[j], p.Syn[j], p.Kappa[j]} }

// set takes the flows of cells.
func (f *flows) set(cells []cell) {
	n := len(cells)
	f.TauMem, f.Alpha, f.Beta = resize(f.TauMem, n), resize(f.Alpha, n), resize(f.Beta, n)
	f.PerGap, f.q = resize(f.PerGap, n), resize(f.q, n)
	f.fastest, f.widest = 0, 0
	for j := range cells {
		c := &cells[j]
		slow, gap := min(c.alpha, c.beta), max(c.alpha, c.beta)-min(c.alpha, c.beta)
		f.TauMem[j], f.Alpha[j], f.Beta[j], f.PerGap[j], f.q[j] = c.tauMem, c.alpha, c.beta, 0, c.q
		if gap > 0 {
			f.PerGap[j] = -c.alpha / gap
		}
		f.fastest, f.widest = max(f.fastest, slow, gap), max(f.widest, gap)
	}
}

// longest is the most of its fastest time constants that an interval is long over which propagators
// are made by [lanes.Flow].
const longest = 700

// most is the number of doublings of an exponent that [flows.over] makes.
const most = 3

// over sets p to the propagators over h, as [Flow.Factors] does.
func (f *flows) over(p *propagators, h float64, cells []cell) {
	doublings, part := 0, h
	for ; !(part*f.fastest < 1./8) && doublings <= most; doublings++ {
		part /= 2
	}
	if doublings <= most && h > 0 {
		lanes.Propagate(p.Each, f.Rates, part, doublings)
		return
	}
	if float64(f.fastest*h) < longest {
		f.h = filled(f.h, len(cells), h)
		lanes.Flow(p.Each, f.Rates, f.h)
		return
	}
	for j := range cells {
		x := cells[j].Factors(h)
		p.Mem[j], p.Syn[j], p.Kappa[j] = x.Mem, x.Syn, x.Kappa
	}
}

// moved is [lanes.Moved] with the rates of each neuron.
func (f *flows) moved(w, a, b []float64) float64 {
	n := len(w)
	a, b, alpha, beta := a[:n], b[:n], f.Alpha[:n], f.Beta[:n]
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
		dBeta = float64(float64(f.alpha*h) * float64(h*p.Mem) * lanes.PhiSlope(x))
		dAlpha = float64(p.Kappa*f.tauMem) - float64(h*p.Kappa) - dBeta
	} else { // F = (Mem - Syn)/delta = Kappa/alpha
		F := float64(p.Kappa * f.tauMem)
		dBeta = f.alpha * (float64(h*p.Syn) - F) / delta
		dAlpha = F + f.alpha*(F-float64(h*p.Mem))/delta
	}
	a2, b2 := f.alpha*f.alpha, f.beta*f.beta
	return rateSlopes{float64(a2*p.Mem) * h, -a2 * dAlpha, -b2 * dBeta, float64(b2*p.Syn) * h}
}
