package data

import (
	"fmt"
	"math/rand/v2"

	"github.com/surge-snn/surge/internal/fmath"
)

// Rate gives each feature a train of random spikes with a rate that is proportional
// to it, independently of all others. In each step a channel has
//
//	one spike with the probability μ, else none        (Bernoulli)
//	n spikes with the probability exp(-μ) μ^n / n!     (Poisson)
//	μ = x MaxRate dt
//
// for x in [0, 1]; N is the number of features. Both are a Poisson process of the rate x MaxRate in
// the limit of small steps; Poisson is one in steps of any length, and the value of a step its
// number of spikes.
//
// One number is drawn, step by step and within a step by rising channel, for each
// feature that is not 0.
//
// D. Heeger 2000, "Poisson model of spike generation"; P. Diehl and M. Cook 2015,
// doi:10.3389/fncom.2015.00099.
type Rate struct {
	MaxRate float64 // Hz, rate for x = 1; 0 means 100 Hz
	Poisson bool    // several spikes in a step
}

// maxPoisson is the largest mean number of spikes in a step.
const maxPoisson = 100

// Channels returns the number of features.
func (e Rate) Channels(features int) int { return features }

// Encode writes the number of spikes. MaxRate dt > 1, a probability that does not exist, with
// Poisson > 100, and rng = nil are errors (ErrSettings).
func (e Rate) Encode(dst Block, x []float64, rng *rand.Rand) error {
	rate, err := positive("Rate", "MaxRate", e.MaxRate, 100)
	if err != nil {
		return err
	}
	if err := dst.check(e.Channels(len(x))); err != nil {
		return err
	}
	dt := dst.dt()
	most, limit := rate*dt, 1.0
	if e.Poisson {
		limit = maxPoisson
	}
	if most > limit {
		return fmt.Errorf("%w: Rate at %g Hz and steps of %g s has %g spikes per step, want at most %g", ErrSettings, rate, dt, most, limit)
	}
	if rng == nil {
		return fmt.Errorf("%w: Rate without a source of random numbers", ErrSettings)
	}
	if err := unit(x); err != nil {
		return err
	}
	dst.zero()
	for k := range dst.Steps {
		for i, v := range x {
			if v == 0 {
				continue
			}
			u, mu := rng.Float64(), v*most
			switch {
			case e.Poisson:
				if n := poisson(mu, u); n > 0 {
					dst.set(k, i, float32(n))
				}
			case u < mu:
				dst.set(k, i, 1)
			}
		}
	}
	return nil
}

// poisson returns the least n for which u < Σ_{j=0..n} exp(-mu) mu^j / j!.
func poisson(mu, u float64) int {
	p := fmath.Exp(-mu)
	n, sum := 0, p
	// Beyond ten means and a hundred the terms are below the last bit of the sum.
	for u >= sum && float64(n) < float64(10*mu)+100 {
		n++
		p = float64(p * (mu / float64(n)))
		sum += p
	}
	return n
}
