package data

import (
	"fmt"
	"math/rand/v2"

	"github.com/surge-snn/surge/internal/fmath"
)

// Latency gives each feature above a threshold one spike, the earlier the larger
// the feature is:
//
//	t(x) = (1 - x) (TMax - TMin) + TMin           linear, without Tau
//	     = Tau ln(x / (x - Threshold)) + TMin     logarithmic, with Tau
//
// if x > Threshold and t <= TMax, no spike else, for x in [0, 1]; N is the number of features. The
// logarithm is the time that a leaky integrator with the time constant Tau, from 0 on, takes under
// the constant current x to Threshold. With x = p/255 for a pixel p, the linear one
// is the latency code of mlGeNN's MNIST examples, whose values are
//
//	Latency{TMin: 2e-3, TMax: 18e-3, Threshold: 1.0 / 255}
//
// and 20 steps of 1 ms. In a block, a spike at t is a 1 in the step k with
// k dt <= t < (k+1) dt.
//
// S. Thorpe, A. Delorme, R. Van Rullen 2001, doi:10.1016/S0893-6080(01)00083-1; both forms are
// those of snnTorch's latency (J. Eshraghian et al. 2023, doi:10.1109/JPROC.2023.3308088).
type Latency struct {
	TMin      float64 // s, time for x = 1 (linear); 0 is the beginning of the sample
	TMax      float64 // s, time for x = 0, and the end with Tau; 0 means 20 ms
	Threshold float64 // in [0, 1); 0: every feature but 0 gives a spike; with Tau > 0
	Tau       float64 // s, of the logarithm; 0: linear
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
	if _, err = positive("Latency", "Tau", e.Tau, 0); err != nil {
		return e, err
	}
	if e.Tau > 0 && e.Threshold == 0 {
		return e, fmt.Errorf("%w: Latency with Tau and without Threshold, which is at once everywhere; want > 0", ErrSettings)
	}
	return e, nil
}

// time returns the time of the spike of a feature, of e with its defaults filled in; ok is false
// where there is none.
func (e Latency) time(x float64) (t float64, ok bool) {
	switch {
	case !(x > e.Threshold):
		return 0, false
	case e.Tau == 0:
		return ramp{e.TMin, e.TMax}.at(1 - x), true
	}
	// ln(x/(x-θ)) = -ln(1 - θ/x)
	t = float64(e.Tau*-fmath.Log1p(-e.Threshold/x)) + e.TMin
	return t, t <= e.TMax
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
	for i, v := range x {
		if t, ok := e.time(v); ok {
			if err := dst.put(Spike{t, i}); err != nil {
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
	for i, v := range x {
		if t, ok := e.time(v); ok {
			dst = append(dst, Spike{t, i})
		}
	}
	sortSpikes(dst[first:])
	return dst, nil
}
