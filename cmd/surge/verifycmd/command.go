// Package verifycmd is the command surge verify.
package verifycmd

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/experiment"
)

// Command is surge verify.
type Command struct {
	Folder    string  `arg:"" name:"run" placeholder:"RUN" help:"Folder of a run of surge train, or of a fit."`
	Segment   segment `placeholder:"A:B" help:"Prove the epochs from the state after epoch A, 0 for the start, to that after epoch B alone."`
	FilesOnly bool    `name:"files" help:"Compare the files with each other, and do nothing again."`
	Data      string  `placeholder:"PATH" help:"Folder or file of the data, where it is not where the experiment says."`
	JSON      bool    `help:"Print the result as a JSON object, on one line."`
}

// Help is the text under the usage of the command.
func (Command) Help() string {
	return `Proves that the files of a run are what surge train wrote, and that the run did what they say.

SHA256SUMS says whether a file has changed since. receipt.jsonl is a chain: a line for the start and for each epoch with the SHA-256 of experiment, data, parameters, metrics and the whole state, and of the line before. The other files are compared with it, and then the epochs are done again, from the start or from the last kept checkpoint before the segment (surge train --keep), on this machine: each must end with the bits that the receipt has. Who changes a file and all sums with it is found here. At last the pictures are drawn again. times.jsonl, the only file that cannot be proved, is covered by SHA256SUMS alone.

Of a fit, SHA256SUMS is checked.

The status is 0 for a run that is proved and 1 for one that is not.

Examples:

  surge verify runs/yinyang-1
  surge verify runs/mnist-1 --segment 8:9 --data data/mnist
  surge verify runs/yinyang-1 --files --json`
}

// segment is a part of a run, in epochs.
type segment struct {
	given    bool
	from, to int
}

// UnmarshalText reads "2:5".
func (s *segment) UnmarshalText(text []byte) (err error) {
	a, b, ok := strings.Cut(string(text), ":")
	if s.from, err = strconv.Atoi(a); err == nil {
		s.to, err = strconv.Atoi(b)
	}
	if s.given = true; !ok || err != nil || s.from < 0 || s.to < s.from {
		return fmt.Errorf("expected two epochs A:B, 0 <= A <= B, found %q", text)
	}
	return nil
}

// result is what was found.
type result struct {
	Proved   bool     `json:"proved"`
	Folder   string   `json:"run"`
	Files    int      `json:"files"`    // that are as SHA256SUMS says
	Epochs   int      `json:"epochs"`   // in the receipt
	Replayed []int    `json:"replayed"` // epochs whose state came out again; 0 is the start
	Problems []string `json:"problems"`
	Notes    []string `json:"notes,omitempty"`
	Seconds  float64  `json:"seconds"`
}

func (r *result) problem(format string, args ...any) {
	r.Problems = append(r.Problems, fmt.Sprintf(format, args...))
}

func (r *result) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

// Run verifies.
func (c *Command) Run(ctx context.Context, k *kong.Context) error {
	info, err := os.Stat(c.Folder)
	if err != nil || !info.IsDir() {
		return &exit.BadInput{File: c.Folder, Expected: "the folder of a run", Err: err}
	}
	begin := time.Now()
	v := &verifier{folder: c.Folder, result: result{Folder: c.Folder, Problems: []string{}, Replayed: []int{}}, say: io.Discard}
	if !c.JSON {
		v.say = k.Stdout
	}
	if err := v.files(); err != nil {
		return err
	}
	if len(v.links) > 0 && !c.FilesOnly {
		if err := v.replay(ctx, c.Segment, c.Data); err != nil {
			return err
		}
	}
	v.Seconds, v.Proved = time.Since(begin).Seconds(), len(v.Problems) == 0
	if err := v.print(k.Stdout, c.JSON); err != nil {
		return err
	}
	if !v.Proved {
		return &exit.Negative{Reason: fmt.Sprintf("%s: %s", c.Folder, v.Problems[0])}
	}
	return nil
}

// print prints the result.
func (r *result) print(w io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(r)
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
