package data

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// None feeds sequences and events as they are.
//
// A sequence, in blocks: the values of its step s are the input in the step s [Batches.Hold], and
// those between have none. As spikes: a value n, which must be a whole number >= 0, is n spikes at
// the time of the step. ([Current] holds the values instead.)
//
// Events, in blocks: the input of a channel in a step is the number of its events in the step,
// k dt <= t < (k+1) dt. As spikes: the events themselves, at their exact times.
//
// Features have no time, and are an error (ErrSettings).
type None struct {
	// Once makes several events of a channel in one step of a block one.
	Once bool
}

// Channels returns the number of features.
func (e None) Channels(features int) int { return features }

// Encode refuses features.
func (e None) Encode(Block, []float64, *rand.Rand) error {
	return fmt.Errorf("%w: None takes sequences and events, which have a time; found features", ErrSettings)
}

// EncodeSequence copies the values. A value that is NaN or beyond float32 is an error (ErrFeature).
func (e None) EncodeSequence(dst Block, x []float64, hold int, _ *rand.Rand) error {
	if err := dst.checkSequence(dst.Channels, x, dst.Channels, hold); err != nil {
		return err
	}
	dst.zero()
	for s := range len(x) / dst.Channels {
		row := dst.Step(s * hold)
		for i, v := range x[s*dst.Channels : (s+1)*dst.Channels] {
			row[i] = float32(v)
			if c := float64(row[i]); math.IsNaN(c) || math.IsInf(c, 0) {
				return fmt.Errorf("%w: step %d, channel %d is %g", ErrFeature, s, i, v)
			}
		}
	}
	return nil
}

// AppendSequence appends n spikes for a value n. Others are an error (ErrFeature).
func (e None) AppendSequence(dst []Spike, x []float64, channels int, period float64) ([]Spike, error) {
	if channels <= 0 {
		return dst, fmt.Errorf("%w: %d channels, want > 0", ErrShape, channels)
	}
	for i, v := range x {
		s, channel := i/channels, i%channels
		if !(v >= 0 && v <= maxSpikes) || v != math.Trunc(v) {
			return dst, fmt.Errorf("%w: step %d, channel %d is %g, want a number of spikes from 0 to %d", ErrFeature, s, channel, v, maxSpikes)
		}
		for range int(v) {
			dst = append(dst, Spike{float64(s) * period, channel})
		}
	}
	return dst, nil
}

// maxSpikes bounds what one value of a sequence stands for.
const maxSpikes = 1000

// EncodeEvents counts the events of each step.
func (e None) EncodeEvents(dst Block, events []Spike) error {
	if err := dst.check(dst.Channels); err != nil {
		return err
	}
	dst.zero()
	dt := dst.dt()
	for _, s := range events {
		k := StepOf(s.Time, dt)
		switch {
		case !(k >= 0 && k < float64(dst.Steps)):
			return fmt.Errorf("%w: channel %d spikes at %g s, the window is %d steps of %g s", ErrOutside, s.Channel, s.Time, dst.Steps, dt)
		case s.Channel < 0 || s.Channel >= dst.Channels:
			return fmt.Errorf("%w: channel %d of %d spikes", ErrIndex, s.Channel, dst.Channels)
		default:
			dst.count(int(k), s.Channel, e.Once)
		}
	}
	return nil
}
