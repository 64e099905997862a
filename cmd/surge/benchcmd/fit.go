// Package benchcmd is the command surge bench: the measurements that the project holds itself to.
package benchcmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/surge-snn/surge/bench/fit"
	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/parts"
	"github.com/surge-snn/surge/internal/rundir"
	"github.com/surge-snn/surge/internal/seconds"
)

// Command is surge bench.
type Command struct {
	Speed Speed `cmd:"" help:"Time networks, forward and backward, alone or beside other systems."`
	Fit   Fit   `cmd:"" saves:"" help:"Measure the fit of bias currents on problems whose answer is known."`
}

// Fit is surge bench fit.
type Fit struct {
	Name     string       `arg:"" optional:"" complete:"benchmarks" help:"The benchmark; default all."`
	Problems int          `placeholder:"N" help:"Take the first N problems of each; default all."`
	Only     []uint64     `placeholder:"SEED,..." help:"Take these problems alone."`
	Coverage bool         `xor:"of" help:"Measure how often intervals of 95 % hold the truth, for several kinds of noise."`
	Protocol bool         `xor:"of" help:"Measure the staged procedure of surge fit --protocol on hidden chips."`
	Seconds  seconds.Time `placeholder:"SECONDS" help:"Take no more problems after that time, as 600 or 10m; 0: no limit."`
	Workers  int          `placeholder:"W" help:"Problems in work at once; default the number of processors."`
	JSON     bool         `help:"Print a JSON object per problem and per benchmark."`
	Out      string       `placeholder:"DIR" help:"Folder for problems.csv, problems.jsonl and summary.json."`
	Force    bool         `help:"Replace the problems in --out, if there are any."`
	Resume   bool         `help:"Take the problems that problems.jsonl of --out has from there; commands with --resume and the same --out share the problems."`
}

// Help is the text under the usage of the command.
func (Fit) Help() string {
	var b strings.Builder
	b.WriteString("Fits networks of 1 to 4 neurons with random currents, from starts within a decade, and compares with the truth. The problems of each benchmark are fixed; the numbers are the same for any number of workers.\n\n")
	for _, k := range fit.All() {
		fmt.Fprintf(&b, "  %-19s %3d problems: %s (target %s)\n", k.Name, len(k.Seeds), k.Text, k.Target)
	}
	b.WriteString(`
The exit status is 1 where a target is missed. Ctrl-C prints what is there. Under mpiexec or srun the ranks share the problems, and the first prints.

Examples:

  surge bench fit
  surge bench fit clean --problems 20
  surge bench fit noise --only 17
  surge bench fit coverage --seconds 600 --out runs/coverage
  surge bench fit coverage --out runs/coverage --resume
  surge bench fit --protocol --workers 2
  surge bench fit --json --out runs/bench`)
	return b.String()
}

// Run measures.
func (c *Fit) Run(ctx context.Context, k *kong.Context) error {
	list, err := c.choose()
	if err != nil {
		return err
	}
	rank, ranks, err := parts.Ranks(c.Out)
	if err != nil {
		return err
	}
	if c.Workers == 0 {
		c.Workers = runtime.GOMAXPROCS(0)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if c.Seconds > 0 {
		ctx, stop = context.WithTimeout(ctx, time.Duration(c.Seconds))
		defer stop()
	}
	share := fit.Share{Workers: c.Workers, Rank: rank, Ranks: ranks}
	if share.Journal, err = fit.OpenJournal(c.Out, !c.Resume && ranks == 1, c.Force); err != nil {
		return err
	}
	if rank != 0 { // the first prints
		k.Stdout = io.Discard
	}
	var all []fit.Outcome
	var summaries []fit.Summary
	for _, b := range list {
		seeds := b.Seeds
		switch {
		case c.Only != nil:
			seeds = c.Only
		case c.Problems > 0:
			seeds = seeds[:min(c.Problems, len(seeds))]
		}
		p := fit.NewPrinter(k.Stdout, k.Stderr, c.JSON, b, len(seeds))
		outcomes, failed := fit.Run(ctx, b, seeds, share, p.Outcome)
		p.End()
		all = append(all, outcomes...)
		if len(outcomes) > 0 {
			s := b.Summarise(outcomes)
			summaries = append(summaries, s)
			if err := errors.Join(p.Err, p.Summary(s)); err != nil {
				return err
			}
		}
		if errors.Is(failed, context.DeadlineExceeded) {
			break
		}
		if failed != nil {
			if err = failed; errors.Is(failed, context.Canceled) {
				err = exit.ErrInterrupted
			}
			break
		}
	}
	if rank != 0 {
		return err
	}
	if !c.JSON && len(summaries) > 0 {
		if err := fit.Table(k.Stdout, summaries); err != nil {
			return err
		}
	}
	if err = errors.Join(err, fit.Write(c.Out, all, summaries)); err == nil && ctx.Err() == nil && c.Out != "" {
		err = rundir.Seal(c.Out)
	}
	return errors.Join(err, fit.Verdict(summaries))
}

// choose checks the flags and returns the benchmarks.
func (c *Fit) choose() ([]fit.Benchmark, error) {
	for _, n := range []struct {
		flag  string
		value int
	}{{"--problems", c.Problems}, {"--workers", c.Workers}} {
		if n.value < 0 {
			return nil, &exit.BadInput{File: n.flag, Expected: "a number > 0", Found: strconv.Itoa(n.value)}
		}
	}
	list := fit.All()
	if c.Resume && c.Out == "" {
		return nil, &exit.BadInput{File: "--resume", Expected: "--out, the folder of the problems that are there", Found: "none"}
	}
	if all := strings.TrimSuffix(fit.CoveragePrefix, "-"); c.Name == all {
		c.Name, c.Coverage = "", true
	}
	if c.Name == "" {
		return fit.Chosen(c.Coverage, c.Protocol), nil
	}
	i := slices.IndexFunc(list, func(b fit.Benchmark) bool { return b.Name == c.Name })
	if i < 0 {
		names := append(fit.Names(), strings.TrimSuffix(fit.CoveragePrefix, "-"))
		return nil, &exit.BadInput{File: "surge bench fit", Expected: "one of " + strings.Join(names, ", "), Found: c.Name, Nearest: exit.Nearest(c.Name, names)}
	}
	return list[i : i+1], nil
}
