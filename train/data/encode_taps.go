package data

import (
	"fmt"
	"math/rand/v2"
)

// Taps feeds sequences as currents through a tapped delay line: each channel c becomes Count
// channels, which hold its value now and at Count-1 earlier steps, Stride steps apart,
//
//	I[s, c Count + m] = Scale x[s - m Stride, c],   0 before the beginning
//
// so that the weights of a neuron that follows are a filter in time, as those of a convolution are
// (A. Waibel et al. 1989, doi:10.1109/29.21701). Each step of the sequence lasts for Hold steps of
// the block.
type Taps struct {
	Count  int     // of each channel; 0 means 8
	Stride int     // steps of the sequence between taps; 0 means 1
	Scale  float64 // of the value 1; 0 means 1
	// Wrap takes what is before the beginning from the end: for closed curves.
	Wrap bool
}

func (e Taps) count() int {
	if e.Count == 0 {
		return 8
	}
	return max(e.Count, 0)
}

// Channels returns Count times the number of features.
func (e Taps) Channels(features int) int { return e.count() * features }

// Encode refuses features.
func (e Taps) Encode(Block, []float64, *rand.Rand) error {
	return fmt.Errorf("%w: Taps takes sequences; found features", ErrSettings)
}

// EncodeSequence writes the currents. A current that is NaN or beyond float32 is an error
// (ErrFeature). It does not use rng.
func (e Taps) EncodeSequence(dst Block, x []float64, hold int, _ *rand.Rand) error {
	n := e.count()
	stride, scale := e.Stride, e.Scale
	if stride == 0 {
		stride = 1
	}
	if scale == 0 {
		scale = 1
	}
	if n == 0 || stride < 0 {
		return fmt.Errorf("%w: Taps has Count %d and Stride %d, want > 0", ErrSettings, e.Count, e.Stride)
	}
	channels := dst.Channels / n
	if err := dst.checkSequence(e.Channels(channels), x, channels, hold); err != nil {
		return err
	}
	steps := len(x) / channels
	for s := range steps {
		row := dst.Step(s * hold)
		for c := range channels {
			for m := range n {
				from := s - m*stride
				if e.Wrap {
					from = ((from % steps) + steps) % steps
				}
				row[c*n+m] = 0
				if from < 0 {
					continue
				}
				row[c*n+m] = float32(scale * x[from*channels+c])
				if v := float64(row[c*n+m]); v-v != 0 {
					return fmt.Errorf("%w: step %d, channel %d is %g", ErrFeature, from, c, x[from*channels+c])
				}
			}
		}
		for k := 1; k < hold; k++ {
			copy(dst.Step(s*hold+k), row)
		}
	}
	return nil
}
