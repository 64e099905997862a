// Package fitcmd is the command surge fit: it fits bias currents of the DynapSE-2 chip to recorded or wanted behaviour.
package fitcmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/models/dynapse/experiment"
	"github.com/surge-snn/surge/models/dynapse/fit"
	"github.com/surge-snn/surge/optim/minimize"
)

// Command is surge fit.
type Command struct {
	Config          string        `arg:"" optional:"" placeholder:"FIT.toml" help:"The experiment, in TOML."`
	Out             string        `placeholder:"DIR" help:"Folder for the results; default runs/NAME, after the experiment, with a number where there is one."`
	JSON            bool          `help:"Print the result as a JSON object, on one line."`
	Seed            *uint64       `help:"Of the starting points and all random numbers; default that of the experiment."`
	Resume          bool          `help:"Go on with the fit in --out after its checkpoint."`
	Force           bool          `help:"Replace the results in --out, if there are any."`
	Budget          float64       `placeholder:"SECONDS" help:"Stop looking after that time and give the best point; 0: no limit."`
	CheckpointEvery time.Duration `default:"2s" placeholder:"TIME" help:"How often the state is saved; a killed fit loses at most that."`
	Demo            bool          `help:"Fit an example that comes with the program."`
}

// Help is the text under the usage of the command.
func (Command) Help() string {
	return `Finds bias currents of simulated DynapSE-2 neurons with which they do what was recorded or is wanted, as codes that the chip can be set to, and says how sure the answer is.

The experiment:

  dt = 1e-3                     # s
  seed = 1
  [network]
  neurons = 4
  synapses = 1                  # 4 (AMPA, GABA, NMDA and SHUNT) is for surge sim: a fit refuses it
  substeps = 1                  # steps of the simulation in a bin
  recurrent = false             # true: w_rec [N, N], or 4-bit codes w_rec_code [N, N] from -15 to 15, in the target file or under [init]
  core = [0, 0, 0, 0]           # core of each neuron; default: all on core 0
  [init]                        # start, a number or one for each neuron; what is not named has its default
  Itau_mem = 5e-12              # A
  [fit]
  parameters = ["Itau_mem", "Igain_mem", "Itau_syn", "Igain_syn", "Ispkthr", "Iref"]   # also Iscale, w_rec, Iw_0 to Iw_3
  tie = "core"                  # core, neuron (simulation only) or all: who shares a value
  method = "auto"               # auto, adam, lbfgs, gauss-newton, cmaes, nelder-mead
  starts = 8                    # starting points within a decade
  dac = true                    # find codes of the bias generator
  mismatch = 0.0                # relative standard deviation to be robust against; "infer": that of the
                                # recorded neurons is found, with what they share
  samples = 0                   # chips in each evaluation, where mismatch > 0
  bounds = {Ispkthr = [1e-8, 1e-6]}   # A; default: what the bias generator has
  prior = {Itau_mem = {mean = 5e-12, sd = 0.3}}   # what is known beforehand: median in A, and the standard deviation of the logarithm
  noise = 0.05                  # of the targets, in e-folds, by which priors are weighed against them
  [[target]]                    # a recording
  file = "target.npz"           # beside the experiment; arrays [B, T, N]: input (counts) and imem, isyn, iahp, vmem, spikes, weight; maybe w_in [channels, N]
  arrays = {vmem = "CH1"}       # names of arrays or columns in the file, where they are others
  input = "stimulus.npz"        # a file of the input, where it is another one; "none": nothing comes in
  use = ["imem", "spikes"]      # default: all that are in the file
  neurons = [0, 1, 2, 3]        # that were recorded; default: all
  unit = {imem = "nA", time = "ms"}   # default A, V and s, or what the file says
  scale = {imem = 1.0}          # weight of a term
  tau_spikes = 10e-3            # s, of the van Rossum distance
  offset = "fit"                # how the one trace in use was measured: gain, offset (V or A), drift (over the recording), and latency (s) of the input; a number, "fit", or {mean = 0, sd = 5e-3}
  start = "rest"                # "fit": the recording begins in mid activity
  [[target]]                    # or a task, for which currents and w_rec are trained
  file = "task.npz"             # B patterns: arrays input [B, T, N], class [B]
  classes = [4, 5]              # a pattern of class 0 makes neuron 4 fire and not neuron 5; one of class -1 neither
  [[target]]                    # or a rate-against-input curve, in Hz
  fi = {input_rate = [10, 20, 40], rate = [1.0, 4.2, 11.0], seconds = 5}
  [[target]]                    # or numbers that each neuron is to have
  statistics = {rate = 12, adaptation = 0.05, cv = 0.3, tau_mem = 20e-3, tau_syn = 5e-3, tau_ahp = 0.3, refractory = 4e-3}   # Hz, s; any of them
  input_rate = 100              # Hz, Poisson, and
  input_current = 5e-10         # A, into the membrane: the input for rate, adaptation and cv
  seconds = 2                   # of it
  neurons = [0]                 # that are to have them; default: all
  scale = {adaptation = 100}

With weights w_in [channels, N] in the target file the input is [B, T, channels]. With synapses = 4 a neuron has four columns of input in place of one, as surge sim dynapsim --help says. Arrays that are none of these are left alone.

A .csv (.txt, .tsv) has a column for each array, imem or imem_0, imem_1, ... for several neurons; separators, decimal commas, comments and a row of units are found. With a column time at another sampling rate than dt, counts are summed in each bin and traces take the samples in its last tenth; a column trial makes rows. An empty cell is a gap. Columns time and neuron (or address, channel), and maybe trial, are a list of spikes; so are two columns without names. Of a .nwb, time series under acquisition and stimulus/presentation and the spikes of units are read. A missing sample has weight 0. Recorded spikes, or those that are seen in imem or vmem, drive the model while its currents are fitted; the result is that of the free model. Behind a gap that may hide spikes the membrane starts again from the recording.

The folder of the results holds result.json, report.md, report.html, device.json (with dac), traces.png (or the curve, where there are no traces; rates.png where there are both), loss.png and history.csv, and while the fit runs, and after it was stopped, a checkpoint. Ctrl-C saves it and ends with status 130.

Examples:

  surge fit --demo
  surge fit neuron.toml --out runs/neuron
  surge fit neuron.toml --out runs/neuron --budget 60 --json
  surge fit neuron.toml --out runs/neuron --resume`
}

// Names of the files of a fit.
const (
	resultFile     = "result.json"
	markdownFile   = "report.md"
	htmlFile       = "report.html"
	deviceFile     = "device.json"
	tracesFile     = "traces.png"
	ratesFile      = "rates.png"
	lossFile       = "loss.png"
	mismatchFile   = "mismatch.png"
	historyFile    = "history.csv"
	checkpointFile = "checkpoint"
)

// outcome is a result with what only the program knows.
type outcome struct {
	*fit.Result
	extra

	Targets  []comparison
	pictures []string
	deployed *fit.Deployment // that of device.json, where it was written
}

// extra are the members of result.json that a fit does not know.
type extra struct {
	Seconds float64 `json:"seconds"`
	Out     string  `json:"out"`

	LossFile   *float64   `json:"loss_file"` // of device.json, simulated; null where there is none
	Neurons    []neuron   `json:"neurons,omitempty"`
	Statistics []achieved `json:"statistics,omitempty"`
	Tasks      []solved   `json:"tasks,omitempty"`
}

// MarshalJSON writes the report of the fit with what the program adds.
func (o *outcome) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		fit.Report
		extra
	}{o.Report(), o.extra})
}

// Run fits.
func (c *Command) Run(ctx context.Context, k *kong.Context) (err error) {
	e, err := c.subject()
	if err != nil {
		return err
	}
	if !(c.Budget >= 0) {
		return &exit.BadInput{File: "--budget", Expected: "a number of seconds, or 0 for no limit", Found: fmt.Sprint(c.Budget)}
	}
	if err := fit.Check(e.Experiment.Experiment, e.Settings); err != nil {
		return e.explain(err)
	}
	dir, fresh, err := c.folder(e)
	if err != nil {
		return err
	}
	c.Out = dir.String()
	failed := true
	defer func() {
		err = errors.Join(err, dir.Close())
		if fresh && failed {
			_ = files.Remove(c.Out) // which fails, as it should, where there are files
		}
	}()
	p := &progress{out: k.Stderr, path: filepath.Join(c.Out, checkpointFile), every: c.CheckpointEvery, experiment: e}
	if c.Resume {
		if e.Settings.Resume, err = p.read(); err != nil {
			return err
		}
	}
	if err := c.begin(dir); err != nil {
		return err
	}
	e.Settings.Record = p.record
	begin := time.Now()
	e.Settings.Budget = time.Duration(c.Budget * float64(time.Second))
	res, err := fit.Run(ctx, e.Experiment.Experiment, e.Settings)
	if err != nil {
		return e.explain(err)
	}
	failed = false
	o := &outcome{Result: res, extra: extra{Seconds: time.Since(begin).Seconds(), Out: c.Out}}
	if err := c.write(context.WithoutCancel(ctx), e, o, p); err != nil {
		return err
	}
	for _, text := range o.Warnings {
		if _, err := fmt.Fprintln(k.Stderr, "warning:", text); err != nil {
			return err
		}
	}
	if c.JSON {
		err = json.NewEncoder(k.Stdout).Encode(o)
	} else {
		err = summary(k.Stdout, o)
	}
	if err == nil && res.Status == minimize.Interrupted {
		what := c.Config
		if c.Demo {
			what = "--demo"
		}
		err = fmt.Errorf("%w; go on with: surge fit %s --out %s --resume", exit.ErrInterrupted, what, c.Out)
	}
	return err
}

// subject is the experiment of a run.
type subject struct{ *experiment.Experiment }

// subject reads the experiment that the flags name.
func (c *Command) subject() (*subject, error) {
	switch {
	case c.Demo && c.Config != "":
		return nil, &exit.BadInput{File: "--demo", Expected: "no experiment file", Found: c.Config}
	case c.Demo:
		return demo(c.Seed)
	case c.Config == "":
		return nil, &exit.BadInput{File: "surge fit", Expected: "an experiment file, or --demo", Found: "neither"}
	}
	e, err := experiment.Read(c.Config, experiment.Options{Seed: c.Seed})
	if err != nil {
		return nil, err
	}
	return &subject{e}, nil
}

// explain turns an error of the fit into one of the input.
func (e *subject) explain(err error) error {
	if bad := (*fit.Error)(nil); errors.As(err, &bad) {
		if slices.ContainsFunc(e.Recordings, func(r fit.Recording) bool { return r.Name == bad.Target }) {
			return &exit.BadInput{File: bad.Target, Err: bad.Err}
		}
		return &exit.BadInput{File: e.Path, Member: e.member(bad.Target), Err: bad.Err}
	}
	return &exit.BadInput{File: e.Path, Err: err}
}

// write writes the files of the results: numbers first, then pictures, and takes the checkpoint away when all are there.
func (c *Command) write(ctx context.Context, e *subject, o *outcome, p *progress) error {
	path := func(name string) string { return filepath.Join(c.Out, name) }
	failed := func(name string, err error) error { return &exit.BadInput{File: path(name), Err: err} }
	if err := p.save(o.Checkpoint); err != nil { // until all is written
		return failed(checkpointFile, err)
	}
	if e.Settings.DAC && o.LossDAC != nil {
		if err := o.deploy(ctx, e, path(deviceFile)); err != nil {
			o.Notes = append(o.Notes, "no device.json: "+err.Error())
		}
	}
	var err error
	if o.Targets, err = e.compare(o); err != nil {
		return failed(markdownFile, err)
	}
	neurons, err := e.neurons(o)
	if err != nil {
		return failed(markdownFile, err)
	}
	o.Targets = append(append(o.mismatches(), neurons...), o.Targets...)
	text, err := json.Marshal(o)
	if err != nil {
		return failed(resultFile, err)
	}
	if err := writeText(path(resultFile), string(text)+"\n"); err != nil {
		return failed(resultFile, err)
	}
	if err := writeHistory(path(historyFile), o.History); err != nil {
		return failed(historyFile, err)
	}
	if o.pictures, err = e.figures(o, path); err != nil {
		return failed(tracesFile, err)
	}
	if err := writeText(path(markdownFile), e.markdown(o)); err != nil {
		return failed(markdownFile, err)
	}
	html, err := e.html(o, path)
	if err == nil {
		err = writeText(path(htmlFile), html)
	}
	if err != nil {
		return failed(htmlFile, err)
	}
	if o.Status == minimize.Interrupted || o.Status == minimize.BudgetReached {
		return nil
	}
	if err := p.remove(); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return failed(checkpointFile, err)
	}
	return nil
}

func writeText(path, text string) error {
	return files.WriteAtomic(path, func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
}

// summary prints the result for people.
func summary(w io.Writer, o *outcome) error {
	dac := ""
	if o.LossDAC != nil {
		dac = fmt.Sprintf(", %.4g with codes of the bias generator", *o.LossDAC)
	}
	if o.LossFile != nil {
		dac += fmt.Sprintf(", %.4g of device.json", *o.LossFile)
	}
	_, err := fmt.Fprintf(w, "%s: loss %.4g (%.4g at the start)%s; %d simulations, %d gradients, %.1f s\n%s\n", o.Status, o.Loss, o.LossStart, dac, o.Evaluations, o.Gradients, o.Seconds, o.Words)
	if err != nil {
		return err
	}
	for _, row := range o.table() {
		if _, err := fmt.Fprintf(w, "  %-12s %s\n", row[0], strings.Join(row[1:], "  ")); err != nil {
			return err
		}
	}
	for _, text := range o.open() {
		if _, err := fmt.Fprintln(w, text); err != nil {
			return err
		}
	}
	for _, note := range o.Notes {
		if _, err := fmt.Fprintln(w, "note:", note); err != nil {
			return err
		}
	}
	for _, t := range o.Targets {
		if _, err := fmt.Fprintln(w, t.Name); err != nil {
			return err
		}
		if err := t.print(w); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(w, "  %s  %s\n", filepath.Join(o.Out, htmlFile), filepath.Join(o.Out, o.pictures[0]))
	return err
}
