package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/surge-snn/surge/bench/cases"
	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/given"
)

// Replay runs case files.
type Replay struct {
	Cases []string `arg:"" name:"case" sep:"none" help:"Case files."`
	Check bool     `help:"Also compare with the outputs and grads in the file. The largest errors go into the result and, as a table, to standard error; the exit status is 1 where one is over its tolerance."`
	Options
}

// Write runs the cases in the order given, writes a result to w for each, one line of
// JSON, and with Check a table of errors for people to table. A case that cannot be
// computed does not keep the others from being run; the error joins those of all cases:
// [exit.BadInput] for what is wrong in a file, [exit.Negative] for a number over its
// tolerance, [exit.ErrInterrupted] once ctx is done.
func (c *Replay) Write(ctx context.Context, w, table io.Writer) error {
	if err := given.Need("a Replay", c, "ctx", ctx, "w", w, "table", table); err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	return c.write(ctx, registry, w, table)
}

func (c *Replay) write(ctx context.Context, models []Model, w, table io.Writer) error {
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
func (c *Replay) one(ctx context.Context, models []Model, path string, w, table io.Writer) error {
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

func (c *Replay) compare(m Model, kase *cases.Case, result *cases.Result) ([]cases.Comparison, error) {
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
