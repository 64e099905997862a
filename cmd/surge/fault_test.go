package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/internal/race"
	"github.com/surge-snn/surge/internal/rundir"
)

// A fault is what happens at one of the changes that a command makes on the disk.
type fault struct {
	name string
	at   func(c files.Change, after int) (n int, err error) // after: changes since the first one, 0 for it
}

var errKilled = errors.New("killed") // of all changes of a process that is no more

var faults = []fault{
	{"kill", func(files.Change, int) (int, error) { return 0, errKilled }},
	{"kill in a write", func(c files.Change, after int) (int, error) {
		if after == 0 {
			return len(c.Data) / 2, errKilled
		}
		return 0, errKilled
	}},
	{"full disk", func(c files.Change, _ int) (int, error) {
		switch c.Do {
		case files.OpCreate, files.OpWrite, files.OpMkdir, files.OpSync:
			return 0, syscall.ENOSPC
		}
		return 0, nil
	}},
	{"short write", func(c files.Change, after int) (int, error) {
		if after == 0 && c.Do == files.OpWrite {
			return len(c.Data) / 2, syscall.ENOSPC
		}
		return 0, nil
	}},
	{"input/output error", func(_ files.Change, after int) (int, error) {
		if after == 0 {
			return 0, syscall.EIO
		}
		return 0, nil
	}},
}

// applies tells whether the fault is one of its own at a change.
func (f fault) applies(c files.Change) bool {
	switch f.name {
	case "short write", "kill in a write":
		return c.Do == files.OpWrite
	case "full disk":
		return c.Do != files.OpDelete && c.Do != files.OpRename && c.Do != files.OpTruncate
	}
	return true
}

// inject makes a fault happen at the change of a number, from 0, until restore is called.
func inject(f fault, at int) (restore func()) {
	n := 0
	return files.Intercept(func(c files.Change) (int, error) {
		n++
		if n-1 < at {
			return 0, nil
		}
		return f.at(c, n-1-at)
	})
}

// survivor is a command whose results must survive whatever happens while it runs.
type survivor struct {
	name    string
	args    []string       // without --out and --resume
	varying []string       // files that are not the same for interrupted and uninterrupted runs
	differs *regexp.Regexp // in the results, what may differ
}

// run runs the command with a folder for its results.
func (s survivor) run(t *testing.T, out string, more ...string) (status int, stderr string) {
	var stdout, errs bytes.Buffer
	status = run(t.Context(), append(append(s.args[:len(s.args):len(s.args)], "--out", out), more...), &stdout, &errs)
	return status, errs.String()
}

// read returns the results.
func (s survivor) read(t *testing.T, out string) map[string]string {
	t.Helper()
	all := map[string]string{}
	entries, err := os.ReadDir(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(out, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if s.differs != nil {
			b = s.differs.ReplaceAll(b, nil)
		}
		if slices.Contains(s.varying, e.Name()) {
			b = nil
		}
		all[e.Name()] = string(b)
	}
	return all
}

// survive lets every fault happen at every change, or at each step-th from first on, and goes on as
// a user would. The results must be those of a run to which nothing happened.
func (s survivor) survive(t *testing.T, first, step int) {
	dir := t.TempDir()
	var changes []files.Change
	restore := files.Intercept(func(c files.Change) (int, error) {
		changes = append(changes, files.Change{Do: c.Do, Path: c.Path})
		return 0, nil
	})
	whole := filepath.Join(dir, "whole")
	status, text := s.run(t, whole)
	restore()
	if status != 0 {
		t.Fatal(text)
	}
	want := s.read(t, whole)
	points := 0
	for i, f := range faults {
		for at := (first + i*step/len(faults)) % step; at < len(changes); at += step {
			for !f.applies(changes[at]) && at+1 < len(changes) {
				at++
			}
			if !f.applies(changes[at]) {
				break
			}
			points++
			where := fmt.Sprintf("%s at change %d of %d, %s %s", f.name, at, len(changes), changes[at].Do, filepath.Base(changes[at].Path))
			out := filepath.Join(dir, fmt.Sprint("run", points))
			restore := inject(f, at)
			status, text := s.run(t, out)
			restore()
			if strings.Contains(text, "goroutine ") {
				t.Errorf("%s: %s", where, text)
			}
			if status == 0 && text == "" { // of times.jsonl a warning is enough
				t.Errorf("%s: the command says nothing of it", where)
			}
			switch status, resumed := s.run(t, out, "--resume"); {
			case status == 0:
			case !strings.Contains(resumed, "checkpoint"):
				t.Fatalf("%s: %s--resume: %s", where, text, resumed)
			default: // nothing was there to go on from: then the command itself works
				switch status, again := s.run(t, out); {
				case status != 0 && strings.Contains(again, "--force replaces it"): // all was done
					_ = os.Remove(filepath.Join(out, ".lock"))
				case status != 0:
					t.Fatalf("%s: %s--resume: %sagain: %s", where, text, resumed, again)
				}
			}
			found := s.read(t, out)
			for name := range found {
				if found[name] != want[name] {
					t.Errorf("%s: %s is not that of a run without faults", where, name)
				}
			}
			for name := range want {
				if _, ok := found[name]; !ok {
					t.Errorf("%s: there is no %s", where, name)
				}
			}
			if seals, err := rundir.CheckSeal(out); err != nil || len(seals.Changed)+len(seals.Added) > 0 {
				t.Errorf("%s: %+v, %v", where, seals, err)
			}
			if err := os.RemoveAll(out); err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
		}
	}
	t.Logf("%s: %d changes on the disk, %d faults", s.name, len(changes), points)
}

// all asks for the faults at every change, which takes a quarter of an hour.
var all = flag.Bool("all-faults", false, "try every fault at every change on the disk")

// every returns which share of the changes is tried.
func every(short, long int) int {
	switch {
	case *all:
		return 1
	case race.Detector: // the same goroutines run at every change
		return 3 * short
	case testing.Short():
		return short
	}
	return long
}

// training is an experiment of 200 batches.
const training = `
name = "tiny"
[data]
train = 250
valid = 10
test = 10
[model]
hidden = [6]
%s
[train]
epochs = 4
batch = 5
%s
`

// eventModel are the keys of a model that goes from event to event.
const eventModel = "tau_mem = 0.01\ntau_syn = 0.005\nw_mean = 5.0\nout_mean = 5.0"

// TestTrainSurvives: a run of 20 batches, of 200 with all faults, killed or failing at any of its
// changes on the disk. Its changes are the same for all methods, so that each tries others.
func TestTrainSurvives(t *testing.T) {
	for i, kind := range []struct{ name, model, train string }{
		{"surrogate", "", ""},
		{"recurrent", "recurrent = true", ""},
		{"eventprop", eventModel, "method = \"eventprop\""},
		{"eventprop-recurrent", eventModel, "method = \"eventprop-recurrent\""},
	} {
		config := filepath.Join(t.TempDir(), kind.name+".toml")
		text := fmt.Sprintf(training, kind.model, kind.train)
		if !*all {
			text = strings.NewReplacer("train = 250", "train = 50", "epochs = 4", "epochs = 2").Replace(text)
		}
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		step := every(96, 36)
		survivor{
			name: kind.name, args: []string{"train", "--config", config, "--checkpoint-every", "5", "--keep", "2", "--json"},
			varying: []string{"times.jsonl", "checkpoint.prev", rundir.SumsFile},
		}.survive(t, i*step/4, step)
	}
}

// TestFitSurvives is TestTrainSurvives for a fit.
func TestFitSurvives(t *testing.T) {
	target, err := filepath.Abs("fitcmd/example/target.npz")
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(t.TempDir(), "fit.toml")
	if err := os.WriteFile(config, fmt.Appendf(nil, fitting, target), 0o600); err != nil {
		t.Fatal(err)
	}
	survivor{
		name: "fit", args: []string{"fit", config, "--checkpoint-every", "1ns"},
		varying: []string{rundir.SumsFile},
		differs: regexp.MustCompile(`"seconds":[0-9.e+-]+,"out":"[^"]*"|[0-9.]+ s\b`),
	}.survive(t, 0, every(60, 25))
}

// fitting is a fit of one current.
const fitting = `
[network]
neurons = 1
[init]
Itau_mem = 4.3e-12
Igain_mem = 2.8e-11
Itau_syn = 6.2e-11
Igain_syn = 7.3e-9
Ispkthr = 8.1e-8
Iref = 2.7e-10
Ipulse_ahp = 3.5e-9
Iw_ahp = 2e-9
[fit]
parameters = ["Itau_mem"]
starts = 1
dac = true
[[target]]
file = %q
`
