package dynapse

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/surge-snn/surge/internal/random"
)

// Mismatch is the spread of transistors between and on chips: every parameter of every neuron
// deviates on its own,
//
//	new = old (1 + Percent/SigmaRule z),   z ~ N(0, 1)
//
// Source: Rockpool 3.1, transform.mismatch.
type Mismatch struct {
	Percent   float64 // relative deviation at SigmaRule standard deviations, 0.2 for 20 %
	SigmaRule float64 // 0 means 1
}

func (m Mismatch) sigma() (float64, error) {
	rule := m.SigmaRule
	if rule == 0 {
		rule = 1
	}
	if s := m.Percent / rule; m.Percent >= 0 && rule > 0 && !math.IsInf(s, 0) {
		return s, nil
	}
	return 0, fmt.Errorf("%w: mismatch of %v at %v sigma, want finite numbers >= 0", ErrParameter, m.Percent, m.SigmaRule)
}

// Deviations are what chips of N neurons differ by, for [Neurons]: a batch of B rows is one of M
// chips, rows sB/M to (s+1)B/M-1 are on chip s, and its parameter p of neuron j is Factors[p][s N +
// j] times that of the layer.
type Deviations struct {
	Samples int // M
	// Factors [M, N] of each parameter; nil where chips do not differ.
	Factors [NumParams][]float64
}

// check holds the deviations against a layer; nil has none.
func (d *Deviations) check(n, rows int) error {
	if d == nil {
		return nil
	}
	if d.Samples < 1 || rows%d.Samples != 0 {
		return fmt.Errorf("%w: %d rows for %d samples, want a multiple", ErrParameter, rows, d.Samples)
	}
	for p, f := range d.Factors {
		if f != nil && len(f) != d.Samples*n {
			return fmt.Errorf("%w: %d deviations of %v, want %d for %d samples of %d neurons", ErrParameter, len(f), Param(p), d.Samples*n, d.Samples, n)
		}
	}
	return nil
}

// Deviations draws the factors 1 + Percent/SigmaRule z of chips of n neurons, for every parameter
// but Iscale and dt, in the order of the parameters; those of the further synapse types with four.
//
// Errors: [ErrParameter] for numbers that are negative or not finite.
func (m Mismatch) Deviations(n, samples int, four bool, rng *rand.Rand) (*Deviations, error) {
	if rng == nil {
		return nil, fmt.Errorf("%w: mismatch without a source of random numbers", ErrParameter)
	}
	sigma, err := m.sigma()
	if err != nil {
		return nil, err
	}
	if n < 1 || samples < 1 {
		return nil, fmt.Errorf("%w: %d samples of %d neurons, want at least 1 of each", ErrParameter, samples, n)
	}
	d := &Deviations{Samples: samples}
	for p := range Param(NumParams) {
		if p == Iscale || p == Dt || int(p) >= NumSingle && !four {
			continue
		}
		d.Factors[p] = make([]float64, samples*n)
		for j := range d.Factors[p] {
			d.Factors[p][j] = 1 + float64(sigma*random.Normal(rng))
		}
	}
	return d, nil
}

// Frozen returns the network as a number of chips that differ: bias currents and constants of the
// layout deviate, Iscale, dt and weights do not. One sample may stand for one chip that stays as it
// is.
//
// Errors: [ErrParameter] for a network that has samples already, and where a deviation makes a
// parameter negative or zero that must not be: with 20 % that happens once in 3 million values.
func (m Mismatch) Frozen(n Network, samples int, rng *rand.Rand) (Network, error) {
	if n.Samples > 1 || samples < 1 {
		return n, fmt.Errorf("%w: %d samples of a network of %d samples, want at least 1 of 1", ErrParameter, samples, n.Samples)
	}
	d, err := m.Deviations(n.N, samples, n.FourSynapses, rng)
	if err != nil {
		return n, err
	}
	for i, v := range n.Params {
		p := Param(i)
		if d.Factors[p] == nil {
			continue
		}
		if len(v) == 0 {
			v = []float64{p.Default()}
		}
		if len(v) != 1 && len(v) != n.N {
			return n, fmt.Errorf("%w: %s has %d values, want 1 or %d, one per neuron", ErrParameter, p, len(v), n.N)
		}
		all := make([]float64, samples*n.N)
		for j := range all {
			all[j] = v[j%n.N%len(v)] * d.Factors[p][j]
			if err := p.Check(all[j]); err != nil {
				return n, fmt.Errorf("sample %d, neuron %d, mismatch of %v: %w", j/n.N, j%n.N, m.Percent, err)
			}
		}
		n.Params[i] = all
	}
	n.Samples = samples
	return n, nil
}

// Dynamic returns the network with recurrent weights that deviate, for one evaluation: one set of
// weights for each of its samples.
//
// Errors: [ErrParameter] for a network without recurrent weights.
func (m Mismatch) Dynamic(n Network, rng *rand.Rand) (Network, error) {
	if rng == nil {
		return n, fmt.Errorf("%w: mismatch without a source of random numbers", ErrParameter)
	}
	sigma, err := m.sigma()
	if err != nil {
		return n, err
	}
	samples, size := max(n.Samples, 1), n.N*n.N*mode{four: n.FourSynapses}.types()
	if len(n.WRec) != size {
		return n, fmt.Errorf("%w: %d recurrent weights, want %d", ErrParameter, len(n.WRec), size)
	}
	w := make([]float64, samples*size)
	for i := range w {
		w[i] = n.WRec[i%size] * (1 + float64(sigma*random.Normal(rng)))
	}
	n.WRec = w
	return n, nil
}
