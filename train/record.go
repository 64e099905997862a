package train

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/surge-snn/surge/internal/files"
)

// record writes metrics.jsonl, and the times beside it.
type record struct {
	metrics, receipt book
	times            *files.Lines

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

// book is a file of lines that belong to the state of a run. A checkpoint has them, too.
type book struct {
	file  *files.Lines // nil: none
	lines []byte       // all so far
}

// open goes to the end of what a checkpoint knows of: its lines, or their size alone (all that
// checkpoints before v0.1 say of them). A file that does not begin with these lines, as one that
// was lost, is written again from the checkpoint.
func (b *book) open(path string, lines []byte, size int64, log *slog.Logger) error {
	b.lines = lines
	if path == "" {
		return nil
	}
	found, err := files.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) && !errors.Is(err, files.ErrTooLarge) {
		return fmt.Errorf("train: %w", err)
	}
	switch {
	case lines == nil && int64(len(found)) >= size:
		b.lines = found[:size]
	case !bytes.HasPrefix(found, lines):
		log.Warn("the file is not that of the checkpoint; written again from it", "file", path)
		err := files.WriteAtomic(path, func(w io.Writer) error { _, err := w.Write(lines); return err })
		if err != nil {
			return err
		}
	}
	b.file, err = files.OpenLines(path, size)
	return err
}

// add writes a line.
func (b *book) add(v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	if b.file != nil {
		if err := b.file.Write(v); err != nil {
			return err
		}
	}
	b.lines = append(append(b.lines, line...), '\n')
	return nil
}

// open goes to the end of what the checkpoint knows of, which is nil at the start of a run.
func (r *record) open(s Settings, c *Checkpoint) (err error) {
	r.start, r.last, r.ranks = time.Now(), time.Now(), s.Ranks
	if c == nil {
		c = new(Checkpoint)
	}
	if err := r.metrics.open(s.Metrics, c.Metrics, c.MetricsSize, s.Logger); err != nil {
		return err
	}
	if err := r.receipt.open(s.Receipt, c.Receipt, int64(len(c.Receipt)), s.Logger); err != nil {
		return err
	}
	if s.Times == "" {
		return nil
	}
	if s.Resume {
		old, _, err := files.ReadLines[Time](s.Times)
		if err != nil && !errors.Is(err, os.ErrNotExist) && !errors.Is(err, files.ErrCorrupt) && !errors.Is(err, files.ErrTooLarge) {
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
	if err := r.metrics.add(e); err != nil {
		return 0, err
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

// sync makes the metrics and the receipt durable.
func (r *record) sync() error {
	for _, b := range []book{r.metrics, r.receipt} {
		if b.file == nil {
			continue
		}
		if err := b.file.Sync(); err != nil {
			return err
		}
	}
	return nil
}

func (r *record) close() error {
	var err error
	for _, l := range []*files.Lines{r.metrics.file, r.receipt.file, r.times} {
		if l != nil {
			err = errors.Join(err, l.Close())
		}
	}
	return err
}
