package data

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Course shows the whole of a sequence at once, as currents that stay: an image [C, Points + Wrap]
// of one row for each channel, on which convolutions along time work as on the pixels of an image.
// Each channel is resampled at Points places by linear interpolation between its steps, so that
// sequences of any length fit,
//
//	I_k[c (Points + Wrap) + i] = Scale x[u(i), c]   in all steps k of the block
//	u(i) = i (S-1)/(Points-1)                       of a course from its first to its last step
//	u(i) = i S/Points mod S                         of a closed one, with Wrap > 0
//
// with the steps of the block, as of features, independent of the length S of the sequence.
type Course struct {
	Points int     // of each channel; 0 means 64
	Wrap   int     // points from the beginning that follow at the end: for closed curves; 0: none
	Scale  float64 // of the value 1; 0 means 1
}

func (e Course) width() int {
	if e.Points == 0 {
		return 64 + max(e.Wrap, 0)
	}
	return max(e.Points, 0) + max(e.Wrap, 0)
}

// Channels returns Points + Wrap times the number of features.
func (e Course) Channels(features int) int { return e.width() * features }

// Encode refuses features.
func (e Course) Encode(Block, []float64, *rand.Rand) error {
	return fmt.Errorf("%w: Course takes sequences; found features", ErrSettings)
}

// EncodeWhole writes the currents. A current that is NaN or beyond float32 is an error
// (ErrFeature).
func (e Course) EncodeWhole(dst Block, x []float64, channels int) error {
	width, scale := e.width(), e.Scale
	points := width - e.Wrap
	if scale == 0 {
		scale = 1
	}
	if e.Wrap < 0 || points < 2 {
		return fmt.Errorf("%w: Course has Points %d and Wrap %d, want >= 2 and >= 0", ErrSettings, points, e.Wrap)
	}
	if err := dst.check(e.Channels(channels)); err != nil {
		return err
	}
	if channels <= 0 || len(x) == 0 || len(x)%channels != 0 {
		return fmt.Errorf("%w: a sequence of %d values in %d channels", ErrShape, len(x), channels)
	}
	steps := len(x) / channels
	first := dst.Step(0)
	for i := range width {
		var u float64
		if e.Wrap > 0 {
			u = float64(i%points) * float64(steps) / float64(points)
		} else {
			u = float64(i) * float64(steps-1) / float64(points-1)
		}
		from := min(int(u), steps-1)
		rest := u - float64(from)
		to := from + 1
		if to == steps {
			if to = from; e.Wrap > 0 {
				to = 0
			}
		}
		for c := range channels {
			a, b := x[from*channels+c], x[to*channels+c]
			if rest > 0 {
				a = float64((1-rest)*a) + float64(rest*b)
			}
			current := float32(scale * a)
			if v := float64(current); math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("%w: step %d, channel %d makes a current of %g", ErrFeature, from, c, scale*a)
			}
			first[c*width+i] = current
		}
	}
	for k := 1; k < dst.Steps; k++ {
		copy(dst.Step(k), first)
	}
	return nil
}
