package data

import (
	"fmt"
	"math/rand/v2"
)

// Rate gives each feature a train of random spikes with a rate that is proportional
// to it. In each step a channel spikes with the probability
//
//	p(x) = x MaxRate dt
//
// independently of all others (Bernoulli; in the limit of small steps a Poisson
// process of rate x MaxRate); x in [0, 1], N is the number of features.
//
// Draws are made step by step and within a step by rising channel, one for each
// feature that is not 0.
type Rate struct {
	MaxRate float64 // Hz, rate for x = 1; 0 means 100 Hz
}

// Channels returns the number of features.
func (e Rate) Channels(features int) int { return features }

// Encode writes a 1 for each spike and 0 elsewhere. MaxRate dt > 1, a probability
// that does not exist, and rng = nil are errors (ErrSettings).
func (e Rate) Encode(dst Block, x []float64, rng *rand.Rand) error {
	rate, err := positive("Rate", "MaxRate", e.MaxRate, 100)
	if err != nil {
		return err
	}
	if err := dst.check(e.Channels(len(x))); err != nil {
		return err
	}
	dt := dst.dt()
	most := rate * dt
	if most > 1 {
		return fmt.Errorf("%w: Rate at %g Hz and steps of %g s has %g spikes per step, want at most 1", ErrSettings, rate, dt, most)
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
			if v > 0 && rng.Float64() < v*most {
				dst.set(k, i, 1)
			}
		}
	}
	return nil
}
