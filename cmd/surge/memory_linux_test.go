package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/surge-snn/surge/internal/race"
)

// What --print-config says is what a run takes, within 20 %.
func TestTrainMemory(t *testing.T) {
	if race.Detector {
		t.Skip("the detector takes memory of its own")
	}
	dir := t.TempDir()
	for name, config := range map[string]string{
		"small":  "[train]\nepochs = 1\n",
		"shards": "[data]\ntrain = 1000\nvalid = 110\n[encode]\nsteps = 100\n[model]\nhidden = [256]\n[train]\nepochs = 1\nbatch = 300\nshards = 4\n",
		"large":  "[data]\ntrain = 1000\nvalid = 110\n[encode]\nsteps = 200\n[model]\nhidden = [256, 128]\n[train]\nepochs = 1\nbatch = 200\n",
		"learned": "[data]\ntrain = 900\nvalid = 100\n[encode]\nsteps = 120\n[model]\nneuron = \"cuba\"\ntau_syn = 0.005\nrecurrent = true\n" +
			"learn = [\"tau_mem\"]\nhidden = [128]\n[train]\nepochs = 1\nbatch = 250\ndtype = \"float64\"\n",
	} {
		file := filepath.Join(dir, name+".toml")
		if err := os.WriteFile(file, []byte("name = \""+name+"\"\n"+config), 0o666); err != nil {
			t.Fatal(err)
		}
		status, _, said := process(t, "train", "--config", file, "--print-config")
		found := regexp.MustCompile(`^memory of a run: ([0-9.]+) (MB|GB) `).FindStringSubmatch(said)
		if status != 0 || found == nil {
			t.Fatalf("%s: status %d, %s", name, status, said)
		}
		predicted, _ := strconv.ParseFloat(found[1], 64)
		if found[2] == "GB" {
			predicted *= 1000
		}
		taken := memoryOf(t, "train", "--config", file, "--out", filepath.Join(dir, name))
		t.Logf("%s: predicted %.0f MB, taken %.0f MB: %s", name, predicted, taken, strings.TrimSpace(said))
		if predicted < 0.8*taken || predicted > 1.2*taken {
			t.Errorf("%s: predicted %.0f MB, taken %.0f MB", name, predicted, taken)
		}
	}
}

// A batch, a layer, a number of steps and a set that no machine has memory for are refused by the
// name of the key.
func TestTrainBeyondTheMachine(t *testing.T) {
	dir := t.TempDir()
	for key, config := range map[string]string{
		"train.batch":     "[data]\ntrain = 40000\n[encode]\nsteps = 1000\n[model]\nhidden = [1000]\n[train]\nbatch = 40000\n",
		"model.hidden[0]": "[model]\nhidden = [2000000000]\n",
		"data.train":      "[data]\nset = \"friedman\"\nfeatures = 10000000\ntrain = 10000000\n[loss]\nkind = \"mse\"\n",
		"data.test":       "[data]\nset = \"lowpass\"\nlength = 10000000\ntest = 10000000\n[encode]\nkind = \"current\"\n[loss]\nkind = \"mse\"\n",
		"data.valid":      "[data]\nset = \"patterns\"\nchannels = 10000000\nvalid = 10000000\n[encode]\nkind = \"none\"\n[loss]\nkind = \"van_rossum\"\n",
		"encode.steps":    "[encode]\nsteps = 2147483647\n",
	} {
		file := filepath.Join(dir, "a.toml")
		if err := os.WriteFile(file, []byte("name = \"a\"\n"+config), 0o666); err != nil {
			t.Fatal(err)
		}
		status, _, said := process(t, "train", "--config", file, "--out", filepath.Join(dir, "out"))
		if status != 2 || !strings.Contains(said, key+": expected") || !strings.Contains(said, "of memory that this machine has left") {
			t.Errorf("%s: status %d, %s", key, status, said)
		}
	}
}

// With --memory a run takes that much, and its results are the same, byte for byte.
func TestTrainInLessMemory(t *testing.T) {
	if race.Detector {
		t.Skip("the detector takes memory of its own")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "a.toml")
	config := "name = \"a\"\n[data]\ntrain = 200\nvalid = 100\n[encode]\nsteps = 400\n[model]\nhidden = [200, 100]\n[train]\nepochs = 1\nbatch = 100\n"
	if err := os.WriteFile(file, []byte(config), 0o666); err != nil {
		t.Fatal(err)
	}
	for out, args := range map[string][]string{"whole": nil, "cut": {"--memory", "80MB"}} {
		taken := memoryOf(t, append([]string{"train", "--config", file, "--out", filepath.Join(dir, out)}, args...)...)
		t.Logf("%s: %.0f MB", out, taken)
		if (out == "cut") != (taken < 1.2*80) {
			t.Errorf("%s: %.0f MB", out, taken)
		}
	}
	for _, name := range []string{"metrics.jsonl", "best.params", "checkpoint"} {
		var files [2][]byte
		for i, out := range []string{"whole", "cut"} {
			var err error
			if files[i], err = os.ReadFile(filepath.Join(dir, out, name)); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(files[0], files[1]) {
			t.Errorf("%s differs", name)
		}
	}
	status, _, said := process(t, "train", "--config", file, "--memory", "9MB")
	if status != 2 || !strings.Contains(said, "--memory: expected at least ") {
		t.Errorf("status %d, %s", status, said)
	}
}

// memoryOf runs the program in a process of its own and returns its greatest resident memory in MB.
// What the system says of a child (ru_maxrss) counts the pages of the process that started it, too.
func memoryOf(t *testing.T, args ...string) float64 {
	t.Helper()
	file := filepath.Join(t.TempDir(), "memory")
	run := exec.Command(os.Args[0], args...)
	run.Env = append(os.Environ(), "SURGE_TEST_PROGRAM=1", "SURGE_TEST_MEMORY="+file)
	if out, err := run.CombinedOutput(); err != nil {
		t.Fatalf("%q: %v\n%s", args, err, out)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	taken, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		t.Fatal(err)
	}
	if taken == 0 {
		t.Skip("the system does not say VmHWM")
	}
	return taken / 1e6
}
