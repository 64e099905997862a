package data

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Phase writes each feature as a binary fraction of Bits digits, the most significant one first,
// one digit in each time step, over and over until the block ends:
//
//	x ≈ Σ_k b_k 2^-(k+1),   b = binary digits of floor(x 2^Bits), at most 2^Bits - 1
//	input in step j = b_k 2^-(k+1),   k = j mod Bits
//
// so that the sum of a period is x to within 2^-Bits. N is the number of features. J. Kim et al.
// 2018, doi:10.1016/j.neucom.2018.05.087.
type Phase struct {
	// Bits is the number of digits, the steps of a period; 0 means 8, at most 24.
	Bits int
	// Plain makes every digit a spike of 1; the network does not know the phase then.
	Plain bool
}

// Channels returns the number of features.
func (e Phase) Channels(features int) int { return features }

// Encode writes the digits. It does not use rng. Features are in [0, 1].
func (e Phase) Encode(dst Block, x []float64, _ *rand.Rand) error {
	bits := e.Bits
	if bits == 0 {
		bits = 8
	}
	if bits < 1 || bits > 24 {
		return fmt.Errorf("%w: Phase.Bits is %d, want 1 to 24", ErrSettings, bits)
	}
	if err := dst.check(e.Channels(len(x))); err != nil {
		return err
	}
	if err := unit(x); err != nil {
		return err
	}
	for j := range dst.Steps {
		row, k := dst.Step(j), j%bits
		weight := float32(math.Ldexp(1, -(k + 1)))
		if e.Plain {
			weight = 1
		}
		for i, v := range x {
			digits := min(uint32(math.Ldexp(v, bits)), 1<<bits-1)
			row[i] = weight * float32(digits>>(bits-1-k)&1)
		}
	}
	return nil
}
