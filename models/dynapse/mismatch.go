package dynapse

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/surge-snn/surge/internal/random"
)

// Mismatch is the spread of transistors between and on chips: every parameter of every neuron deviates on its own,
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

// Frozen returns the network as a number of chips that differ: bias currents and constants of the layout deviate, Iscale, dt and
// weights do not. One sample may stand for one chip that stays as it is.
//
// Errors: [ErrParameter] for a network that has samples already, and where a deviation makes a parameter negative or zero
// that must not be: with 20 % that happens once in 3 million values.
func (m Mismatch) Frozen(n Network, samples int, rng *rand.Rand) (Network, error) {
	sigma, err := m.sigma()
	if err != nil {
		return n, err
	}
	if n.Samples > 1 || samples < 1 {
		return n, fmt.Errorf("%w: %d samples of a network of %d samples, want at least 1 of 1", ErrParameter, samples, n.Samples)
	}
	for i, v := range n.Params {
		p := Param(i)
		if p == Iscale || p == Dt {
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
			all[j] = v[j%n.N%len(v)] * (1 + float64(sigma*random.Normal(rng)))
			if err := p.check(all[j]); err != nil {
				return n, fmt.Errorf("sample %d, neuron %d, mismatch of %v: %w", j/n.N, j%n.N, m.Percent, err)
			}
		}
		n.Params[i] = all
	}
	n.Samples = samples
	return n, nil
}

// Dynamic returns the network with recurrent weights that deviate, for one evaluation: one set of weights for each of
// its samples.
//
// Errors: [ErrParameter] for a network without recurrent weights.
func (m Mismatch) Dynamic(n Network, rng *rand.Rand) (Network, error) {
	sigma, err := m.sigma()
	if err != nil {
		return n, err
	}
	samples, size := max(n.Samples, 1), n.N*n.N
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
