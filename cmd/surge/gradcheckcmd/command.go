// Package gradcheckcmd is the command surge gradcheck.
package gradcheckcmd

import (
	"context"
	"errors"
	"io"
	"regexp"

	"github.com/alecthomas/kong"

	"github.com/surge-snn/surge/bench/gradcheck"
	"github.com/surge-snn/surge/internal/exit"
)

// Command is surge gradcheck.
type Command struct {
	Pattern string `arg:"" optional:"" name:"pattern" complete:"rows" help:"Regular expression: only the rows in whose names it is found. Or a network of yours: the FILE.toml of surge train, or the folder of a run."`
	Seed    uint64 `default:"1" help:"Determines parameters and directions; default ${default}."`
	Rows    int    `default:"8" help:"Of a network of yours: the number of samples; default ${default}."`
	Data    string `placeholder:"DIR|FILE" help:"Of a network of yours: where its data are, as of surge train."`
	List    bool   `help:"List the rows, what they cover, and which have no finite differences, and check nothing."`
	JSON    bool   `help:"Print a JSON object per check, or per row with --list."`
}

// Help is the text under the usage of the command.
func (Command) Help() string {
	return `Checks the gradients of every operation, loss, surrogate and layer, or those of a network of yours (below). Each row of the table is a small model, checked in up to eight ways:

  engines       the fused engine and the unrolled one give the same numbers and gradients, in float64
  float32       the same in float32; with /twin, on the smoothed twin
  twin          on the smoothed twin the gradients equal finite differences, of either engine
  formula       the gradients are those that the rule states
  surrogate     the slope of a surrogate equals differences of its antiderivative, at all distances from the threshold

An error is relative to the largest number of what it is found in, which the last column names. The exit status is 1 where one is over its limit. The limits are set for the parameters of seed 1: with others, a gradient may be a sum of terms that nearly cancel, and rounding alone is over the limit.

A network of yours is checked in float64 on samples of its training set, first the slope of its surrogate against differences of its antiderivative, then with a line for each parameter: either engine against finite differences of the smoothed twin, and against the other; networks of events against finite differences of the loss itself, and EventProp against implicit derivatives.

Examples:

  surge gradcheck
  surge gradcheck network.toml
  surge gradcheck runs/yinyang-1 --json
  surge gradcheck --list
  surge gradcheck '^models.LIF' --seed 7
  surge gradcheck --json | jq -s 'max_by(.error / .limit)'`
}

// Run checks.
func (c *Command) Run(ctx context.Context, k *kong.Context) error {
	if isNetwork(c.Pattern) {
		return c.network(ctx, k.Stdout)
	}
	return c.check(ctx, gradcheck.Table(), k.Stdout)
}

// check checks the rows of a table.
func (c *Command) check(ctx context.Context, table []gradcheck.Case, w io.Writer) error {
	rows, err := c.choose(table)
	if err != nil {
		return err
	}
	if c.List {
		return gradcheck.List(w, rows, c.JSON)
	}
	var names []string
	for _, row := range rows {
		names = append(names, row.Name)
	}
	p := gradcheck.NewPrinter(w, c.JSON, names)
	var failed []error
	for _, row := range rows {
		if ctx.Err() != nil {
			return exit.ErrInterrupted
		}
		results, err := gradcheck.Run(row, c.Seed)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		if err := p.Print(results); err != nil {
			return err
		}
	}
	return errors.Join(append(failed, p.Verdict())...)
}

// choose returns the rows that the pattern matches.
func (c *Command) choose(table []gradcheck.Case) ([]gradcheck.Case, error) {
	pattern, err := regexp.Compile(c.Pattern)
	if err != nil {
		return nil, &exit.BadInput{File: "surge gradcheck", Expected: "a regular expression", Found: c.Pattern, Err: err}
	}
	var rows []gradcheck.Case
	var names []string
	for _, row := range table {
		names = append(names, row.Name)
		if pattern.MatchString(row.Name) {
			rows = append(rows, row)
		}
	}
	if rows == nil {
		return nil, &exit.BadInput{File: "surge gradcheck", Expected: "a pattern that is found in the name of a row (see --list)", Found: c.Pattern, Nearest: exit.Nearest(c.Pattern, names)}
	}
	return rows, nil
}
