// Package verify proves that the files of a run are what a training wrote, and that the run did
// what they say.
package verify

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/given"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/experiment"
)

// Options say what of a run is proved.
type Options struct {
	First, Last int       // the epochs after whose states the segment begins and ends; Last < 0: the whole run
	FilesOnly   bool      // compare the files with each other, and do nothing again
	Data        string    // folder or file of the data, where it is not where the experiment says
	Progress    io.Writer // takes a line for each epoch; nil: none
}

// Run verifies the run in a folder: its files are compared with its receipt, and then its epochs
// are done again on this machine, from the start or from the last kept checkpoint before the
// segment. Each must end with the bits that the receipt has. What does not is a problem of the
// result; an error is that nothing could be said.
//
// Of other folders the files alone are compared, with their SHA256SUMS, and runs in them, as a
// sweep has, are verified each.
func Run(ctx context.Context, folder string, o Options) (*Result, error) {
	if err := given.Need("ctx", ctx); err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	info, err := os.Stat(folder)
	if err != nil || !info.IsDir() {
		return nil, &exit.BadInput{File: folder, Expected: "the folder of a run", Err: err}
	}
	begin := time.Now()
	v := &verifier{folder: folder, Result: Result{Folder: folder, Problems: []string{}, Replayed: []int{}}, say: io.Discard}
	if o.Progress != nil {
		v.say = o.Progress
	}
	if err := v.files(); err != nil {
		return nil, err
	}
	if len(v.links) > 0 && !o.FilesOnly {
		if err := v.replay(ctx, o); err != nil {
			return nil, err
		}
	}
	for _, name := range v.below {
		run, err := Run(ctx, v.path(name), o)
		if err != nil {
			return nil, err
		}
		for _, p := range run.Problems {
			v.problem("%s: %s", name, p)
		}
		v.Runs = append(v.Runs, run)
	}
	v.Seconds, v.Proved = time.Since(begin).Seconds(), len(v.Problems) == 0
	return &v.Result, nil
}

// Result is what was found.
type Result struct {
	Proved   bool     `json:"proved"`
	Folder   string   `json:"run"`
	Files    int      `json:"files"`    // that are as SHA256SUMS says
	Epochs   int      `json:"epochs"`   // in the receipt
	Replayed []int    `json:"replayed"` // epochs whose state came out again; 0 is the start
	Problems []string `json:"problems"`
	Notes    []string `json:"notes,omitempty"`
	Seconds  float64  `json:"seconds"`

	Runs []*Result `json:"runs,omitempty"` // of a sweep, whose problems are also above
}

func (r *Result) problem(format string, args ...any) {
	r.Problems = append(r.Problems, fmt.Sprintf(format, args...))
}

func (r *Result) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

// Write prints the result for people.
func (r *Result) Write(w io.Writer) error {
	if err := given.Need("a Result of Run", r, "w", w); err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	for _, n := range r.Notes {
		if _, err := fmt.Fprintln(w, "note:", n); err != nil {
			return err
		}
	}
	for _, p := range r.Problems {
		if _, err := fmt.Fprintln(w, "wrong:", p); err != nil {
			return err
		}
	}
	for _, run := range r.Runs {
		if run != nil && run.Proved {
			if err := run.Write(w); err != nil {
				return err
			}
		}
	}
	if !r.Proved {
		return nil
	}
	how := ""
	if n := len(r.Replayed); n > 0 {
		how = fmt.Sprintf(", epochs %d to %d came out again", r.Replayed[0], r.Replayed[n-1])
	}
	_, err := fmt.Fprintf(w, "%s: %d files are as they were%s, %.1f s\n", r.Folder, r.Files, how, r.Seconds)
	return err
}

// path returns the path of a file of the run.
func (v *verifier) path(name string) string { return filepath.Join(v.folder, name) }

// checkpoints returns the names of the checkpoints in the folder.
func (v *verifier) checkpoints() (names []string, err error) {
	for _, name := range []string{experiment.CheckpointFile, experiment.CheckpointFile + ".prev"} {
		if _, err := os.Stat(v.path(name)); err == nil {
			names = append(names, name)
		}
	}
	kept, err := train.KeptCheckpoints(v.path(experiment.CheckpointFile))
	for _, k := range kept {
		names = append(names, filepath.Base(k))
	}
	return names, err
}
