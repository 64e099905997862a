package models

import (
	"fmt"

	"github.com/surge-snn/surge/internal/random"
)

// SparseMask returns the mask of a weight matrix [in, out] in which each connection exists
// with probability p (p_conn), for the field Mask of [Linear], [AlphaSynapse] and RecMask
// of [LIF]: 1 where it does, else 0. It is drawn from the source that is named by name
// under seed: equal arguments give the same mask. p outside of [0, 1] or an extent that is
// not positive is an error that wraps [ErrParameter].
func SparseMask(p float64, seed uint64, name string, in, out int) ([]float64, error) {
	if !(p >= 0 && p <= 1) || in <= 0 || out <= 0 {
		return nil, fmt.Errorf("%w: SparseMask %q of [%d, %d] with probability %v, want positive extents and a number in [0, 1]", ErrParameter, name, in, out, p)
	}
	rng := random.New(seed, "mask/"+name)
	m := make([]float64, in*out)
	for i := range m {
		if rng.Float64() < p {
			m[i] = 1
		}
	}
	return m, nil
}
