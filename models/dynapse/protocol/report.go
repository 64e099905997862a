package protocol

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/internal/given"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/plot"
)

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// pictureFile is the picture of a stage.
func pictureFile(s Stage) string { return s.String() + ".png" }

// check returns an error for a result that is none of [Run].
func (r *Result) check() error {
	if err := given.Need("a Result of Run", r); err != nil {
		return fmt.Errorf("protocol: %w", err)
	}
	return given.Need("a Result of Run", r.subject)
}

// Write writes what was found into a folder: numbers, neurons, a report with a table of each stage,
// and a picture.
//
// Errors are [*exit.BadInput], which name the file.
func (r *Result) Write(dir string) error {
	if err := r.check(); err != nil {
		return err
	}
	write := func(name string, write func(path string) error) error {
		path := filepath.Join(dir, name)
		if err := write(path); err != nil {
			return &exit.BadInput{File: path, Err: err}
		}
		return nil
	}
	for _, o := range r.Outcomes {
		if o.Status == Done {
			if err := write(pictureFile(o.Stage), func(path string) error { return r.picture(o.Stage, path) }); err != nil {
				return err
			}
		}
	}
	if err := write(NeuronsFile, func(path string) error {
		return files.WriteText(path, r.subject.text("Neurons as surge fit --protocol found them.", r.Network.Params))
	}); err != nil {
		return err
	}
	if err := write(ResultFile, func(path string) error {
		text, err := json.Marshal(r)
		if err != nil {
			return err
		}
		return files.WriteText(path, string(text)+"\n")
	}); err != nil {
		return err
	}
	return write(ReportFile, func(path string) error { return files.WriteText(path, r.markdown()) })
}

// line says an outcome in a line.
func (o Outcome) line() string {
	switch o.Status {
	case Unused:
		return "the neurons have none of it"
	case Missing:
		return "nothing was recorded"
	}
	return fmt.Sprintf("%d recordings", o.Rows)
}

// String says an outcome in some lines.
func (o Outcome) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v: %s", o.Stage, o.line())
	for _, c := range o.Currents {
		fmt.Fprintf(&b, "\n  %-10s set to %.4g A, acts as %.4g A (%.3g times), spread %.2g; determined in %d neurons, an interval in %d, not known in %d",
			c.Name, c.Set, c.Acts, c.Acts/c.Set, c.Spread, c.Determined, c.Interval, c.Unknown)
	}
	for _, l := range o.Lost {
		fmt.Fprintf(&b, "\n  lost: %s", l)
	}
	for _, m := range o.Make {
		fmt.Fprintf(&b, "\n  to be recorded: %s", m)
	}
	for _, w := range o.Warnings {
		fmt.Fprintf(&b, "\n  warning: %s", w)
	}
	if len(o.Open) > 0 {
		fmt.Fprintf(&b, "\n  open: %s", strings.Join(o.Open, ", "))
	}
	if o.Next != "" {
		fmt.Fprintf(&b, "\n  next: %s", o.Next)
	}
	return b.String()
}

// Text prints the result for people.
func (r *Result) Text(w io.Writer) error {
	if err := r.check(); err != nil {
		return err
	}
	if err := given.Need("w", w); err != nil {
		return fmt.Errorf("protocol: %w", err)
	}
	text := ""
	for _, o := range r.Outcomes {
		text += o.String() + "\n"
	}
	if r.CountsMet != nil {
		text += r.met() + "\n"
	}
	_, err := io.WriteString(w, text)
	return err
}

// met says what a check found.
func (r *Result) met() string {
	return fmt.Sprintf("spike counts within 10 %% of the chip's in %.3g %% of the neurons, f-I curves within 5 %% in %.3g %%", 100**r.CountsMet, 100**r.RatesMet)
}

// markdown is the report.
func (r *Result) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %d neurons, stage by stage\n\n", r.subject.n)
	if r.CountsMet != nil {
		b.WriteString(r.met() + ".\n\n")
	}
	if s := r.Scope; s != nil {
		fmt.Fprintf(&b, "The scope shows %.4g vmem %+.3g mV.\n\n", s.Gain, 1e3*s.Offset)
	}
	for _, o := range r.Outcomes {
		fmt.Fprintf(&b, "## %v\n\n%s.\n\n", o.Stage, o.line())
		if len(o.Currents) > 0 {
			b.WriteString("| current | set to (A) | acts as (A) | times | spread | determined | interval | not known |\n|---|---|---|---|---|---|---|---|\n")
			for _, c := range o.Currents {
				fmt.Fprintf(&b, "| %s | %.4g | %.4g | %.3f | %.3f | %d | %d | %d |\n", c.Name, c.Set, c.Acts, c.Acts/c.Set, c.Spread, c.Determined, c.Interval, c.Unknown)
			}
			b.WriteString("\n")
		}
		list := func(title string, items []string) {
			for _, x := range items {
				fmt.Fprintf(&b, "- %s: %s\n", title, x)
			}
		}
		list("lost", o.Lost)
		list("to be recorded", o.Make)
		list("warning", o.Warnings)
		if len(o.Open) > 0 {
			list("open", []string{strings.Join(o.Open, ", ")})
		}
		if o.Next != "" {
			list("next", []string{o.Next})
		}
		if o.Status == Done {
			fmt.Fprintf(&b, "\n![%v](%s)\n\n", o.Stage, pictureFile(o.Stage))
		}
	}
	b.WriteString("## neurons\n\n| neuron |")
	var names []string
	for s := range Check {
		for _, q := range blocks[s] {
			names = append(names, q.String())
		}
	}
	b.WriteString(" " + strings.Join(names, " | ") + " | counts, chip | model | rates, chip | model |\n|" + strings.Repeat("---|", len(names)+5) + "\n")
	for _, n := range r.Neurons {
		fmt.Fprintf(&b, "| %d |", n.Neuron)
		for _, name := range names {
			fmt.Fprintf(&b, " %.4g |", n.Currents[name])
		}
		if c := n.Check; c != nil {
			fmt.Fprintf(&b, " %v | %v | %v | %v |\n", c.Counts[0], c.Counts[1], c.Rates[0], c.Rates[1])
		} else {
			b.WriteString(" | | | |\n")
		}
	}
	return b.String()
}

// shown is how many rows a picture has at most, and how many bins of each.
const (
	shownRows = 4
	shownBins = 1000
)

// picture draws vmem of the first neuron, of chip and model, in the rows of a stage, or its spikes
// where it has none.
func (r *Result) picture(s Stage, path string) error {
	c := r.subject
	net := c.network(r.known, s >= AHP)
	curves := plot.Curves{Title: fmt.Sprintf("%v: neuron 0", s), XLabel: "time (s)"}
	for _, x := range r.rows[s][:min(len(r.rows[s]), shownRows)] {
		run, err := net.Simulate(dynapse.Input{T: x.steps, B: 1, Counts: x.input, DC: x.dc})
		if err != nil {
			return err
		}
		chip, model := plot.Line{Name: "chip"}, plot.Line{Name: "model"}
		label, seen, got := "vmem (V)", x.vmem, run.Vmem
		scope := Scope{Gain: 1}
		if r.Scope != nil {
			scope = *r.Scope
		}
		if seen[0] != seen[0] {
			label, seen, got, scope = "spikes", x.spikes, run.Spikes, Scope{Gain: 1}
		}
		for t := range min(x.steps, shownBins) {
			if v := seen[t*c.n]; v == v {
				chip.X, chip.Y = append(chip.X, float64(t)*c.dt), append(chip.Y, v)
			}
			model.X, model.Y = append(model.X, float64(t)*c.dt), append(model.Y, float64(scope.Gain*got[t*c.n])+scope.Offset)
		}
		lines := []plot.Line{model}
		if len(chip.Y) > 0 {
			lines = []plot.Line{chip, model}
		}
		curves.Panels = append(curves.Panels, plot.Panel{YLabel: label, Lines: lines})
	}
	return curves.Write(path)
}
