package report

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/internal/given"
	"github.com/surge-snn/surge/models/dynapse/experiment"
	"github.com/surge-snn/surge/models/dynapse/fit"
	"github.com/surge-snn/surge/models/dynapse/live"
)

// Names of the files of a report.
const (
	ResultFile   = "result.json"
	MarkdownFile = "report.md"
	HTMLFile     = "report.html"
	DeviceFile   = "device.json" // the configuration of the chip
	TracesFile   = "traces.png"  // or the curve of rates, where there are no traces
	RatesFile    = "rates.png"
	LossFile     = "loss.png"
	MismatchFile = "mismatch.png"
	HistoryFile  = "history.csv"
	SamplesFile  = "samples.npz" // of the posterior
	CornerFile   = "posterior.png"
)

// Files lists the files that [Outcome.Write] may write.
func Files() []string {
	return []string{ResultFile, MarkdownFile, HTMLFile, DeviceFile, TracesFile, RatesFile, MismatchFile, LossFile, HistoryFile, SamplesFile, CornerFile}
}

// Outcome is a result beside what it was fitted to.
type Outcome struct {
	*fit.Result
	Numbers

	Tables   []Table  // what is wanted beside what the networks do
	Pictures []string // names of the files that were drawn

	experiment *experiment.Experiment
	deployed   *fit.Deployment // that of device.json, where it was written
}

// Numbers are the members of result.json that a [fit.Report] does not have.
type Numbers struct {
	Seconds float64 `json:"seconds"`
	Out     string  `json:"out"`

	LossFile   *float64   `json:"loss_file"` // of device.json, simulated; null where there is none
	Neurons    []Neuron   `json:"neurons,omitempty"`
	Statistics []Achieved `json:"statistics,omitempty"`
	Tasks      []Solved   `json:"tasks,omitempty"`

	Chip *live.Tuned `json:"chip,omitempty"` // where a chip was fitted in the loop; its device is that of device.json
}

// New returns the outcome of an experiment that was fitted in some time.
func New(e *experiment.Experiment, r *fit.Result, took time.Duration) *Outcome {
	return &Outcome{Result: r, Numbers: Numbers{Seconds: took.Seconds()}, experiment: e}
}

// check returns an error where there is no fit, or one that is none of [fit.Run].
func (o *Outcome) check() error {
	if err := given.Need("an Outcome of New", o); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	if err := given.Need("the Result of an Outcome", o.Result, "its experiment: New makes an Outcome", o.experiment); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	for _, p := range o.Populations {
		if len(p.Value) == 0 || len(p.Value) != len(p.Neurons) {
			return fmt.Errorf("report: %d values of %s for %d neurons", len(p.Value), p.Name, len(p.Neurons))
		}
	}
	if p := o.Posterior; p != nil && (p.Walkers < 1 || len(p.Samples) != len(p.Parameters)) {
		return fmt.Errorf("report: a posterior of %d walkers with samples of %d parameters, want those of %d", p.Walkers, len(p.Samples), len(p.Parameters))
	}
	return nil
}

// MarshalJSON writes the report of the fit with the numbers of the outcome, as in result.json.
func (o *Outcome) MarshalJSON() ([]byte, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	return json.Marshal(struct {
		fit.Report
		Numbers
	}{o.Report(), o.Numbers})
}

// Write writes the files of the outcome into a folder: numbers first, then pictures, then the
// report as Markdown and HTML. It simulates every target once for each network that is compared.
//
// Errors are [*exit.BadInput], which name the file.
func (o *Outcome) Write(ctx context.Context, dir string) error {
	if err := o.check(); err != nil {
		return err
	}
	if err := given.Need("ctx", ctx); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	o.Out = dir
	path := func(name string) string { return filepath.Join(dir, name) }
	for _, part := range []struct {
		file  string
		write func() error
	}{
		{DeviceFile, func() error { return o.deploy(ctx, path(DeviceFile)) }},
		{MarkdownFile, o.compare},
		{ResultFile, func() error {
			text, err := json.Marshal(o)
			if err != nil {
				return err
			}
			return files.WriteText(path(ResultFile), string(text)+"\n")
		}},
		{HistoryFile, func() error { return writeHistory(path(HistoryFile), o.History) }},
		{SamplesFile, func() error { return o.writeSamples(path(SamplesFile)) }},
		{TracesFile, func() (err error) { o.Pictures, err = o.figures(path); return err }},
		{MarkdownFile, func() error { return files.WriteText(path(MarkdownFile), o.markdown()) }},
		{HTMLFile, func() error {
			html, err := o.html(path)
			if err != nil {
				return err
			}
			return files.WriteText(path(HTMLFile), html)
		}},
	} {
		if err := part.write(); err != nil {
			return &exit.BadInput{File: path(part.file), Err: err}
		}
	}
	return nil
}

// deploy writes device.json where the fit found codes; that there is no such device is a note, that
// it cannot be written an error.
func (o *Outcome) deploy(ctx context.Context, path string) error {
	e := o.experiment
	if !e.Settings.DAC || o.LossDAC == nil {
		return nil
	}
	var text strings.Builder
	d, err := o.Deploy(ctx, e.Experiment, e.Settings.Seed)
	if err == nil && o.Chip != nil {
		o.Notes = append(o.Notes, o.rounds()...)
		if o.Chip.Device != nil { // what it does is not what the model says
			if err = o.Chip.Device.Write(&text); err == nil {
				return files.WriteText(path, text.String())
			}
		}
	}
	if err == nil {
		err = d.Device.Write(&text)
	}
	if err != nil {
		o.Notes = append(o.Notes, "no device.json: "+err.Error())
		return nil
	}
	if err := files.WriteText(path, text.String()); err != nil {
		return err
	}
	o.deployed, o.LossFile = d, &d.Loss
	o.Notes = append(o.Notes, d.Notes...)
	return nil
}

// Text prints the outcome for people, after [Outcome.Write].
func (o *Outcome) Text(w io.Writer) error {
	if err := o.check(); err != nil {
		return err
	}
	if err := given.Need("w", w); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	dac := ""
	if o.LossDAC != nil {
		dac = fmt.Sprintf(", %.4g with codes of the bias generator", *o.LossDAC)
	}
	if o.LossFile != nil {
		dac += fmt.Sprintf(", %.4g of device.json", *o.LossFile)
	}
	p := &printer{w: w}
	p.printf("%s: loss %.4g (%.4g at the start)%s; %d simulations, %d gradients, %.1f s\n%s\n", o.Status, o.Loss, o.LossStart, dac, o.Evaluations, o.Gradients, o.Seconds, o.Words)
	for _, row := range o.table() {
		p.printf("  %-12s %s\n", row[0], strings.Join(row[1:], "  "))
	}
	for _, text := range o.open() {
		p.printf("%s\n", text)
	}
	for _, note := range o.Notes {
		p.printf("note: %s\n", note)
	}
	for _, t := range o.Tables {
		p.printf("%s\n", t.Name)
		if p.err == nil {
			p.err = t.print(w)
		}
	}
	if len(o.Pictures) > 0 {
		p.printf("  %s  %s\n", filepath.Join(o.Out, HTMLFile), filepath.Join(o.Out, o.Pictures[0]))
	}
	return p.err
}

// rounds says what a chip in the loop did, a line for each round.
func (o *Outcome) rounds() (list []string) {
	for i, r := range o.Chip.Rounds {
		text := fmt.Sprintf("chip, round %d: %v", i+1, r)
		if i == o.Chip.Best {
			text += "; device.json is that"
		}
		list = append(list, text)
	}
	return list
}

// printer prints until an error, which it keeps.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) printf(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}

// writeHistory writes a line for each step.
func writeHistory(path string, history []fit.Progress) error {
	return files.WriteAtomic(path, func(out io.Writer) error {
		w := csv.NewWriter(out)
		_ = w.Write([]string{"phase", "step", "evaluations", "gradients", "loss"}) // Flush keeps the error
		for _, h := range history {
			_ = w.Write([]string{h.Phase, strconv.Itoa(h.Step), strconv.Itoa(h.Evaluations), strconv.Itoa(h.Gradients), strconv.FormatFloat(h.Loss, 'g', -1, 64)})
		}
		w.Flush()
		return w.Error()
	})
}
