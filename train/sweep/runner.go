package sweep

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/BurntSushi/toml"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/internal/given"
	"github.com/surge-snn/surge/internal/mpi"
	"github.com/surge-snn/surge/internal/rundir"
)

// Runner makes the runs of a sweep that nobody has made or is making. Who holds the lock of the
// folder of a run makes it: workers, processes and machines need no other word with each other.
type Runner struct {
	Sweep    *Sweep
	Tasks    []Task
	Workers  int       // runs at the same time, at least 1
	Offset   int       // where this process begins to look
	Retry    bool      // failed runs, too
	Wait     bool      // for runs that others make
	Progress io.Writer // takes a line for each run; nil: none

	mu      sync.Mutex
	retried map[string]bool
}

// Run works until all runs are made; without wait, until all are made or taken.
func (r *Runner) Run(ctx context.Context) error {
	if err := r.check(ctx); err != nil {
		return err
	}
	r.retried = map[string]bool{}
	var wait sync.WaitGroup
	errs := make([]error, max(r.Workers, 1))
	for i := range errs {
		wait.Go(func() { errs[i] = r.work(ctx) })
	}
	wait.Wait()
	if ctx.Err() != nil {
		return fmt.Errorf("%w; the same command goes on", exit.ErrInterrupted)
	}
	return errors.Join(errs...)
}

// check returns an error where something is missing.
func (r *Runner) check(ctx context.Context) error {
	err := given.Need("a Runner", r, "ctx", ctx)
	if err == nil {
		err = given.Need("Runner.Sweep, as Read or Parse makes one", r.Sweep)
	}
	if err == nil && r.Offset < 0 {
		err = fmt.Errorf("Runner.Offset is %d, want >= 0", r.Offset)
	}
	if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	return nil
}

// work makes one run after another.
func (r *Runner) work(ctx context.Context) error {
	for {
		open := 0 // runs that others have taken
		for i := range r.Tasks {
			if ctx.Err() != nil {
				return nil
			}
			t := r.Tasks[(r.Offset+i)%len(r.Tasks)]
			made, err := r.take(ctx, t)
			if err != nil {
				return err
			}
			if !made {
				open++
			}
		}
		if open == 0 || !r.Wait {
			return nil
		}
		select { // a worker that dies leaves its run to us
		case <-ctx.Done():
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// One makes the run of a number, and reports whether it failed.
func (r *Runner) One(ctx context.Context, index int) error {
	if err := r.check(ctx); err != nil {
		return err
	}
	if index < 0 || index >= len(r.Tasks) {
		return fmt.Errorf("sweep: run %d of %d", index, len(r.Tasks))
	}
	r.retried = map[string]bool{}
	r.Workers = 1
	t := r.Tasks[index]
	if _, err := r.take(ctx, t); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%w; the same command goes on", exit.ErrInterrupted)
	}
	result, err := readResult(t)
	if err != nil {
		return err
	}
	if result != nil && result.Error != "" {
		return &exit.Negative{Reason: t.Dir + ": " + result.Error}
	}
	return nil
}

// take makes a run, unless it has been made or somebody else is at it, and reports whether it is
// made now.
func (r *Runner) take(ctx context.Context, t Task) (made bool, err error) {
	if made, err := r.made(t); made || err != nil {
		return made, err
	}
	dir, err := rundir.Open(t.Dir)
	if busy := (*rundir.Busy)(nil); errors.As(err, &busy) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	if made, err := r.made(t); made || err != nil { // somebody was faster
		return made, err
	}
	if busy, err := working(filepath.Join(t.Dir, runDir)); busy || err != nil {
		return false, err
	}
	if err := rundir.Unseal(filepath.Dir(t.Dir)); err != nil {
		return false, err
	}
	start := time.Now()
	result, err := r.execute(ctx, t)
	if err != nil || ctx.Err() != nil {
		return false, err
	}
	r.mu.Lock()
	r.retried[t.Dir] = true
	r.mu.Unlock()
	if err := files.WriteAtomic(dir.Path(resultFile), func(w io.Writer) error { return json.NewEncoder(w).Encode(result) }); err != nil {
		return false, err
	}
	r.say(t, result, time.Since(start))
	return true, nil
}

// made tells whether the result of a run is there.
func (r *Runner) made(t Task) (bool, error) {
	result, err := readResult(t)
	if result == nil || err != nil {
		return false, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.Retry || result.Error == "" || r.retried[t.Dir], nil
}

// readResult returns the result of a run, nil where there is none yet.
func readResult(t Task) (*Result, error) {
	path := filepath.Join(t.Dir, resultFile)
	b, err := files.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	result := &Result{}
	if err == nil {
		err = json.Unmarshal(b, result)
	}
	if err != nil {
		return nil, &exit.BadInput{File: path, Expected: "the result of a run; without the file it is made again", Err: err}
	}
	result.Point, result.Seed = t.Point.Index, t.Seed
	return result, nil
}

// Results returns those of all runs.
func (r *Runner) Results() ([]Result, error) {
	var all []Result
	if r == nil {
		return nil, nil
	}
	for _, t := range r.Tasks {
		result, err := readResult(t)
		if err != nil {
			return nil, err
		}
		if result == nil {
			return nil, &exit.BadInput{File: t.Dir, Expected: resultFile, Found: "none"}
		}
		all = append(all, *result)
	}
	return all, nil
}

// execute runs the process of a run, and goes on with what an interrupted one left.
func (r *Runner) execute(ctx context.Context, t Task) (*Result, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	config, out := filepath.Join(t.Dir, "experiment.toml"), filepath.Join(t.Dir, runDir)
	if err := files.WriteAtomic(config, func(w io.Writer) error { _, err := io.WriteString(w, t.text); return err }); err != nil {
		return nil, err
	}
	args := []string{"train", "--config", config, "--out", out, "--json"}
	if r.Sweep.Method != "" {
		args = append(args, "--method", r.Sweep.Method)
	}
	if r.Sweep.Fit != "" {
		args = []string{"fit", config, "--out", out, "--json"}
	}
	switch {
	case exists(filepath.Join(out, "checkpoint")):
		args = append(args, "--resume")
	case exists(out):
		args = append(args, "--force")
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stdout, cmd.Stderr, cmd.Env = &stdout, &stderr, environment(max(r.Workers, 1))
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // it saves
	cmd.WaitDelay = time.Minute
	failed := cmd.Run()
	result := &Result{Point: t.Point.Index, Seed: t.Seed, Numbers: numbers(stdout.String())}
	if failed != nil {
		lines := strings.Split(strings.TrimSpace(stderr.String()), "\n")
		result.Error = strings.TrimPrefix(lines[len(lines)-1], "surge: ")
		if result.Error == "" {
			result.Error = failed.Error()
		}
	}
	if passing := exit.Passing(cmd.ProcessState.ExitCode()); passing != nil { // no result, but a run to go on with
		return nil, fmt.Errorf("%s: %w: %s; the same command goes on", t.Dir, passing, result.Error)
	}
	return result, nil
}

// working tells whether a process works in the folder of a run: a sweep that was killed leaves its
// runs to themselves.
func working(path string) (bool, error) {
	if !exists(path) {
		return false, nil
	}
	dir, err := rundir.Open(path)
	if busy := (*rundir.Busy)(nil); errors.As(err, &busy) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	return false, dir.Close()
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// environment is that of a run: its share of the processors, and nothing of the starter, to which
// it does not belong.
func environment(workers int) []string {
	var env []string
	for _, v := range os.Environ() {
		if !mpi.Variable(v) {
			env = append(env, v)
		}
	}
	return append(env, fmt.Sprintf("GOMAXPROCS=%d", max(1, runtime.NumCPU()/workers)))
}

// numbers returns the numbers of the last line that is a JSON object.
func numbers(out string) map[string]float64 {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var all map[string]any
	if json.Unmarshal([]byte(lines[len(lines)-1]), &all) != nil {
		return nil
	}
	found := map[string]float64{}
	for name, v := range all {
		if x, ok := v.(float64); ok {
			found[name] = x
		}
	}
	return found
}

// say reports a run.
func (r *Runner) say(t Task, result *Result, took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.Progress == nil {
		return
	}
	made := 0
	for _, t := range r.Tasks {
		if exists(filepath.Join(t.Dir, resultFile)) {
			made++
		}
	}
	text := "failed: " + result.Error
	if score, ok := result.Numbers[r.Sweep.Score]; ok {
		text = fmt.Sprintf("%s %.6g", r.Sweep.Score, score)
	}
	fmt.Fprintf(r.Progress, "%d of %d  %s  %s, seed %d: %s  (%.1f s)\n", made, len(r.Tasks), t.Dir, r.Sweep.Describe(t.Point), t.Seed, text, took.Seconds())
}

// absolute returns the text of a fit with the files of its targets as absolute paths: they are
// beside the file, and its copies are elsewhere.
func absolute(file, text string) (string, error) {
	var table map[string]any
	if _, err := toml.Decode(text, &table); err != nil {
		return "", err
	}
	dir, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		return "", err
	}
	targets, _ := table["target"].([]map[string]any)
	for _, t := range targets {
		for _, key := range []string{"file", "input"} {
			if path, ok := t[key].(string); ok && path != "none" && !filepath.IsAbs(path) {
				t[key] = filepath.Join(dir, path)
			}
		}
	}
	var b strings.Builder
	enc := toml.NewEncoder(&b)
	enc.Indent = ""
	if err := enc.Encode(table); err != nil {
		return "", err
	}
	return b.String(), nil
}
