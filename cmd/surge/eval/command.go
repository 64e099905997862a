package eval

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/alecthomas/kong"

	"github.com/surge-snn/surge/internal/cases"
	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
)

// Command is surge eval.
type Command struct {
	Cases  []string `arg:"" name:"case" sep:"none" help:"Case files."`
	Output string   `short:"o" placeholder:"FILE" help:"Write there instead of to standard output."`
	Check  bool     `help:"Also compare with the outputs and grads in the file. The largest errors go into the result and, as a table, to standard error; the exit status is 1 where one is over its tolerance."`
	Options
}

// Help is the text under the usage of the command.
func (Command) Help() string {
	return `A case file is a JSON object that says everything about one simulation: the model, its parameters and its inputs. For each case one JSON object is printed, on one line, in the order given:

  {"case": FILE, "model": NAME, "outputs": {NAME: tensor}, "grads": {LOSS: {VARIABLE: tensor}}}

A tensor is {"shape": [...], "data": [row-major]}, also in the inputs. Infinities are written 1e300 and -1e300.

A case that cannot be computed is one line on standard error, and the others are printed. The exit status is 0, 1 where --check found an error over its tolerance, or 2 where a case or a flag is not valid.

Examples:

  surge eval network.json
  surge eval --check --engine unrolled -o results.jsonl a.json b.json`
}

// Run evaluates the cases in the order given. Its error joins those of the cases; see [exit.Code].
func (c *Command) Run(ctx context.Context, k *kong.Context) error {
	if c.Output == "" {
		return c.evaluate(ctx, registry, k.Stdout, k.Stderr)
	}
	for _, path := range c.Cases {
		if filepath.Clean(path) == filepath.Clean(c.Output) {
			return &exit.BadInput{File: "-o " + c.Output, Expected: "another file than the cases", Found: path}
		}
	}
	var failed error // of cases; what the others gave is written all the same
	err := writeFile(c.Output, func(w io.Writer) error {
		failed = c.evaluate(ctx, registry, w, k.Stderr)
		if errors.Is(failed, exit.ErrInterrupted) {
			return exit.ErrInterrupted
		}
		return nil
	})
	if err != nil && !errors.Is(err, exit.ErrInterrupted) {
		err = &exit.BadInput{File: "-o " + c.Output, Err: err}
		return errors.Join(failed, err)
	}
	return failed
}

// writeFile replaces the file at path, or writes to what stands there if that is not a plain file (/dev/null, a pipe).
func writeFile(path string, write func(io.Writer) error) error {
	if info, err := os.Lstat(path); err != nil || info.Mode().IsRegular() {
		return files.WriteAtomic(path, write)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	return errors.Join(write(w), w.Flush(), f.Close())
}

// evaluate writes the results of all cases to w and the tables of --check to table.
func (c *Command) evaluate(ctx context.Context, models []Model, w, table io.Writer) error {
	var failed []error
	for _, path := range c.Cases {
		err := c.one(ctx, models, path, w, table)
		if ctx.Err() != nil {
			return errors.Join(append(failed, exit.ErrInterrupted)...)
		}
		if err != nil {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// one evaluates the case at path. Its errors are one line each and name the file.
func (c *Command) one(ctx context.Context, models []Model, path string, w, table io.Writer) error {
	kase, err := cases.Read(path)
	if err != nil {
		return err
	}
	m, err := lookup(models, kase)
	if err != nil {
		return err
	}
	result, err := m.Run(ctx, kase, c.Options)
	if err != nil {
		return named(path, err)
	}
	if c.NoGrads {
		result.Grads = nil
	}
	var comparisons []cases.Comparison
	if c.Check {
		if comparisons, err = c.compare(m, kase, result); err != nil {
			return named(path, err)
		}
	}
	if err := result.Write(w, kase, comparisons); err != nil {
		return named(path, err)
	}
	if !c.Check {
		return nil
	}
	if err := writeTable(table, path, comparisons); err != nil {
		return named(path, err)
	}
	return verdict(path, comparisons)
}

// named makes err a bad input of the file at path, unless it is one already.
func named(path string, err error) error {
	if bad := (*exit.BadInput)(nil); errors.As(err, &bad) && bad.File != "" {
		return bad
	}
	return &exit.BadInput{File: path, Err: err}
}

func (c *Command) compare(m Model, kase *cases.Case, result *cases.Result) ([]cases.Comparison, error) {
	if own, ok := m.(Checker); ok {
		return own.Check(kase, result, c.Options)
	}
	return kase.Check(result, !c.NoGrads, c.Single(), m.Tolerance)
}

// writeTable prints what --check found for people to read.
func writeTable(w io.Writer, path string, comparisons []cases.Comparison) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintf(t, "%s\n  quantity\tabsolute error\trelative error\ttolerance\t\n", path)
	for _, r := range comparisons {
		state := "ok"
		switch {
		case r.Problem != "":
			state = "FAILED: " + r.Problem
		case !r.OK:
			state = fmt.Sprintf("FAILED at index %d", r.Worst)
		}
		fmt.Fprintf(t, "  %s\t%.3g\t%.3g\t%s\t%s\n", r.Quantity, r.Abs, r.Rel, r.Tolerance, state)
	}
	return t.Flush()
}

// verdict is the negative answer of --check, or nil.
func verdict(path string, comparisons []cases.Comparison) error {
	var over []string
	for _, r := range comparisons {
		if !r.OK {
			over = append(over, r.Quantity)
		}
	}
	if len(over) == 0 {
		return nil
	}
	return &exit.Negative{Reason: fmt.Sprintf("%s: %d of %d over the tolerance: %s", path, len(over), len(comparisons), strings.Join(over, " "))}
}
