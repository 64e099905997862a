package fit

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/given"
	"golang.org/x/term"
)

// Printer prints the outcomes of a benchmark as they come, as JSON, or those that did not pass.
type Printer struct {
	out   io.Writer
	json  bool
	every bool // print those that passed, too
	bar   *progressbar.ProgressBar
	Err   error // the first of writing
}

// few problems are printed one by one.
const few = 20

// NewPrinter prints to out, nil: nowhere; a bar goes to errs if that is a terminal.
func NewPrinter(out, errs io.Writer, asJSON bool, b Benchmark, problems int) *Printer {
	if out == nil {
		out = io.Discard
	}
	p := &Printer{out: out, json: asJSON, every: problems <= few}
	if f, ok := errs.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.bar = progressbar.NewOptions(problems, progressbar.OptionSetWriter(errs), progressbar.OptionClearOnFinish(), progressbar.OptionSetDescription(b.Name),
			progressbar.OptionSetWidth(30), progressbar.OptionShowCount(), progressbar.OptionSetPredictTime(true))
	}
	return p
}

// ready tells whether NewPrinter has made the printer.
func (p *Printer) ready() bool { return p != nil && p.out != nil }

// Outcome prints the outcome of a problem.
func (p *Printer) Outcome(o Outcome) {
	if !p.ready() {
		return
	}
	if p.json {
		p.Err = errors.Join(p.Err, json.NewEncoder(p.out).Encode(o))
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
		p.Err = errors.Join(p.Err, err)
	}
	if p.bar != nil {
		_ = p.bar.Add(1)
	}
}

// End takes the bar away.
func (p *Printer) End() {
	if p.ready() && p.bar != nil {
		_ = p.bar.Finish()
	}
}

// Summary prints quantiles of the numbers.
func (p *Printer) Summary(s Summary) error {
	if !p.ready() {
		return fmt.Errorf("bench/fit: %w: a Printer of NewPrinter", given.ErrNil)
	}
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

// Table prints the answers.
func Table(w io.Writer, summaries []Summary) error {
	if err := given.Need("w", w); err != nil {
		return fmt.Errorf("bench/fit: %w", err)
	}
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

// Verdict is the negative answer, or nil; without a summary, that no problem ended.
func Verdict(summaries []Summary) error {
	if len(summaries) == 0 {
		return &exit.Negative{Reason: "bench fit: no problem ended in the time that it had"}
	}
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
