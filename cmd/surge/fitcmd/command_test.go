package fitcmd

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/chip"
	"github.com/surge-snn/surge/models/dynapse/fit"
	"github.com/surge-snn/surge/models/dynapse/fit/report"
)

// surge runs the command line in the current folder.
func surge(ctx context.Context, args ...string) (stdout string, err error) {
	var out, progress bytes.Buffer
	parser, err := kong.New(&Command{}, kong.Writers(&out, &progress), kong.BindTo(ctx, (*context.Context)(nil)))
	if err != nil {
		return "", err
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		return "", err
	}
	err = parsed.Run()
	return out.String(), err
}

// truth are the currents of the recording that comes with the program: those of
// example/neuron.toml.
var truth = map[string]float64{"Itau_mem": 4.1e-12, "Igain_mem": 2.8e-11, "Itau_syn": 6.2e-11, "Igain_syn": 7.3e-9, "Ispkthr": 8.1e-8, "Iref": 2.7e-10}

// TestDemo fits the example: the currents come back, the codes are those of the bias generator, and
// all files are there.
func TestDemo(t *testing.T) {
	t.Chdir(t.TempDir())
	text, err := surge(t.Context(), "--demo", "--json", "--out", "demo")
	if err != nil {
		t.Fatal(err)
	}
	var r struct {
		Status     string
		Loss       float64
		LossDAC    float64 `json:"loss_dac"`
		Currents   map[string][]float64
		Interval   map[string][2]float64
		Identified map[string]fit.Verdict
		Codes      []fit.Setting
	}
	if err := json.Unmarshal([]byte(text), &r); err != nil || strings.Count(text, "\n") != 1 {
		t.Fatalf("%v in %s", err, text)
	}
	if r.Status != "converged" || r.Loss > 1e-16 || len(r.Codes) != len(truth) {
		t.Errorf("%+v", r)
	}
	for name, want := range truth {
		got, in := r.Currents[name][0], r.Interval[name]
		if want < in[0] || want > in[1] {
			t.Errorf("%s = %v is not in %v", name, want, in)
		}
		// The trace is exact, so that what is left is rounding times the condition of the problem.
		if r.Identified[name] == fit.Identified && math.Abs(got/want-1) > 1e-6 {
			t.Errorf("%s = %v, want %v", name, got, want)
		}
	}
	for _, name := range []string{report.ResultFile, report.MarkdownFile, report.HTMLFile, report.DeviceFile, report.TracesFile, report.LossFile, report.HistoryFile} {
		if info, err := os.Stat(filepath.Join("demo", name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := os.Stat(filepath.Join("demo", checkpointFile)); err == nil {
		t.Error("the checkpoint of a fit that has ended is still there")
	}
	saved, err := os.ReadFile(filepath.Join("demo", report.ResultFile))
	if err != nil || string(saved) != text {
		t.Errorf("%v: result.json is not what was printed", err)
	}
	sameCodes(t, r.Codes)
	// A weight of 1 is Igain_syn times Iscale: what one is larger, the other is smaller.
	page, err := os.ReadFile(filepath.Join("demo", report.MarkdownFile))
	if err != nil || !regexp.MustCompile(`(?m)^\| Iscale \|.* -1\.00 \|`).Match(page) {
		t.Errorf("%v: the report does not say what the currents owe to Iscale", err)
	}
}

// sameCodes compares the codes with those in device.json.
func sameCodes(t *testing.T, codes []fit.Setting) {
	t.Helper()
	f, err := os.Open(filepath.Join("demo", report.DeviceFile))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d, err := chip.ReadDevice(f)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range codes {
		if p := d.Chips[0].Cores[0].Parameters[c.DeviceParameter]; p.Coarse != c.Coarse || p.Fine != c.Fine {
			t.Errorf("%s: %v, want %d:%d", c.DeviceParameter, p, c.Coarse, c.Fine)
		}
	}
}

// arrays returns the recording of the demo.
func arrays(t testing.TB) []files.Array {
	t.Helper()
	raw, err := example.ReadFile("example/target.npz")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "target.npz")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	list, err := files.ReadArrays(path)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// config is an experiment on target.npz in which one current is 5 % off.
const short = "[network]\nneurons = 1\n[init]\nItau_mem = 4.3e-12\nIgain_mem = 2.8e-11\nItau_syn = 6.2e-11\nIgain_syn = 7.3e-9\nIspkthr = 8.1e-8\nIref = 2.7e-10\nIpulse_ahp = 3.5e-9\nIw_ahp = 2e-9\n[fit]\nparameters = [\"Itau_mem\"]\nstarts = 1\n"

func write(t testing.TB, config string, arrays []files.Array) {
	t.Helper()
	if err := os.WriteFile("fit.toml", []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := files.WriteArrays("target.npz", arrays); err != nil {
		t.Fatal(err)
	}
}

// TestTable fits columns of a CSV file in mV, with a gap in which the samples are missing, and no
// spikes.
func TestTable(t *testing.T) {
	t.Chdir(t.TempDir())
	list := arrays(t)
	input, err := files.Lookup(list, "input")
	if err != nil {
		t.Fatal(err)
	}
	n := dynapse.Network{N: 1}
	for name, v := range map[dynapse.Param]float64{dynapse.ItauMem: 4.1e-12, dynapse.IgainMem: 2.8e-11, dynapse.ItauSyn: 6.2e-11, dynapse.IgainSyn: 7.3e-9, dynapse.Ispkthr: 8.1e-8, dynapse.Iref: 2.7e-10, dynapse.IpulseAHP: 3.5e-9, dynapse.IwAHP: 2e-9} {
		n.Params[name] = []float64{v}
	}
	run, err := n.Simulate(dynapse.Input{T: len(input.Data), B: 1, Counts: input.Data})
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	w := csv.NewWriter(&text)
	_ = w.Write([]string{"time", "input_0", "vmem_0", "weight_0"})
	for i, v := range run.Vmem {
		row := []string{fmt.Sprint(float64(i) * 1e-3), fmt.Sprint(input.Data[i]), fmt.Sprint(1e3 * v), "1"}
		if i >= 300 && i < 310 { // where the membrane does not spike
			row[2], row[3] = "NaN", "0"
		}
		_ = w.Write(row)
	}
	w.Flush()
	if err := os.WriteFile("target.csv", text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	config := short + "[[target]]\nfile = \"target.csv\"\nunit = {vmem = \"mV\"}\n"
	if err := os.WriteFile("fit.toml", []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := surge(t.Context(), "fit.toml", "--json")
	if err != nil {
		t.Fatal(err)
	}
	var r fit.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	if got := r.Values["Itau_mem"]; math.Abs(got/4.1e-12-1) > 1e-6 || !slices.ContainsFunc(r.Notes, func(s string) bool { return strings.Contains(s, "read off") }) {
		t.Errorf("Itau_mem = %v, %v", got, r.Notes)
	}
	if _, err := os.Stat("runs/fit/report.html"); err != nil {
		t.Error(err)
	}
}

// TestStop: a fit that is interrupted says so with status 130 and can be resumed; another
// experiment cannot take its checkpoint.
func TestStop(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, short+"[[target]]\nfile = \"target.npz\"\n", arrays(t))
	whole, err := surge(t.Context(), "fit.toml", "--json", "--out", "whole")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	text, err := surge(ctx, "fit.toml", "--json", "--out", "part")
	if exit.Code(err) != 130 || !strings.Contains(text, `"interrupted"`) {
		t.Fatalf("%v, %s", err, text)
	}
	rest, err := surge(t.Context(), "fit.toml", "--json", "--out", "part", "--resume")
	if err != nil {
		t.Fatal(err)
	}
	var a, b fit.Report
	if err := errors.Join(json.Unmarshal([]byte(whole), &a), json.Unmarshal([]byte(rest), &b)); err != nil || a.Values["Itau_mem"] != b.Values["Itau_mem"] || a.Loss != b.Loss {
		t.Errorf("%v: %v, want %v", err, b.Loss, a.Loss)
	}
	if _, err := surge(ctx, "fit.toml", "--out", "part", "--force"); exit.Code(err) != 130 {
		t.Fatal(err)
	}
	if _, err := surge(t.Context(), "fit.toml", "--out", "part", "--resume", "--seed", "5"); exit.Code(err) != 2 || !strings.Contains(err.Error(), "seed") {
		t.Errorf("another seed: %v", err)
	}
	if _, err := surge(t.Context(), "fit.toml", "--out", "none", "--resume"); exit.Code(err) != 2 {
		t.Errorf("no checkpoint: %v", err)
	}
}

// TestErrors: what is wrong is said in one line with the file and the member, and status 2.
func TestErrors(t *testing.T) {
	t.Chdir(t.TempDir())
	const target = "[[target]]\nfile = \"target.npz\"\n"
	for _, test := range []struct {
		name, config string
		change       func([]files.Array) []files.Array
		want         string
	}{
		{"unknown key", "foo = 1\n" + short + target, nil, "fit.toml: foo: expected one of model, dt"},
		{"unknown key of the fit", short + "metod = \"adam\"\n" + target, nil, "fit.toml: fit.metod: expected one of fit.parameters"},
		{"no target", short, nil, "at least one [[target]]"},
		{"no file", short + "[[target]]\nfile = \"none.npz\"\n", nil, "none.npz: no such file"},
		{"unknown current", strings.Replace(short, `"Itau_mem"]`, `"Itau"]`, 1) + target, nil, "fit.parameters[0]: expected a bias current"},
		{"no effect", strings.Replace(short, `"Itau_mem"]`, `"If_nmda"]`, 1) + target, nil, "fit.parameters[0]"},
		{"volts as amperes", strings.Replace(short, "4.3e-12", "4.3", 1) + target, nil, "init.Itau_mem: expected a current of at most 1e-3 A"},
		{"codes of neurons", short + "tie = \"neuron\"\ndac = true\n" + target, nil, "fit.tie: expected core or all"},
		{"start out of bounds", short + "bounds = {Itau_mem = [1e-11, 1e-10]}\n" + target, nil, "init.Itau_mem: expected a start within fit.bounds"},
		{"bounds", short + "bounds = {Itau_mem = [2, 1]}\n" + target, nil, "fit.bounds.Itau_mem"},
		{"prior", short + "prior = {Itau_mem = {mean = 5.0, sd = 0.1}}\n" + target, nil, "fit.prior.Itau_mem: expected {mean = a current in ampere"},
		{"prior of what is not fitted", short + "prior = {Iref = {mean = 5e-12, sd = 0.1}}\n" + target, nil, "fit.prior.Iref: expected a fitted current"},
		{"key of a prior", short + "prior = {Itau_mem = {mean = 5e-12, sigma = 0.1}}\n" + target, nil, "an unknown key"},
		{"substeps", strings.Replace(short, "neurons = 1", "neurons = 1\nsubsteps = 0", 1) + target, nil, "network.substeps: expected 1 to 1000"},
		{"method", short + "method = \"magic\"\n" + target, nil, "fit.method: expected one of auto adam"},
		{"neurons", strings.Replace(short, "neurons = 1", "neurons = 2", 1) + target, nil, "target.npz: input: expected shape [B, T, 2]"},
		{"recorded neurons", short + target + "neurons = [1]\n", nil, "target[0].neurons[0]: expected neurons 0 to 0"},
		{"unit", short + target + "unit = {imem = \"mV\"}\n", nil, "target[0].unit.imem: expected A, mA"},
		{"wrong unit", short + target + "unit = {imem = \"nA\"}\n", nil, "is the unit right?"},
		{"not recorded", short + target + "use = [\"vmem\"]\n", nil, "target.npz: vmem: expected an array, as it is in use, found none"},
		{"NaN", short + target, func(a []files.Array) []files.Array { a[1].Data[17] = math.NaN(); return a }, "target.npz: imem of row 0, step 17, neuron 0 is NaN"},
		{"constant", short + target + "use = [\"imem\"]\n", func(a []files.Array) []files.Array {
			for i := range a[1].Data {
				a[1].Data[i] = 1e-9
			}
			return a
		}, "target.npz: imem is constant"},
		{"too short", short + target, func(a []files.Array) []files.Array {
			for i := range a {
				a[i].Shape[1], a[i].Data = 4, a[i].Data[:4]
			}
			return a
		}, "too short"},
		{"weights without recurrence", strings.Replace(short, "neurons = 1", "neurons = 1\nrecurrent = false", 1) + target, func(a []files.Array) []files.Array {
			return append(a, files.Array{Name: "w_rec", Shape: []int{1, 1}, Data: []float64{0}})
		}, "network.recurrent: expected true"},
		{"kinds", short + "[[target]]\nfile = \"target.npz\"\nstatistics = {rate = 3}\n", nil, "target[0]: expected one of file, fi, statistics, found file and statistics"},
		{"member of another kind", short + "[[target]]\nstatistics = {rate = 3}\ninput_rate = 10\ntau_spikes = 1e-2\n", nil, "target[0].tau_spikes: expected a member that goes with statistics"},
		{"statistic", short + "[[target]]\nstatistics = {latency = 3}\n", nil, "target[0].statistics: expected names of rate, adaptation"},
		{"milliseconds", short + "[[target]]\nstatistics = {tau_mem = 20000}\n", nil, "tau_mem is 20000, want 1e-06 to 100"},
		{"no input", short + "[[target]]\nstatistics = {rate = 3}\n", nil, "no input"},
		{"rates", short + "[[target]]\nfi = {input_rate = [1, 2], rate = [1]}\n", nil, "target[0].fi: expected as many rates"},
	} {
		list := arrays(t)
		if test.change != nil {
			list = test.change(list)
		}
		write(t, test.config, list)
		_, err := surge(t.Context(), "fit.toml", "--out", "out")
		if exit.Code(err) != 2 || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: status %d, %v; want %q", test.name, exit.Code(err), err, test.want)
		}
	}
	if _, err := os.Stat("out"); err == nil {
		t.Error("bad input leaves a folder")
	}
}

// TestStatistics fits numbers, which the report compares. Results are not replaced without a word,
// and a second fit has a folder of its own.
func TestStatistics(t *testing.T) {
	t.Chdir(t.TempDir())
	both := strings.Replace(short, `["Itau_mem"]`, `["Itau_mem", "Igain_mem"]`, 1)
	write(t, both+"[[target]]\nstatistics = {tau_mem = 20e-3, rate = 12}\ninput_current = 5e-10\nseconds = 1\n", nil)
	for _, folder := range []string{"runs/fit", "runs/fit-2"} {
		if _, err := surge(t.Context(), "fit.toml"); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(folder, report.MarkdownFile))
		if err != nil || !strings.Contains(string(text), "| tau_mem | 0 | 0.02 | 0.0") {
			t.Errorf("%v: the report does not compare time constants", err)
		}
		html, err := os.ReadFile(filepath.Join(folder, report.HTMLFile))
		if err != nil || !strings.Contains(string(html), "<td>tau_mem</td>") {
			t.Errorf("%v: the page does not compare time constants", err)
		}
	}
	var r report.Outcome
	if text, err := os.ReadFile("runs/fit/" + report.ResultFile); err != nil || json.Unmarshal(text, &r) != nil || len(r.Statistics) != 2 {
		t.Fatalf("%v, %+v", err, r.Statistics)
	}
	// A spike more or less in a second; codes are a few per cent apart.
	for i, want := range []report.Achieved{{Target: "target[0]", Statistic: "rate", Wanted: 12}, {Target: "target[0]", Statistic: "tau_mem", Wanted: 20e-3}} {
		got := r.Statistics[i]
		found, tolerance := *got.Found, []float64{1, 1e-3}[i]
		if got.Found = nil; got != want || math.Abs(found-want.Wanted) > tolerance {
			t.Errorf("%v of %+v, want %+v", found, got, want)
		}
	}
	if _, err := surge(t.Context(), "fit.toml", "--out", "runs/fit"); exit.Code(err) != 2 || !strings.Contains(err.Error(), "--force") {
		t.Errorf("results are replaced: %v", err)
	}
	if _, err := surge(t.Context(), "fit.toml", "--out", "runs/fit", "--force"); err != nil {
		t.Error(err)
	}
}

// TestTask trains a network to tell the patterns in which its first neuron is driven from those
// with the second one.
func TestTask(t *testing.T) {
	t.Chdir(t.TempDir())
	const patterns, steps, n = 4, 60, 3
	input := files.Array{Name: "input", Shape: []int{patterns, steps, n}, Data: make([]float64, patterns*steps*n)}
	class := files.Array{Name: "class", Shape: []int{patterns}}
	for b := range patterns {
		for s := 5 * b; s < 5*b+20; s++ {
			input.Data[(b*steps+s)*n+b%2] = 2
		}
		class.Data = append(class.Data, float64(-(b % 2)))
	}
	const config = `dac = false
[[target]]
file = "target.npz"
classes = [2]
`
	text := strings.Replace(strings.Replace(short, "neurons = 1", "neurons = 3\nrecurrent = true", 1), `["Itau_mem"]`, `["Itau_mem", "w_rec"]`, 1)
	text = strings.Replace(text, "starts = 1", "starts = 2", 1) + config
	weights := files.Array{Name: "w_rec", Shape: []int{n, n}, Data: []float64{0, 0, 0.01, 0, 0, 0.01, 0, 0, 0}}
	write(t, text, []files.Array{input, class, weights})
	out, err := surge(t.Context(), "fit.toml", "--out", "task")
	if err != nil {
		t.Fatal(err)
	}
	var r report.Outcome
	if text, err := os.ReadFile("task/" + report.ResultFile); err != nil || json.Unmarshal(text, &r) != nil || !slices.Equal(r.Tasks, []report.Solved{{Target: "target.npz", Patterns: patterns, Right: 1}}) {
		t.Errorf("%v, %+v", err, r.Tasks)
	}
	page, err := os.ReadFile("task/report.md")
	if err != nil || !strings.Contains(string(page), "100 % of 4 patterns are right") || !strings.Contains(out, "100 % of 4 patterns") {
		t.Errorf("%v\n%s\n%s", err, out, page)
	}
	for want, arrays := range map[string][]files.Array{
		"target.npz: class: expected an array [B] of classes":  {input, weights},
		"class[0]: expected a whole number, 0 to 0, or -1":     {input, {Name: "class", Shape: []int{patterns}, Data: []float64{1, 0, 0, 0}}, weights},
		"target.npz: class: expected shape [4]":                {input, {Name: "class", Shape: []int{2}, Data: []float64{0, 0}}, weights},
		"target.npz: imem: expected one of input class w_rec ": {input, class, weights, {Name: "imem", Shape: []int{1}, Data: []float64{1}}},
		"no neuron is to fire for any pattern: there is nothi": {input, {Name: "class", Shape: []int{patterns}, Data: []float64{-1, -1, -1, -1}}, weights},
	} {
		write(t, text, arrays)
		if _, err := surge(t.Context(), "fit.toml", "--out", "bad"); exit.Code(err) != 2 || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	write(t, text+"tau_spikes = 1e-2\n", []files.Array{input, class, weights})
	if _, err := surge(t.Context(), "fit.toml", "--out", "bad"); exit.Code(err) != 2 || !strings.Contains(err.Error(), "target[0].tau_spikes") {
		t.Error(err)
	}
}
