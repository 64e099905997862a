package data

import (
	"fmt"
	"math/rand/v2"
)

// Latency gives each feature above a threshold one spike, the earlier the larger
// the feature is:
//
//	t(x) = (1 - x) (TMax - TMin) + TMin    if x > Threshold, no spike else
//
// for x in [0, 1]; N is the number of features. With x = p/255 for a pixel p, this
// is the latency code of mlGeNN's MNIST examples, whose values are
//
//	Latency{TMin: 2e-3, TMax: 18e-3, Threshold: 1.0 / 255}
//
// and 20 steps of 1 ms. In a block, a spike at t is a 1 in the step k with
// k dt <= t < (k+1) dt.
type Latency struct {
	TMin      float64 // s, time for x = 1; 0 is the beginning of the sample
	TMax      float64 // s, time for x = 0; 0 means 20 ms
	Threshold float64 // in [0, 1); 0: every feature but 0 gives a spike
}

// Channels returns the number of features.
func (e Latency) Channels(features int) int { return features }

// settings returns e with its defaults filled in.
func (e Latency) settings() (Latency, error) {
	var err error
	if e.TMax, err = positive("Latency", "TMax", e.TMax, 20e-3); err != nil {
		return e, err
	}
	if !(e.TMin >= 0 && e.TMin <= e.TMax) {
		return e, fmt.Errorf("%w: Latency.TMin is %g s, want from 0 to TMax = %g s", ErrSettings, e.TMin, e.TMax)
	}
	if !(e.Threshold >= 0 && e.Threshold < 1) {
		return e, fmt.Errorf("%w: Latency.Threshold is %g, want in [0, 1)", ErrSettings, e.Threshold)
	}
	return e, nil
}

// Encode writes a 1 for each spike and 0 elsewhere. It does not use rng.
func (e Latency) Encode(dst Block, x []float64, _ *rand.Rand) error {
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
	time := ramp{e.TMin, e.TMax}
	for i, v := range x {
		if v > e.Threshold {
			if err := dst.put(Spike{time.at(1 - v), i}); err != nil {
				return err
			}
		}
	}
	return nil
}

// AppendSpikes appends the spikes at their exact times.
func (e Latency) AppendSpikes(dst []Spike, x []float64) ([]Spike, error) {
	e, err := e.settings()
	if err != nil {
		return dst, err
	}
	if err := unit(x); err != nil {
		return dst, err
	}
	first := len(dst)
	time := ramp{e.TMin, e.TMax}
	for i, v := range x {
		if v > e.Threshold {
			dst = append(dst, Spike{time.at(1 - v), i})
		}
	}
	sortSpikes(dst[first:])
	return dst, nil
}
