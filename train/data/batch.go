package data

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/surge-snn/surge/internal/random"
)

// Batches cuts the epochs of a data set into mini-batches and encodes them. It is a
// plain value; the buffers are those of the [Batch] or [Events] that it fills, so
// that one Batches can fill several of them at the same time.
type Batches struct {
	Data    Dataset
	Encoder Encoder
	// Augment, where it is not nil, changes the features of each sample first, with
	// the random stream (Seed, "data/augment", epoch, sample).
	Augment Augment
	// Size is B, the number of rows of a batch.
	Size int
	// Steps is T, the number of time steps of a Batch. Events do not need it.
	Steps int
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

// Rows tells what is in the rows of a batch.
type Rows struct {
	// Valid is the number of rows in use: Size, or less in the last batch of an
	// epoch. Rows from there on have no input, and -1 for label and sample.
	Valid int
	// Labels holds the class of each row, [B].
	Labels []int
	// Samples holds the index in the data set of each row, [B].
	Samples []int

	pool pool
}

// maxValues bounds [T, B, N], so that a slip in the settings is an error and not a
// failed allocation: 2^32 values, 16 GiB.
const maxValues = min(1<<32, math.MaxInt/4)

// Batch is one mini-batch in time steps. The zero value is ready to be filled. It
// must not be copied after first use.
type Batch struct {
	Rows
	// Input is the encoded input, [T, B, N]. A slice that is there already is
	// filled in place if its capacity suffices.
	Input []float32
	// Steps, Size and Channels are T, B and N.
	Steps, Size, Channels int
}

// Events is one mini-batch as lists of spikes. The zero value is ready to be filled.
// It must not be copied after first use.
type Events struct {
	Rows
	// Spikes holds the spikes of each row, [B][], by rising time.
	Spikes [][]Spike
	// Channels is N.
	Channels int
}

// Fill fills b with batch k of an epoch, 0 <= k < Len():
//
//	row r  =  sample Order{Seed, Data.Len()}.At(epoch, k*Size + r)
//
// encoded with the random stream (Seed, "data/encode", epoch, sample). A k outside
// of the epoch (ErrIndex), settings that make no sense (ErrSettings) and whatever
// Data and Encoder find wrong are errors, of several that of the lowest row; b then
// has no valid rows. After the first call with the same settings, Fill does not
// allocate.
func (s Batches) Fill(b *Batch, epoch uint64, k int) error {
	if err := s.check(&b.Rows, k); err != nil {
		return err
	}
	if s.Steps <= 0 {
		b.Valid = 0
		return fmt.Errorf("%w: Batches.Steps is %d, want > 0", ErrSettings, s.Steps)
	}
	b.Steps, b.Size, b.Channels = s.Steps, s.Size, s.Encoder.Channels(s.Data.Features())
	if values := float64(b.Steps) * float64(b.Size) * float64(b.Channels); values > maxValues {
		return fmt.Errorf("%w: a batch [%d, %d, %d] has %g values, want at most %g", ErrSettings, b.Steps, b.Size, b.Channels, values, float64(maxValues))
	}
	b.Input = resize(b.Input, b.Steps*b.Size*b.Channels)
	return b.fill(s, b, epoch, k)
}

// FillEvents fills e with batch k of an epoch. It differs from [Batches.Fill] in
// that Encoder must be an [EventEncoder] (ErrSettings), and that a spike outside of
// [0, Duration) is an error (ErrOutside).
func (s Batches) FillEvents(e *Events, epoch uint64, k int) error {
	if err := s.check(&e.Rows, k); err != nil {
		return err
	}
	if _, ok := s.Encoder.(EventEncoder); !ok {
		e.Valid = 0
		return fmt.Errorf("%w: Batches.Encoder is a %T, which has no spike times", ErrSettings, s.Encoder)
	}
	if !(s.Duration > 0) {
		e.Valid = 0
		return fmt.Errorf("%w: Batches.Duration is %g s, want > 0", ErrSettings, s.Duration)
	}
	e.Channels = s.Encoder.Channels(s.Data.Features())
	for len(e.Spikes) < s.Size {
		e.Spikes = append(e.Spikes, nil)
	}
	e.Spikes = e.Spikes[:s.Size]
	return e.fill(s, e, epoch, k)
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
	case s.Workers < 0:
		return fmt.Errorf("%w: Batches.Workers is %d, want >= 0", ErrSettings, s.Workers)
	case k < 0 || k >= s.Len():
		return fmt.Errorf("%w: batch %d of an epoch of %d", ErrIndex, k, s.Len())
	}
	return nil
}

// target is what a worker writes a row to.
type target interface {
	encode(s *Batches, row int, x []float64, rng *rand.Rand) error
	empty(row int)
}

func (b *Batch) row(row int) Block {
	return Block{b.Input[row*b.Channels:], b.Steps, b.Channels, b.Size * b.Channels}
}

func (b *Batch) encode(s *Batches, row int, x []float64, rng *rand.Rand) error {
	return s.Encoder.Encode(b.row(row), x, rng)
}

func (b *Batch) empty(row int) { b.row(row).zero() }

func (e *Events) encode(s *Batches, row int, x []float64, _ *rand.Rand) error {
	spikes, err := s.Encoder.(EventEncoder).AppendSpikes(e.Spikes[row][:0], x)
	e.Spikes[row] = spikes
	if err != nil {
		return err
	}
	for _, spike := range spikes {
		if !(spike.Time >= 0 && spike.Time < s.Duration) {
			return fmt.Errorf("%w: channel %d spikes at %g s, the window ends at %g s", ErrOutside, spike.Channel, spike.Time, s.Duration)
		}
	}
	return nil
}

func (e *Events) empty(row int) { e.Spikes[row] = e.Spikes[row][:0] }

// pool holds the workers of one batch, and what they work on.
type pool struct {
	workers []*worker
	wait    sync.WaitGroup
	next    atomic.Int64 // next row to be taken

	set    Batches
	target target
	epoch  uint64
	order  permutation
	first  int // position of row 0 in the epoch
	valid  int
}

// worker encodes rows until there are none left. Its run is made once: a go
// statement with a ready function does not allocate.
type worker struct {
	x   []float64
	pcg rand.PCG
	rng *rand.Rand
	run func()
	row int // of err
	err error
}

func (r *Rows) fill(s Batches, t target, epoch uint64, k int) error {
	n, p := s.Data.Len(), &r.pool
	r.Labels, r.Samples = resize(r.Labels, s.Size), resize(r.Samples, s.Size)
	p.set, p.target, p.epoch = s, t, epoch
	p.order = Order{s.Seed, n}.epoch(epoch)
	p.first = k * s.Size
	p.valid = min(s.Size, n-p.first)
	p.next.Store(0)

	workers := s.Workers
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	workers = min(workers, s.Size)
	for len(p.workers) < workers {
		w := &worker{}
		w.rng = rand.New(&w.pcg)
		w.run = func() {
			defer r.pool.wait.Done()
			r.work(w)
		}
		p.workers = append(p.workers, w)
	}
	p.wait.Add(workers)
	for _, w := range p.workers[1:workers] {
		go w.run()
	}
	p.workers[0].run()
	p.wait.Wait()

	// Rows are taken in rising order, so that all rows below a failed one were tried:
	// the lowest error is the same for any number of workers.
	var failed *worker
	for _, w := range p.workers[:workers] {
		if w.err != nil && (failed == nil || w.row < failed.row) {
			failed = w
		}
	}
	p.set, p.target = Batches{}, nil
	if failed != nil {
		return fmt.Errorf("batch %d, sample %d: %w", k, r.Samples[failed.row], failed.err)
	}
	r.Valid = p.valid
	return nil
}

// work encodes rows for w.
func (r *Rows) work(w *worker) {
	p := &r.pool
	w.err = nil
	w.x = resize(w.x, p.set.Data.Features())
	for {
		row := int(p.next.Add(1)) - 1
		switch {
		case row >= p.set.Size:
			return
		case row >= p.valid:
			r.Labels[row], r.Samples[row] = -1, -1
			p.target.empty(row)
			continue
		}
		sample := p.first + row
		if !p.set.Sequential {
			sample = p.order.at(sample)
		}
		r.Samples[row] = sample
		label, err := p.set.Data.Sample(w.x, sample)
		if classes := p.set.Data.Classes(); err == nil && (label < 0 || label >= classes) {
			err = fmt.Errorf("%w: label %d in a data set of %d classes", ErrIndex, label, classes)
		}
		r.Labels[row], w.err = label, err
		if err == nil && p.set.Augment != nil {
			random.Seed(&w.pcg, p.set.Seed, "data/augment", p.epoch, uint64(sample))
			w.err = p.set.Augment.Augment(w.x, w.rng)
		}
		if w.err == nil {
			random.Seed(&w.pcg, p.set.Seed, "data/encode", p.epoch, uint64(sample))
			w.err = p.target.encode(&p.set, row, w.x, w.rng)
		}
		if w.err != nil {
			w.row = row
			return
		}
	}
}

// resize returns a slice of length n, s itself where it has room.
func resize[E any](s []E, n int) []E {
	if cap(s) < n {
		return make([]E, n)
	}
	return s[:n]
}
