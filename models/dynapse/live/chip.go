package live

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/surge-snn/surge/models/dynapse/chip"
	"github.com/surge-snn/surge/models/dynapse/fit"
)

// Chip is a chip that can be set, driven and recorded, one thing at a time.
type Chip interface {
	// Set loads a configuration.
	Set(ctx context.Context, d *chip.Device) error
	// Record drives the input channels of the configuration and returns what was seen; rows begin
	// at rest. It returns what it has of what is wanted.
	Record(ctx context.Context, s Stimulus) (Records, error)
	// Close ends the use of the chip.
	Close() error
}

// ErrLost signifies a request that a chip did not answer as it should: what was to be recorded is
// lost, and nothing else.
var ErrLost = errors.New("live: lost")

// ErrStimulus is wrapped by errors about what a chip is given.
var ErrStimulus = errors.New("live: bad stimulus")

// Stimulus is what a chip is driven with, and what is to be seen meanwhile.
type Stimulus struct {
	Dt   float64 // s, of a bin
	T, B int     // bins and rows
	// Counts are the spikes of the input channels in each bin, [T, B, C].
	Counts []float64
	// DC are factors of the constant current of each neuron in each bin, [T, B, N], of what the
	// configuration sets it to; nil: 1 throughout.
	DC   []float64
	Want []fit.Quantity
}

// Records are what was seen, [T, B, N] of each quantity, NaN where a sample is missing.
type Records map[fit.Quantity][]float64

// mostSamples bounds the input and the records of a stimulus.
const mostSamples = 1 << 24

// channels returns the number C of input channels.
func (s Stimulus) channels() (int, error) {
	switch {
	case !(s.Dt > 0) || math.IsInf(s.Dt, 0):
		return 0, fmt.Errorf("%w: bins of %v s, want a finite number > 0", ErrStimulus, s.Dt)
	case s.T < 1 || s.B < 1 || s.T > mostSamples/s.B:
		return 0, fmt.Errorf("%w: %d bins of %d rows, want 1 to %d in all", ErrStimulus, s.T, s.B, mostSamples)
	case len(s.Counts) == 0 || len(s.Counts) > mostSamples || len(s.Counts)%(s.T*s.B) != 0:
		return 0, fmt.Errorf("%w: %d counts for %d bins of %d rows, want some for each, and at most %d", ErrStimulus, len(s.Counts), s.T, s.B, mostSamples)
	case len(s.Want) == 0:
		return 0, fmt.Errorf("%w: nothing is to be recorded", ErrStimulus)
	}
	for i, x := range s.Counts {
		if !(x >= 0) || math.IsInf(x, 0) {
			return 0, fmt.Errorf("%w: count %d is %v, want a finite number >= 0", ErrStimulus, i, x)
		}
	}
	if s.DC != nil && (len(s.DC) == 0 || len(s.DC) > mostSamples || len(s.DC)%(s.T*s.B) != 0) {
		return 0, fmt.Errorf("%w: %d factors of the constant current for %d bins of %d rows, want some for each, and at most %d", ErrStimulus, len(s.DC), s.T, s.B, mostSamples)
	}
	for i, x := range s.DC {
		if !(x >= 0) || math.IsInf(x, 0) {
			return 0, fmt.Errorf("%w: factor %d of the constant current is %v, want a finite number >= 0", ErrStimulus, i, x)
		}
	}
	for _, q := range s.Want {
		if q > fit.Spikes {
			return 0, fmt.Errorf("%w: %v is nothing that can be recorded", ErrStimulus, q)
		}
	}
	return len(s.Counts) / (s.T * s.B), nil
}
