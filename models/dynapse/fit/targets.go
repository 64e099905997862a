package fit

import (
	"fmt"
	"math"
	"slices"

	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/internal/random"
)

// targets are what was recorded, or is wanted, of the neurons. A fit only reads them.
type targets struct {
	neurons    int // N
	columns    int // of input that a neuron has
	recordings []Recording
	summed     []summary
	dt, ut     float64     // s, V
	interval   int         // steps from a sample of a trace to the next
	spikes     [][]float64 // of each recording: those that can be forced, [T, B, N]; nil if they are not known
	segments   [][]restart // of each recording: where its simulation with forced spikes starts again
	inferred   bool        // some of them were read off a trace
}

// hasTraces says whether a trace is part of the loss.
func (p *targets) hasTraces() bool {
	return slices.ContainsFunc(p.recordings, func(r Recording) bool { return r.otherTerms() })
}

// hasSpikes says whether a recording has spikes to be counted.
func (p *targets) hasSpikes() bool {
	return slices.ContainsFunc(p.recordings, func(r Recording) bool { return r.Target[Spikes] != nil })
}

// hasTasks says whether a task is a target.
func (p *targets) hasTasks() bool {
	return slices.ContainsFunc(p.summed, func(s summary) bool {
		_, ok := s.judge.(*Task)
		return ok
	})
}

// elements is the size of the largest record.
func (p *targets) elements() int {
	most := 1
	for _, r := range p.recordings {
		most = max(most, len(r.Input))
	}
	for _, s := range p.summed {
		most = max(most, len(s.input))
	}
	return most
}

// wellFitted is the loss of traces below which a minimum is a good one; 0 without traces.
func (p *targets) wellFitted() (least float64) {
	for i := range p.recordings {
		for q := range Quantity(numQuantities) {
			if r := &p.recordings[i]; r.Use[q] && q != Spikes {
				least += wellFitted * r.scale(q)
			}
		}
	}
	return least
}

// decay returns exp(-dt/TauSpikes) and dt/TauSpikes.
func (p *targets) decay(r *Recording) (fall, rate float64) {
	tau := r.TauSpikes
	if tau == 0 {
		tau = 10e-3
	}
	return fmath.Exp(-p.dt / tau), p.dt / tau
}

// difference is that of ln I, or of V/Ut.
func (p *targets) difference(q Quantity, x, target float64) float64 {
	if q == Vmem {
		return (x - target) / p.ut
	}
	return fmath.Log(x / target)
}

// seconds is how long a summary is.
func (p *targets) seconds(s *summary) float64 { return float64(s.steps) * p.dt }

// checkLength is an error where a target is too long for the memory.
func (p *targets) checkLength(name string, rows int, seconds float64) error {
	if size := seconds / p.dt * float64(rows*p.neurons); size > mostSteps {
		return fmt.Errorf("%w: %s: %v s are %.3g bins of all neurons, want at most %d", ErrExperiment, name, seconds, size, mostSteps)
	}
	return nil
}

// poisson makes input, [T, B, N]: row b has the rate rates[b], in Hz. With four synapse types it
// goes to AMPA.
func (p *targets) poisson(seed uint64, stream string, rates []float64, seconds float64) summary {
	s := summary{steps: max(int(math.Round(seconds/p.dt)), 1), rows: len(rates)}
	n, types := p.neurons, p.columns
	s.input = make([]float64, s.steps*s.rows*n*types)
	for b, rate := range rates {
		rng := random.New(seed, stream, uint64(b))
		mean := fmath.Exp(-rate * p.dt)
		for t := range s.steps {
			for j := range n {
				// Knuth's method: the number of uniforms whose product stays above exp(-mean).
				k, product := 0.0, rng.Float64()
				for product > mean {
					k++
					product *= rng.Float64()
				}
				s.input[((t*s.rows+b)*n+j)*types] = k
			}
		}
	}
	return s
}

// dc are the factors of Idc in recording k for m samples, or nil.
func (p *targets) dc(k, m int) []float64 {
	r := &p.recordings[k]
	if r.DC == nil {
		return nil
	}
	return tile(r.DC, r.T, r.B*p.neurons, m)
}

// silence is the loss of a network that never spikes.
func (p *targets) silence() (loss float64) {
	for _, s := range p.summed {
		loss += s.loss(make([]firing, s.rows*p.neurons), nil, p.seconds(&s))
	}
	return loss
}

// resolution is the loss where every rate is off by a spike.
func (p *targets) resolution() (loss float64) {
	for i := range p.summed {
		loss += p.summed[i].resolution(p.seconds(&p.summed[i]), p.neurons)
	}
	return loss
}

// countNoise is the expected loss of curves where the currents are those of the measured neurons.
func (p *targets) countNoise() (loss float64) {
	for i := range p.summed {
		s := &p.summed[i]
		if c, ok := s.judge.(*Curve); ok {
			loss += c.countNoise(p.seconds(s), p.neurons)
		}
	}
	return loss
}
