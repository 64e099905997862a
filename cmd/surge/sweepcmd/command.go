// Package sweepcmd is the command surge sweep: many runs of an experiment with other values of some
// of its keys.
package sweepcmd

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"

	"github.com/alecthomas/kong"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/mpi"
	"github.com/surge-snn/surge/internal/parts"
	"github.com/surge-snn/surge/train/sweep"
)

// Command is surge sweep.
type Command struct {
	File    string `arg:"" placeholder:"SWEEP.toml" help:"The sweep, in TOML."`
	Out     string `placeholder:"DIR" help:"Folder for the results; default runs/NAME, after the sweep. The same command goes on with what is in it."`
	Workers int    `help:"Runs at the same time, of which each gets its share of the processors; 0: one for each processor."`
	Retry   bool   `help:"Run those again that have failed."`
	Force   bool   `help:"Replace the results in --out, where they are of another sweep."`
	DryRun  bool   `help:"Print the runs and end."`
	JSON    bool   `help:"Print a JSON object per point at the end, the best first."`
}

// Help is the text under the usage of the command.
func (Command) Help() string {
	return `Runs an experiment of surge train or surge fit once for every combination of values of some of its keys, or for random values, and for every seed.

  name = "rates"
  recipe = "yinyang"            # or config = "my.toml", for surge train; or fit = "fit.toml", for surge fit
  seeds = [1, 2, 3]             # the same for all points, which are compared pair by pair
  # points = 20                 # random points in place of the grid; seed = 1 draws them
  # score = "valid_accuracy"    # any number that the command prints with --json; goal = "max" or "min"
  [keys]
  "train.lr" = {from = 1e-3, to = 1e-2, log = true, steps = 3}
  "model.tau_mem" = [10e-3, 20e-3]
  "model.hidden" = [[50], [100]]
  # "target.0.file" = ["neuron-1.npz", "neuron-2.npz"]   of a list of sections the first: many fits of one kind

The folder of the results holds

  sweep.toml      the sweep
  0001-1 ...      a folder for each point and seed: the experiment, its run, result.json
  results.csv     a line for each run: its keys and all numbers of the result
  sweep.png       the score over the key with the most values, or over the random points

Each run is a process of its own: one that fails or is killed costs that run. A run that is there is not made again, and an interrupted one goes on, so that the same command takes a sweep up again; commands that share the folder, on one machine or several, share the runs. Under mpiexec or srun each rank is a worker; in a Slurm job array each task makes one run, and the command without an array afterwards draws the table.`
}

// Run runs the sweep.
func (c *Command) Run(ctx context.Context, k *kong.Context) error {
	s, err := sweep.Read(c.File)
	if err != nil {
		return err
	}
	if c.Workers < 0 {
		return &exit.BadInput{File: "--workers", Expected: "a number of runs, or 0", Found: fmt.Sprint(c.Workers)}
	}
	out := c.Out
	if out == "" {
		out = filepath.Join("runs", s.Name)
	}
	points := s.All()
	tasks, err := s.Tasks(points, out)
	if err != nil {
		return err
	}
	if c.DryRun {
		for _, t := range tasks {
			if _, err := fmt.Fprintf(k.Stdout, "%s  seed %d  %s\n", t.Dir, t.Seed, s.Describe(t.Point)); err != nil {
				return err
			}
		}
		return nil
	}
	rank, ranks, started := mpi.Started()
	if c.Force && ranks > 1 {
		return &exit.BadInput{File: "--force", Expected: "no other ranks, which may be at work in " + out + " already", Found: fmt.Sprintf("%d ranks", ranks)}
	}
	if err := s.Claim(out, c.Force); err != nil {
		return err
	}
	first, err := parts.First(rank, ranks, len(tasks))
	if err != nil {
		return err
	}
	r := &sweep.Runner{Sweep: s, Tasks: tasks, Retry: c.Retry, Progress: k.Stderr, Workers: c.Workers, Offset: first}
	if r.Workers == 0 {
		r.Workers = runtime.NumCPU()
		if started {
			r.Workers = 1
		}
	}
	if index, ok, err := sweep.ArrayIndex(len(tasks)); err != nil {
		return err
	} else if ok {
		return r.One(ctx, index)
	}
	r.Wait = rank == 0
	if err := r.Run(ctx); err != nil || rank != 0 {
		return err
	}
	results, err := r.Results()
	if err != nil {
		return err
	}
	write := s.WriteTable
	if c.JSON {
		write = s.WriteJSON
	}
	return s.Finish(out, points, results, func(rows []sweep.Row) error { return write(k.Stdout, rows) })
}
