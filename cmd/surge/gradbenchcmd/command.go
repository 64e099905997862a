// Package gradbenchcmd is the command surge gradbench: how far estimators of gradients are from the
// gradient that exists.
package gradbenchcmd

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/surge-snn/surge/bench/gradbench/report"
	"github.com/surge-snn/surge/bench/gradbench/suite"
	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/parts"
	"github.com/surge-snn/surge/internal/rundir"
)

// Command is surge gradbench.
type Command struct {
	Suite   []string `placeholder:"NAME,..." complete:"suites" help:"Suites; default all (see below)."`
	Network string   `placeholder:"FILE.toml|RUN" help:"A network of yours in place of the suites: the file of surge train, or the folder of a run with its trained parameters."`
	Samples int      `default:"4" help:"Of it: the number of samples; default ${default}."`
	Width   float64  `default:"0.2" help:"Of it: the width of the escape noise, in units of the threshold, or, from event to event, of the noise of its parameters, in units of their root mean square; default ${default}."`
	Data    string   `placeholder:"DIR|FILE" help:"Of it: where its data are, as of surge train."`
	Quick   bool     `help:"Fewer points and larger errors."`
	Cost    bool     `help:"Time the rules on one network as well, and count the memory that they allocate: costs.csv, a figure and a table of the report in --out, and on standard error. These are no part of the promise of equal bytes."`
	Seed    uint64   `default:"1" help:"Determines networks, inputs and all random numbers; default ${default}."`
	All     bool     `help:"Print every estimator, not only the best and the worst."`
	JSON    bool     `help:"Print the result as JSON in place of tables."`
	Out     string   `placeholder:"DIR" help:"Folder for report.html, results.json, tables as CSV, the figures, and the networks with their inputs; a run that was interrupted goes on there."`
}

// Help is the text under the usage of the command.
func (Command) Help() string {
	var b strings.Builder
	b.WriteString(`Compares estimators of the gradient of spiking networks (surrogate gradients, online rules, exact ones) with the gradient that exists, of which no part is made with a surrogate: that of the expected loss under escape noise. The report answers questions on which the literature disagrees, each with the run that decides it, its sources and error bars.

Suites:

`)
	for _, s := range suite.All() {
		fmt.Fprintf(&b, "  %-10s %s\n", s.Name, s.About)
	}
	b.WriteString(`
Numbers are the same bytes for a seed, for any number of processors. Ctrl-C leaves what is finished in --out, and the same command goes on there. Commands with the same --out, on one machine or several, share the runs, as do ranks under mpiexec or srun, of which the first writes the report.

Examples:

  surge gradbench --quick
  surge gradbench --out runs/gradbench
  surge gradbench --suite surrogate,depth --json
  surge gradbench --network runs/yinyang-1 --out runs/gradbench-yinyang`)
	return b.String()
}

// Run measures.
func (c *Command) Run(ctx context.Context, k *kong.Context) error {
	settings := suite.Settings{Seed: c.Seed, Quick: c.Quick}
	runs, err := suite.Runs(settings, c.Suite)
	if err != nil {
		return &exit.BadInput{File: "--suite", Expected: "one of " + strings.Join(suite.Names(), ", "), Found: strings.Join(c.Suite, ","), Nearest: c.nearest()}
	}
	if c.Network != "" {
		settings.Network, settings.Width = c.Network, c.Width
		run, err := c.network(settings)
		if err != nil {
			return err
		}
		if runs = append(runs, run); len(c.Suite) == 0 {
			runs = []suite.Run{run}
		}
	}
	rank, ranks, err := parts.Ranks(c.Out)
	if err != nil {
		return err
	}
	begin := time.Now()
	rows, failed := suite.Do(ctx, settings, runs, c.Out, suite.Part{Rank: rank, Ranks: ranks}, func(i int, run suite.Run) {
		fmt.Fprintf(k.Stderr, "[%d/%d] %s, %.0f s so far\n", i+1, len(runs), run.ID, time.Since(begin).Seconds())
	})
	if rows == nil { // the folder cannot be used, or another process has the rest
		return failed
	}
	r := report.New(settings, rows)
	if c.Cost && failed == nil {
		if err := r.MeasureCosts(ctx, k.Stderr, c.Out); err != nil {
			return err
		}
	}
	if c.Out != "" {
		err := r.Write(c.Out)
		if err == nil && failed == nil {
			err = rundir.Seal(c.Out, "problems")
		}
		if err != nil {
			return errors.Join(failed, err)
		}
	}
	most := 12
	if c.All {
		most = 0
	}
	if c.JSON {
		err = r.JSON(k.Stdout)
	} else {
		err = r.Text(k.Stdout, most)
	}
	if c.Out != "" && failed == nil {
		fmt.Fprintf(k.Stderr, "wrote %s\n", filepath.Join(c.Out, "report.html"))
	}
	return errors.Join(failed, err)
}

// nearest returns the name that a wrong one may stand for.
func (c *Command) nearest() string {
	for _, name := range c.Suite {
		if near := exit.Nearest(name, suite.Names()); near != name {
			return near
		}
	}
	return ""
}
