package data

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// Encoder turns the features of one sample into the input of a network. Encoders
// are values; they are called from several goroutines at once.
//
// A sequence is encoded step by step: each of its steps becomes a block of
// [Batches.Hold] time steps, unless the encoder is a [SequenceEncoder] or a [WholeEncoder].
type Encoder interface {
	// Channels returns the number N of input channels for a number of features.
	Channels(features int) int
	// Encode overwrites all of dst, which has N = Channels(len(x)) channels, with
	// the input for the features x. Random encoders draw from rng, others leave it
	// alone (it may be nil for them). A feature that cannot be encoded
	// (ErrFeature), a spike outside of the steps of dst (ErrOutside), a dst of
	// another width (ErrShape) and settings out of range (ErrSettings) are errors.
	Encode(dst Block, x []float64, rng *rand.Rand) error
}

// EventEncoder is an Encoder that places each spike at an exact time, as layers
// that go from event to event need it.
type EventEncoder interface {
	Encoder
	// AppendSpikes appends the spikes for the features x to dst, by rising time,
	// and by rising channel where times are equal.
	AppendSpikes(dst []Spike, x []float64) ([]Spike, error)
}

// SequenceEncoder is an Encoder for which a step of a sequence is not enough, such as
// one of differences.
type SequenceEncoder interface {
	Encoder
	// EncodeSequence overwrites all of dst with the input for the sequence x, [S, C] row-major:
	// step s of the sequence begins at the step s hold of dst, which has S hold steps.
	EncodeSequence(dst Block, x []float64, hold int, rng *rand.Rand) error
}

// WholeEncoder is an Encoder of whole sequences for which time in the block is not that of the
// sequence.
type WholeEncoder interface {
	Encoder
	// EncodeWhole overwrites all of dst, whatever its number of steps, with the input for the
	// sequence x, [S, channels] row-major.
	EncodeWhole(dst Block, x []float64, channels int) error
}

// EventSequenceEncoder is a SequenceEncoder that places each spike at an exact time.
type EventSequenceEncoder interface {
	SequenceEncoder
	// AppendSequence appends the spikes to dst, by rising time and channel; step s of the sequence
	// is at s period, in s. channels is C.
	AppendSequence(dst []Spike, x []float64, channels int, period float64) ([]Spike, error)
}

// EventListEncoder is an Encoder that takes events, too.
type EventListEncoder interface {
	Encoder
	// EncodeEvents overwrites all of dst with the events, which are by rising time.
	EncodeEvents(dst Block, events []Spike) error
}

// Spike is one input spike.
type Spike struct {
	Time    float64 // s
	Channel int
}

// Block is the view of one sample, [T, N], in an array [T, B, N]: step k is
//
//	Data[k*Stride : k*Stride+Channels]
//
// A sample on its own has Stride = Channels.
type Block struct {
	Data     []float32
	Steps    int // T
	Channels int // N
	Stride   int // from one step to the next; B*N in a batch
	// Dt is the time step in s; 0 means 1 ms.
	Dt float64

	list  *rowList // in place of Data
	first int      // of list, step 0 of the block
}

// dt returns the time step in s.
func (b Block) dt() float64 {
	if b.Dt == 0 {
		return defaultDt
	}
	return b.Dt
}

// defaultDt is the time step where none is given, in s.
const defaultDt = 1e-3

// steps returns the block of n steps from step first on.
func (b Block) steps(first, n int) Block {
	b.first += first
	b.Data, b.Steps = b.Data[min(first*b.Stride, len(b.Data)):], n
	return b
}

// NewBlock returns a block of zeros of its own. Negative sizes count as 0, which no
// encoder takes.
func NewBlock(steps, channels int) Block {
	steps, channels = max(steps, 0), max(channels, 0)
	return Block{Data: make([]float32, steps*channels), Steps: steps, Channels: channels, Stride: channels}
}

// Step returns the N values of step k, 0 <= k < Steps; nil where Data has no such step.
func (b Block) Step(k int) []float32 {
	if k < 0 || b.Stride < 0 || b.Channels < 0 || k*b.Stride+b.Channels > len(b.Data) {
		return nil
	}
	return b.Data[k*b.Stride : k*b.Stride+b.Channels]
}

// check is the check of arguments that every Encode begins with.
func (b Block) check(channels int) error {
	switch {
	case b.Steps <= 0 || b.Channels <= 0 || b.Stride < b.Channels:
		return fmt.Errorf("%w: block of %d steps, %d channels and stride %d", ErrShape, b.Steps, b.Channels, b.Stride)
	case !(b.dt() > 0) || math.IsInf(b.Dt, 1):
		return fmt.Errorf("%w: time step of %g s, want > 0", ErrSettings, b.Dt)
	case b.Channels != channels:
		return fmt.Errorf("%w: block of %d channels, the encoder makes %d", ErrShape, b.Channels, channels)
	case b.list != nil:
	case len(b.Data) < b.Channels || (len(b.Data)-b.Channels)/b.Stride < b.Steps-1:
		return fmt.Errorf("%w: block of %d steps with stride %d on %d values", ErrShape, b.Steps, b.Stride, len(b.Data))
	}
	return nil
}

// checkSequence is the check of arguments that every EncodeSequence begins with: b has n channels,
// and x, of so many channels, fills its steps.
func (b Block) checkSequence(n int, x []float64, channels, hold int) error {
	if err := b.check(n); err != nil {
		return err
	}
	if channels <= 0 || hold <= 0 || len(x)%channels != 0 || b.Steps != len(x)/channels*hold {
		return fmt.Errorf("%w: block of %d steps for a sequence of %d values in %d channels, %d steps each", ErrShape, b.Steps, len(x), channels, hold)
	}
	return nil
}

func (b Block) zero() {
	if b.list != nil {
		return
	}
	for k := range b.Steps {
		clear(b.Step(k))
	}
}

// put sets a spike of the given time.
func (b Block) put(s Spike) error {
	dt := b.dt()
	k := StepOf(s.Time, dt)
	if !(k >= 0 && k < float64(b.Steps)) {
		return fmt.Errorf("%w: channel %d spikes at %g s, the window is %d steps of %g s", ErrOutside, s.Channel, s.Time, b.Steps, dt)
	}
	b.set(int(k), s.Channel, 1)
	return nil
}

// set sets an element of a block of zeros, each once.
func (b Block) set(k, channel int, v float32) {
	if b.list != nil {
		b.list.add(b.first+k, channel, v)
		return
	}
	b.Step(k)[channel] = v
}

// count adds 1 to an element, or if once makes it 1.
func (b Block) count(k, channel int, once bool) {
	switch {
	case b.list != nil:
		b.list.once = once
		b.list.add(b.first+k, channel, 1)
	case once:
		b.Step(k)[channel] = 1
	default:
		b.Step(k)[channel]++
	}
}

// StepOf returns the time step that t, in s, is in,
//
//	k = floor(t / dt),  k dt <= t < (k+1) dt
//
// where a quotient within 1e-9 of an integer is that integer: times and steps are
// decimal fractions, and 18 ms / 1 ms is 17.999999999999996 in binary.
func StepOf(t, dt float64) float64 {
	q := t / dt
	if r := math.Round(q); math.Abs(q-r) <= 1e-9 {
		return r
	}
	return math.Floor(q)
}

// unit is the check of features of encoders that take x in [0, 1].
func unit(x []float64) error {
	for i, v := range x {
		if !(v >= 0 && v <= 1) {
			return fmt.Errorf("%w: feature %d is %g, want in [0, 1], to which data.scale = \"minmax\" maps features", ErrFeature, i, v)
		}
	}
	return nil
}

// positive returns v, or the default for 0; other values that are not positive and
// finite are an error.
func positive(encoder, field string, v, byDefault float64) (float64, error) {
	if v == 0 {
		return byDefault, nil
	}
	if !(v > 0) || math.IsInf(v, 1) {
		return 0, fmt.Errorf("%w: %s.%s is %g, want a positive number", ErrSettings, encoder, field, v)
	}
	return v, nil
}

// ramp maps x in [0, 1] to a time from begin to end, begin <= end.
type ramp struct{ begin, end float64 }

func (r ramp) at(x float64) float64 {
	return float64(x*(r.end-r.begin)) + r.begin
}

func sortSpikes(s []Spike) {
	slices.SortFunc(s, func(a, b Spike) int {
		switch {
		case a.Time < b.Time:
			return -1
		case a.Time > b.Time:
			return 1
		}
		return a.Channel - b.Channel
	})
}
