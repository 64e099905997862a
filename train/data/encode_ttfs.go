package data

import (
	"fmt"
	"math/rand/v2"
)

// TTFSBias gives each feature one spike, the later the larger the feature is, and
// adds a channel that always spikes at the same time:
//
//	t_i = x_i (TLate - TEarly) + TEarly    i < features
//	t_i = TBias                            i = features, the last channel
//
// for x in [0, 1]; N is the number of features and one. It is the code of the
// Yin-Yang experiments with first-spike times (J. Göltz et al. 2021,
// doi:10.1038/s42256-021-00388-x; T. Wunderlich and C. Pehle 2021,
// doi:10.1038/s41598-021-91786-z). The latter's published program has TEarly = 0,
// TLate = 30 ms, TBias = 0, which is the zero value here; jaxsnn takes
// TLate = 2 TauSyn.
//
// In a block, a spike at t is a 1 in the step k with k dt <= t < (k+1) dt: with the
// zero value, 31 steps of 1 ms hold all spikes.
type TTFSBias struct {
	TEarly float64 // s, time for x = 0
	TLate  float64 // s, time for x = 1; 0 means 30 ms
	TBias  float64 // s
}

// Channels returns features + 1.
func (e TTFSBias) Channels(features int) int { return features + 1 }

// settings returns e with its defaults filled in.
func (e TTFSBias) settings() (TTFSBias, error) {
	var err error
	if e.TLate, err = positive("TTFSBias", "TLate", e.TLate, 30e-3); err != nil {
		return e, err
	}
	if _, err = positive("TTFSBias", "TBias", e.TBias, 0); err != nil {
		return e, err
	}
	if !(e.TEarly >= 0 && e.TEarly <= e.TLate) {
		return e, fmt.Errorf("%w: TTFSBias.TEarly is %g s, want from 0 to TLate = %g s", ErrSettings, e.TEarly, e.TLate)
	}
	return e, nil
}

// Encode writes a 1 for each spike and 0 elsewhere. It does not use rng.
func (e TTFSBias) Encode(dst Block, x []float64, _ *rand.Rand) error {
	e, err := e.settings()
	if err != nil {
		return err
	}
	if err := dst.check(e.Channels(len(x))); err != nil {
		return err
	}
	if err := unit(x); err != nil {
		return err
	}
	dst.zero()
	time := ramp{e.TEarly, e.TLate}
	for i, v := range x {
		if err := dst.put(Spike{time.at(v), i}); err != nil {
			return err
		}
	}
	return dst.put(Spike{e.TBias, len(x)})
}

// AppendSpikes appends the spikes at their exact times.
func (e TTFSBias) AppendSpikes(dst []Spike, x []float64) ([]Spike, error) {
	e, err := e.settings()
	if err != nil {
		return dst, err
	}
	if err := unit(x); err != nil {
		return dst, err
	}
	first := len(dst)
	time := ramp{e.TEarly, e.TLate}
	for i, v := range x {
		dst = append(dst, Spike{time.at(v), i})
	}
	dst = append(dst, Spike{e.TBias, len(x)})
	sortSpikes(dst[first:])
	return dst, nil
}
