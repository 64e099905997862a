package suite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/internal/given"
	"github.com/surge-snn/surge/internal/parts"
)

// Finished is one of the file of finished runs: the settings first, then a line for each run.
type Finished struct {
	Settings *Settings `json:"settings,omitempty"`
	ID       string    `json:"id,omitempty"`
	Rows     []Row     `json:"rows,omitempty"`
}

// Part is the share of one of several processes that make runs in one folder.
type Part struct {
	Rank, Ranks int // of this process; 0 ranks count as 1
}

// Do makes the runs and returns their rows, in order. With a folder it takes those that are
// finished there, leaves those to other processes that these are making there, adds the others,
// and writes the networks; without, dir is empty. Each run that is made here is announced to
// progress. The process of rank 0 waits for the others; they return no rows. After an error,
// [exit.ErrInterrupted] where ctx ended, the rows are those so far.
func Do(ctx context.Context, s Settings, runs []Run, dir string, part Part, progress func(i int, run Run)) (rows []Row, err error) {
	if err := given.Need("ctx", ctx); err != nil {
		return nil, fmt.Errorf("suite: %w", err)
	}
	work := parts.Work[Finished]{Wait: part.Rank == 0}
	if work.First, err = parts.First(part.Rank, part.Ranks, len(runs)); err != nil {
		return nil, fmt.Errorf("suite: %w", err)
	}
	for _, run := range runs {
		work.Parts = append(work.Parts, run.ID)
		if run.Do == nil {
			return []Row{}, fmt.Errorf("suite: %w: Do of the run %q", given.ErrNil, run.ID)
		}
	}
	if dir != "" {
		if work.Journal, err = openLog(dir, s); err != nil {
			return nil, err
		}
	}
	work.Make = func(ctx context.Context, i int) (Finished, error) {
		if progress != nil {
			progress(i, runs[i])
		}
		rows, err := runs[i].Do(ctx)
		return Finished{ID: runs[i].ID, Rows: rows}, err
	}
	var written error
	if dir != "" && work.Wait {
		work.Done = func(i int, _ Finished) { written = errors.Join(written, runs[i].writeProblem(dir)) }
	}
	found, err := work.Do(ctx)
	if ctx.Err() != nil {
		err = exit.ErrInterrupted
	}
	err = errors.Join(err, written)
	if err == nil && part.Rank != 0 {
		return nil, nil
	}
	rows = []Row{}
	for _, f := range found {
		rows = append(rows, f.Rows...)
	}
	return rows, err
}

// openLog opens the file of the finished runs of a folder.
//
// Errors are [*exit.BadInput]; one is of runs with other settings.
func openLog(dir string, s Settings) (*parts.Journal[Finished], error) {
	path := filepath.Join(dir, "runs.jsonl")
	log, err := parts.Open(path, false, func(f Finished) string { return f.ID })
	if err != nil {
		return nil, err
	}
	head, err := log.Begin(Finished{Settings: &s})
	if err != nil {
		return nil, err
	}
	if head.Settings == nil || *head.Settings != s {
		return nil, &exit.BadInput{File: path, Expected: fmt.Sprintf("runs with these settings, %+v, or another --out", s), Found: fmt.Sprintf("%+v", head.Settings)}
	}
	return log, nil
}

// writeProblem writes the network of a run into the folder problems of dir, as JSON: weights,
// inputs and targets, from which its rows can be computed again. Of runs without one it writes
// nothing.
func (r Run) writeProblem(dir string) error {
	if r.Problem == nil {
		return nil
	}
	dir = filepath.Join(dir, "problems")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return &exit.BadInput{File: dir, Err: err}
	}
	name := strings.Map(func(c rune) rune {
		if c == '/' || c == filepath.Separator || c == ':' {
			return '-'
		}
		return c
	}, r.ID)
	return files.WriteAtomic(filepath.Join(dir, name+".json"), func(w io.Writer) error {
		return json.NewEncoder(w).Encode(r.Problem().Describe())
	})
}
