package train

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/train/data"
)

// ErrComputing signifies that a run was cancelled and is saved as it was before the batch at
// hand, which the network has not finished: it must not be used or closed any more.
var ErrComputing = errors.New("train: the network is still computing a batch")

// grace is how long a batch may go on after the run has been cancelled.
const grace = time.Second

// task asks for a batch.
type task struct {
	of    func(set data.Batches, epoch uint64, k int) (Sums, error)
	set   data.Batches
	epoch uint64
	k     int
}

type answer struct {
	sums Sums
	err  error
}

// worker computes batches beside the loop, so that a run can be stopped while one takes long.
type worker struct {
	tasks   chan task
	answers chan answer
}

func newWorker() *worker {
	w := &worker{make(chan task), make(chan answer, 1)} // an answer that nobody waits for holds nobody up
	go func() {
		for t := range w.tasks {
			sums, err := t.of(t.set, t.epoch, t.k)
			w.answers <- answer{sums, err}
		}
	}()
	return w
}

// do computes a batch. Where ctx is done meanwhile and the batch takes longer than grace, the
// error is ErrComputing and the worker must not be used again.
func (w *worker) do(ctx context.Context, t task) (Sums, error) {
	w.tasks <- t
	select {
	case a := <-w.answers:
		return a.sums, a.err
	case <-ctx.Done():
	}
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case a := <-w.answers:
		return a.sums, a.err
	case <-timer.C:
		return Sums{}, ErrComputing
	}
}

// close ends the worker, after the batch at hand.
func (w *worker) close() { close(w.tasks) }

// digest is [Data.Digest], which reads all samples and is given up as a batch is.
func digest(ctx context.Context, sets Data) (string, error) {
	var sum string
	err := exit.Within(ctx, func() (err error) {
		sum, err = sets.Digest()
		return err
	})
	if err == exit.ErrInterrupted {
		return "", fmt.Errorf("train: interrupted before the first batch: %w", context.Cause(ctx))
	}
	return sum, err
}
