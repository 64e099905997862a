package data

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Current gives each feature a constant input current in all steps:
//
//	I_k = Scale x    for all k
//
// with any finite x; N is the number of features.
type Current struct {
	// Scale is the current for x = 1, in the unit of the layer that follows (ampere
	// for DynapSim, dimensionless for normalised neurons). 0 means 1.
	Scale float64
}

// Channels returns the number of features.
func (e Current) Channels(features int) int { return features }

// Encode writes the currents. A current that is NaN or beyond float32 is an error
// (ErrFeature). It does not use rng.
func (e Current) Encode(dst Block, x []float64, _ *rand.Rand) error {
	scale := e.Scale
	if scale == 0 {
		scale = 1
	}
	if err := dst.check(e.Channels(len(x))); err != nil {
		return err
	}
	first := dst.Step(0)
	for i, v := range x {
		current := float32(scale * v)
		if c := float64(current); math.IsNaN(c) || math.IsInf(c, 0) {
			return fmt.Errorf("%w: feature %d is %g, which makes a current of %g", ErrFeature, i, v, scale*v)
		}
		first[i] = current
	}
	for k := 1; k < dst.Steps; k++ {
		copy(dst.Step(k), first)
	}
	return nil
}
