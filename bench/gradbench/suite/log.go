package suite

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/internal/given"
)

// Finished is one of the file of finished runs: the settings first, then a line for each run.
type Finished struct {
	Settings *Settings `json:"settings,omitempty"`
	ID       string    `json:"id,omitempty"`
	Rows     []Row     `json:"rows,omitempty"`
}

// Do makes the runs, in order, and returns their rows. With a folder it takes those that are
// finished there, adds the others, and writes the networks; without, dir is empty. Each run that is
// made is announced to progress. After an error, [exit.ErrInterrupted] where ctx ended, the rows
// are those so far.
func Do(ctx context.Context, s Settings, runs []Run, dir string, progress func(i int, run Run)) (rows []Row, err error) {
	if err := given.Need("ctx", ctx); err != nil {
		return nil, fmt.Errorf("suite: %w", err)
	}
	done := map[string][]Row{}
	var log *files.Lines
	if dir != "" {
		if log, err = openLog(dir, s, done); err != nil {
			return nil, err
		}
		defer log.Close()
	}
	rows = []Row{}
	for i, run := range runs {
		if dir != "" {
			if err := run.writeProblem(dir); err != nil {
				return rows, err
			}
		}
		found, ok := done[run.ID]
		if !ok {
			if run.Do == nil {
				return rows, fmt.Errorf("suite: %w: Do of the run %q", given.ErrNil, run.ID)
			}
			if progress != nil {
				progress(i, run)
			}
			if found, err = run.Do(ctx); ctx.Err() != nil {
				return rows, exit.ErrInterrupted
			} else if err != nil {
				return rows, err
			}
			if log != nil {
				if err := log.Write(Finished{ID: run.ID, Rows: found}); err != nil {
					return rows, err
				}
			}
		}
		rows = append(rows, found...)
	}
	return rows, nil
}

// openLog reads the finished runs of a folder into done, and opens their file for more.
//
// Errors are [*exit.BadInput]; one is of runs with other settings.
func openLog(dir string, s Settings, done map[string][]Row) (*files.Lines, error) {
	path := filepath.Join(dir, "runs.jsonl")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, &exit.BadInput{File: "--out " + dir, Err: err}
	}
	var found []Finished
	if _, err := os.Stat(path); err == nil {
		if found, _, err = files.ReadLines[Finished](path); err != nil {
			return nil, &exit.BadInput{File: path, Expected: "the finished runs of surge gradbench", Err: err}
		}
	}
	for i, l := range found {
		switch {
		case i == 0 && (l.Settings == nil || *l.Settings != s):
			return nil, &exit.BadInput{File: path, Expected: fmt.Sprintf("runs with these settings, %+v, or another --out", s), Found: fmt.Sprintf("%+v", l.Settings)}
		case i > 0:
			done[l.ID] = l.Rows
		}
	}
	log, err := files.OpenLines(path, files.All)
	if err == nil && len(found) == 0 {
		err = log.Write(Finished{Settings: &s})
	}
	if err != nil {
		return nil, &exit.BadInput{File: path, Err: err}
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
