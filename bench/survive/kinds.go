package main

import (
	"fmt"
	"path/filepath"
	"regexp"
)

// A kind of command, and what its results are.
type kind struct {
	name    string
	configs map[string]string // files in the working folder
	args    []string          // without --out
	resume  string            // flag that goes on; empty: the same command does
	differs *regexp.Regexp    // in the results, what may differ
	timed   string            // a file with wall times in it
	starter []string          // that starts the command as several ranks; nil: it is started itself
}

// training returns a kind of surge train on Yin-Yang.
func training(name, model, train string) kind {
	return ofConfig(name, fmt.Sprintf(`
name = "survive"
[data]
train = 1500
valid = 200
test = 200
[model]
%s
[train]
epochs = 6
batch = 10
%s
`, model, train))
}

// ranks returns a kind of surge train by two ranks.
func ranks(name string, starter ...string) kind {
	k := training(name, "hidden = [40]", "shards = 2")
	k.starter = append(starter, "-n", "2")
	return k
}

func ofConfig(name, config string) kind {
	return kind{
		name: name, configs: map[string]string{"a.toml": config}, resume: "--resume",
		args: []string{"train", "--config", "a.toml", "--checkpoint-every", "7", "--keep", "2", "--json"},
	}
}

// events are the keys of a model that goes from event to event.
const events = "hidden = [30]\ntau_mem = 0.01\ntau_syn = 0.005\nw_mean = 5.0\nout_mean = 5.0"

// seconds are wall times in the results of fits and sweeps, and folders, which are others for each
// run.
var seconds = regexp.MustCompile(`"seconds":[0-9.e+-]+|"out":"[^"]*"|[0-9.]+ s\b`)

func kinds(root string) []kind {
	target := filepath.Join(root, "cmd", "surge", "fitcmd", "example", "target.npz")
	fit := fmt.Sprintf(`
[network]
neurons = 1
[fit]
parameters = ["Itau_mem", "Igain_mem", "Itau_syn"]
starts = 3
dac = true
[[target]]
file = %q
`, target)
	return []kind{
		training("surrogate", "hidden = [40]", ""),
		training("recurrent", "hidden = [30]\nneuron = \"alif\"\nrecurrent = true\nlearn = [\"tau_mem\"]", "optimizer = \"adam\"\nweight_decay = 0.01\nclip = 1.0\nschedule = \"cosine\""),
		training("shards", "hidden = [40]", "shards = 2"),
		training("eventprop", events, "method = \"eventprop\""),
		training("eventprop-recurrent", events, "method = \"eventprop-recurrent\""),
		ofConfig("conv", fmt.Sprintf(`
name = "survive"
[data]
set = "mnist"
dir = %q
train = 80
valid = 20
shift = 2
[encode]
kind = "current"
steps = 4
[model]
neuron = "lif"
[[layer]]
kind = "conv2d"
image = [1, 28, 28]
channels = 4
kernel = 5
[[layer]]
kind = "lif"
[[layer]]
kind = "avg_pool"
kernel = 2
[train]
epochs = 6
batch = 8
`, filepath.Join(root, "train", "data", "testdata", "mnist-slice"))),
		{
			name: "fit", configs: map[string]string{"a.toml": fit}, resume: "--resume",
			args: []string{"fit", "a.toml", "--checkpoint-every", "50ms", "--json"}, differs: seconds,
		},
		{
			name: "sweep", args: []string{"sweep", "s.toml", "--workers", "2"}, resume: "--retry", timed: "results.csv",
			configs: map[string]string{
				"s.toml": "name = \"s\"\nconfig = \"a.toml\"\nseeds = [1, 2]\n[keys]\n\"train.lr\" = [0.001, 0.01]\n",
				"a.toml": "name = \"a\"\n[data]\ntrain = 1000\nvalid = 100\ntest = 100\n[model]\nhidden = [20]\n[train]\nepochs = 4\nbatch = 20\n",
			},
			differs: regexp.MustCompile(`"seconds":[0-9.e+-]+,?|"out":"[^"]*"`),
		},
		ranks("ranks-mpich", "mpiexec.mpich", "-bind-to", "core"),
		ranks("ranks-openmpi", "mpiexec.openmpi", "--allow-run-as-root", "--oversubscribe"),
		{name: "gradbench", args: []string{"gradbench", "--suite", "cell", "--quick"}},
	}
}
