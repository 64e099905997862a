// Package evalcmd is the command surge eval: it says how well a trained network does, or runs the
// simulations that case files describe and prints their numbers.
package evalcmd

import (
	"context"
	"errors"
	"io"
	"path/filepath"

	"github.com/alecthomas/kong"

	"github.com/surge-snn/surge/bench/cases/replay"
	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
)

// Command is surge eval.
type Command struct {
	Out       string    `short:"o" aliases:"output" placeholder:"FILE" help:"Write there instead of to standard output."`
	Figure    string    `placeholder:"FILE" help:"Of a run: the confusion matrix as a picture, .svg or .png; default confusion.png in its folder."`
	JSON      bool      `help:"Of a run: print the numbers as JSON."`
	HelpCases helpCases `help:"Describe case files: the models with the names of their params and inputs, and end."`
	replay.Replay
}

// helpCases is a flag that stands alone, as --help.
type helpCases bool

// BeforeReset prints the description and ends, before kong looks for arguments.
func (helpCases) BeforeReset(k *kong.Kong) error {
	_, err := io.WriteString(k.Stdout, replay.Help())
	k.Exit(0)
	return err
}

// Help is the text under the usage of the command.
func (Command) Help() string {
	return `With the folder of a run, and perhaps a file of samples with targets (default: its test set): accuracy with its interval of 95 %, a table per class, spikes and rates of each layer, neurons that are silent on all samples, and the confusion matrix as a picture.

Otherwise the arguments are case files. A case file is a JSON object that says everything about one simulation: the model, its parameters and its inputs. For each case one JSON object is printed, on one line, in the order given:

  {"case": FILE, "model": NAME, "outputs": {NAME: tensor}, "grads": {LOSS: {VARIABLE: tensor}}}

A tensor is {"shape": [...], "data": [row-major]}, also in the inputs. Infinities are written 1e300 and -1e300.

A case that cannot be computed is one line on standard error, and the others are printed. The exit status is 0, 1 where --check found an error over its tolerance, or 2 where a case or a flag is not valid.

Examples:

  surge eval runs/mnist-1
  surge eval runs/mine judged.csv --json
  surge eval network.json
  surge eval --check --engine unrolled -o results.jsonl a.json b.json`
}

// Run evaluates the cases in the order given. Its error joins those of the cases; see [exit.Code].
func (c *Command) Run(ctx context.Context, k *kong.Context) error {
	if c.isRun() {
		return c.judge(ctx, k)
	}
	if c.JSON || c.Figure != "" {
		return &exit.BadInput{File: c.Cases[0], Expected: "the folder of a run, with --json or --figure", Found: "no folder"}
	}
	if c.Out == "" {
		return c.Write(ctx, k.Stdout, k.Stderr)
	}
	for _, path := range c.Cases {
		if filepath.Clean(path) == filepath.Clean(c.Out) {
			return &exit.BadInput{File: "-o " + c.Out, Expected: "another file than the cases", Found: path}
		}
	}
	var failed error // of cases; what the others gave is written all the same
	err := files.WriteAtomic(c.Out, func(w io.Writer) error {
		failed = c.Write(ctx, w, k.Stderr)
		if errors.Is(failed, exit.ErrInterrupted) {
			return exit.ErrInterrupted
		}
		return nil
	})
	if err != nil && !errors.Is(err, exit.ErrInterrupted) {
		err = &exit.BadInput{File: "-o " + c.Out, Err: err}
		return errors.Join(failed, err)
	}
	return failed
}
