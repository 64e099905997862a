// Package benchcmd is the command surge bench: the measurements that the project holds itself to.
package benchcmd

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/alecthomas/kong"
	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/surge-snn/surge/bench/fit"
	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
)

// Command is surge bench.
type Command struct {
	Speed Speed `cmd:"" help:"Time networks, forward and backward, alone or beside other systems."`
	Fit   Fit   `cmd:"" help:"Measure the fit of bias currents on problems whose answer is known."`
}

// Fit is surge bench fit.
type Fit struct {
	Name     string   `arg:"" optional:"" help:"The benchmark; default all."`
	Problems int      `placeholder:"N" help:"Take the first N problems of each; default all."`
	Only     []uint64 `placeholder:"SEED,..." help:"Take these problems alone."`
	Coverage bool     `help:"Measure how often intervals of 95 % hold the truth, for several kinds of noise."`
	Seconds  float64  `placeholder:"S" help:"Take no more problems after so many seconds; 0: no limit."`
	Workers  int      `placeholder:"W" help:"Problems in work at once; default the number of processors."`
	JSON     bool     `help:"Print a JSON object per problem and per benchmark."`
	Out      string   `placeholder:"DIR" help:"Folder for problems.csv, problems.jsonl and summary.json."`
	Resume   bool     `help:"Take the problems that problems.jsonl of --out has from there."`
}

// Help is the text under the usage of the command.
func (Fit) Help() string {
	var b strings.Builder
	b.WriteString("Fits networks of 1 to 4 neurons with random currents, from starts within a decade, and compares with the truth. The problems of each benchmark are fixed; the numbers are the same for any number of workers.\n\n")
	for _, k := range fit.All() {
		fmt.Fprintf(&b, "  %-19s %3d problems: %s (target %s)\n", k.Name, len(k.Seeds), k.Text, k.Target)
	}
	b.WriteString(`
The exit status is 1 where a target is missed. Ctrl-C prints what is there.

Examples:

  surge bench fit
  surge bench fit clean --problems 20
  surge bench fit noise --only 17
  surge bench fit coverage --seconds 600 --out runs/coverage
  surge bench fit coverage --out runs/coverage --resume
  surge bench fit --json --out runs/bench`)
	return b.String()
}

// Run measures.
func (c *Fit) Run(ctx context.Context, k *kong.Context) error {
	list, err := c.choose()
	if err != nil {
		return err
	}
	if c.Workers == 0 {
		c.Workers = runtime.GOMAXPROCS(0)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if c.Seconds > 0 {
		ctx, stop = context.WithTimeout(ctx, time.Duration(c.Seconds*float64(time.Second)))
		defer stop()
	}
	done, keep, err := c.journal()
	if err != nil {
		return err
	}
	defer keep.Close()
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
		var before []fit.Outcome
		seeds = slices.DeleteFunc(slices.Clone(seeds), func(seed uint64) bool {
			i := slices.IndexFunc(done, func(o fit.Outcome) bool { return o.Benchmark == b.Name && o.Seed == seed })
			if i >= 0 {
				before = append(before, done[i])
			}
			return i >= 0
		})
		p := newPrinter(k.Stdout, k.Stderr, c.JSON, b, len(seeds))
		outcomes, failed := fit.Run(ctx, b, seeds, c.Workers, func(o fit.Outcome) {
			p.outcome(o)
			p.err = errors.Join(p.err, keep.add(o))
		})
		p.end()
		outcomes = append(before, outcomes...)
		slices.SortFunc(outcomes, func(a, b fit.Outcome) int { return cmp.Compare(a.Seed, b.Seed) })
		all = append(all, outcomes...)
		if len(outcomes) > 0 {
			s := b.Summarise(outcomes)
			summaries = append(summaries, s)
			if err := errors.Join(p.err, p.summary(s)); err != nil {
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
	if !c.JSON && len(summaries) > 0 {
		if err := table(k.Stdout, summaries); err != nil {
			return err
		}
	}
	return errors.Join(err, c.write(all, summaries), verdict(summaries))
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
	if !(c.Seconds >= 0) {
		return nil, &exit.BadInput{File: "--seconds", Expected: "a number >= 0", Found: fmt.Sprint(c.Seconds)}
	}
	if all := strings.TrimSuffix(fit.CoveragePrefix, "-"); c.Name == all {
		c.Name, c.Coverage = "", true
	}
	if c.Name == "" {
		return slices.DeleteFunc(list, func(b fit.Benchmark) bool { return strings.HasPrefix(b.Name, fit.CoveragePrefix) != c.Coverage }), nil
	}
	i := slices.IndexFunc(list, func(b fit.Benchmark) bool { return b.Name == c.Name })
	if i < 0 {
		return nil, &exit.BadInput{File: "surge bench fit", Expected: "one of " + strings.Join(append(fit.Names(), strings.TrimSuffix(fit.CoveragePrefix, "-")), ", "), Found: c.Name}
	}
	return list[i : i+1], nil
}

// journal has the problems of a benchmark as they are solved, a line for each.
type journal struct{ file *os.File }

// journal opens problems.jsonl of --out, and reads it first with --resume. A last line that was cut short counts as not there.
func (c *Fit) journal() (done []fit.Outcome, keep journal, err error) {
	if c.Out == "" {
		return nil, journal{}, nil
	}
	path := filepath.Join(c.Out, "problems.jsonl")
	if err := os.MkdirAll(c.Out, 0o777); err != nil {
		return nil, journal{}, &exit.BadInput{File: "--out " + c.Out, Err: err}
	}
	if c.Resume {
		raw, err := files.ReadFile(path)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, journal{}, &exit.BadInput{File: path, Err: err}
		}
		for line := range bytes.Lines(raw) {
			var o fit.Outcome
			if !bytes.HasSuffix(line, []byte("\n")) {
				break
			}
			if err := json.Unmarshal(line, &o); err != nil {
				return nil, journal{}, &exit.BadInput{File: path, Expected: "a problem on each line", Err: err}
			}
			done = append(done, o)
		}
	}
	err = files.WriteAtomic(path, func(w io.Writer) error {
		e := json.NewEncoder(w)
		for _, o := range done {
			if err := e.Encode(o); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		keep.file, err = os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0o666)
	}
	if err != nil {
		return nil, journal{}, &exit.BadInput{File: path, Err: err}
	}
	return done, keep, nil
}

func (j journal) add(o fit.Outcome) error {
	if j.file == nil {
		return nil
	}
	return json.NewEncoder(j.file).Encode(o)
}

// Close closes the file; what was written is there already.
func (j journal) Close() {
	if j.file != nil {
		_ = j.file.Close()
	}
}

// verdict is the negative answer, or nil.
func verdict(summaries []fit.Summary) error {
	var missed []string
	for _, s := range summaries {
		if !s.Met {
			missed = append(missed, fmt.Sprintf("%s %s, want %s", s.Benchmark, s.Shown, s.Target))
		}
	}
	if missed == nil {
		return nil
	}
	return &exit.Negative{Reason: "bench fit: " + strings.Join(missed, "; ")}
}

// write writes the files of --out.
func (c *Fit) write(outcomes []fit.Outcome, summaries []fit.Summary) error {
	if c.Out == "" || len(outcomes) == 0 {
		return nil
	}
	if err := os.MkdirAll(c.Out, 0o777); err != nil {
		return &exit.BadInput{File: "--out " + c.Out, Err: err}
	}
	err := files.WriteAtomic(filepath.Join(c.Out, "problems.csv"), func(out io.Writer) error {
		w := csv.NewWriter(out)
		_ = w.Write([]string{"benchmark", "seed", "passed", "name", "value"}) // Flush keeps the error
		for _, o := range outcomes {
			line := func(name string, v float64) {
				_ = w.Write([]string{o.Benchmark, strconv.FormatUint(o.Seed, 10), strconv.FormatBool(o.Passed), name, strconv.FormatFloat(v, 'g', -1, 64)})
			}
			for _, name := range sorted(o.Numbers) {
				line(name, o.Numbers[name])
			}
			line("evaluations", float64(o.Evaluations))
			line("gradients", float64(o.Gradients))
			line("seconds", o.Seconds)
		}
		w.Flush()
		return w.Error()
	})
	if err != nil {
		return &exit.BadInput{File: "--out " + c.Out, Err: err}
	}
	err = files.WriteAtomic(filepath.Join(c.Out, "summary.json"), func(out io.Writer) error {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(summaries)
	})
	if err != nil {
		return &exit.BadInput{File: "--out " + c.Out, Err: err}
	}
	return nil
}

// printer prints the outcomes of a benchmark as they come, as JSON, or those that did not pass.
type printer struct {
	out   io.Writer
	json  bool
	every bool // print those that passed, too
	bar   *progressbar.ProgressBar
	err   error
}

// few problems are printed one by one.
const few = 20

func newPrinter(out, errs io.Writer, asJSON bool, b fit.Benchmark, problems int) *printer {
	p := &printer{out: out, json: asJSON, every: problems <= few}
	if f, ok := errs.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.bar = progressbar.NewOptions(problems, progressbar.OptionSetWriter(errs), progressbar.OptionClearOnFinish(), progressbar.OptionSetDescription(b.Name),
			progressbar.OptionSetWidth(30), progressbar.OptionShowCount(), progressbar.OptionSetPredictTime(true))
	}
	return p
}

func (p *printer) outcome(o fit.Outcome) {
	if p.json {
		p.err = errors.Join(p.err, json.NewEncoder(p.out).Encode(o))
	} else if p.every || !o.Passed {
		if p.bar != nil {
			_ = p.bar.Clear() // an error of the terminal is none of the measurement
		}
		var words []string
		for _, name := range sorted(o.Numbers) {
			words = append(words, fmt.Sprintf("%s %.3g", name, o.Numbers[name]))
		}
		state := "ok"
		if !o.Passed {
			state = "not met"
		}
		line := fmt.Sprintf("%-8s %3d  %-7s  %s  (%.1f s)", o.Benchmark, o.Seed, state, strings.Join(words, ", "), o.Seconds)
		if o.Note != "" {
			line += "  " + o.Note
		}
		_, err := fmt.Fprintln(p.out, line)
		p.err = errors.Join(p.err, err)
	}
	if p.bar != nil {
		_ = p.bar.Add(1)
	}
}

// end takes the bar away.
func (p *printer) end() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}

func (p *printer) summary(s fit.Summary) error {
	if p.json {
		return json.NewEncoder(p.out).Encode(s)
	}
	t := tabwriter.NewWriter(p.out, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "\nof %d\tleast\t10 %%\tmedian\t90 %%\tmost\tmean\t\n", s.Problems)
	for _, name := range sorted(s.Quantiles) {
		q := s.Quantiles[name]
		fmt.Fprintf(t, "%s\t%.3g\t%.3g\t%.3g\t%.3g\t%.3g\t%.3g\t\n", name, q[0], q[1], q[2], q[3], q[4], s.Means[name])
	}
	fmt.Fprintln(t)
	return t.Flush()
}

// table prints the answers.
func table(w io.Writer, summaries []fit.Summary) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "benchmark\tproblems\tvalue\ttarget\t\ttime\tmeasure")
	for _, s := range summaries {
		state := "met"
		if !s.Met {
			state = "MISSED"
		}
		d := time.Duration(s.Seconds * float64(time.Second)).Round(100 * time.Millisecond)
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%s\t%s\t%s\n", s.Benchmark, s.Problems, s.Shown, s.Target, state, d, s.Text)
	}
	return t.Flush()
}

func sorted[V any](m map[string]V) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
