// Package fitcmd is the command surge fit: it fits bias currents of the DynapSE-2 chip to recorded
// or wanted behaviour.
package fitcmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/internal/rundir"
	"github.com/surge-snn/surge/internal/seconds"
	"github.com/surge-snn/surge/models/dynapse/experiment"
	"github.com/surge-snn/surge/models/dynapse/fit"
	"github.com/surge-snn/surge/models/dynapse/fit/report"
	"github.com/surge-snn/surge/models/dynapse/live"
	"github.com/surge-snn/surge/optim/minimize"
)

// Command is surge fit.
type Command struct {
	Config          string       `arg:"" optional:"" placeholder:"FIT.toml" help:"The experiment, in TOML."`
	Out             string       `placeholder:"DIR" help:"Folder for the results; default runs/NAME, after the experiment, with a number where there is one."`
	JSON            bool         `help:"Print the result as a JSON object, on one line."`
	Seed            *uint64      `help:"Of the starting points and all random numbers; default that of the experiment."`
	Resume          bool         `help:"Go on with the fit in --out after its checkpoint."`
	Force           bool         `help:"Replace the results in --out, if there are any."`
	Budget          seconds.Time `placeholder:"SECONDS" help:"Stop looking after that time, as 90 or 1m30s, and give the best point; 0: no limit."`
	CheckpointEvery seconds.Time `default:"2s" placeholder:"SECONDS" help:"How often the state is saved; a killed fit loses at most that."`
	Chip            string       `placeholder:"COMMAND" help:"A program that sets, drives and records a chip: fit in the loop. surge chip serve is one that simulates it."`
	Protocol        bool         `help:"Measure the neurons stage by stage (leak, f-I, EPSP, refractory, AHP), with --chip or from targets that have a stage."`
	ChipTimeout     seconds.Time `default:"1m" placeholder:"SECONDS" help:"How long the chip may take for an answer."`
	DebugNaNs       bool         `name:"debug-nans" help:"End at the first point whose simulation is not finite, and say which it is: time step, neuron, state, currents. Without it the search goes around such points."`
	Demo            bool         `help:"Fit an example that comes with the program."`
}

// Help is the text under the usage of the command.
func (Command) Help() string {
	return `Finds bias currents of simulated DynapSE-2 neurons with which they do what was recorded or is wanted, as codes that the chip can be set to, and says how sure the answer is.

The experiment:

  dt = 1e-3                     # s
  seed = 1
  [network]
  neurons = 4
  synapses = 1                  # 4: AMPA, GABA, NMDA and SHUNT, with currents Itau_syn, Itau_gaba, Itau_nmda, Itau_shunt, and so on
  substeps = 1                  # steps of the simulation in a bin
  recurrent = false             # true: w_rec [N, N], or 4-bit codes w_rec_code [N, N] from -15 to 15, in the target file or under [init]
  core = [0, 0, 0, 0]           # core of each neuron; default: all on core 0
  [init]                        # start, a number or one for each neuron; what is not named has its default
  Itau_mem = 5e-12              # A
  w_in = [[1, 0, 0, 0]]         # weights of input channels, [channels, N], where the input is one of channels
  [fit]
  parameters = ["Itau_mem", "Igain_mem", "Itau_syn", "Igain_syn", "Ispkthr", "Iref"]   # also Iscale, w_rec, Iw_0 to Iw_3
  tie = "core"                  # core, neuron (simulation only) or all: who shares a value
  method = "auto"               # auto, adam, lbfgs, gauss-newton, cmaes, nelder-mead; posterior: auto, and then samples of the posterior for the intervals
  starts = 8                    # starting points within a decade
  dac = true                    # find codes of the bias generator
  mismatch = 0.0                # relative standard deviation to be robust against; "infer": that of the
                                # recorded neurons is found, with what they share
  given_sd = 0.2                # with "infer": by how much C_mem, Io, kappa_n and what else is not fitted deviates
                                # from neuron to neuron, the standard deviation of the logarithm
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
  dc = [[0.1, 2e-11], [0.4, 0]] # the constant current that was set, in place of Idc: steps [s, A], a number, or one for each row; also an array or column of the file
  start = "rest"                # "fit": the recording begins in mid activity
  [[target]]                    # or a task, for which currents and w_rec are trained
  file = "task.npz"             # B patterns: arrays input [B, T, N], class [B]
  classes = [4, 5]              # a pattern of class 0 makes neuron 4 fire and not neuron 5; one of class -1 neither
  [[target]]                    # or a rate-against-input curve, in Hz
  fi = {input_rate = [10, 20, 40], rate = [1.0, 4.2, 11.0], seconds = 5, inputs = 4}   # seconds of the measurement at each rate; draws of the input, over which the model's rate is the mean
  [[target]]                    # or numbers that each neuron is to have
  statistics = {rate = 12, adaptation = 0.05, cv = 0.3, tau_mem = 20e-3, tau_syn = 5e-3, tau_ahp = 0.3, refractory = 4e-3}   # Hz, s; any of them
  input_rate = 100              # Hz, Poisson, and
  input_current = 5e-10         # A, into the membrane: the input for rate, adaptation and cv
  seconds = 2                   # of it
  neurons = [0]                 # that are to have them; default: all
  scale = {adaptation = 100}

With weights w_in [channels, N] in the target file or under [init] the input is [B, T, channels]. The chip makes all weights of four base currents, Iw_0 to Iw_3: with dac the weights are set to 4-bit codes and what is fitted makes up for it; base currents that [init] does not give have codes as the fitted currents do. With synapses = 4 a neuron has four columns of input in place of one, as surge sim dynapsim --help says. Arrays that are none of these are left alone.

A .csv (.txt, .tsv) has a column for each array, imem or imem_0, imem_1, ... for several neurons; separators, decimal commas, comments and a row of units are found. With a column time at another sampling rate than dt, counts are summed in each bin and traces take the samples in its last tenth; a column trial makes rows. An empty cell is a gap. Columns time and neuron (or address, channel), and maybe trial, are a list of spikes; so are two columns without names. Of a .nwb, time series under acquisition and stimulus/presentation and the spikes of units are read. A missing sample has weight 0. Recorded spikes, or those that are seen in imem or vmem, drive the model while its currents are fitted; the result is that of the free model. Behind a gap that may hide spikes the membrane starts again from the recording.

The folder of the results holds result.json, report.md, report.html, device.json (with dac), traces.png (or the curve, where there are no traces; rates.png where there are both), loss.png and history.csv, with method posterior its samples (samples.npz, of each parameter [steps, walkers]) and posterior.png, with the SHA-256 of all in SHA256SUMS (surge verify, sha256sum -c), and while the fit runs, and after it was stopped, a checkpoint. Ctrl-C saves it and ends with status 130.

With --chip the codes are set on a chip, which is driven with the input of the recordings and recorded: the model says which currents act in place of those that are set, and the next codes are chosen by it. device.json has those of the round in which the chip came nearest.

With --protocol neurons are measured one by one, stage by stage, by --chip or from targets with stage = "leak", "fi", "epsp", "refractory", "ahp" or "check"; the file needs neither [fit] nor other targets. docs/chip.md has the stages.

Examples:

  surge fit --demo
  surge fit neuron.toml --out runs/neuron
  surge fit neuron.toml --out runs/neuron --budget 60 --json
  surge fit neuron.toml --out runs/neuron --resume
  surge fit neuron.toml --chip "python3 chip.py"
  surge fit --protocol neuron.toml --chip "surge chip serve --seed 3"`
}

// checkpointFile is in the folder of the results while the fit runs, and after it was stopped.
const checkpointFile = "checkpoint"

// Run fits.
func (c *Command) Run(ctx context.Context, k *kong.Context) (err error) {
	if c.Protocol {
		return c.protocol(ctx, k)
	}
	e, err := c.subject()
	if err != nil {
		return err
	}
	if err := fit.Check(e.Experiment.Experiment, e.Settings); err != nil {
		return e.explain(err)
	}
	if c.Chip != "" && (!e.Settings.DAC || len(e.Recordings) == 0) {
		return &exit.BadInput{File: "--chip", Expected: "an experiment with recordings and dac = true", Found: e.Path}
	}
	results := c.results("fit", e.Path, checkpointFile, report.Files())
	dir, fresh, err := results.Take()
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
	p := &progress{out: k.Stderr, path: filepath.Join(c.Out, checkpointFile), every: time.Duration(c.CheckpointEvery), experiment: e}
	if c.Resume {
		if e.Settings.Resume, err = p.read(); err != nil {
			return err
		}
	}
	if err := results.Begin(dir); err != nil {
		return err
	}
	e.Settings.Record, e.Settings.DebugNaNs = p.record, c.DebugNaNs
	begin := time.Now()
	e.Settings.Budget = time.Duration(c.Budget)
	res, err := fit.Run(ctx, e.Experiment.Experiment, e.Settings)
	if err != nil {
		return e.explain(err)
	}
	failed = false
	o := report.New(e.Experiment, res, time.Since(begin))
	if c.Chip != "" && res.LossDAC != nil && res.Status != minimize.Interrupted {
		if o.Chip, err = c.tune(ctx, k, e, res); err != nil && ctx.Err() == nil {
			return e.explain(err)
		}
	}
	if err := p.write(context.WithoutCancel(ctx), o, dir); err != nil {
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
		err = o.Text(k.Stdout)
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

// results is the folder of the results.
func (c *Command) results(what, path, checkpoint string, files []string) rundir.Results {
	return rundir.Results{What: what, Out: c.Out, Path: path, Resume: c.Resume, Force: c.Force, Checkpoint: checkpoint, Files: files}
}

// pipe is the chip.
func (c *Command) pipe(k *kong.Context) *live.Pipe {
	return &live.Pipe{Command: strings.Fields(c.Chip), Timeout: time.Duration(c.ChipTimeout), Stderr: k.Stderr}
}

// tune fits the chip in the loop.
func (c *Command) tune(ctx context.Context, k *kong.Context, e *subject, res *fit.Result) (*live.Tuned, error) {
	chip := c.pipe(k)
	defer chip.Close()
	return live.Tune(ctx, chip, e.Experiment.Experiment, res, live.Settings{Fit: e.Settings, Record: func(r live.Round) error {
		_, err := fmt.Fprintln(k.Stderr, "chip:", r)
		return err
	}})
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
		return &exit.BadInput{File: e.Path, Member: strings.TrimPrefix(bad.Target, e.Path+": "), Err: bad.Err}
	}
	return &exit.BadInput{File: e.Path, Err: err}
}
