package dynapse

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/surge-snn/surge/bench/cases"
	"github.com/surge-snn/surge/internal/files"
)

// truth is a recorded estimate of the gradient of the expected loss of one neuron; see the files'
// notes.
type truth struct {
	Params struct {
		Dt, Weight       float64
		Currents, Layout map[string]float64
	}
	Batch, T int
	Losses   map[string]struct {
		Value         float64
		Truth         map[string]float64
		Significant   []string
		RuleS         map[string]float64      `json:"rule_S"`
		RuleT         map[string]float64      `json:"rule_T"`
		TruthIrefStep struct{ Value float64 } `json:"truth_Iref_one_bin"`
		HCheck        struct{ Cos float64 }   `json:"h_check"`
	}
	net                   Network
	input, target, lnimem []float64 // [T, B, 1]
}

func readTruth(t *testing.T, setting string) *truth {
	t.Helper()
	path := "testdata/neuron/dynapsim_truth_" + setting
	c, err := cases.Read(path + ".json")
	if err != nil {
		t.Fatal(err)
	}
	f := new(truth)
	for name, dst := range map[string]any{"batch": &f.Batch, "T": &f.T, "losses": &f.Losses} {
		if err := json.Unmarshal(c.Others[name], dst); err != nil {
			t.Fatal(err)
		}
	}
	for name, dst := range map[string]any{"weight": &f.Params.Weight, "currents": &f.Params.Currents, "layout": &f.Params.Layout} {
		if err := json.Unmarshal(c.Params[name], dst); err != nil {
			t.Fatal(err)
		}
	}
	f.net = Network{N: 1}
	for _, m := range []map[string]float64{f.Params.Currents, f.Params.Layout} {
		for name, v := range m {
			if p, err := ParseParam(name); err == nil {
				f.net.Params[p] = []float64{v}
			}
		}
	}
	arrays, err := files.ReadArrays(path + ".npz")
	if err != nil {
		t.Fatal(err)
	}
	for name, dst := range map[string]*[]float64{"input": &f.input, "target_spikes": &f.target, "target_lnimem": &f.lnimem} {
		a, err := files.Lookup(arrays, name)
		if err != nil {
			t.Fatal(err)
		}
		*dst = transpose(a.Data, f.Batch, f.T, 1)
	}
	for i := range f.input {
		f.input[i] *= f.Params.Weight
	}
	return f
}

// loss returns the value of a loss, a mean over the rows, and its derivatives.
func (f *truth) loss(name string, r *Run) (float64, Cotangents) {
	size, b := f.T*f.Batch, f.Batch
	d := make([]float64, size)
	value := 0.0
	switch name {
	case "count":
		for i, s := range r.Spikes {
			value += s / float64(b)
			d[i] = 1 / float64(b)
		}
		return value, Cotangents{Records: Records{Spikes: d}}
	case "trace":
		for i, x := range r.Imem {
			e := math.Log(x) - f.lnimem[i]
			value += e * e / float64(size)
			d[i] = 2 * e / float64(size)
		}
		return value, Cotangents{LnImem: d}
	}
	decay := math.Exp(-0.1)
	for i := range b {
		diff := make([]float64, f.T)
		x := 0.0
		for t := range f.T {
			x = decay*x + r.Spikes[t*b+i] - f.target[t*b+i]
			diff[t] = x
			value += x * x / 10 / float64(b)
		}
		g := 0.0
		for t := f.T - 1; t >= 0; t-- {
			g = decay*g + 2*diff[t]/10/float64(b)
			d[t*b+i] = g
		}
	}
	return value, Cotangents{Records: Records{Spikes: d}}
}

// TestRecordedRules compares with rules S and T as they were recorded, with ten digits, to 1e-6 of
// each entry, or of 1e-6 of the largest where cancellation leaves less.
func TestRecordedRules(t *testing.T) {
	for _, setting := range []string{"def", "ref", "ahp"} {
		f := readTruth(t, setting)
		for _, rule := range []Rule{SurgeS, SurgeT} {
			f.net.Rule, f.net.Width, f.net.SoftFloors = rule, 0.7, true
			run, err := f.net.Simulate(Input{T: f.T, B: f.Batch, Counts: f.input})
			if err != nil {
				t.Fatal(err)
			}
			for name, l := range f.Losses {
				value, c := f.loss(name, run)
				if math.Abs(value-l.Value) > 1e-9*l.Value {
					t.Errorf("%s: %s = %v, want %v", setting, name, value, l.Value)
				}
				g, err := run.Gradient(c)
				if err != nil {
					t.Fatal(err)
				}
				want := l.RuleS
				if rule == SurgeT {
					want = l.RuleT
				}
				for current, w := range want {
					p, _ := ParseParam(current)
					if got := g.Log(p)[0]; !(math.Abs(got-w) <= 1e-6*math.Abs(w)) {
						t.Errorf("%s, %v: d %s/d ln %s = %v, want %v", setting, rule, name, current, got, w)
					}
				}
			}
		}
	}
}
