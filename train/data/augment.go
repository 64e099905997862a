package data

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/surge-snn/surge/internal/random"
)

// Augment changes the input of a training sample at random before it is
// encoded, so that a network sees each sample in many variants. It works in place
// and is called from several goroutines at once.
type Augment interface {
	// Augment changes the input of s, a sample of the form f, drawing from rng. An input that it
	// cannot work on is an error (ErrSettings).
	Augment(s *Sample, f Form, rng *rand.Rand) error
}

// Shift moves images by a random whole number of pixels along both axes:
//
//	x'[i, j] = x[i-a, j-b],   a, b uniform in {-Pixels, ..., Pixels}
//
// with 0 for what comes in at the border. It draws two numbers per image.
type Shift struct {
	// Width is the number of pixels of a row of the image; the features are its
	// rows, one after the other.
	Width int
	// Pixels is the largest shift, 0 <= Pixels < Width and height.
	Pixels int
}

// Augment moves the image x.
func (s Shift) Augment(sample *Sample, f Form, rng *rand.Rand) error {
	if err := augmentable(sample, rng); err != nil {
		return err
	}
	x := sample.X
	if f.Input != Static {
		return fmt.Errorf("%w: Shift moves features, found %v", ErrSettings, f.Input)
	}
	if s.Width <= 0 || len(x)%s.Width != 0 {
		return fmt.Errorf("%w: Shift.Width is %d for %d features, want a divisor", ErrSettings, s.Width, len(x))
	}
	height := len(x) / s.Width
	if s.Pixels < 0 || s.Pixels >= s.Width || s.Pixels >= height {
		return fmt.Errorf("%w: Shift.Pixels is %d for images of %d x %d, want 0 <= Pixels < both", ErrSettings, s.Pixels, height, s.Width)
	}
	down := rng.IntN(2*s.Pixels+1) - s.Pixels
	right := rng.IntN(2*s.Pixels+1) - s.Pixels

	// As one line of numbers the image moves by down rows and right pixels; what
	// crosses a border of a row does not belong there.
	by := down*s.Width + right
	if by >= 0 {
		copy(x[by:], x)
		clear(x[:by])
	} else {
		copy(x, x[-by:])
		clear(x[len(x)+by:])
	}
	for i := range height {
		row := x[i*s.Width : (i+1)*s.Width]
		if right >= 0 {
			clear(row[:right])
		} else {
			clear(row[s.Width+right:])
		}
	}
	return nil
}

// augmentable is the check of arguments that every Augment begins with.
func augmentable(s *Sample, rng *rand.Rand) error {
	if s == nil || rng == nil {
		return fmt.Errorf("%w: a change of a sample without a sample or a source of random numbers", ErrSettings)
	}
	return nil
}

// Augments are several changes, one after the other.
type Augments []Augment

// Augment applies all in order, with the numbers of one source.
func (a Augments) Augment(s *Sample, f Form, rng *rand.Rand) error {
	for i, each := range a {
		if each == nil {
			return fmt.Errorf("%w: change %d of %d is nil", ErrSettings, i, len(a))
		}
		if err := each.Augment(s, f, rng); err != nil {
			return err
		}
	}
	return nil
}

// Rotate lets a sequence begin at a random step, and what was before comes at its end: for closed
// curves, such as outlines, of which every point may be the first.
//
//	x'[t] = x[(t + a) mod T],   a uniform in {0, ..., T-1}
//
// It draws one number. A target that is a sequence turns with it.
type Rotate struct{}

// Augment turns the sequence s.
func (Rotate) Augment(s *Sample, f Form, rng *rand.Rand) error {
	if err := augmentable(s, rng); err != nil {
		return err
	}
	if f.Input != Sequence {
		return fmt.Errorf("%w: Rotate turns sequences, found %v", ErrSettings, f.Input)
	}
	if err := s.check(f); err != nil {
		return err
	}
	a := rng.IntN(s.Steps)
	rotate(s.X, a*f.Channels)
	if f.Target.Kind == SequenceTarget {
		rotate(s.Y, a*f.Target.Size)
	}
	return nil
}

// rotate moves the first n elements to the end.
func rotate(x []float64, n int) {
	slices.Reverse(x[:n])
	slices.Reverse(x[n:])
	slices.Reverse(x)
}

// Noise adds independent normal noise to features or to each value of a sequence,
//
//	x' = x + N(0, SD²)
//
// and draws a number for each value.
type Noise struct {
	SD float64 // in the unit of the values; >= 0
}

// Augment adds the noise.
func (n Noise) Augment(s *Sample, f Form, rng *rand.Rand) error {
	if err := augmentable(s, rng); err != nil {
		return err
	}
	if f.Input == EventList || !(n.SD >= 0) || n.SD-n.SD != 0 {
		return fmt.Errorf("%w: Noise of %g on %v, want >= 0 on features or sequences", ErrSettings, n.SD, f.Input)
	}
	for i := range s.X {
		s.X[i] += float64(n.SD * random.Normal(rng))
	}
	return nil
}
