// Package sweepcmd is the command surge sweep: many runs of an experiment with other values of some of its keys.
package sweepcmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"

	"github.com/alecthomas/kong"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/internal/mpi"
	chip "github.com/surge-snn/surge/models/dynapse/experiment"
	"github.com/surge-snn/surge/train/experiment"
	"github.com/surge-snn/surge/train/experiment/recipes"
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

The folder of the results holds

  sweep.toml      the sweep
  0001-1 ...      a folder for each point and seed: the experiment, its run, result.json
  results.csv     a line for each run: its keys and all numbers of the result
  sweep.png       the score over the key with the most values, or over the random points

Each run is a process of its own: one that fails or is killed costs that run. A run that is there is not made again, and an interrupted one goes on, so that the same command takes a sweep up again; commands that share the folder, on one machine or several, share the runs. Under mpiexec or srun each rank is a worker; in a Slurm job array each task makes one run, and the command without an array afterwards draws the table.`
}

// Names of the files of a sweep.
const (
	sweepFile   = "sweep.toml"
	resultFile  = "result.json"
	resultsFile = "results.csv"
	pictureFile = "sweep.png"
)

// task is one run.
type task struct {
	point sweep.Point
	seed  uint64
	dir   string // its folder
	text  string // its experiment
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
	tasks, err := c.tasks(s, points, out)
	if err != nil {
		return err
	}
	if c.DryRun {
		return printTasks(k.Stdout, s, tasks)
	}
	rank, ranks, started := mpi.Started()
	if c.Force && ranks > 1 {
		return &exit.BadInput{File: "--force", Expected: "no other ranks, which may be at work in " + out + " already", Found: fmt.Sprintf("%d ranks", ranks)}
	}
	if err := c.claim(out); err != nil {
		return err
	}
	r := &runner{sweep: s, tasks: tasks, retry: c.Retry, errs: k.Stderr, workers: c.Workers, offset: rank * len(tasks) / ranks}
	if r.workers == 0 {
		r.workers = runtime.NumCPU()
		if started {
			r.workers = 1
		}
	}
	if index, ok, err := arrayIndex(len(tasks)); err != nil {
		return err
	} else if ok {
		return r.one(ctx, index)
	}
	r.wait = rank == 0
	if err := r.run(ctx); err != nil || rank != 0 {
		return err
	}
	results, err := r.results()
	if err != nil {
		return err
	}
	return c.finish(k.Stdout, s, points, results, out)
}

// arrayIndex returns the run that belongs to this task of a Slurm job array.
func arrayIndex(runs int) (index int, ok bool, err error) {
	text := os.Getenv("SLURM_ARRAY_TASK_ID")
	if text == "" {
		return 0, false, nil
	}
	id, err := strconv.Atoi(text)
	first, errFirst := strconv.Atoi(os.Getenv("SLURM_ARRAY_TASK_MIN"))
	if errFirst != nil {
		first = 0
	}
	if index = id - first; err != nil || index < 0 || index >= runs {
		return 0, false, &exit.BadInput{File: "SLURM_ARRAY_TASK_ID", Expected: fmt.Sprintf("a job array of %d tasks, one for each run", runs), Found: text}
	}
	return index, true, nil
}

// tasks returns all runs, the seeds of a point one after another. Their experiments are checked before
// anything is written.
func (c *Command) tasks(s *sweep.Sweep, points []sweep.Point, out string) ([]task, error) {
	file, base, err := c.base(s)
	if err != nil {
		return nil, err
	}
	var tasks []task
	for _, p := range points {
		for _, seed := range s.Seeds {
			text, err := s.Set(file, base, p, seed)
			if err != nil {
				return nil, err
			}
			if s.Fit != "" {
				if text, err = absolute(file, text); err == nil {
					_, err = chip.Parse(file, text, chip.Options{})
				}
			} else {
				_, err = experiment.Parse(file, text, s.Method)
			}
			if err != nil {
				return nil, fmt.Errorf("point %d (%s): %w", p.Index+1, describe(s, p), err)
			}
			dir := filepath.Join(out, fmt.Sprintf("%04d-%d", p.Index+1, seed))
			tasks = append(tasks, task{p, seed, dir, text})
		}
	}
	return tasks, nil
}

// base returns the text of the experiment, and the file that it is from.
func (c *Command) base(s *sweep.Sweep) (file, text string, err error) {
	if s.Recipe != "" {
		text, ok := recipes.Read(s.Recipe)
		if !ok {
			return "", "", &exit.BadInput{File: c.File, Member: "recipe", Expected: fmt.Sprintf("one of %v", recipes.Names()), Found: s.Recipe}
		}
		return s.Recipe, text, nil
	}
	file = s.Config + s.Fit
	if !filepath.IsAbs(file) {
		file = filepath.Join(filepath.Dir(c.File), file) // beside the sweep
	}
	b, err := files.ReadFile(file)
	if err != nil {
		return "", "", &exit.BadInput{File: file, Expected: "the experiment of the sweep", Err: err}
	}
	return file, string(b), nil
}

// claim makes the folder of the results, or makes sure that it is one of this sweep.
func (c *Command) claim(out string) error {
	text, err := files.ReadFile(c.File)
	if err != nil {
		return &exit.BadInput{File: c.File, Err: err}
	}
	path := filepath.Join(out, sweepFile)
	old, err := files.ReadFile(path)
	switch {
	case err == nil && string(old) == string(text):
		return nil
	case err == nil && !c.Force:
		return &exit.BadInput{File: out, Expected: "the results of this sweep, or none; --force replaces those of another", Found: path + ", which differs from " + c.File}
	case err == nil || c.Force:
		found, err := filepath.Glob(filepath.Join(out, "[0-9][0-9][0-9][0-9]*-*"))
		if err != nil {
			return err
		}
		for _, dir := range append(found, filepath.Join(out, resultsFile), filepath.Join(out, pictureFile)) {
			if err := os.RemoveAll(dir); err != nil {
				return &exit.BadInput{File: dir, Err: err}
			}
		}
	case !errors.Is(err, os.ErrNotExist):
		return &exit.BadInput{File: path, Err: errors.Unwrap(err)}
	}
	if err := os.MkdirAll(out, 0o777); err != nil {
		return &exit.BadInput{File: out, Expected: "a folder for the results", Err: err}
	}
	return files.WriteAtomic(path, func(w io.Writer) error { _, err := w.Write(text); return err })
}

func printTasks(w io.Writer, s *sweep.Sweep, tasks []task) error {
	for _, t := range tasks {
		if _, err := fmt.Fprintf(w, "%s  seed %d  %s\n", t.dir, t.seed, describe(s, t.point)); err != nil {
			return err
		}
	}
	return nil
}

// describe returns "train.lr 0.001, model.tau_mem 0.02".
func describe(s *sweep.Sweep, p sweep.Point) string {
	text := ""
	for i, k := range s.Keys {
		if i > 0 {
			text += ", "
		}
		text += k.Name + " " + sweep.Text(p.Values[i])
	}
	return text
}

// finish writes the table, its file and its picture.
func (c *Command) finish(w io.Writer, s *sweep.Sweep, points []sweep.Point, results []sweep.Result, out string) error {
	if err := files.WriteAtomic(filepath.Join(out, resultsFile), func(w io.Writer) error { return s.WriteCSV(w, points, results) }); err != nil {
		return err
	}
	rows := s.Table(points, results)
	if c.JSON {
		for _, r := range rows {
			if err := json.NewEncoder(w).Encode(rowJSON(s, r)); err != nil {
				return err
			}
		}
	} else if err := printTable(w, s, rows); err != nil {
		return err
	}
	failed := 0
	first := ""
	for _, r := range results {
		if _, ok := r.Numbers[s.Score]; !ok {
			if failed++; failed == 1 {
				first = r.Error
			}
		}
	}
	var err error
	if failed < len(results) {
		err = draw(s, rows).Write(filepath.Join(out, pictureFile))
	}
	if failed > 0 {
		return errors.Join(err, &exit.Negative{Reason: fmt.Sprintf("%d of %d runs have no %s, the first: %s; see %s", failed, len(results), s.Score, first, filepath.Join(out, resultsFile))})
	}
	return err
}
