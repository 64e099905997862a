// Package traincmd is the command surge train.
package traincmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/internal/memory"
	"github.com/surge-snn/surge/internal/rundir"
	"github.com/surge-snn/surge/internal/seconds"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/data"
	"github.com/surge-snn/surge/train/experiment"
	"github.com/surge-snn/surge/train/experiment/recipes"
	"github.com/surge-snn/surge/train/ranks"
)

// Command is surge train.
type Command struct {
	Recipe string `arg:"" optional:"" complete:"recipes" help:"A built-in experiment: ${recipes}."`
	Config string `placeholder:"FILE" help:"An experiment of your own, in TOML; --help-config says what it can hold."`

	Data   string  `placeholder:"PATH" help:"Folder or file of the data, where the experiment reads files."`
	Out    string  `placeholder:"DIR" help:"Folder for the results; default runs/NAME-SEED, or where there is such a run, runs/NAME-SEED-2 and so on."`
	Seed   *uint64 `help:"Of the parameters, the order of the data and all random numbers."`
	Epochs *int    `help:"How often the training set is learned."`
	Hidden []int   `placeholder:"N,..." help:"Neurons of each hidden layer."`
	Method string  `enum:"surrogate,eventprop,eventprop-recurrent,analytical," default:"" help:"surrogate: time steps with surrogate gradients; eventprop, eventprop-recurrent: event to event with exact gradients; analytical: the same by implicit derivatives, for small networks. RECIPE is then the one for it."`
	Engine string  `enum:"fused,unrolled," default:"" help:"fused: one kernel per layer; unrolled: Gorgonia's operations and gradient."`

	Memory          *memory.Size `placeholder:"SIZE" help:"What the run may take, as 64MB: where it would be more, sequences are cut into segments that are computed again for the gradient, as long as they fit. Results do not depend on it."`
	DebugNaNs       bool         `name:"debug-nans" help:"End at the first operation whose result is not a finite number, and say which it is: layer, time step, operation. A little slower."`
	Shards          *int         `placeholder:"N" help:"Parts, 1, 2, 4, ..., in which each batch is computed, at once on several processors or by the ranks of mpiexec."`
	Timeout         seconds.Time `default:"5m" placeholder:"SECONDS" help:"Under mpiexec: how long a rank waits for another before the run ends."`
	Threads         int          `help:"Processors to use; 0: all. Results do not depend on it."`
	Resume          bool         `help:"Go on with the run in --out after its last checkpoint."`
	CheckpointEvery interval     `placeholder:"N|TIME" help:"Save within an epoch, too: after so many batches (500) or so long (30s). A killed run loses at most that."`
	Keep            int          `placeholder:"N" help:"Keep the checkpoints of the last N epochs and of the best one, as checkpoint-0012."`
	Force           bool         `help:"Replace the run in --out, if there is one."`
	PrintConfig     bool         `help:"Print the experiment with all that is in effect, as TOML, and on standard error the memory that a run needs, and end."`
	HelpConfig      bool         `help:"Describe all keys of an experiment, with their defaults, and end."`
	JSON            bool         `help:"Print a JSON object per epoch, and one at the end with test_accuracy (or test_metrics), best_epoch and seconds."`
}

// Help is the text under the usage of the command.
func (Command) Help() string {
	return `Trains a spiking network and evaluates the best epoch, chosen on the validation set, once on the test set.

The folder of the results holds

  config.toml     the experiment: surge train --config repeats the run, byte for byte
  metrics.jsonl   a JSON object per epoch: loss, accuracy, learning rate, spikes
  times.jsonl     seconds per epoch
  checkpoint      the state of the run, to go on from; checkpoint.prev is the one before
  best.params     the parameters of the best epoch
  curves.png      loss and accuracy, or metrics, over the epochs
  raster.png      the spikes of all layers for one sample of the test set
  receipt.jsonl   a chain of SHA-256 over experiment, data and the state after each epoch, which surge verify proves
  SHA256SUMS      of all these files, for surge verify and sha256sum -c

Ctrl-C (SIGINT, SIGTERM, SIGHUP) saves the checkpoint and ends with status 130; --resume goes on as if nothing had happened. All files but times.jsonl, checkpoint.prev and SHA256SUMS are the same, byte for byte, for equal runs, interrupted or not. A folder is used by one process at a time.

mpiexec -n 4 surge train ... (a build with -tags mpi) trains with 4 processes, each of which computes its shards of each batch. The bytes are those of one process with as many shards: without --shards, 4 or as many as there are processes, where these are more; config.toml has the number. The first process writes the files; one that dies, hangs or finds a number that is not finite ends the run, which --resume goes on with, with any number of ranks.

Examples:

  surge train yinyang
  surge train mnist --data data/mnist --seed 2
  surge train yinyang --method eventprop
  surge train --help-config
  surge train yinyang --print-config > my.toml
  surge train --config my.toml --out runs/mine --json
  surge train --config my.toml --memory 64MB
  surge train --resume --out runs/mine`
}

// Run trains.
func (c *Command) Run(ctx context.Context, k *kong.Context) (err error) {
	if c.HelpConfig {
		_, err := io.WriteString(k.Stdout, experiment.Help())
		return err
	}
	if os.Getenv("GOGC") == "" {
		// Training allocates nothing, and data sets are large: what is no longer used is to be a
		// small share of the memory.
		debug.SetGCPercent(25)
	}
	all, err := ranks.Join(time.Duration(c.Timeout)) // before all else: what one rank finds wrong, it has to tell the others
	if err != nil {
		return err
	}
	defer func() { err = all.Leave(k.Stderr, err) }()
	e, err := c.experiment()
	if err != nil {
		return err
	}
	var begun *experiment.Experiment
	if c.Resume {
		if begun, _ = experiment.Begun(c.path(e), ""); begun == nil { // without either, folder and begin say so
			begun, _ = experiment.Read(filepath.Join(c.path(e), experiment.ConfigFile), "")
		}
	}
	chosen, err := e.Share(all.Size(), begun) // before the data are read
	if err != nil {
		return err
	}
	if c.PrintConfig {
		if !all.First() {
			return nil
		}
		return c.print(k.Stdout, k.Stderr, e)
	}
	if c.Threads < 0 {
		return &exit.BadInput{File: "--threads", Expected: "a number of processors, or 0 for all", Found: fmt.Sprint(c.Threads)}
	}
	if c.Threads > 0 {
		runtime.GOMAXPROCS(c.Threads)
	}
	if c.Keep < 0 {
		return &exit.BadInput{File: "--keep", Expected: "a number of epochs, or 0 for none", Found: fmt.Sprint(c.Keep)}
	}
	r := &runner{experiment: e, every: c.CheckpointEvery, keep: c.Keep, ranks: all, chosen: chosen, report: newReport(k.Stdout, k.Stderr, c.JSON, e), fit: c.fit}
	if !all.First() {
		r.report = newReport(io.Discard, io.Discard, c.JSON, e)
	}
	if err := exit.Within(ctx, r.open); err != nil { // before the folder is touched
		return err
	}
	defer r.close()
	if !all.First() {
		return r.follow(ctx, c.path(e))
	}
	if r.dir, err = c.folder(e); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.dir.Close()) }()
	if err := c.begin(r); err != nil {
		return err
	}
	if err := files.WriteText(r.dir.Path(experiment.ConfigFile), e.Text()); err != nil {
		return &exit.BadInput{File: "--out " + r.dir.String(), Err: err}
	}
	if err := r.agree(ctx, r.dir.String()); err != nil {
		return err
	}
	if err = r.run(ctx); err != nil && ctx.Err() == nil {
		return err
	}
	return errors.Join(err, r.dir.Seal())
}

// print prints the experiment, and beside it what a run needs, where the data are there.
func (c *Command) print(out, errs io.Writer, e *experiment.Experiment) error {
	text := e.Text() // without what the data say
	need := "memory of a run: "
	if sets, target, err := e.Load(); err != nil {
		need += fmt.Sprintf("not known without the data: %v", err)
	} else {
		m, err := c.fit(e, sets, target)
		if err != nil {
			return err
		}
		need += m.String()
		if e.Checkpoint > 0 {
			need += fmt.Sprintf(", in segments of %d of %d steps", e.Checkpoint, e.Encode.Steps)
		}
		e.Warn(newReport(out, errs, false, e).logger())
	}
	if _, err := fmt.Fprint(out, text); err != nil {
		return err
	}
	_, err := fmt.Fprintln(errs, need)
	return err
}

// fit chooses segments that fit into --memory, and returns what the run needs.
func (c *Command) fit(e *experiment.Experiment, sets train.Data, target data.Target) (experiment.Memory, error) {
	if c.Memory == nil {
		return e.Memory(sets, target)
	}
	m, err := e.Fit(sets, target, int64(*c.Memory))
	if errors.Is(err, experiment.ErrMemory) {
		err = &exit.BadInput{File: "--memory", Expected: fmt.Sprintf("at least %v: with a smaller train.batch it would be less", m), Found: c.Memory.String()}
	}
	return m, err
}

// experiment reads the experiment and lays the flags over it.
func (c *Command) experiment() (*experiment.Experiment, error) {
	e, err := c.base()
	if err != nil {
		return nil, err
	}
	if c.Data != "" {
		e.Locate(c.Data)
	}
	if c.Seed != nil {
		e.Seed = *c.Seed
	}
	if c.Epochs != nil {
		e.Train.Epochs = *c.Epochs
	}
	if len(c.Hidden) > 0 {
		e.Model.Hidden = c.Hidden
	}
	if c.Engine != "" {
		e.Train.Engine = c.Engine
	}
	if c.Shards != nil {
		e.Train.Shards = *c.Shards
	}
	e.DebugNaNs = c.DebugNaNs
	return e, e.Check()
}

// base reads the experiment that the arguments name: a recipe, a file, or that of the run to be
// resumed.
func (c *Command) base() (*experiment.Experiment, error) {
	switch {
	case c.Recipe != "" && c.Config != "":
		return nil, &exit.BadInput{File: "surge train", Expected: "a recipe or --config, not both", Found: c.Recipe + " and " + c.Config}
	case c.Recipe != "":
		text, ok := recipes.For(c.Recipe, c.Method)
		if !ok {
			return nil, &exit.BadInput{File: "surge train", Expected: "one of " + strings.Join(recipes.Names(), ", ") + ", or --config FILE", Found: c.Recipe, Nearest: exit.Nearest(c.Recipe, recipes.Names())}
		}
		return experiment.Parse(c.Recipe, text, c.Method)
	case c.Config != "":
		return experiment.Read(c.Config, c.Method)
	case c.Resume && c.Out != "":
		if config := filepath.Join(c.Out, experiment.ConfigFile); isFile(config) {
			return experiment.Read(config, c.Method) // where it has been changed, begin says so
		}
		return experiment.Begun(c.Out, c.Method)
	case c.Resume:
		return nil, &exit.BadInput{File: "--resume", Expected: "a recipe, --config FILE or --out DIR", Found: "none"}
	}
	return nil, &exit.BadInput{File: "surge train", Expected: "one of " + strings.Join(recipes.Names(), ", ") + ", or --config FILE", Found: "nothing"}
}

func isFile(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// folder takes --out, or by default the first folder that holds no run yet, unless that of an
// earlier run is to be resumed or replaced.
func (c *Command) folder(e *experiment.Experiment) (*rundir.Dir, error) {
	base := c.path(e)
	if c.Resume && !isFile(base) {
		if _, err := experiment.Begun(base, ""); err != nil {
			return nil, err
		}
	}
	if c.Out != "" || c.Resume || c.Force {
		return rundir.Open(base)
	}
	return rundir.Claim(base, func(path string) bool { return !isFile(filepath.Join(path, experiment.ConfigFile)) })
}

// path returns --out, or the default.
func (c *Command) path(e *experiment.Experiment) string {
	if c.Out != "" {
		return c.Out
	}
	return filepath.Join("runs", fmt.Sprintf("%s-%d", e.Name, e.Seed))
}

// begin prepares the folder of a run: it looks for the checkpoint to go on from, or removes
// what is to be replaced.
func (c *Command) begin(r *runner) error {
	if c.Resume {
		if err := r.checkResume(); err != nil {
			return err
		}
		return r.dir.Unseal()
	}
	old, err := experiment.FilesOf(r.dir.String())
	if err != nil {
		return err
	}
	for _, name := range old {
		if !r.dir.Has(name) {
			continue
		}
		if !c.Force {
			return &exit.BadInput{File: r.dir.String(), Expected: "a new folder; --resume goes on with the run in this one, --force replaces it", Found: name}
		}
		if err := files.Remove(r.dir.Path(name)); err != nil {
			return &exit.BadInput{File: "--out " + r.dir.String(), Err: err}
		}
	}
	return nil
}

// interval is a number of batches or a duration.
type interval struct {
	batches int
	time    time.Duration
}

// UnmarshalText reads "500" or "30s".
func (i *interval) UnmarshalText(text []byte) (err error) {
	if i.batches, err = strconv.Atoi(string(text)); err != nil {
		i.time, err = time.ParseDuration(string(text))
	}
	if err != nil || i.batches <= 0 && i.time <= 0 {
		return fmt.Errorf("expected a number of batches > 0 or a time such as 30s, found %q", text)
	}
	return nil
}
