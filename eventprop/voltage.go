package eventprop

import (
	"fmt"
	"math"

	"github.com/surge-snn/surge/internal/fmath"
)

// Voltage returns V of neuron j at time s, 0 <= s <= end, in seconds; at a spike, V after it.
func (t *Tape) Voltage(j int, s float64) (float64, error) {
	var v [1]float64
	err := t.voltages(v[:], j, s)
	return v[0], err
}

// voltages writes those of the neurons from first on to dst.
func (t *Tape) voltages(dst []float64, first int, s float64) error {
	if first < 0 || first > t.neurons()-len(dst) || !(s >= 0 && s <= t.End()) {
		return fmt.Errorf("%w: voltage of neuron %d of %d at %g s of %g s", ErrShape, first, t.neurons(), s, t.End())
	}
	if err := t.noVoltage(); err != nil {
		return err
	}
	if !t.engine.voltages(t, dst, first, s) {
		t.detailed().voltages(t, dst, first, s)
	}
	return nil
}

func (e *events) voltages(t *Tape, dst []float64, first int, s float64) bool {
	if !e.detailed {
		return false
	}
	for k := range dst {
		for g := range e.segments(t, first+k) {
			if g.start <= s {
				dst[k] = g.cell.leak + g.cell.Apply(g.State, s-g.start).V
				break
			}
		}
	}
	return true
}

// Peak is the largest voltage of a neuron.
type Peak struct {
	Value float64
	Time  float64 // s

	slope           float64 // V' just before it, where it moves with an arrival
	neuron          int32
	source, synapse int32 // of the arrival whose time it moves with
	kind            kind  // of that arrival; crossing: the neuron spikes, so that the value is VTh; still: neither
}

// Max returns the maximum of V of neuron j over the whole time. It lies at
// the start or end, between events where V' = 0,
//
//	e^(delta t) = I/(TauSyn (I/TauMem + delta V)),  delta = 1/TauSyn - 1/TauMem,
//
// or in a kink: at the arrival of an inhibitory spike. For a neuron that spikes it is VTh. The cost
// is a few operations per arrival; a search for V' = 0 is needed only where V could exceed the
// largest value so far.
func (t *Tape) Max(j int) (Peak, error) {
	if j < 0 || j >= t.neurons() {
		return Peak{}, fmt.Errorf("%w: neuron %d of %d", ErrShape, j, t.neurons())
	}
	if err := t.noVoltage(); err != nil {
		return Peak{}, err
	}
	if p, ok := t.engine.max(t, j); ok {
		return p, nil
	}
	p, _ := t.unfold().max(t, j)
	return p, nil
}

func (e *events) max(t *Tape, j int) (Peak, bool) {
	if !e.detailed {
		return Peak{}, false
	}
	p := Peak{Value: math.Inf(-1), neuron: int32(j), kind: still}
	for g := range e.segments(t, j) {
		at := func(u, s float64) bool {
			v := g.cell.leak + u
			if v < p.Value { // of equal ones the earliest
				return false
			}
			p = Peak{Value: v, Time: s, neuron: int32(j), kind: still}
			return true
		}
		end := g.cell.Apply(g.State, g.h)
		if g.next < 0 {
			at(end.V, t.end)
		} else if x := &e.touches[g.next]; x.kind >= crossing && !e.given {
			p = t.firing(j, x.time)
			continue
		} else if x.kind < crossing && at(end.V, x.time) {
			p.kind, p.source, p.synapse, p.slope = x.kind, x.source, x.synapse, g.cell.alpha*(end.I-end.V)
		}
		if h, ok := g.cell.extremum(g.V, g.I); ok && h < g.h && g.I > g.V {
			at(g.cell.Apply(g.State, h).V, g.start+h)
		}
		if g.touch < 0 {
			at(g.V, 0)
		}
	}
	return p, true
}

// firing returns the peak of neuron j, which spikes: VTh.
func (t *Tape) firing(j int, time float64) Peak {
	c := &t.plan.cells[j]
	return Peak{Value: c.leak + c.q, Time: time, neuron: int32(j), kind: crossing}
}

// Integral returns the integral of V of neuron j over the whole time with the weight
//
//	integral of V(t) e^(-t/decay) dt
//
// in closed form. decay is in seconds; 0 and +Inf mean no weight. As a loss: T. Nowotny, J. P.
// Turner, J. C. Knight, "Loss shaping enhances exact gradient learning with Eventprop",
// arXiv:2212.01232.
func (t *Tape) Integral(j int, decay float64) (float64, error) {
	var x [1]float64
	err := t.integrals(x[:], j, decay)
	return x[0], err
}

// integrals writes those of the neurons from first on to dst.
func (t *Tape) integrals(dst []float64, first int, decay float64) error {
	rate, err := decayRate(decay)
	if err != nil {
		return err
	}
	if first < 0 || first > t.neurons()-len(dst) {
		return fmt.Errorf("%w: neuron %d of %d", ErrShape, first, t.neurons())
	}
	if err := t.noVoltage(); err != nil {
		return err
	}
	if !t.engine.integrals(t, dst, first, rate) {
		t.detailed().integrals(t, dst, first, rate)
	}
	return nil
}

func (e *events) integrals(t *Tape, dst []float64, first int, rate float64) bool {
	if !e.detailed {
		return false
	}
	for k := range dst {
		dst[k] = 0
		for g := range e.segments(t, first+k) {
			s := g.cell.integrals(g.h, rate)
			dst[k] += float64(fmath.Exp(-rate*g.start) * (float64(g.cell.leak*s.one) + float64(g.V*s.u) + float64(g.I*s.i)))
		}
	}
	return true
}

func decayRate(decay float64) (float64, error) {
	switch {
	case decay == 0:
		return 0, nil
	case !(decay > 0):
		return 0, fmt.Errorf("%w: the decay of the weight is %g s, want a positive number, or 0 for none", ErrParameter, decay)
	}
	return 1 / decay, nil
}

// integrals are those of the weight e^(-rate t), and of Mem and Kappa with that weight, over h:
//
//	one = (1 - e^(-rate h))/rate
//	u   = (1 - e^(-a h))/a,             a = 1/TauMem + rate
//	i   = ((1 - e^(-b h))/b - F) alpha/a,  b = 1/TauSyn + rate,  F = (e^(-a h) - e^(-b h))/(b - a)
type integrals struct{ one, u, i float64 }

func (f Flow) integrals(h, rate float64) integrals {
	a, b := f.alpha+rate, f.beta+rate
	return integrals{one: h * phi(rate*h), u: h * phi(a*h), i: f.alpha / a * (float64(h*phi(b*h)) - secant(a, b, h))}
}

// integralSlopes returns the derivatives of the integral of the state (u, i) over h with respect to
// the time constants.
func (f Flow) integralSlopes(u, i, h, rate float64) (tauMem, tauSyn float64) {
	a, b := f.alpha+rate, f.beta+rate
	dA, dB := secantSlopes(a, b, h)
	rest := float64(h*phi(b*h)) - secant(a, b, h)
	// of i: alpha/a rest, with d(alpha/a)/d alpha = rate/a^2
	byAlpha := float64(rate/(a*a)*rest) - float64(f.alpha/a*dA)
	byBeta := f.alpha / a * (float64(h*h*phiSlope(b*h)) - dB)
	uByAlpha := h * h * phiSlope(a*h)
	tauMem = -f.alpha * f.alpha * (float64(u*uByAlpha) + float64(i*byAlpha))
	tauSyn = -f.beta * f.beta * float64(i*byBeta)
	return tauMem, tauSyn
}
