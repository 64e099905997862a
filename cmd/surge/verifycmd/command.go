// Package verifycmd is the command surge verify.
package verifycmd

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/train/verify"
)

// Command is surge verify.
type Command struct {
	Folder    string  `arg:"" name:"run" placeholder:"RUN" help:"Folder of a run of surge train, or of a sweep, a fit or a benchmark."`
	Segment   segment `placeholder:"A:B" help:"Prove the epochs from the state after epoch A, 0 for the start, to that after epoch B alone."`
	FilesOnly bool    `name:"files" help:"Compare the files with each other, and do nothing again."`
	Data      string  `placeholder:"PATH" help:"Folder or file of the data, where it is not where the experiment says."`
	JSON      bool    `help:"Print the result as a JSON object, on one line."`
}

// Help is the text under the usage of the command.
func (Command) Help() string {
	return `Proves that the files of a run are what surge train wrote, and that the run did what they say.

SHA256SUMS says whether a file has changed since. receipt.jsonl is a chain: a line for the start and for each epoch with the SHA-256 of experiment, data, parameters, metrics and the whole state, and of the line before. The other files are compared with it, and then the epochs are done again, from the start or from the last kept checkpoint before the segment (surge train --keep), on this machine: each must end with the bits that the receipt has. Who changes a file and all sums with it is found here. At last the pictures are drawn again: they must show the same, up to the rounding of colours, in which processors differ. times.jsonl, the only file that cannot be proved, is covered by SHA256SUMS alone.

Of a sweep, each run of surge train is proved so, and its other files are compared with SHA256SUMS. Of fits, protocols and benchmarks (surge gradbench, bench fit) SHA256SUMS is checked, and nothing is done again: that a file is what was written then is said, not that it is right.

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

// Run verifies.
func (c *Command) Run(ctx context.Context, k *kong.Context) error {
	o := verify.Options{Last: -1, FilesOnly: c.FilesOnly, Data: c.Data}
	if !c.JSON {
		o.Progress = k.Stdout
	}
	if c.Segment.given {
		o.First, o.Last = c.Segment.from, c.Segment.to
	}
	r, err := verify.Run(ctx, c.Folder, o)
	if err != nil {
		return err
	}
	if c.JSON {
		err = json.NewEncoder(k.Stdout).Encode(r)
	} else {
		err = r.Write(k.Stdout)
	}
	if err == nil && !r.Proved {
		err = &exit.Negative{Reason: fmt.Sprintf("%s: %s", c.Folder, r.Problems[0])}
	}
	return err
}
