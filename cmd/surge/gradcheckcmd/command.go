// Package gradcheckcmd is the command surge gradcheck.
package gradcheckcmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"text/tabwriter"

	"github.com/alecthomas/kong"

	"github.com/surge-snn/surge/bench/gradcheck"
	"github.com/surge-snn/surge/internal/exit"
)

// Command is surge gradcheck.
type Command struct {
	Pattern string `arg:"" optional:"" name:"pattern" help:"Regular expression: only the rows in whose names it is found. Or a network of yours: the FILE.toml of surge train, or the folder of a run."`
	Seed    uint64 `default:"1" help:"Determines parameters and directions; default ${default}."`
	Rows    int    `default:"8" help:"Of a network of yours: the number of samples; default ${default}."`
	Data    string `placeholder:"DIR|FILE" help:"Of a network of yours: where its data are, as of surge train."`
	List    bool   `help:"List the rows, what they cover, and which have no finite differences, and check nothing."`
	JSON    bool   `help:"Print a JSON object per check, or per row with --list."`
}

// Help is the text under the usage of the command.
func (Command) Help() string {
	return `Checks the gradients of every operation, loss, surrogate and layer, or those of a network of yours (below). Each row of the table is a small model, checked in up to seven ways:

  engines       the fused engine and the unrolled one give the same numbers and gradients, in float64
  float32       the same in float32; with /twin, on the smoothed twin
  twin          on the smoothed twin the gradients equal finite differences, of either engine
  formula       the gradients are those that the rule states

An error is relative to the largest number of what it is found in, which the last column names. The exit status is 1 where one is over its limit. The limits are set for the parameters of seed 1: with others, a gradient may be a sum of terms that nearly cancel, and rounding alone is over the limit.

A network of yours is checked in float64 on samples of its training set, with a line for each parameter: either engine against finite differences of the smoothed twin, and against the other; networks of events against finite differences of the loss itself, and EventProp against implicit derivatives.

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
		return c.list(w, rows)
	}
	var names []string
	for _, row := range rows {
		names = append(names, row.Name)
	}
	p := newPrinter(w, c.JSON, names)
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
		if err := p.print(results); err != nil {
			return err
		}
	}
	return errors.Join(append(failed, p.verdict())...)
}

// choose returns the rows that the pattern matches.
func (c *Command) choose(table []gradcheck.Case) ([]gradcheck.Case, error) {
	pattern, err := regexp.Compile(c.Pattern)
	if err != nil {
		return nil, &exit.BadInput{File: "surge gradcheck", Expected: "a regular expression", Found: c.Pattern, Err: err}
	}
	var rows []gradcheck.Case
	for _, row := range table {
		if pattern.MatchString(row.Name) {
			rows = append(rows, row)
		}
	}
	if rows == nil {
		return nil, &exit.BadInput{File: "surge gradcheck", Expected: "a pattern that is found in the name of a row (see --list)", Found: c.Pattern}
	}
	return rows, nil
}

// list prints what the rows are.
func (c *Command) list(w io.Writer, rows []gradcheck.Case) error {
	if c.JSON {
		e := json.NewEncoder(w)
		for _, r := range rows {
			if err := e.Encode(struct {
				Case    string   `json:"case"`
				Covers  []string `json:"covers"`
				Inexact string   `json:"inexact,omitempty"`
			}{r.Name, append([]string{}, r.Covers...), r.Inexact}); err != nil {
				return err
			}
		}
		return nil
	}
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "row\tcovers\tno finite differences because")
	for _, r := range rows {
		fmt.Fprintf(t, "%s\t%s\t%s\n", r.Name, strings.Join(r.Covers, " "), r.Inexact)
	}
	return t.Flush()
}

// printer prints results as they come.
type printer struct {
	w     io.Writer
	json  bool
	width int // of the names of the rows
	// byParameter says that a check has a result for each parameter.
	byParameter bool
	seen        int
	over        []string
}

const columns = "%-*s  %-14s  %10s  %10s  %-6s  %s\n"

func newPrinter(w io.Writer, asJSON bool, rows []string) *printer {
	p := &printer{w: w, json: asJSON, width: len("row")}
	for _, name := range rows {
		p.width = max(p.width, len(name))
	}
	return p
}

func (p *printer) print(results []gradcheck.Result) error {
	if p.seen == 0 && !p.json {
		if _, err := fmt.Fprintf(p.w, columns, p.width, "row", "check", "error", "limit", "", "largest in"); err != nil {
			return err
		}
	}
	for _, r := range results {
		p.seen++
		state := "ok"
		if !r.Passed {
			state = "FAILED"
			name := r.Case + " " + r.Check
			if p.byParameter {
				name = r.Check + " " + r.Where
			}
			p.over = append(p.over, name)
		}
		var err error
		if p.json {
			err = json.NewEncoder(p.w).Encode(r)
		} else {
			_, err = fmt.Fprintf(p.w, columns, p.width, r.Case, r.Check, fmt.Sprintf("%.2e", r.Error), fmt.Sprintf("%.2e", r.Limit), state, r.Where)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// verdict is the negative answer, or nil.
func (p *printer) verdict() error {
	if len(p.over) == 0 {
		return nil
	}
	return &exit.Negative{Reason: fmt.Sprintf("gradcheck: %d of %d checks over the limit: %s", len(p.over), p.seen, strings.Join(p.over, ", "))}
}
