package experiment

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models/nir"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/data"
	"github.com/surge-snn/surge/train/export"
)

// exported are networks of all that an experiment can say about neurons, with weights so large that
// they spike.
var exported = map[string]string{
	"delta":     "readout = \"li-max\"",
	"zero":      "reset = \"zero\"\nbias = true\nreadout = \"li-mean\"",
	"cuba":      "neuron = \"cuba\"\ntau_syn = 5e-3\nreadout = \"count\"\nlearn = [\"tau_mem\", \"tau_syn\", \"v_th\"]\nper_neuron = true\nw_gain = 9.0\nout_gain = 9.0",
	"recurrent": "recurrent = true\nrec_gain = 2.0\nlearn = [\"tau_mem\"]\nreadout = \"li-sum\"",
	"first":     "readout = \"first_spike\"\nreadout_tau = 3e-3\nw_gain = 9.0\nout_gain = 9.0",
	"endless":   "tau_mem = inf\ntau_out = inf\nreadout = \"li-max\"",
	"two":       "hidden = [30, 70]\nreadout = \"li-last\"",
}

// exportedNetwork builds an experiment, moves its parameters so that none is as it was drawn, and
// exports it.
func exportedNetwork(t *testing.T, model, encode string) (*Experiment, *stepNetwork, *export.Network) {
	t.Helper()
	if !strings.Contains(model, "w_gain") {
		model += "\nw_mean = 0.5\nw_gain = 2.0\nout_gain = 2.0"
	}
	e, err := Parse("test", "name = \"test\"\n[encode]\n"+encode+"\n[model]\n"+model+"\n", "")
	if err != nil {
		t.Fatal(err)
	}
	channels, target, err := e.Sizes()
	if err != nil {
		t.Fatal(err)
	}
	net, err := e.Build(channels, target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { net.Close() })
	n := net.(*stepNetwork)
	for _, name := range n.Params().Names() {
		for i, v := range n.Params().Value(name).Float32s() {
			n.Params().Value(name).Float32s()[i] = v*1.1 + float32(i%7)*0.01
		}
	}
	x, err := e.Export(n.Params(), 0)
	if err != nil {
		t.Fatal(err)
	}
	return e, n, x
}

// samples returns the encoded samples, one to a batch.
func samples(t *testing.T, e *Experiment, count int) []*data.Batch {
	t.Helper()
	sets, _, err := e.Load()
	if err != nil {
		t.Fatal(err)
	}
	set := sets.Valid
	set.Size, set.Sequential = 1, true
	var all []*data.Batch
	for i := range count {
		b := &data.Batch{}
		if err := set.Fill(b, 0, i); err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
	}
	return all
}

// TestNIRHasTheSpikes: the graph that is exported gives the spikes of the network, up to rounding:
// the run of a graph is in float64 and its parameters are float32, so that a voltage at the
// threshold can fall to the other side; in these networks at most 1 spike in 200 does.
func TestNIRHasTheSpikes(t *testing.T) {
	for name, model := range exported {
		e, n, x := exportedNetwork(t, model, `kind = "ttfs"`)
		g, err := x.NIR()
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "net.nir")
		if err := nir.Write(path, g); err != nil {
			t.Fatal(err)
		}
		if g, err = nir.Read(path); err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) { spikesOfNIR(t, e, n, g, 20) })
	}
}

// spikesOfNIR runs a graph on samples of an experiment, and wants the spikes of the network it is
// of.
func spikesOfNIR(t *testing.T, e *Experiment, n *stepNetwork, g *nir.Graph, count int) {
	c, err := nir.Surge(g)
	if err != nil {
		t.Fatal(err)
	}
	net, err := nir.Compile(g, c, 0)
	if err != nil {
		t.Fatal(err)
	}
	spikes, differ := 0, 0
	for _, b := range samples(t, e, count) {
		input := make([]float64, len(b.Input))
		for i, v := range b.Input {
			input[i] = float64(v)
		}
		got, err := net.Run(map[string][]float64{"input": input}, b.Steps)
		if err != nil {
			t.Fatal(err)
		}
		want, err := n.method.Trace(n.Params(), b)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range want.Layers {
			for i, v := range l.Spikes {
				spikes += int(v)
				if got.Values[l.Name][i] != v {
					differ++
				}
			}
		}
	}
	if spikes < 500 || differ > spikes/200 {
		t.Errorf("%d of %d spikes differ", differ, spikes)
	}
}

// TestCHasTheBits: the C file gives, compiled with and without optimisation, the logits of the
// network bit for bit, for inputs with few and with many numbers.
func TestCHasTheBits(t *testing.T) {
	for name, model := range exported {
		for _, encode := range []string{`kind = "ttfs"`, "kind = \"current\""} {
			e, n, x := exportedNetwork(t, model, encode)
			t.Run(name+" "+encode, func(t *testing.T) { runsInC(t, e, n, x) })
		}
	}
}

// runsInC compiles the network, and compares what it says of the first samples.
func runsInC(t *testing.T, e *Experiment, n *stepNetwork, x *export.Network) {
	t.Helper()
	cc, err := exec.LookPath("cc")
	if err != nil {
		t.Skip("no C compiler")
	}
	all := samples(t, e, 12)
	want, spikes := logits(t, e, n)
	if spikes == 0 {
		t.Error("no spikes")
	}
	dir := t.TempDir()
	var text, input bytes.Buffer
	if err := x.C(&text); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "net.c"), text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, b := range all {
		for _, v := range b.Input {
			fmt.Fprintln(&input, strconv.FormatFloat(float64(v), 'x', -1, 32))
		}
	}
	levels := []string{"-O2"}
	if !testing.Short() {
		levels = append(levels, "-O0")
	}
	for _, level := range levels {
		program := filepath.Join(dir, "net"+level)
		out, err := exec.Command(cc, "-std=c99", "-pedantic", "-Wall", "-Werror", "-Wno-unknown-pragmas", level, "-DSURGE_MAIN", "-o", program, filepath.Join(dir, "net.c"), "-lm").CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		run := exec.Command(program)
		run.Stdin = bytes.NewReader(input.Bytes())
		if out, err = run.Output(); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		if len(lines) != len(all) {
			t.Fatalf("%d lines, want %d", len(lines), len(all))
		}
		for i, line := range lines {
			words := strings.Fields(line)
			for j, word := range words[1:] {
				v, err := strconv.ParseFloat(word, 64)
				if err != nil {
					t.Fatal(err)
				}
				if v != want[i][j] {
					t.Fatalf("%s: sample %d, class %d: %v, want %v", level, i, j, v, want[i][j])
				}
			}
		}
	}
}

// logits returns what the network gives for the first samples, in batches of one, and the number of
// spikes.
func logits(t *testing.T, e *Experiment, n *stepNetwork) (all [][]float64, spikes float64) {
	t.Helper()
	sets, _, err := e.Load()
	if err != nil {
		t.Fatal(err)
	}
	set := sets.Valid
	set.Size = 1
	stop := fmt.Errorf("enough")
	err = n.method.Predict(context.Background(), n.Params(), set, func(p *train.Prediction) error {
		if len(all) == 12 {
			return stop
		}
		all = append(all, slices.Clone(p.Out))
		for _, layer := range p.Counts {
			for _, c := range layer {
				spikes += c
			}
		}
		return nil
	})
	if err != nil && err != stop {
		t.Fatal(err)
	}
	return all, spikes
}

func TestExportRefuses(t *testing.T) {
	e, err := Parse("test", "name = \"test\"\n", EventProp)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Export(graph.NewParams(1), 0); err == nil || !strings.Contains(err.Error(), "event to event") {
		t.Error(err)
	}
	e, n, _ := exportedNetwork(t, exported["delta"], `kind = "ttfs"`)
	n.Params().Value("out/w").Float32s()[0] = float32(math.NaN())
	if _, err := e.Export(n.Params(), 0); err == nil || !strings.Contains(err.Error(), "out/w") {
		t.Error(err)
	}
}
