package data

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/surge-snn/surge/internal/random"
)

// Rows tells what is in the rows of a batch, and what a network is to give for them.
type Rows struct {
	// Valid is the number of rows in use: Size, or less in the last batch of an
	// epoch. Rows from there on have no input, no target, and -1 for label and sample.
	Valid int
	// Labels holds the class of each row, [B]; -1 where the target is none.
	Labels []int
	// Y holds the numbers of each row, [B][]: of a VectorTarget [Size], of a SequenceTarget [steps
	// of the sequence, Size]. Rows without a sample and other targets have none.
	Y [][]float64
	// Times holds the spikes of each row, [B][], by rising time, of a SpikeTarget.
	Times [][]Spike
	// Samples holds the index in the data set of each row, [B].
	Samples []int

	pool pool
}

// filler is what a worker writes a row to.
type filler interface {
	encode(s *Batches, row int, x *Sample, f Form, rng *rand.Rand) error
	empty(row int)
}

// pool holds the workers of one batch, and what they work on.
type pool struct {
	workers []*worker
	wait    sync.WaitGroup
	next    atomic.Int64 // next row to be taken

	set    Batches
	form   Form
	filler filler
	epoch  uint64
	order  permutation
	first  int // position of row 0 in the epoch
	size   int // rows
	valid  int // rows with a sample
}

// worker encodes rows until there are none left. Its run is made once: a go
// statement with a ready function does not allocate.
type worker struct {
	x   Sample
	pcg rand.PCG
	rng *rand.Rand
	run func()
	row int // of err
	err error
}

func (r *Rows) fill(s Batches, t filler, epoch uint64, k int) error {
	n, p := s.Data.Len(), &r.pool
	lo, hi := s.rows()
	size := hi - lo
	r.Labels, r.Samples = resize(r.Labels, size), resize(r.Samples, size)
	for len(r.Y) < size {
		r.Y = append(r.Y, nil)
	}
	for len(r.Times) < size {
		r.Times = append(r.Times, nil)
	}
	r.Y, r.Times = r.Y[:size], r.Times[:size]
	p.set, p.form, p.filler, p.epoch = s, s.Data.Form(), t, epoch
	p.order = Order{s.Seed, n}.epoch(epoch)
	p.first, p.size = k*s.Size+lo, size
	p.valid = s.Rows(k)
	p.next.Store(0)

	workers := s.Workers
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	workers = min(workers, size)
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
	p.set, p.filler = Batches{}, nil
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
	for {
		row := int(p.next.Add(1)) - 1
		if row >= p.size {
			return
		}
		r.Labels[row], r.Samples[row] = -1, -1
		r.Y[row], r.Times[row] = r.Y[row][:0], r.Times[row][:0]
		if row >= p.valid {
			p.filler.empty(row)
			continue
		}
		if w.err = r.encode(w, row); w.err != nil {
			w.row = row
			return
		}
	}
}

// encode fills one row.
func (r *Rows) encode(w *worker, row int) error {
	p := &r.pool
	sample := p.first + row
	if !p.set.Sequential {
		sample = p.order.at(sample)
	}
	r.Samples[row] = sample
	if err := p.set.Data.Sample(&w.x, sample); err != nil {
		return err
	}
	if err := w.x.check(p.form); err != nil {
		return err
	}
	switch p.form.Target.Kind {
	case ClassTarget:
		r.Labels[row] = w.x.Label
	case VectorTarget, SequenceTarget:
		r.Y[row] = append(r.Y[row], w.x.Y...)
	case SpikeTarget:
		r.Times[row] = append(r.Times[row], w.x.Spikes...)
	}
	if p.set.Augment != nil {
		random.Seed(&w.pcg, p.set.Seed, "data/augment", p.epoch, uint64(sample))
		if err := p.set.Augment.Augment(&w.x, p.form, w.rng); err != nil {
			return err
		}
		if err := w.x.check(p.form); err != nil {
			return fmt.Errorf("after %T: %w", p.set.Augment, err)
		}
	}
	random.Seed(&w.pcg, p.set.Seed, "data/encode", p.epoch, uint64(sample))
	return p.filler.encode(&p.set, row, &w.x, p.form, w.rng)
}

// resize returns a slice of length n, s itself where it has room.
func resize[E any](s []E, n int) []E {
	if cap(s) < n {
		return make([]E, n)
	}
	return s[:n]
}
