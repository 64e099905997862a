package data

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Delta gives spikes where a sequence changes (send on delta). Each channel i has a level, which
// starts at the first value; at each step after it
//
//	while x[s] - level >= Threshold:  level += Threshold, a spike in the channel 2i (up)
//	while level - x[s] >= Threshold:  level -= Threshold, a spike in the channel 2i+1 (down)
//
// so that the number of spikes is the change over Threshold, where a change within 1e-9 Threshold
// of a whole number is that number: N is twice the number of channels. In a block the value of a
// step is its number of spikes. M. Miskowicz 2006, doi:10.3390/s6010049; the temporal contrast of
// event cameras, P. Lichtsteiner et al. 2008, doi:10.1109/JSSC.2007.914337.
type Delta struct {
	// Threshold is the change that gives a spike; 0 means 0.1.
	Threshold float64
}

// Channels returns twice the number of features.
func (e Delta) Channels(features int) int { return 2 * features }

// Encode refuses features, which do not change.
func (e Delta) Encode(Block, []float64, *rand.Rand) error {
	return fmt.Errorf("%w: Delta takes sequences; found features", ErrSettings)
}

// EncodeSequence writes the number of spikes of each step. It does not use rng.
func (e Delta) EncodeSequence(dst Block, x []float64, hold int, _ *rand.Rand) error {
	channels := dst.Channels / 2
	if err := dst.checkSequence(e.Channels(channels), x, channels, hold); err != nil {
		return err
	}
	dst.zero()
	return e.each(x, channels, func(s, channel, n int) { dst.set(s*hold, channel, float32(n)) })
}

// AppendSequence appends the spikes.
func (e Delta) AppendSequence(dst []Spike, x []float64, channels int, period float64) ([]Spike, error) {
	first := len(dst)
	err := e.each(x, channels, func(s, channel, n int) {
		for range n {
			dst = append(dst, Spike{float64(s) * period, channel})
		}
	})
	sortSpikes(dst[first:])
	return dst, err
}

// each calls spike for each step and channel with n > 0 spikes, by rising step within each channel.
func (e Delta) each(x []float64, channels int, spike func(s, channel, n int)) error {
	threshold, err := positive("Delta", "Threshold", e.Threshold, 0.1)
	if err != nil {
		return err
	}
	for i := range channels {
		level, steps := 0.0, 0 // of Threshold, from the first value
		for s := range len(x) / channels {
			v := x[s*channels+i]
			if s == 0 {
				level = v
			}
			// The level is counted in whole thresholds: a sum would drift.
			change := (v - level) / threshold
			if !(math.Abs(change) <= math.MaxInt32) {
				return fmt.Errorf("%w: step %d, channel %d is %g, %g thresholds from %g", ErrFeature, s, i, v, change, level)
			}
			up := int(math.Floor(change+1e-9)) - steps  // as far as it is below
			down := steps - int(math.Ceil(change-1e-9)) // as far as it is above
			switch {
			case up > maxSpikes || down > maxSpikes:
				return fmt.Errorf("%w: step %d, channel %d gives %d spikes at once, want at most %d", ErrFeature, s, i, max(up, down), maxSpikes)
			case up > 0:
				spike(s, 2*i, up)
				steps += up
			case down > 0:
				spike(s, 2*i+1, down)
				steps -= down
			}
		}
	}
	return nil
}
