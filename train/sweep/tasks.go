package sweep

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/internal/given"
	"github.com/surge-snn/surge/internal/rundir"
	fitted "github.com/surge-snn/surge/models/dynapse/experiment"
	"github.com/surge-snn/surge/train/experiment"
	"github.com/surge-snn/surge/train/experiment/recipes"
)

// Names of the files of a sweep.
const (
	sweepFile   = "sweep.toml"
	resultFile  = "result.json"
	resultsFile = "results.csv"
	pictureFile = "sweep.png"
	runDir      = "run" // in the folder of a task
)

// Task is one run.
type Task struct {
	Point Point
	Seed  uint64
	Dir   string // its folder
	text  string // its experiment
}

// ArrayIndex returns the run that belongs to this task of a Slurm job array.
func ArrayIndex(runs int) (index int, ok bool, err error) {
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

// Tasks returns all runs, each in a folder of its own in out, the seeds of a point one after
// another. Their experiments are checked; nothing is written.
func (s *Sweep) Tasks(points []Point, out string) ([]Task, error) {
	if err := s.check(points...); err != nil {
		return nil, err
	}
	file, base, err := s.base()
	if err != nil {
		return nil, err
	}
	var tasks []Task
	for _, p := range points {
		for _, seed := range s.Seeds {
			text, err := s.Set(file, base, p, seed)
			if err != nil {
				return nil, err
			}
			if s.Fit != "" {
				if text, err = absolute(file, text); err == nil {
					_, err = fitted.Parse(file, text, fitted.Options{})
				}
			} else {
				_, err = experiment.Parse(file, text, s.Method)
			}
			if err != nil {
				return nil, fmt.Errorf("point %d (%s): %w", p.Index+1, s.Describe(p), err)
			}
			tasks = append(tasks, Task{p, seed, filepath.Join(out, folder(p.Index, seed)), text})
		}
	}
	return tasks, nil
}

// base returns the text of the experiment, and the file that it is from.
func (s *Sweep) base() (file, text string, err error) {
	if s.Recipe != "" {
		text, ok := recipes.Read(s.Recipe)
		if !ok {
			return "", "", &exit.BadInput{File: s.path, Member: "recipe", Expected: fmt.Sprintf("one of %v", recipes.Names()), Found: s.Recipe}
		}
		return s.Recipe, text, nil
	}
	file = s.Config + s.Fit
	if !filepath.IsAbs(file) {
		file = filepath.Join(filepath.Dir(s.path), file) // beside the sweep
	}
	text, err = files.ReadText(file)
	if err != nil {
		return "", "", &exit.BadInput{File: file, Expected: "the experiment of the sweep", Err: err}
	}
	return file, text, nil
}

// Claim makes the folder of the results, or makes sure that it is one of this sweep.
func (s *Sweep) Claim(out string, force bool) error {
	if err := s.check(); err != nil {
		return err
	}
	text, err := files.ReadText(s.path)
	if err != nil {
		return &exit.BadInput{File: s.path, Err: err}
	}
	path := filepath.Join(out, sweepFile)
	old, err := files.ReadText(path)
	switch {
	case err == nil && old == text:
		return nil
	case err == nil && !force:
		return &exit.BadInput{File: out, Expected: "the results of this sweep, or none; --force replaces those of another", Found: path + ", which differs from " + s.path}
	case err == nil || force:
		found, err := filepath.Glob(filepath.Join(out, "[0-9][0-9][0-9][0-9]*-*"))
		if err != nil {
			return err
		}
		for _, dir := range append(found, filepath.Join(out, rundir.SumsFile), filepath.Join(out, resultsFile), filepath.Join(out, pictureFile)) {
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
	return files.WriteText(path, text)
}

// Describe returns "train.lr 0.001, model.tau_mem 0.02".
func (s *Sweep) Describe(p Point) string {
	text := ""
	if s == nil {
		return text
	}
	for i, k := range s.Keys {
		if i > 0 {
			text += ", "
		}
		text += k.Name + " " + Text(p.value(i))
	}
	return text
}

// folder returns the name of the folder of a run.
func folder(point int, seed uint64) string { return fmt.Sprintf("%04d-%d", point+1, seed) }

// Finish writes the table of all results into out and draws it, and hands its rows to show. At last
// it writes the SHA-256 of all files. Runs without a score are an [exit.Negative] error.
func (s *Sweep) Finish(out string, points []Point, results []Result, show func([]Row) error) error {
	if err := s.check(points...); err != nil {
		return err
	}
	if err := given.Need("show", show); err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	if err := files.WriteAtomic(filepath.Join(out, resultsFile), func(w io.Writer) error { return s.WriteCSV(w, points, results) }); err != nil {
		return err
	}
	rows := s.Table(points, results)
	if err := show(rows); err != nil {
		return err
	}
	failed := 0
	first := ""
	var folders []string
	for _, r := range results {
		dir := folder(r.Point, r.Seed)
		folders = append(folders, dir, dir+"/"+runDir)
		if _, ok := r.Numbers[s.Score]; !ok {
			if failed++; failed == 1 {
				first = r.Error
			}
		}
	}
	var err error
	if failed < len(results) {
		err = s.Figure(rows).Write(filepath.Join(out, pictureFile))
	}
	if err == nil {
		err = rundir.Seal(out, folders...)
	}
	if failed > 0 {
		return errors.Join(err, &exit.Negative{Reason: fmt.Sprintf("%d of %d runs have no %s, the first: %s; see %s", failed, len(results), s.Score, first, filepath.Join(out, resultsFile))})
	}
	return err
}
