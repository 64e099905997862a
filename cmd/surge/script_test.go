package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/internal/race"
)

// TestScripts runs the scripts of testdata/script. To the commands of testscript they add
//
//	status N surge ARGS...   runs the program, which must end with the exit status N
//	cut FILE N               leaves the first N bytes of a file
//	poison FILE ARRAY        makes the first element of an array of a checkpoint NaN
//	untimed FILE             takes the wall times out of a metrics.jsonl
//	copydir FROM TO          copies the files of a folder
func TestScripts(t *testing.T) {
	slice, err := filepath.Abs("../../train/data/testdata/mnist-slice")
	if err != nil {
		t.Fatal(err)
	}
	graphs, err := filepath.Abs("../../models/nir/testdata")
	if err != nil {
		t.Fatal(err)
	}
	dir, scripts := "testdata/script", []string(nil)
	if race.Detector { // the script in which runs go on side by side; TestVerify trains by each method
		dir, scripts = "", []string{"testdata/script/sweep.txtar"}
	}
	testscript.Run(t, testscript.Params{
		Dir:   dir,
		Files: scripts,
		Setup: func(e *testscript.Env) error {
			e.Setenv("MNIST", slice)
			e.Setenv("NIR", graphs)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status": func(ts *testscript.TestScript, _ bool, args []string) {
				want, err := strconv.Atoi(args[0])
				ts.Check(err)
				got := 0
				if err := ts.Exec(args[1], args[2:]...); err != nil {
					e := (*exec.ExitError)(nil)
					if !errors.As(err, &e) {
						ts.Fatalf("%v", err)
					}
					got = e.ExitCode()
				}
				if got != want {
					ts.Fatalf("exit status %d, want %d", got, want)
				}
			},
			"cut": func(ts *testscript.TestScript, _ bool, args []string) {
				n, err := strconv.ParseInt(args[1], 10, 64)
				ts.Check(err)
				ts.Check(os.Truncate(ts.MkAbs(args[0]), n))
			},
			"poison": func(ts *testscript.TestScript, _ bool, args []string) {
				a, err := files.Read(ts.MkAbs(args[0]), files.Format{})
				ts.Check(err)
				w, err := files.Get[float32](a, args[1], -1, -1)
				ts.Check(err)
				w[0] = float32(math.NaN())
				ts.Check(files.Write(ts.MkAbs(args[0]), a))
			},
			"untimed": func(ts *testscript.TestScript, _ bool, args []string) {
				text, err := untimed(ts.MkAbs(args[0]))
				ts.Check(err)
				ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
			},
			"copydir": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Check(os.CopyFS(ts.MkAbs(args[1]), os.DirFS(ts.MkAbs(args[0]))))
			},
		},
	})
}

// untimed returns a metrics.jsonl without the wall times.
func untimed(path string) (string, error) {
	rows, _, err := files.ReadLines[map[string]json.RawMessage](path)
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	for _, r := range rows {
		delete(r, "seconds")
		if err := json.NewEncoder(&b).Encode(r); err != nil {
			return "", err
		}
	}
	return b.String(), nil
}

// tiny is an experiment that takes some milliseconds per epoch.
const tiny = `
name = "tiny"
[data]
train = 40
valid = 20
test = 20
[encode]
steps = 31
[model]
hidden = [8]
w_mean = 2.0
[train]
epochs = 4
batch = 16
`

// TestTrainInterrupted cancels a run after its second epoch, as a signal does, resumes it, and
// compares its files with those of a run that was not interrupted.
func TestTrainInterrupted(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("tiny.toml", []byte(tiny), 0o600); err != nil {
		t.Fatal(err)
	}
	surge := func(ctx context.Context, stdout io.Writer, args ...string) (int, string) {
		var stderr bytes.Buffer
		return run(ctx, append([]string{"train"}, args...), stdout, &stderr), stderr.String()
	}
	if status, stderr := surge(context.Background(), io.Discard, "--config", "tiny.toml", "--out", "whole"); status != 0 {
		t.Fatalf("status %d: %s", status, stderr)
	}
	ctx, cancel := context.WithCancel(context.Background())
	stop := writer(func(p []byte) {
		if bytes.HasPrefix(p, []byte("epoch 2/4")) {
			cancel()
		}
	})
	status, stderr := surge(ctx, stop, "--config", "tiny.toml", "--out", "parts")
	if want := "surge: train: interrupted in epoch 3 after 0 of 3 batches: context canceled; go on with: surge train --resume --out parts\n"; status != 130 || stderr != want {
		t.Fatalf("status %d: %s\nwant 130: %s", status, stderr, want)
	}
	if status, stderr := surge(context.Background(), io.Discard, "--resume", "--out", "parts"); status != 0 {
		t.Fatalf("status %d: %s", status, stderr)
	}
	for _, name := range []string{"config.toml", "best.params", "curves.png", "raster.png"} {
		whole, err := os.ReadFile(filepath.Join("whole", name))
		if err != nil {
			t.Fatal(err)
		}
		parts, err := os.ReadFile(filepath.Join("parts", name))
		if err != nil || !bytes.Equal(whole, parts) {
			t.Errorf("%s differs from that of a run that was not interrupted; error %v", name, err)
		}
	}
	whole, err := untimed("whole/metrics.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	if parts, err := untimed("parts/metrics.jsonl"); err != nil || whole != parts || strings.Count(whole, "\n") != 4 {
		t.Errorf("metrics\n%s\nwant\n%s\nerror %v", parts, whole, err)
	}
}

type writer func(p []byte)

func (w writer) Write(p []byte) (int, error) {
	w(p)
	return len(p), nil
}

// TestTrainSignal sends SIGINT to a run that would take for ever: it saves its checkpoint, says how
// to go on, and ends with status 130.
func TestTrainSignal(t *testing.T) {
	dir := t.TempDir()
	config := filepath.Join(dir, "tiny.toml")
	if err := os.WriteFile(config, []byte(tiny), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(os.Args[0], "train", "--config", config, "--out", filepath.Join(dir, "run"), "--epochs", "2000000000", "--json")
	command.Env = append(os.Environ(), "SURGE_TEST_PROGRAM=1")
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	if _, err := lines.ReadString('\n'); err != nil { // the first epoch is through
		t.Fatal(err)
	}
	if err := command.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, lines); err != nil {
		t.Fatal(err)
	}
	_ = command.Wait() // its error is the exit status
	if got := command.ProcessState.ExitCode(); got != 130 || !strings.Contains(stderr.String(), "go on with: surge train --resume --out ") {
		t.Errorf("status %d, stderr %s", got, &stderr)
	}
	if _, err := files.Read(filepath.Join(dir, "run", "checkpoint"), files.Format{}); err != nil {
		t.Error(err)
	}
}
