package data

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Batches cuts the epochs of a data set into mini-batches and encodes them. It is a
// plain value; the buffers are those of the [Batch] or [Events] that it fills, so
// that one Batches can fill several of them at the same time.
type Batches struct {
	Data    Dataset
	Encoder Encoder
	// Augment, where it is not nil, changes the input of each sample first, with
	// the random stream (Seed, "data/augment", epoch, sample).
	Augment Augment
	// Size is B, the number of rows of a batch.
	Size int
	// Shard and Shards, where Shards is not 0, leave of each batch the rows of its part Shard of so
	// many alone: rows [Shard Size / Shards, (Shard+1) Size / Shards), the first of which is row 0
	// then.
	Shard, Shards int
	// Steps is T, the number of time steps of a Batch; see [Batches.MinSteps]. Events do not need
	// it.
	Steps int
	// Dt is the time step in s, that of the network; 0 means 1 ms.
	Dt float64
	// Hold is the number of time steps for which a step of a sequence lasts; 0 means 1. It has no
	// effect on other inputs.
	Hold int
	// Duration is the end of the time window [0, Duration) of Events, in seconds. A
	// Batch does not need it.
	Duration float64
	// Seed determines the order and the random numbers of the encoder.
	Seed uint64
	// Sequential takes the samples in the order of the data set in every epoch, as
	// is usual for tests.
	Sequential bool
	// Workers is the number of goroutines that encode. 0 means GOMAXPROCS. Results
	// do not depend on it.
	Workers int
}

// Len returns the number of batches of an epoch, ceil(Data.Len() / Size), or 0
// where Data or Size is not set.
func (s Batches) Len() int {
	if s.Data == nil || s.Size <= 0 {
		return 0
	}
	n := s.Data.Len()
	return n/s.Size + min(1, n%s.Size)
}

// rows returns the rows of each batch that are filled, those of the shard, [lo, hi).
func (s Batches) rows() (lo, hi int) {
	if s.Shards == 0 {
		return 0, s.Size
	}
	return s.Shard * s.Size / s.Shards, (s.Shard + 1) * s.Size / s.Shards
}

// Rows returns the number of samples of batch k that are in the shard: Size, or fewer at the end of
// an epoch, where there is one shard.
func (s Batches) Rows(k int) int {
	if s.Data == nil {
		return 0
	}
	lo, hi := s.rows()
	return max(0, min(hi, s.Data.Len()-k*s.Size)-lo)
}

// MaxRows returns the number of rows that hold any shard of a batch, ceil(Size / Shards).
func (s Batches) MaxRows() int {
	if s.Shards <= 1 {
		return s.Size
	}
	return (s.Size + s.Shards - 1) / s.Shards
}

// Channels returns N, the number of input channels that Encoder makes of Data, or 0 where one of
// them is not set.
func (s Batches) Channels() int {
	if s.Data == nil || s.Encoder == nil {
		return 0
	}
	return s.Encoder.Channels(s.Data.Form().Channels)
}

// MinSteps returns the least Steps that holds every sample of Data: the longest sequence times
// Hold, or the steps until the end of the longest list of events. It is 0 for features and for a
// [WholeEncoder], which fill any number, and where Data is not set.
func (s Batches) MinSteps() int {
	if s.Data == nil {
		return 0
	}
	switch f := s.Data.Form(); f.Input {
	case Sequence:
		if _, whole := s.Encoder.(WholeEncoder); whole {
			return 0
		}
		return f.Steps * s.hold()
	case EventList:
		return stepsOf(f.Duration, s.dt())
	}
	return 0
}

// stepsOf returns the number of steps that cover [0, duration).
func stepsOf(duration, dt float64) int {
	k := StepOf(duration, dt)
	if float64(k*dt) < duration && math.Abs(k-duration/dt) > 1e-9 {
		k++
	}
	return int(k)
}

func (s Batches) hold() int { return max(s.Hold, 1) }

func (s Batches) dt() float64 {
	if s.Dt == 0 {
		return defaultDt
	}
	return s.Dt
}

// maxValues bounds [T, B, N], so that a slip in the settings is an error and not a
// failed allocation: 2^32 values, 16 GiB.
const maxValues = min(1<<32, math.MaxInt/4)

// Batch is one mini-batch in time steps. The zero value is ready to be filled. It
// must not be copied after first use.
type Batch struct {
	Rows
	// Input is the encoded input, [T, B, N]. A slice that is there already is
	// filled in place if its capacity suffices. It is 0 beyond the length of a row.
	Input []float32
	// Lists, where it is not nil, is filled in place of Input if [Batches.Sparse]; Listed says so,
	// and Input is then left alone.
	Lists  *Lists
	Listed bool
	// Lengths holds the number of steps of each row, [B], 0 < Lengths[r] <= Steps: all Steps for
	// features, a [WholeEncoder] and for rows without a sample.
	Lengths []int
	// Steps, Size and Channels are T, B and N.
	Steps, Size, Channels int
	// Dt is the time step in s.
	Dt float64
}

// Events is one mini-batch as lists of spikes. The zero value is ready to be filled.
// It must not be copied after first use.
type Events struct {
	Rows
	// Spikes holds the spikes of each row, [B][], by rising time.
	Spikes [][]Spike
	// Ends holds the end of each row in s, [B], 0 < Ends[r] <= Duration: Duration for features and
	// for rows without a sample.
	Ends []float64
	// Lengths holds the number of steps of the sequence of each row, [B]; 0 for other inputs.
	Lengths []int
	// Channels is N.
	Channels int
}

// Fill fills b with batch k of an epoch, 0 <= k < Len():
//
//	row r  =  sample Order{Seed, Data.Len()}.At(epoch, k*Size + r)
//
// encoded with the random stream (Seed, "data/encode", epoch, sample). A k outside of the epoch
// (ErrIndex), settings that make no sense (ErrSettings), a sample that is longer than Steps
// (ErrOutside) and whatever Data and Encoder find wrong are errors, of several that of the lowest
// row; b then has no valid rows. After the first call with the same settings, Fill does not
// allocate.
func (s Batches) Fill(b *Batch, epoch uint64, k int) error {
	if b == nil {
		return fmt.Errorf("%w: no batch to fill", ErrSettings)
	}
	if err := s.check(&b.Rows, k); err != nil {
		return err
	}
	if s.Steps <= 0 {
		b.Valid = 0
		return fmt.Errorf("%w: Batches.Steps is %d, want > 0", ErrSettings, s.Steps)
	}
	lo, hi := s.rows()
	b.Steps, b.Size, b.Channels, b.Dt = s.Steps, hi-lo, s.Channels(), s.dt()
	if values := float64(b.Steps) * float64(b.Size) * float64(b.Channels); values > maxValues {
		return fmt.Errorf("%w: a batch [%d, %d, %d] has %g values, want at most %g", ErrSettings, b.Steps, b.Size, b.Channels, values, float64(maxValues))
	}
	b.Lengths = resize(b.Lengths, b.Size)
	if b.Listed = b.Lists != nil && s.Sparse(); b.Listed {
		b.Lists.resize(b.Size, b.Steps)
	} else {
		b.Input = resize(b.Input, b.Steps*b.Size*b.Channels)
	}
	return b.fill(s, b, epoch, k)
}

// FillEvents fills e with batch k of an epoch. It differs from [Batches.Fill] in that Encoder must
// know exact times (ErrSettings): be an [EventEncoder] for features, one or an
// [EventSequenceEncoder] for sequences, an [EventListEncoder] for events; and that a spike outside
// of [0, Duration) is an error (ErrOutside).
func (s Batches) FillEvents(e *Events, epoch uint64, k int) error {
	if e == nil {
		return fmt.Errorf("%w: no batch to fill", ErrSettings)
	}
	if err := s.check(&e.Rows, k); err != nil {
		return err
	}
	if !s.exact() {
		e.Valid = 0
		return fmt.Errorf("%w: Batches.Encoder is a %T, which has no spike times for %v", ErrSettings, s.Encoder, s.Data.Form().Input)
	}
	if !(s.Duration > 0) {
		e.Valid = 0
		return fmt.Errorf("%w: Batches.Duration is %g s, want > 0", ErrSettings, s.Duration)
	}
	e.Channels = s.Channels()
	lo, hi := s.rows()
	for len(e.Spikes) < hi-lo {
		e.Spikes = append(e.Spikes, nil)
	}
	e.Spikes, e.Ends, e.Lengths = e.Spikes[:hi-lo], resize(e.Ends, hi-lo), resize(e.Lengths, hi-lo)
	return e.fill(s, e, epoch, k)
}

// exact tells whether Encoder gives exact times for the input at hand.
func (s Batches) exact() bool {
	_, event := s.Encoder.(EventEncoder)
	switch s.Data.Form().Input {
	case Sequence:
		_, sequence := s.Encoder.(EventSequenceEncoder)
		return event || sequence
	case EventList:
		_, list := s.Encoder.(EventListEncoder)
		return list
	}
	return event
}

func (s Batches) check(r *Rows, k int) error {
	r.Valid = 0
	switch {
	case s.Data == nil:
		return fmt.Errorf("%w: Batches.Data is not set", ErrSettings)
	case s.Encoder == nil:
		return fmt.Errorf("%w: Batches.Encoder is not set", ErrSettings)
	case s.Size <= 0:
		return fmt.Errorf("%w: Batches.Size is %d, want > 0", ErrSettings, s.Size)
	case s.Shards < 0 || s.Shards > s.Size || s.Shard < 0 || s.Shard >= max(s.Shards, 1):
		return fmt.Errorf("%w: Batches.Shard is %d of %d for batches of %d, want 0 <= Shard < Shards <= Size", ErrSettings, s.Shard, s.Shards, s.Size)
	case s.Workers < 0:
		return fmt.Errorf("%w: Batches.Workers is %d, want >= 0", ErrSettings, s.Workers)
	case s.Hold < 0:
		return fmt.Errorf("%w: Batches.Hold is %d, want >= 0", ErrSettings, s.Hold)
	case !(s.dt() > 0) || math.IsInf(s.Dt, 1):
		return fmt.Errorf("%w: Batches.Dt is %g s, want > 0", ErrSettings, s.Dt)
	case k < 0 || k >= s.Len():
		return fmt.Errorf("%w: batch %d of an epoch of %d", ErrIndex, k, s.Len())
	}
	if _, whole := s.Encoder.(WholeEncoder); whole {
		if t := s.Data.Form().Target.Kind; t == SequenceTarget || t == SpikeTarget {
			return fmt.Errorf("%w: Batches.Encoder is a %T, whose steps are not those of the sequence, for the target %v", ErrSettings, s.Encoder, t)
		}
	}
	if _, list := s.Encoder.(EventListEncoder); !list && s.Data.Form().Input == EventList {
		return fmt.Errorf("%w: Batches.Encoder is a %T, which takes no events; None does", ErrSettings, s.Encoder)
	}
	return nil
}

func (b *Batch) row(row int) Block {
	block := Block{Steps: b.Steps, Channels: b.Channels, Stride: b.Size * b.Channels, Dt: b.Dt}
	if b.Listed {
		block.list = &b.Lists.rows[row]
		block.list.reset()
		return block
	}
	block.Data = b.Input[row*b.Channels:]
	return block
}

func (b *Batch) encode(s *Batches, row int, x *Sample, f Form, rng *rand.Rand) error {
	if err := b.block(s, row, x, f, rng); err != nil {
		return err
	}
	if err := x.checkTarget(f, float64(b.Lengths[row])*b.Dt); err != nil {
		return err
	}
	if b.Listed {
		b.Lists.set(row, b.Size, b.Steps)
	}
	return nil
}

// block encodes a row as a block.
func (b *Batch) block(s *Batches, row int, x *Sample, f Form, rng *rand.Rand) error {
	block, length := b.row(row), b.Steps
	switch f.Input {
	case Sequence:
		if e, ok := s.Encoder.(WholeEncoder); ok {
			b.Lengths[row] = length
			return e.EncodeWhole(block, x.X, f.Channels)
		}
		length = x.Steps * s.hold()
	case EventList:
		length = stepsOf(x.Duration, b.Dt)
	}
	b.Lengths[row] = length
	if length > b.Steps {
		return fmt.Errorf("%w: a sample of %d steps, the window has %d", ErrOutside, length, b.Steps)
	}
	block.steps(length, b.Steps-length).zero()
	block.Steps = length
	switch f.Input {
	case Sequence:
		if e, ok := s.Encoder.(SequenceEncoder); ok {
			return e.EncodeSequence(block, x.X, s.hold(), rng)
		}
		for k := range x.Steps {
			if err := s.Encoder.Encode(block.steps(k*s.hold(), s.hold()), x.X[k*f.Channels:(k+1)*f.Channels], rng); err != nil {
				return fmt.Errorf("step %d of the sequence: %w", k, err)
			}
		}
		return nil
	case EventList:
		return s.Encoder.(EventListEncoder).EncodeEvents(block, x.Events)
	}
	return s.Encoder.Encode(block, x.X, rng)
}

func (b *Batch) empty(row int) {
	b.row(row).zero()
	if b.Listed {
		b.Lists.set(row, b.Size, b.Steps)
	}
	b.Lengths[row] = b.Steps
}

func (e *Events) encode(s *Batches, row int, x *Sample, f Form, _ *rand.Rand) error {
	spikes, err := e.spikes(s, e.Spikes[row][:0], x, f)
	e.Spikes[row], e.Ends[row], e.Lengths[row] = spikes, s.Duration, x.Steps
	if f.Input != Sequence {
		e.Lengths[row] = 0
	}
	if err != nil {
		return err
	}
	switch f.Input {
	case Sequence:
		e.Ends[row] = float64(x.Steps*s.hold()) * s.dt()
	case EventList:
		e.Ends[row] = x.Duration
	}
	// The product of a number of steps and a step may be an ulp beyond the decimal fraction that is
	// meant.
	if end := e.Ends[row]; end > s.Duration*(1+1e-12) {
		return fmt.Errorf("%w: a sample of %g s, the window ends at %g s", ErrOutside, end, s.Duration)
	}
	e.Ends[row] = min(e.Ends[row], s.Duration)
	if err := x.checkTarget(f, e.Ends[row]); err != nil {
		return err
	}
	for _, spike := range spikes {
		if !(spike.Time >= 0 && spike.Time < s.Duration) {
			return fmt.Errorf("%w: channel %d spikes at %g s, the window ends at %g s", ErrOutside, spike.Channel, spike.Time, s.Duration)
		}
	}
	return nil
}

// spikes appends the spikes of a sample.
func (e *Events) spikes(s *Batches, dst []Spike, x *Sample, f Form) ([]Spike, error) {
	switch f.Input {
	case Static:
		return s.Encoder.(EventEncoder).AppendSpikes(dst, x.X)
	case EventList:
		return append(dst, x.Events...), nil
	}
	period := float64(s.hold()) * s.dt()
	if encoder, ok := s.Encoder.(EventSequenceEncoder); ok {
		return encoder.AppendSequence(dst, x.X, f.Channels, period)
	}
	for k := range x.Steps {
		first := len(dst)
		var err error
		dst, err = s.Encoder.(EventEncoder).AppendSpikes(dst, x.X[k*f.Channels:(k+1)*f.Channels])
		if err != nil {
			return dst, fmt.Errorf("step %d of the sequence: %w", k, err)
		}
		for i := first; i < len(dst); i++ {
			if !(dst[i].Time < period) {
				return dst, fmt.Errorf("%w: channel %d spikes %g s into step %d of the sequence, which lasts %g s", ErrOutside, dst[i].Channel, dst[i].Time, k, period)
			}
			dst[i].Time += float64(float64(k) * period)
		}
	}
	return dst, nil
}

func (e *Events) empty(row int) { e.Spikes[row], e.Ends[row], e.Lengths[row] = e.Spikes[row][:0], 0, 0 }
