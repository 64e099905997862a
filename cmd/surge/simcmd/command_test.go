package simcmd

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/chip"
	"github.com/surge-snn/surge/models/dynapse/simulate"
)

// surge runs the command line in the current folder.
func surge(t *testing.T, args ...string) (stdout string, err error) {
	t.Helper()
	var out bytes.Buffer
	parser, err := kong.New(&Command{}, kong.Writers(&out, &out), kong.BindTo(t.Context(), (*context.Context)(nil)))
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := parser.Parse(append([]string{"dynapsim"}, args...))
	if err != nil {
		return "", err
	}
	err = parsed.Run()
	return out.String(), err
}

// write makes the files of a test in a new folder and goes there. An input of 2 rows, 60 steps and
// 3 channels has a spike in each step for the first neuron, in every second one for the second, and
// none for the third.
func write(t *testing.T, config string) {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := os.WriteFile("c.toml", []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := files.WriteArrays("in.npz", []files.Array{input()}); err != nil {
		t.Fatal(err)
	}
}

const rows, steps, channels = 2, 60, 3

func input() files.Array {
	x := files.Array{Name: "input", Shape: []int{rows, steps, channels}, Data: make([]float64, rows*steps*channels)}
	for b := range rows {
		for t := range steps {
			at := x.Data[(b*steps+t)*channels:]
			at[0] = float64(b + 1) // twice as much in the second row
			at[1] = float64(t % 2)
		}
	}
	return x
}

// TestTraces compares the files with a simulation through the library, in its own order of axes.
func TestTraces(t *testing.T) {
	write(t, "dt = 2e-3\n[network]\nneurons = 3\nmax_spikes_per_dt = 1\n[init]\nItau_mem = 6e-12\nIspkthr = [1e-8, 2e-8, 1e-7]\n")
	text, err := surge(t, "--config", "c.toml", "--input", "in.npz", "--out", "out.npz", "--plot", "out.svg", "--json", "--row", "1", "--show", "0,2")
	if err != nil {
		t.Fatal(err)
	}
	n := dynapse.Network{N: 3, MaxSpikes: 1}
	n.Params[dynapse.Dt] = []float64{2e-3}
	n.Params[dynapse.ItauMem] = []float64{6e-12}
	n.Params[dynapse.Ispkthr] = []float64{1e-8, 2e-8, 1e-7}
	x := input()
	in := make([]float64, len(x.Data))
	for b := range rows {
		for t := range steps {
			copy(in[(t*rows+b)*channels:][:channels], x.Data[(b*steps+t)*channels:])
		}
	}
	want, err := n.Simulate(dynapse.Input{T: steps, B: rows, Counts: in})
	if err != nil {
		t.Fatal(err)
	}
	arrays, err := files.ReadArrays("out.npz")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	total := 0.0
	for _, a := range arrays {
		names = append(names, a.Name)
		record := map[string][]float64{"input": in, "imem": want.Imem, "isyn": want.Isyn, "iahp": want.Iahp, "vmem": want.Vmem, "spikes": want.Spikes}[a.Name]
		if !slices.Equal(a.Shape, []int{rows, steps, channels}) {
			t.Fatalf("%s has shape %v", a.Name, a.Shape)
		}
		for b := range rows {
			for step := range steps {
				for j := range channels {
					got, w := a.Data[(b*steps+step)*channels+j], record[(step*rows+b)*channels+j]
					if got != w {
						t.Fatalf("%s of row %d, step %d, neuron %d: %v, want %v", a.Name, b, step, j, got, w)
					}
					if a.Name == "spikes" {
						total += got
					}
				}
			}
		}
	}
	if !slices.Equal(names, []string{"input", "imem", "isyn", "iahp", "vmem", "spikes"}) {
		t.Errorf("arrays %v", names)
	}
	var r simulate.Report
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatal(err)
	}
	// Two rows of 60 steps of 2 ms: 0.24 s for each neuron. The rates are quotients of whole
	// numbers: 1e-12.
	sum := 0.0
	for _, x := range r.PerNeuron {
		sum += x * 0.24
	}
	if total == 0 || r.Spikes != total || r.Rows != 2 || r.Steps != 60 || r.Neurons != 3 || r.Dt != 2e-3 ||
		math.Abs(sum-total) > 1e-12*total || math.Abs(r.Rate*3*0.24-total) > 1e-12*total {
		t.Errorf("%v spikes in the file; %s", total, text)
	}
	figure, err := os.ReadFile("out.svg")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"membrane current", "synaptic current", "neuron 0", "neuron 2"} {
		if !strings.Contains(string(figure), want) {
			t.Errorf("the figure does not say %q", want)
		}
	}
	if strings.Contains(string(figure), "neuron 1") {
		t.Error("the figure shows neuron 1")
	}
}

// TestTracesOfChannels: with weights of channels in the configuration the traces have the input as
// it came, to which a fit with that configuration applies the weights once.
func TestTracesOfChannels(t *testing.T) {
	write(t, "[init]\nw_in = [[1, 0.5, 0], [0, 2, 0], [1, 0, 3]]\n")
	if _, err := surge(t, "--config", "c.toml", "--input", "in.npz", "--out", "out.npz"); err != nil {
		t.Fatal(err)
	}
	arrays, err := files.ReadArrays("out.npz")
	if err != nil {
		t.Fatal(err)
	}
	if a, want := arrays[0], input(); a.Name != "input" || !slices.Equal(a.Shape, want.Shape) || !slices.Equal(a.Data, want.Data) {
		t.Errorf("%s %v", a.Name, a.Shape)
	}
}

// TestWeights gives weights with the input, and the same as weighted input.
func TestWeights(t *testing.T) {
	write(t, "")
	x := input()
	w := []float64{0, 2, 0.5, 0, 0, 1} // [3, 2]
	rec := []float64{0, 0.5, 0, 0}
	product := files.Array{Name: "input", Shape: []int{rows, steps, 2}}
	for i := range rows * steps {
		for j := range 2 {
			sum := 0.0
			for c := range channels {
				sum += x.Data[i*channels+c] * w[c*2+j]
			}
			product.Data = append(product.Data, sum)
		}
	}
	recurrent := files.Array{Name: "w_rec", Shape: []int{2, 2}, Data: rec}
	for name, arrays := range map[string][]files.Array{
		"a.npz": {x, {Name: "w_in", Shape: []int{3, 2}, Data: w}, recurrent},
		"b.npz": {product, recurrent},
	} {
		if err := files.WriteArrays(name, arrays); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"a", "b"} {
		if _, err := surge(t, "--config", "c.toml", "--input", name+".npz", "--out", name+"-out.npz", "--record", "spikes,imem"); err != nil {
			t.Fatal(err)
		}
	}
	a, err := os.ReadFile("a-out.npz")
	if err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile("b-out.npz"); err != nil || !bytes.Equal(a, b) {
		t.Errorf("%v: the traces differ", err)
	}
	arrays, err := files.ReadArrays("a-out.npz")
	if err != nil || len(arrays) != 2 {
		t.Fatalf("%d arrays, %v", len(arrays), err)
	}
	spikes, err := files.Lookup(arrays, "spikes")
	if err != nil || slices.Max(spikes.Data) == 0 {
		t.Errorf("%v: no spikes", err)
	}
}

// TestFourSynapses simulates neurons of four synapse types: the traces are those of the library,
// for weights in either shape.
func TestFourSynapses(t *testing.T) {
	const config = "[network]\nsynapses = 4\n[init]\nIf_nmda = 1e-11\nItau_nmda = 4e-11\nw_rec = [[0, 0, 0, 0, 1, 0, 0, 0], [0, 1, 0, 0, 0, 0, 0, 0.01]]\n"
	write(t, config)
	x := input()
	w := files.Array{Name: "w_in", Shape: []int{channels, 2, 4}, Data: make([]float64, channels*8)}
	w.Data[0], w.Data[4], w.Data[8+6], w.Data[8+1] = 2, 1, 3, 0.1
	flat := w
	flat.Shape = []int{channels, 8}
	in := make([]float64, steps*rows*8)
	product := files.Array{Name: "input", Shape: []int{rows, steps, 2, 4}, Data: make([]float64, len(in))}
	for b := range rows {
		for s := range steps {
			for i := range 8 {
				sum := 0.0
				for c := range channels {
					sum += x.Data[(b*steps+s)*channels+c] * w.Data[c*8+i]
				}
				in[(s*rows+b)*8+i] = sum
				product.Data[(b*steps+s)*8+i] = sum
			}
		}
	}
	n := dynapse.Network{N: 2, FourSynapses: true, WRec: []float64{0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0.01}}
	n.Params[dynapse.IfNMDA], n.Params[dynapse.ItauNMDA] = []float64{1e-11}, []float64{4e-11}
	want, err := n.Simulate(dynapse.Input{T: steps, B: rows, Counts: in})
	if err != nil {
		t.Fatal(err)
	}
	for _, arrays := range [][]files.Array{{x, w}, {x, flat}, {product}} {
		if err := files.WriteArrays("in.npz", arrays); err != nil {
			t.Fatal(err)
		}
		if _, err := surge(t, "--config", "c.toml", "--input", "in.npz", "--out", "out.npz", "--plot", "out.svg"); err != nil {
			t.Fatal(err)
		}
		got, err := files.ReadArrays("out.npz")
		if err != nil {
			t.Fatal(err)
		}
		for name, record := range map[string][]float64{"imem": want.Imem, "igaba": want.Igaba, "inmda": want.Inmda, "ishunt": want.Ishunt, "spikes": want.Spikes} {
			a, err := files.Lookup(got, name)
			if err != nil {
				t.Fatal(err)
			}
			if slices.Max(a.Data) == 0 {
				t.Errorf("%s is all zeros", name)
			}
			for i, v := range record {
				if b, s, j := i/2%rows, i/2/rows, i%2; a.Data[(b*steps+s)*2+j] != v {
					t.Fatalf("%s of row %d step %d neuron %d: %v, want %v", name, b, s, j, a.Data[(b*steps+s)*2+j], v)
				}
			}
		}
		if a, err := files.Lookup(got, "input"); err != nil || !slices.Equal(a.Shape, []int{rows, steps, 2, 4}) {
			t.Errorf("input of shape %v, %v", a.Shape, err)
		}
	}
	figure, err := os.ReadFile("out.svg")
	if err != nil || !strings.Contains(string(figure), "SHUNT") {
		t.Errorf("the figure does not show SHUNT; %v", err)
	}
}

// TestTables reads one row from a .csv and a .npy.
func TestTables(t *testing.T) {
	write(t, "")
	if err := os.WriteFile("in.csv", []byte("left,right\n1,0\n0,2\n0,0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := files.WriteArrays("in.npy", []files.Array{{Name: "in", Shape: []int{3, 2}, Data: []float64{1, 0, 0, 2, 0, 0}}}); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"in.csv", "in.npy"} {
		if _, err := surge(t, "--config", "c.toml", "--input", file, "--out", "out.npz"); err != nil {
			t.Fatal(err)
		}
		arrays, err := files.ReadArrays("out.npz")
		if err != nil {
			t.Fatal(err)
		}
		if in := arrays[0]; in.Name != "input" || !slices.Equal(in.Shape, []int{1, 3, 2}) || !slices.Equal(in.Data, []float64{1, 0, 0, 2, 0, 0}) {
			t.Errorf("%s: %+v", file, in)
		}
	}
}

// TestDevice simulates a chip: the same as the network that its codes stand for.
func TestDevice(t *testing.T) {
	write(t, "")
	w := chip.Weights{Pre: channels, Post: 2, W: []float64{1, -0.5, 0.3, 0.7, 0, 1}}
	core := []int{0, 0}
	q, err := chip.Quantise(w, chip.Weights{}, core, chip.QuantiseSettings{Starts: 10, DAC: true})
	if err != nil {
		t.Fatal(err)
	}
	d, err := chip.Deploy(dynapse.Network{N: 2}, q, chip.DeploySettings{})
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Create("chip.json")
	if err == nil {
		err = d.Write(f)
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := surge(t, "--device", "chip.json", "--input", "in.npz", "--out", "out.npz"); err != nil {
		t.Fatal(err)
	}
	n, in, err := d.Network()
	if err != nil {
		t.Fatal(err)
	}
	x := make([]float64, steps*rows*2)
	for i := range x {
		b, step, j := i/2%rows, i/2/rows, i%2
		for c := range channels {
			x[i] += input().Data[(b*steps+step)*channels+c] * in.W[c*2+j]
		}
	}
	want, err := n.Simulate(dynapse.Input{T: steps, B: rows, Counts: x})
	if err != nil {
		t.Fatal(err)
	}
	arrays, err := files.ReadArrays("out.npz")
	if err != nil {
		t.Fatal(err)
	}
	imem, err := files.Lookup(arrays, "imem")
	if err != nil {
		t.Fatal(err)
	}
	// With all dendrites GABA has a current of its own.
	if _, err := surge(t, "--device", "chip.json", "--input", "in.npz", "--dendrites", "--out", "four.npz"); err != nil {
		t.Fatal(err)
	}
	four, err := files.ReadArrays("four.npz")
	if err != nil {
		t.Fatal(err)
	}
	if igaba, err := files.Lookup(four, "igaba"); err != nil || slices.Max(igaba.Data) == 0 {
		t.Errorf("no current of GABA; %v", err)
	}
	for i, w := range want.Imem {
		b, step, j := i/2%rows, i/2/rows, i%2
		// The sums of the input may have another rounding: 1e-9 after 60 steps with resets.
		if got := imem.Data[(b*steps+step)*2+j]; math.Abs(got-w) > 1e-9*w {
			t.Fatalf("row %d step %d neuron %d: %v A, want %v", b, step, j, got, w)
		}
	}
}

func TestErrors(t *testing.T) {
	const good = "[network]\nneurons = 3\n"
	two := files.Array{Name: "w_in", Shape: []int{2, 2}, Data: make([]float64, 4)}
	for _, test := range []struct {
		name, config string
		args         []string
		arrays       []files.Array
		want         string // in the message
	}{
		{"unknown key", "ddt = 1", nil, nil, "c.toml: ddt: expected one of model, dt"},
		{"unknown parameter", "[init]\nItau = 1", nil, nil, "c.toml: init.Itau: expected one of Idc"},
		{"dt among the parameters", "[init]\ndt = 1", nil, nil, "c.toml: init.dt: expected one of Idc"},
		{"no number", "[init]\nIdc = \"1\"", nil, nil, "c.toml: init.Idc: expected a number or a list of numbers"},
		{"no numbers", "[init]\nIdc = []", nil, nil, "c.toml: init.Idc: expected a number or a list of numbers"},
		{"syntax", "dt = \n", nil, nil, "c.toml: line 1: "},
		{"type", "dt = \"1\"", nil, nil, "c.toml: "},
		{"model", "model = \"lif\"", nil, nil, "c.toml: model: expected dynapsim, found lif"},
		{"neurons", "[network]\nneurons = 2", nil, nil, "in.npz: input: expected input for 2 neurons, found 3"},
		{"negative neurons", "[network]\nneurons = -2", nil, nil, "c.toml: network.neurons: "},
		{"cores", "[network]\nneurons = 3\ncore = [0]", nil, nil, "c.toml: network.core: expected a core for each of the 3 neurons, found 1"},
		{"not square", "[init]\nw_rec = [[1, 2]]", nil, nil, "c.toml: init.w_rec: expected a list of N lists of N numbers, found 1 rows, of which row 0 is [1 2]"},
		{"not a matrix", "[init]\nw_rec = [1]", nil, nil, "c.toml: init.w_rec: "},
		{"for others", "[init]\nw_rec = [[1]]", nil, nil, "c.toml: dynapse: "},
		{"not recurrent", "[network]\nrecurrent = false\n[init]\nw_rec = [[1]]", nil, nil, "c.toml: network.recurrent: expected true"},
		{"not recurrent, in the input", "[network]\nrecurrent = false", nil, []files.Array{{Name: "input", Shape: []int{2, 1}, Data: []float64{1, 0}}, {Name: "w_rec", Shape: []int{1, 1}, Data: []float64{1}}},
			"c.toml: network.recurrent: expected true, as in.npz has w_rec, found false"},
		{"recurrent", "[network]\nrecurrent = true", nil, nil, "c.toml: network.recurrent: expected w_rec or w_rec_code under [init], or w_rec in in.npz, as it is true, found none"},
		{"weights twice", "[init]\nw_rec = [[1]]", nil, []files.Array{{Name: "input", Shape: []int{2, 1}, Data: []float64{1, 0}}, {Name: "w_rec", Shape: []int{1, 1}, Data: []float64{1}}},
			"in.npz: w_rec: expected weights here or in the configuration, found both"},
		{"value", "dt = 0", nil, nil, "c.toml: "},
		{"values", "[init]\nIdc = [1e-12, 1e-12]", nil, nil, "c.toml: "},
		{"bound", "[network]\nmax_spikes_per_dt = -1", nil, nil, "c.toml: "},
		{"synapses", "[network]\nsynapses = 2", nil, nil, "c.toml: network.synapses: expected 1 or 4, found 2"},
		{"columns", "[network]\nsynapses = 4", nil, nil, "in.npz: input: expected four columns for each neuron: AMPA, GABA, NMDA, SHUNT, found 3 columns"},
		{"one synapse", "[init]\nItau_gaba = 1e-11", nil, nil, "c.toml: init.Itau_gaba: expected one of Idc"},
		{"dendrites of one synapse", good, []string{"--dendrites"}, nil, "--dendrites: expected --device"},
		{"no configuration", good, []string{"--config", "missing.toml"}, nil, "missing.toml: no such file"},
		{"no input", good, []string{"--input", "missing.npz"}, nil, "missing.npz: "},
		{"row", good, []string{"--plot", "a.png", "--row", "2"}, nil, "--row: expected 0 to 1, found 2"},
		{"neuron", good, []string{"--plot", "a.png", "--show", "3"}, nil, "--show: expected neurons 0 to 2, found 3"},
		{"figure", good, []string{"--plot", "a.gif"}, nil, "--plot a.gif: "},
		{"traces", good, []string{"--out", "a.txt"}, nil, "--out a.txt: "},
		{"no array", good, nil, []files.Array{two}, "in.npz: input: expected an array, found none"},
		{"unknown array", good, nil, []files.Array{input(), {Name: "w", Data: []float64{1}}}, "in.npz: w: expected one of input, w_in, w_rec"},
		{"weights", good, nil, []files.Array{input(), two}, "in.npz: w_in: expected shape [3, N]"},
		{"recurrent weights", good, nil, []files.Array{input(), {Name: "w_rec", Shape: []int{2, 2}, Data: make([]float64, 4)}}, "in.npz: w_rec: expected shape [3, 3], found [2 2]"},
		{"dimensions", good, nil, []files.Array{{Name: "input", Shape: []int{3}, Data: make([]float64, 3)}}, "in.npz: input: expected shape [B, T, N]"},
		{"NaN", good, nil, []files.Array{{Name: "input", Shape: []int{1, 3}, Data: []float64{0, math.NaN(), 0}}}, "NaN"},
	} {
		t.Run(test.name, func(t *testing.T) {
			write(t, test.config)
			if test.arrays != nil {
				if err := files.WriteArrays("in.npz", test.arrays); err != nil {
					t.Fatal(err)
				}
			}
			args := test.args
			for flag, value := range map[string]string{"--config": "c.toml", "--input": "in.npz"} {
				if !slices.Contains(args, flag) {
					args = append(args, flag, value)
				}
			}
			_, err := surge(t, args...)
			if err == nil || !strings.Contains(err.Error(), test.want) || exit.Code(err) != 2 || strings.Contains(err.Error(), "\n") {
				t.Errorf("status %d: %v\nwant %s", exit.Code(err), err, test.want)
			}
		})
	}
	write(t, good)
	if _, err := surge(t, "--config", "c.toml", "--device", "chip.json", "--input", "in.npz"); err == nil {
		t.Error("--config and --device together are accepted")
	}
	if err := os.WriteFile("chip.json", []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := surge(t, "--device", "chip.json", "--input", "in.npz"); err == nil || !strings.HasPrefix(err.Error(), "chip.json: ") {
		t.Errorf("error %v", err)
	}
}
