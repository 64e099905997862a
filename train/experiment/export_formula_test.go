package experiment

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/surge-snn/surge/train/experiment/recipes"
)

// formulas are networks of neurons and synapses that are written as formulas, with weights so large
// that they spike.
var formulas = map[string]string{
	"refractory":      "neuron = \"lif\"\nrefractory = 2e-3\nreadout = \"li-max\"\nrecurrent = true",
	"refractory cuba": "neuron = \"cuba\"\nrefractory = 3e-3\ntau_syn = 5e-3\nreadout = \"count\"\nreset = \"zero\"\nlearn = [\"tau_mem\", \"v_th\"]\nper_neuron = true\nw_gain = 9.0\nout_gain = 9.0",
	"if":              "neuron = \"if\"\nmax = 3\nrecurrent = true\nreadout = \"li-last\"\nw_gain = 4.0\nbias = true",
	"plif":            "neuron = \"plif\"\ninit_tau = 3.0\nreadout = \"li-mean\"\nw_gain = 6.0",
	"alif":            "neuron = \"alif\"\nb = 0.1\nlearn = [\"tau_adapt\", \"beta\", \"b\"]\nrecurrent = true\nreadout = \"li-sum\"",
	"double_exp":      "neuron = \"double_exp\"\ntau_syn = 5e-3\ntau_rise = 2e-3\nhidden = [20, 15]\nreadout = \"count\"\nw_gain = 9.0\nout_gain = 9.0",
	"izhikevich":      "neuron = \"izhikevich\"\nreadout = \"li-max\"\nw_gain = 9.0\nw_mean = 9.0\nrecurrent = true",
	"eif":             "neuron = \"eif\"\nreadout = \"li-max\"\nw_gain = 20.0\nw_mean = 30.0",
	"adex":            "neuron = \"adex\"\nreadout = \"li-max\"\nw_gain = 60.0\nw_mean = 90.0\nlearn = [\"b\", \"tau_w\"]",
}

// synapses is a list of layers that do not spike, between such that do.
const synapses = `name = "synapses"
[data]
set = "yinyang"
train = 40
valid = 20
[encode]
kind = "latency"
steps = 25
[model]
readout = "count"
out_gain = 9.0
[[layer]]
kind = "exp_syn"
[[layer]]
kind = "alpha"
size = 12
w_mean = -3.0
w_gain = 3.0
BIAS
[[layer]]
kind = "lif"
[[layer]]
kind = "linear"
size = 10
w_gain = 3.0
w_mean = 5.0
[[layer]]
kind = "li"
tau_mem = 5e-3
[[layer]]
kind = "LAST"
[train]
epochs = 1
batch = 8
`

// TestFormulasInC: neurons of all rows, and synapses, give in C the logits of the network bit for
// bit.
func TestFormulasInC(t *testing.T) {
	for name, model := range formulas {
		if testing.Short() && strings.Contains("refractory cuba, izhikevich, eif", name) {
			continue // the others have all operations
		}
		encode := "kind = \"ttfs\""
		switch name {
		case "eif", "adex":
			encode += "\ndt = 1e-4\nsteps = 400"
		case "if", "alif":
			encode = "kind = \"current\""
		}
		t.Run(name, func(t *testing.T) {
			e, n, x := exportedNetwork(t, model, encode)
			runsInC(t, e, n, x)
		})
	}
	for _, dtype := range []string{"float32", "float64"} {
		t.Run("synapses "+dtype, func(t *testing.T) {
			text := strings.NewReplacer("BIAS", "bias = true", "LAST", "alif", "[train]", "[train]\ndtype = \""+dtype+"\"").Replace(synapses)
			e, n, x := listedNetwork(t, text)
			runsInC(t, e, n, x)
		})
	}
}

// TestSynapsesAsNIR: the graph of synapses gives the spikes of the network; see
// TestNIRHasTheSpikes.
func TestSynapsesAsNIR(t *testing.T) {
	text := strings.NewReplacer("BIAS", "", "LAST", "lif", "[train]", "[train]\ndtype = \"float64\"").Replace(synapses)
	e, n, x := listedNetwork(t, text)
	g, err := e.NIR(n.Params(), x.Inputs)
	if err != nil {
		t.Fatal(err)
	}
	spikesOfNIR(t, e, n, g, 12)
}

// TestSequencesInC: where each step of the outputs is read, the C file gives what the network
// gives, bit for bit.
func TestSequencesInC(t *testing.T) {
	cc, err := exec.LookPath("cc")
	if err != nil {
		t.Skip("no C compiler")
	}
	for _, name := range []string{"lowpass", "patterns"} {
		text, _ := recipes.Read(name)
		e, err := Parse(name, text, "")
		if err != nil {
			t.Fatal(err)
		}
		sets, target, err := e.Load()
		if err != nil {
			t.Fatal(err)
		}
		net, err := e.Build(sets.Train.Channels(), target)
		if err != nil {
			t.Fatal(err)
		}
		defer net.Close()
		n := net.(*stepNetwork)
		x, err := e.Export(n.Params(), sets.Train.Channels())
		if err != nil {
			t.Fatal(err)
		}
		var source bytes.Buffer
		if err := x.C(&source); err != nil {
			t.Fatal(err)
		}
		b := samples(t, e, 1)[0]
		dir := t.TempDir()
		file, program := filepath.Join(dir, "net.c"), filepath.Join(dir, "net")
		if err := os.WriteFile(file, source.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(cc, "-std=c99", "-pedantic", "-Wall", "-Werror", "-Wno-unknown-pragmas", "-O1", "-DSURGE_MAIN", fmt.Sprintf("-DSURGE_STEPS=%d", b.Steps), "-o", program, file, "-lm").CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		var input bytes.Buffer
		for _, v := range b.Input {
			fmt.Fprintln(&input, strconv.FormatFloat(float64(v), 'x', -1, 32))
		}
		run := exec.Command(program)
		run.Stdin = &input
		out, err := run.Output()
		if err != nil {
			t.Fatal(err)
		}
		want, err := n.method.Trace(n.Params(), b)
		if err != nil {
			t.Fatal(err)
		}
		words, sum := strings.Fields(string(out)), 0.0
		if len(words) != len(want.Readout) {
			t.Fatalf("%s: %d numbers, want %d", name, len(words), len(want.Readout))
		}
		for i, w := range words {
			v, err := strconv.ParseFloat(w, 64)
			if err != nil || v != want.Readout[i] {
				t.Fatalf("%s: number %d: %s, want %v", name, i, w, want.Readout[i])
			}
			sum += math.Abs(v)
		}
		if sum == 0 {
			t.Errorf("%s: nothing but zeros", name)
		}
	}
}
