package train

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/surge-snn/surge/internal/files"
)

// record writes metrics.jsonl, and the times beside it.
type record struct {
	metrics *files.Lines
	times   *files.Lines
	lines   []byte // all metrics so far

	start, last time.Time
	before      float64 // seconds of the parts before
	ranks       int
}

// Time is how long a part of a run took: a line of times.jsonl. Unlike all else that a run
// writes, it differs between equal runs.
type Time struct {
	Epoch   int     `json:"epoch"`
	Seconds float64 `json:"seconds"` // wall time
	Samples int     `json:"samples"` // of the training set that were learned, all ranks together
	Rate    float64 `json:"samples_per_second"`
	Ranks   int     `json:"ranks"` // processes
}

// open goes to the end of what the checkpoint knows of: lines are the metrics that belong to
// it, size their number (all that checkpoints before v0.1 say of them). A file that does not
// begin with these lines, as one that was lost, is written again from the checkpoint.
func (r *record) open(s Settings, lines []byte, size int64) (err error) {
	r.start, r.last, r.ranks = time.Now(), time.Now(), s.Ranks
	if s.Metrics != "" {
		found, err := os.ReadFile(s.Metrics)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("train: metrics: %w", err)
		}
		switch {
		case lines == nil && int64(len(found)) >= size:
			lines = found[:size]
		case !bytes.HasPrefix(found, lines):
			s.Logger.Warn("the metrics are not those of the checkpoint; written again from it", "file", s.Metrics)
			err := files.WriteAtomic(s.Metrics, func(w io.Writer) error { _, err := w.Write(lines); return err })
			if err != nil {
				return err
			}
		}
		r.lines = lines
		if r.metrics, err = files.OpenLines(s.Metrics, size); err != nil {
			return err
		}
	}
	if s.Times == "" {
		return nil
	}
	if s.Resume {
		old, _, err := files.ReadLines[Time](s.Times)
		if err != nil && !errors.Is(err, os.ErrNotExist) && !errors.Is(err, files.ErrCorrupt) {
			return err
		}
		for _, t := range old {
			r.before += t.Seconds
		}
		if err == nil {
			r.times, err = files.OpenLines(s.Times, files.All)
			return err
		}
	}
	r.times, err = files.OpenLines(s.Times, 0)
	return err
}

// add writes the lines of an epoch and returns how long it took, since the one before or the
// begin of this part.
func (r *record) add(e Epoch, samples int) (seconds float64, err error) {
	if r.metrics != nil {
		line, err := json.Marshal(e)
		if err != nil {
			return 0, fmt.Errorf("train: metrics: %w", err)
		}
		if err := r.metrics.Write(e); err != nil {
			return 0, err
		}
		r.lines = append(append(r.lines, line...), '\n')
	}
	return r.time(e.Epoch, samples)
}

// time writes how long it took since the last line, for so many samples.
func (r *record) time(epoch, samples int) (seconds float64, err error) {
	now := time.Now()
	seconds = now.Sub(r.last).Seconds()
	r.last = now
	if r.times != nil {
		err = r.times.Write(Time{epoch, seconds, samples, float64(samples) / seconds, r.ranks})
	}
	return seconds, err
}

// seconds is the wall time of all parts.
func (r *record) seconds() float64 { return r.before + time.Since(r.start).Seconds() }

// sync makes the metrics durable.
func (r *record) sync() error {
	if r.metrics == nil {
		return nil
	}
	return r.metrics.Sync()
}

func (r *record) close() error {
	var err error
	for _, l := range []*files.Lines{r.metrics, r.times} {
		if l != nil {
			err = errors.Join(err, l.Close())
		}
	}
	return err
}
