package experiment

import (
	"bytes"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/fit"
)

const rows, steps = 2, 20

// array returns an array [rows, steps, columns] with a spike in every third bin, or a sum of sines.
func array(name string, columns int) files.Array {
	a := files.Array{Name: name, Shape: []int{rows, steps, columns}, Data: make([]float64, rows*steps*columns)}
	for i := range a.Data {
		if a.Data[i] = 1e-10 * (2 + math.Sin(float64(i))); name == "input" || name == "spikes" {
			a.Data[i] = float64(i % 3 / 2)
		}
	}
	return a
}

// folder has an experiment and its target, and is the current one.
func folder(t *testing.T, config string, arrays ...files.Array) {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := os.WriteFile("fit.toml", []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := files.WriteArrays("target.npz", arrays); err != nil {
		t.Fatal(err)
	}
}

// whole has every key of the neurons.
const whole = `
model = "dynapsim"
dt = 2e-3
seed = 3
[network]
neurons = 2
recurrent = true
core = [0, 1]
max_spikes_per_dt = 1
substeps = 2
synapses = 1
[init]
Itau_mem = [4e-12, 5e-12]
Iscale = 2e-8
Iw_0 = 3e-9
w_rec_code = [[0, 1], [-3, 0]]
`

const fitted = `
[fit]
parameters = ["Itau_mem", "Iw_0"]
tie = "core"
method = "gauss-newton"
starts = 2
dac = true
mismatch = 0.1
samples = 3
bounds = {Itau_mem = [1e-12, 1e-11]}
prior = {Iw_0 = {mean = 2e-9, sd = 1}}
noise = 0.1
[[target]]
file = "target.npz"
use = ["imem"]
neurons = [1]
unit = {imem = "pA"}
scale = {imem = 2}
tau_spikes = 5e-3
[[target]]
fi = {input_rate = [10, 20], rate = [1, 2.5], seconds = 3}
[[target]]
statistics = {rate = 12, cv = 0.5}
scale = {cv = 10}
input_rate = 100
input_current = 1e-10
seconds = 2
neurons = [0]
`

// TestFile reads every key, as an experiment and as neurons alone.
func TestFile(t *testing.T) {
	imem := array("imem", 1)
	folder(t, whole+fitted, array("input", 2), imem, array("spikes", 2), array("temperature", 1))
	e, err := Read("fit.toml", Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := e.Space
	n := s.Network
	if n.N != 2 || n.Substeps != 2 || n.MaxSpikes != 1 || n.Params[dynapse.Dt][0] != 2e-3 || !slices.Equal(n.Params[dynapse.ItauMem], []float64{4e-12, 5e-12}) || n.WRec != nil {
		t.Errorf("%+v", n)
	}
	if !slices.Equal(s.Codes.Code, []uint8{0, 1, 3, 0}) || !slices.Equal(s.Codes.Sign, []int8{1, 1, -1, 1}) || !s.Bases[0].Fit || s.Bases[0].Start[0] != 3e-9 ||
		s.Bases[0].Prior != (fit.Prior{Mean: 2e-9, SD: 1}) || s.Bounds[dynapse.ItauMem] != (fit.Range{Low: 1e-12, High: 1e-11}) || !slices.Equal(s.Core, []int{0, 1}) {
		t.Errorf("%+v", s)
	}
	if want := (fit.Settings{Method: "gauss-newton", Starts: 2, Seed: 3, DAC: true, Mismatch: 0.1, Samples: 3}); e.Settings.Method != want.Method || e.Settings.Starts != want.Starts ||
		e.Settings.Seed != want.Seed || !e.Settings.DAC || e.Settings.Mismatch != want.Mismatch || e.Settings.Samples != want.Samples || e.Noise != 0.1 {
		t.Errorf("%+v", e.Settings)
	}
	r := e.Recordings[0]
	if r.T != steps || r.B != rows || r.TauSpikes != 5e-3 || r.Scale[fit.Imem] != 2 || !r.Use[fit.Imem] || r.Use[fit.Spikes] || r.Target[fit.Spikes] == nil {
		t.Errorf("%+v", r)
	}
	for i, v := range r.Target[fit.Imem] {
		j, b, s := i%2, i/2%rows, i/2/rows
		if j == 0 && (v == v || r.Weight[i] != 0) || j == 1 && (v != 1e-12*imem.Data[b*steps+s] || r.Weight[i] != 1) {
			t.Fatalf("imem of row %d, step %d, neuron %d: %v, weight %v", b, s, j, v, r.Weight[i])
		}
	}
	if c := e.Curves[0]; c.Seconds != 3 || c.Seed != 3 || c.Rate[1] != 2.5 {
		t.Errorf("%+v", c)
	}
	if q := e.Statistics[0]; q.Want[fit.CV] != 0.5 || q.Scale[fit.CV] != 10 || q.InputRate != 100 || q.Current != 1e-10 || q.Seconds != 2 || q.Neurons[0] != 0 {
		t.Errorf("%+v", q)
	}
	if !slices.Equal(e.Unused, []string{"target.npz: temperature"}) || len(e.Targets) != 64 {
		t.Errorf("unused %q, digest %q", e.Unused, e.Targets)
	}
	seed := uint64(9)
	if e, err := Read("fit.toml", Options{Seed: &seed}); err != nil || e.Settings.Seed != 9 || e.Curves[0].Seed != 9 || e.File.Seed != 9 {
		t.Errorf("%v: the seed is not that of the options", err)
	}

	alone, _, err := ReadNetwork("fit.toml")
	if err != nil {
		t.Fatal(err)
	}
	// w = sign · Σ Iw_k / Iscale; Iw_1 has its default of 2 nA.
	for i, want := range []float64{0, 3e-9 / 2e-8, -5e-9 / 2e-8, 0} {
		if math.Abs(alone.WRec[i]-want) > 1e-15 {
			t.Errorf("w_rec %v", alone.WRec)
			break
		}
	}
	if alone.N != 2 || alone.Substeps != 2 || alone.MaxSpikes != 1 || !slices.Equal(alone.Params[dynapse.ItauMem], n.Params[dynapse.ItauMem]) {
		t.Errorf("%+v", alone)
	}
}

// TestOneReader: what is wrong for a fit is wrong for a simulation, in the same words.
func TestOneReader(t *testing.T) {
	folder(t, "", array("input", 2), array("imem", 1))
	for _, c := range []struct{ from, to, want string }{
		{"Itau_mem = [4e-12, 5e-12]", "Itau_mem = 5e-3", "fit.toml: init.Itau_mem: expected a current of at most 1e-3 A: values are in ampere, found 0.005"},
		{"substeps = 2", "substeps = 0", "fit.toml: network.substeps: expected 1 to 1000, found 0"},
		{"substeps = 2", "substep = 2", "found an unknown key, did you mean network.substeps?"},
		{"substeps = 2", "substeps = 2.0", "fit.toml: network.substeps: expected a whole number, found 2"},
		{"synapses = 1", "synapses = 3", "fit.toml: network.synapses: expected 1 or 4, found 3"},
		{"Iw_0 = 3e-9", "Iw_4 = 3e-9", "fit.toml: init.Iw_4: expected one of Idc"},
		{"Iw_0 = 3e-9", "Igain_nmda = 3e-9", "fit.toml: init.Igain_nmda: expected one of Idc"},
		{"Itau_mem = [4e-12, 5e-12]", "itau_mem = 5e-12", "found itau_mem, did you mean Itau_mem?"},
		{"core = [0, 1]", "core = [0, 16]", "fit.toml: network.core[1]: expected 0 to 15, found 16"},
		{"dt = 2e-3", "dt = -1", "fit.toml: dt: expected a time in seconds > 0, found -1"},
		{"dt = 2e-3", "dt = \"1 ms\"", `fit.toml: dt: expected a number, found the string "1 ms"`},
		{"tie = \"core\"", "ties = \"core\"", "fit.toml: fit.ties: expected one of fit.parameters, fit.tie, fit.method, fit.starts, fit.dac, fit.mismatch, fit.given_sd, fit.samples, fit.bounds, fit.prior, fit.noise, found an unknown key, did you mean fit.tie?"},
		{"sd = 1", "sigma = 1", "fit.toml: fit.prior.Iw_0.sigma: expected one of fit.prior.Iw_0.mean, fit.prior.Iw_0.sd"},
		{"unit = {imem = \"pA\"}", "units = {imem = \"pA\"}", "fit.toml: target[0].units: expected one of target[0].file"},
		{"w_rec_code = [[0, 1], [-3, 0]]", "w_rec_code = [[0, 1], [-16, 0]]", "fit.toml: init.w_rec_code: expected 2 lists of 2 codes"},
		{"recurrent = true", "recurrent = false", "fit.toml: network.recurrent: expected true, as init.w_rec_code is given, found false"},
	} {
		if !strings.Contains(whole+fitted, c.from) {
			t.Fatalf("no %s", c.from)
		}
		text := strings.Replace(whole+fitted, c.from, c.to, 1)
		_, err := Parse("fit.toml", text, Options{})
		_, _, alone := ParseNetwork("fit.toml", text)
		for _, err := range []error{err, alone} {
			if bad := (*Error)(nil); !errors.As(err, &bad) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v\nwant %s", c.to, err, c.want)
			}
		}
		if err != nil && alone != nil && err.Error() != alone.Error() {
			t.Errorf("%v\nalone %v", err, alone)
		}
	}
	for _, c := range []struct{ from, to, want string }{ // of the fit alone
		{"neurons = 2", "neurons = 2000", "network.core: expected a core for each of the 2000"},
		{`"Itau_mem", "Iw_0"`, `"Itau_men", "Iw_0"`, "found Itau_men, did you mean Itau_mem?"},
		{`"gauss-newton"`, `"gaus-newton"`, "fit.toml: fit.method: expected one of auto adam lbfgs gauss-newton cmaes nelder-mead posterior, found gaus-newton, did you mean gauss-newton?"},
		{"mismatch = 0.1", "given_sd = 0.1\nmismatch = 0.1", `fit.toml: fit.given_sd: expected mismatch = "infer", which it belongs to`},
		{"mismatch = 0.1", "given_sd = -0.1\nmismatch = 0.1", "fit.toml: fit.given_sd: expected a standard deviation of the logarithm, > 0 and at most 1, found -0.1"},
		{`use = ["imem"]`, `use = ["iemm"]`, "fit.toml: target[0].use[0]: expected imem, isyn, iahp, vmem or spikes, found iemm, did you mean imem?"},
	} {
		if _, err := Parse("fit.toml", strings.Replace(whole+fitted, c.from, c.to, 1), Options{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v\nwant %s", c.to, err, c.want)
		}
	}
	folder(t, "", array("input", 2), array("imem", 1), array("wieght", 1))
	if _, err := Parse("fit.toml", whole+fitted, Options{}); err == nil || !strings.Contains(err.Error(), "target.npz: wieght: expected one of input w_in imem isyn iahp vmem spikes weight dc w_rec w_rec_code, found an unknown array, did you mean weight?") {
		t.Error(err)
	}
}

// TestInputWeights: with w_in the input of a target has channels, and the recording their sum.
func TestInputWeights(t *testing.T) {
	const config = "[network]\nneurons = 2\n[fit]\nparameters = [\"Itau_mem\"]\n[[target]]\nfile = \"target.npz\"\n"
	w := files.Array{Name: "w_in", Shape: []int{3, 2}, Data: []float64{0, 2, 0.5, 0, 0, 1}}
	x := array("input", 3)
	folder(t, config, x, w, array("imem", 2))
	e, err := Read("fit.toml", Options{})
	if err != nil {
		t.Fatal(err)
	}
	for b := range rows {
		for s := range steps {
			for j := range 2 {
				want := 0.0
				for c := range 3 {
					want += x.Data[(b*steps+s)*3+c] * w.Data[c*2+j]
				}
				if got := e.Recordings[0].Input[(s*rows+b)*2+j]; got != want {
					t.Fatalf("input of row %d, step %d, neuron %d: %v, want %v", b, s, j, got, want)
				}
			}
		}
	}
	if e.In.Pre != 3 || e.In.Post != 2 || !slices.Equal(e.In.W, w.Data) {
		t.Errorf("%+v", e.In)
	}
	in, n, err := ReadInput("target.npz", dynapse.Network{}, nil)
	if err == nil || !strings.Contains(err.Error(), "target.npz: imem: expected one of input, w_in, w_rec") {
		t.Errorf("%v, %v, %v", in, n, err)
	}
	folder(t, config, x, w)
	if in, n, err := ReadInput("target.npz", dynapse.Network{}, nil); err != nil || n.N != 2 || !slices.Equal(in.Counts, e.Recordings[0].Input) {
		t.Errorf("%v: input of a simulation is not that of a fit", err)
	}
	folder(t, config, x, array("imem", 2))
	if _, err := Read("fit.toml", Options{}); err == nil || !strings.Contains(err.Error(), "target.npz: input: expected shape [B, T, 2], as there are 2 neurons, or weights w_in for its channels, found [2 20 3]") {
		t.Error(err)
	}
}

// TestFourSynapses reads targets of neurons with four synapse types: four columns of input each.
func TestFourSynapses(t *testing.T) {
	const config = "[network]\nneurons = 2\nsynapses = 4\nrecurrent = true\n[init]\nIf_nmda = 1e-11\n[fit]\nparameters = [\"Itau_nmda\", \"If_nmda\"]\n[[target]]\nfile = \"target.npz\"\nuse = [\"imem\"]\n"
	x := array("input", 8)
	rec := files.Array{Name: "w_rec", Shape: []int{2, 2, 4}, Data: make([]float64, 16)}
	rec.Data[5] = 0.3
	folder(t, config, x, array("imem", 2), array("igaba", 2), rec)
	e, err := Read("fit.toml", Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := e.Recordings[0]
	if n := e.Space.Network; !n.FourSynapses || !slices.Equal(n.WRec, rec.Data) || len(r.Input) != rows*steps*8 || r.Input[(3*rows+1)*8+7] != x.Data[(steps+3)*8+7] {
		t.Errorf("%+v", n)
	}
	x.Shape = []int{rows, steps, 2, 4}
	folder(t, config, x, array("imem", 2), rec)
	if again, err := Read("fit.toml", Options{}); err != nil || !slices.Equal(again.Recordings[0].Input, r.Input) {
		t.Errorf("%v: [B, T, N, 4] is not [B, T, 4N]", err)
	}
	folder(t, config, array("input", 2), array("imem", 2), rec)
	if _, err := Read("fit.toml", Options{}); err == nil || !strings.Contains(err.Error(), "expected shape [B, T, 8], as there are 2 neurons with four columns each: AMPA, GABA, NMDA, SHUNT, or weights w_in") {
		t.Error(err)
	}
}

// TestInitInput: weights of input channels under [init] are those of every recording, as in a
// target file; both, or input of another number of channels, is an error.
func TestInitInput(t *testing.T) {
	const config = "[network]\nneurons = 2\n[init]\nw_in = [[1, 0], [0, 0.5], [2, -1]]\n[fit]\nparameters = [\"Itau_mem\"]\n[[target]]\nfile = \"target.npz\"\nuse = [\"imem\"]\n"
	w := files.Array{Name: "w_in", Shape: []int{3, 2}, Data: []float64{1, 0, 0, 0.5, 2, -1}}
	folder(t, strings.Replace(config, "w_in = [[1, 0], [0, 0.5], [2, -1]]\n", "", 1), array("input", 3), array("imem", 2), w)
	want, err := Read("fit.toml", Options{})
	if err != nil {
		t.Fatal(err)
	}
	folder(t, config, array("input", 3), array("imem", 2))
	e, err := Read("fit.toml", Options{})
	if err != nil || e.In == nil || !slices.Equal(e.In.W, w.Data) || !slices.Equal(e.Recordings[0].Input, want.Recordings[0].Input) || !slices.Equal(e.Recordings[0].Channels, want.Recordings[0].Channels) {
		t.Errorf("%+v, %v", e, err)
	}
	n, in, err := ReadNetwork("fit.toml")
	if err != nil || !slices.Equal(in.W, w.Data) {
		t.Errorf("%v, %v", in, err)
	}
	again, same, err := ParseNetwork("again.toml", Text(n, nil, in))
	if err != nil || again.N != 2 || same.Pre != 3 || same.Post != 2 || !slices.Equal(same.W, w.Data) {
		t.Errorf("written and read: %+v, %v", same, err)
	}
	folder(t, config, array("input", 2), array("imem", 2))
	if _, err := Read("fit.toml", Options{}); err == nil || !strings.Contains(err.Error(), "shape [B, T, 3], the channels of w_in under [init]") {
		t.Error(err)
	}
	w.Data = slices.Clone(w.Data)
	w.Data[0] = 3
	folder(t, config, array("input", 3), array("imem", 2), w)
	if _, err := Read("fit.toml", Options{}); err == nil || !strings.Contains(err.Error(), "one w_in for all targets") {
		t.Error(err)
	}
	for _, bad := range []string{"1", "[]", "[[]]", "[[1, 2], [3]]", "[[1, 2, 3]]", "[[nan, 1]]"} {
		if _, _, err := ParseNetwork("fit.toml", "[network]\nneurons = 2\n[init]\nw_in = "+bad); err == nil || !strings.Contains(err.Error(), "init.w_in") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// TestReadRecording reads a recording for a network, without an experiment file.
func TestReadRecording(t *testing.T) {
	t.Chdir(t.TempDir())
	text := "time,input_0,input_1,vmem\n"
	for i := range 12 {
		text += strings.Join([]string{[]string{"0.000", "0.002", "0.004", "0.006", "0.008", "0.010", "0.012", "0.014", "0.016", "0.018", "0.020", "0.022"}[i], "1", "0", "20.5"}, ",") + "\n"
	}
	if err := os.WriteFile("scope.csv", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	n := dynapse.Network{N: 2}
	n.Params[dynapse.Dt] = []float64{2e-3}
	r, err := ReadRecording("scope.csv", n, Target{Neurons: []int{1}, Unit: map[string]string{"vmem": "mV"}})
	if err != nil {
		t.Fatal(err)
	}
	if v := r.Target[fit.Vmem]; r.T != 12 || r.B != 1 || r.Input[0] != 1 || r.Input[1] != 0 || v[1] != 1e-3*20.5 || v[0] == v[0] || !r.Use[fit.Vmem] || r.Weight[0] != 0 || r.Weight[1] != 1 {
		t.Errorf("%+v", r)
	}
	// Samples in every second bin of 1 ms.
	if r, err := ReadRecording("scope.csv", dynapse.Network{N: 2}, Target{Neurons: []int{1}}); err != nil || r.T != 23 || r.Weight[1] != 1 || r.Weight[3] != 0 || r.Weight[5] != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := ReadRecording("scope.csv", n, Target{Use: []string{"imem"}}); err == nil {
		t.Error("what was not recorded is used")
	}
	if _, err := ReadRecording("none.csv", n, Target{}); !errors.Is(err, os.ErrNotExist) || !strings.HasPrefix(err.Error(), "none.csv: ") {
		t.Error(err)
	}
}

// FuzzFile reads arbitrary text: it is an experiment, or one line that says what is wrong.
func FuzzFile(f *testing.F) {
	for _, text := range []string{"", whole, whole + fitted, "[[target]]\nfile = 1", "[init]\nw_rec = [[1]]\n[network]\nneurons = 1\nrecurrent = true", "fit = 3", "[fit.bounds]\nIdc = []",
		"[[init]]\n", "fit.a = 1\ntarget = 2", "[init]\nw_rec = [[], 1]", "[network]\nsynapses = 4\n[init]\nw_rec = [[1, 2, 3, 4]]", "[init]\nw_rec_code = [[nan]]", "[init]\nw_in = [[1, 2], [3, 4]]", "[network]\nneurons = 1\nsynapses = 4\n[init]\nw_in = [[1, 2, 3, 4], [1]]", "seed = -1",
		"[network]\nneurons = 1\n[fit]\nparameters = [\"Idc\"]\n[[target]]\nfile = \"a\"\ndc = [[0, 1e-12], [0.1, 0]]"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, err := Parse("fit.toml", text, Options{ReadFile: func(string) ([]byte, error) { return nil, os.ErrNotExist }})
		n, _, alone := ParseNetwork("fit.toml", text)
		_, staged := ReadStages("fit.toml", Options{ReadFile: func(path string) ([]byte, error) {
			if path != "fit.toml" {
				return nil, os.ErrNotExist
			}
			return []byte(text), nil
		}})
		for _, err := range []error{err, alone, staged} {
			if bad := (*Error)(nil); err != nil && (!errors.As(err, &bad) || strings.Contains(err.Error(), "\n")) {
				t.Fatal(err)
			}
		}
		if alone != nil {
			return
		}
		for p, list := range n.Params {
			if list != nil && len(list) == 0 {
				t.Fatalf("%v is an empty list", dynapse.Param(p))
			}
		}
	})
}

// FuzzRecording reads arbitrary files: a recording whose lists fit each other, or an error.
func FuzzRecording(f *testing.F) {
	path := filepath.Join(f.TempDir(), "a.npz")
	if err := files.WriteArrays(path, []files.Array{array("input", 2), array("imem", 2), array("spikes", 2)}); err != nil {
		f.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw, false)
	f.Add([]byte("time,input_0,input_1,imem\n0,1,0,1e-9\n0.001,1,0,2e-9\n"), true)
	f.Add([]byte("input,input_1,w_in\n1,1,1\n"), true)
	f.Add([]byte("time,dc,imem,trial\n0,1e-9,1e-9,0\n0.004,,2e-9,0\n0,1e-9,1e-9,1\n"), true)
	f.Fuzz(func(t *testing.T, content []byte, csv bool) {
		name := map[bool]string{false: "a.npz", true: "a.csv"}[csv]
		if !csv && !bytes.Equal(content, raw) && len(content) > 1<<14 {
			return
		}
		r, err := ParseRecording(name, content, dynapse.Network{N: 2}, Target{})
		if err != nil {
			if bad := (*Error)(nil); !errors.As(err, &bad) || strings.Contains(err.Error(), "\n") {
				t.Fatal(err)
			}
			return
		}
		size := r.T * r.B * 2
		for q, x := range r.Target {
			if x != nil && len(x) != size || r.Use[q] && x == nil {
				t.Fatalf("%v has %d samples of %d", fit.Quantity(q), len(x), size)
			}
		}
		if len(r.Input) != size || r.Weight != nil && len(r.Weight) != size || r.DC != nil && len(r.DC) != size {
			t.Fatalf("input of %d, weight of %d, dc of %d samples, want %d", len(r.Input), len(r.Weight), len(r.DC), size)
		}
	})
}
