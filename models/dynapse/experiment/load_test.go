package experiment

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/fit"
)

// recordings reads a recording from texts by the names of their files; the first is that of the
// target.
func recordings(n int, target Target, texts ...string) (*Recording, error) {
	names := []string{"a.csv", "in.csv"}
	return readRecording(names[0], dynapse.Network{N: n}, target, func(path string) ([]byte, error) {
		for i, name := range names[:len(texts)] {
			if name == path {
				return []byte(texts[i]), nil
			}
		}
		return nil, os.ErrNotExist
	})
}

// counts is what a list of events should be: the numbers in each bin, [T, B, N].
func wanted(t *testing.T, got []float64, size int, at map[int]float64) {
	t.Helper()
	if len(got) != size {
		t.Fatalf("%d elements, want %d", len(got), size)
	}
	for i, x := range got {
		if x != at[i] {
			t.Errorf("element %d is %v, want %v", i, x, at[i])
		}
	}
}

// TestEvents reads lists of spikes, of input and of trials.
func TestEvents(t *testing.T) {
	const spikes = "time,neuron,trial\n0.0010,0,0\n0.0124,1,0\n0.0129,1,0\n0.0190,1,1\n"
	target := Target{Input: "in.csv", Seconds: 0.02}
	r, err := recordings(2, target, spikes, "t;channel\nms;\n0,0;1\n19,9;0\n")
	if err != nil {
		t.Fatal(err)
	}
	// Element (t·B + b)·N + j; each trial has the input.
	wanted(t, r.Target[fit.Spikes], 20*2*2, map[int]float64{1 * 4: 1, 12*4 + 1: 2, 19*4 + 3: 1})
	wanted(t, r.Input, 20*2*2, map[int]float64{1: 1, 3: 1, 19 * 4: 1, 19*4 + 2: 1})
	if r.T != 20 || r.B != 2 || !r.Use[fit.Spikes] {
		t.Errorf("%+v", r)
	}
	// Addresses of microseconds, without names; up to the last event.
	r, err = recordings(2, Target{Input: "none", Unit: map[string]string{"time": "us"}, Use: []string{"spikes"}}, "1000 0\n12400 1\n", "")
	if err != nil || r.T != 13 {
		t.Fatalf("%+v, %v", r, err)
	}
	wanted(t, r.Target[fit.Spikes], 13*2, map[int]float64{2: 1, 25: 1})
	wanted(t, r.Input, 13*2, nil)
	for _, c := range []struct {
		spikes string
		target Target
		want   string
	}{
		{spikes, Target{}, `a.csv: input: expected an array of spike counts, or in the target input = "FILE", or input = "none", found none`},
		{spikes, Target{Input: "other.csv"}, "other.csv: file does not exist"},
		{"time,neuron\n0.5,2\n", Target{Input: "none"}, "a.csv: event 0: expected a neuron or channel, 0 to 1, found 2"},
		{"time,neuron\n0.5,0.5\n", Target{Input: "none"}, "a.csv: neuron of event 0: expected a whole number >= 0, found 0.5"},
		{"time,neuron\n-1,0\n", Target{Input: "none"}, "a.csv: time of event 0: expected 0 to 100000 s"},
		{"time,neuron\n184000,0\n", Target{Input: "none"}, `other units are said with unit = {time = "us"}, found 184000 s`},
		{"time,neuron\n0.001,1\n0.001,0\n0.001,1\n", Target{Input: "none"}, "a.csv: event 2: expected each spike once, found neuron 1 at 0.001 s, as in event 0"},
		{spikes, Target{Input: "none", Seconds: 0.01}, "a.csv: time of event 1: expected less than the 0.01 s of the recording, found 0.0124 s"},
		{spikes, Target{Input: "none", Unit: map[string]string{"time": "mV"}}, "unit.time: expected s, ms, us or ns, found mV"},
		{spikes, Target{Input: "none", Arrays: map[string]string{"v": "x"}}, "arrays.v: expected names of input"},
	} {
		if _, err := recordings(2, c.target, c.spikes, ""); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v\nwant %s", err, c.want)
		}
	}
}

// TestScope reads a table as an oscilloscope writes it: other names, a semicolon, decimal commas,
// units, comments, 4 samples in a bin, a missing cell.
func TestScope(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Model X\n# 2026\nZeit;CH1;CH2\nms;mV;\n")
	for i := range 48 {
		v := comma(10 + 0.25*float64(i))
		if i >= 20 && i < 24 { // all of bin 5
			v = ""
		}
		pulse := "0"
		if i == 9 || i == 11 {
			pulse = "1"
		}
		b.WriteString(comma(3+0.25*float64(i)) + ";" + v + ";" + pulse + "\n")
	}
	arrays := map[string]string{"time": "Zeit", "vmem": "CH1", "input": "CH2"}
	r, err := recordings(1, Target{Arrays: arrays, Unit: map[string]string{"vmem": "mV"}}, b.String())
	if err != nil {
		t.Fatal(err)
	}
	if r.T != 12 {
		t.Fatalf("%d bins, want 12", r.T)
	}
	wanted(t, r.Input, 12, map[int]float64{2: 2})
	for k := range 12 {
		want, weight := 1e-3*(10+0.25*float64(4*k+3)), 1.0 // the last of the bin
		if k == 5 {
			weight = 0
		}
		if got := r.Target[fit.Vmem][k]; r.Weight[k] != weight || weight > 0 && math.Abs(got-want) > 1e-15 {
			t.Errorf("bin %d: %v V of weight %v, want %v and %v", k, got, r.Weight[k], want, weight)
		}
	}
	// Samples every second bin: the others are gaps. Trials are rows.
	r, err = recordings(1, Target{}, "time,trial,input,imem\n0,0,1,1e-9\n0.002,0,0,2e-9\n1,1,0,3e-9\n1.002,1,1,4e-9\n")
	if err != nil || r.T != 3 || r.B != 2 {
		t.Fatalf("%+v, %v", r, err)
	}
	wanted(t, r.Input, 6, map[int]float64{0: 1, 5: 1})
	wanted(t, r.Weight, 6, map[int]float64{0: 1, 1: 1, 4: 1, 5: 1})
	if x := r.Target[fit.Imem]; x[0] != 1e-9 || x[5] != 4e-9 || x[2] == x[2] {
		t.Errorf("imem %v", x)
	}
	for text, want := range map[string]string{
		"time,input,imem\n0,0,1\n0,0,1\n":                    "a.csv: time, row 1: expected times that go up, found a step of 0 s",
		"time,input,imem\n0,0,1\n1,0,1\n":                    `expected samples at most 100 bins of dt = 0.001 s apart; other units are said with unit = {time = "ms"}, found 1 s`,
		"time,input,imem_1\n0,0,1\n":                         "a.csv: imem_1: expected imem_0: columns of an array in their order",
		"time,trial,input,imem\n0,0.5,0,1\n":                 "a.csv: trial, row 0: expected a whole number",
		"time,input,imem\nms,,\n0,0,1e-9\n1,0,2e-9\n2,0,,\n": "a.csv",
	} {
		if _, err := recordings(1, Target{}, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v\nwant %s", text, err, want)
		}
	}
}

// comma writes a number with two digits and a decimal comma.
func comma(x float64) string { return strings.Replace(fmt.Sprintf("%.2f", x), ".", ",", 1) }

// TestResample: a trace that goes up by one in each sample has, in every bin, the mean of the
// samples of its last tenth, whatever the sampling rate and the start.
func TestResample(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		per := rapid.IntRange(1, 60).Draw(t, "samples in a bin")
		bins := rapid.IntRange(1, 5).Draw(t, "bins")
		start := rapid.SampledFrom([]float64{0, 0.5, 12}).Draw(t, "start")
		c := files.Column{Name: "imem"}
		time := files.Column{Name: "time"}
		for i := range per * bins {
			time.Data = append(time.Data, start+1e-3*float64(i)/float64(per))
			c.Data = append(c.Data, float64(i))
		}
		d := data{dt: 1e-3, network: dynapse.Network{N: 1}}
		arrays, err := d.tabulate("a.csv", []files.Column{time, c})
		if err != nil {
			t.Fatal(err)
		}
		if len(arrays) != 1 || arrays[0].Shape[1] != bins {
			t.Fatalf("%+v, want %d bins", arrays, bins)
		}
		late := max(per/10, 1) // those with a phase >= 0.9
		for k, got := range arrays[0].Data {
			want := float64(k*per+per-1) - float64(late-1)/2
			if math.Abs(got-want) > 1e-9 {
				t.Fatalf("bin %d: %v, want %v: the last %d of %d", k, got, want, late, per)
			}
		}
	})
}

// TestNWB reads the file of testdata/make_nwb.py.
func TestNWB(t *testing.T) {
	raw, err := os.ReadFile("testdata/scope.nwb")
	if err != nil {
		t.Fatal(err)
	}
	for _, arrays := range []map[string]string{nil, {"vmem": "Vm"}, {"vmem": "acquisition/Vm"}} {
		r, err := ParseRecording("a.nwb", raw, dynapse.Network{N: 2}, Target{Arrays: arrays, Neurons: []int{1}, Use: []string{"vmem"}})
		if err == nil || !strings.Contains(err.Error(), "a.nwb: input: expected shape [B, T, 2]") {
			t.Fatalf("one column of input for two neurons: %+v, %v", r, err)
		}
		r, err = ParseRecording("a.nwb", raw, dynapse.Network{N: 1}, Target{Arrays: arrays, Use: []string{"vmem"}})
		if err == nil || !strings.Contains(err.Error(), "spike 2: expected a neuron or channel, 0 to 0, found 1") {
			t.Fatalf("two units for a neuron: %+v, %v", r, err)
		}
	}
	d := data{path: "a.nwb", network: dynapse.Network{N: 2}, dt: 1e-3, target: &Target{}}
	c, err := d.parse("a.nwb", raw)
	if err != nil {
		t.Fatal(err)
	}
	vmem, err := files.Lookup(c.arrays, "vmem")
	if err != nil || vmem.Shape[1] != 24 {
		t.Fatalf("%+v, %v", vmem, err)
	}
	for k, v := range vmem.Data { // the second of two samples in a bin
		if want := 100e-6*float64(2*k+1) + 1e-3; math.Abs(v-want) > 1e-15 {
			t.Errorf("vmem of bin %d is %v V, want %v", k, v, want)
		}
	}
	in, err := files.Lookup(c.arrays, "input")
	if err != nil || in.Data[3] != 1 || in.Data[4] != 0 {
		t.Errorf("%+v, %v", in, err)
	}
	if e := c.events; e == nil || len(e.time) != 3 || math.Abs(e.time[1]-0.0125) > 1e-12 || e.index[2] != 1 {
		t.Errorf("%+v", c.events)
	}
	if _, err := ParseRecording("a.nwb", raw, dynapse.Network{N: 1}, Target{Arrays: map[string]string{"vmem": "VM"}}); err == nil || !strings.Contains(err.Error(), "a.nwb: VM: expected one of the time series Vm, temperature, input, found no such series, did you mean Vm?") {
		t.Error(err)
	}
}

// FuzzTables reads arbitrary tables, events and NWB files.
func FuzzTables(f *testing.F) {
	nwb, err := os.ReadFile("testdata/scope.nwb")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(nwb, "a.nwb")
	f.Add([]byte("time,neuron,trial\n0.0010,0,0\n0.0124,1,3\n"), "a.csv")
	f.Add([]byte("# x\nt;vmem\nms;mV\n0,1;2,5\n0,2;\n"), "a.txt")
	f.Add([]byte("time,trial,input,imem\n0,0,1,1e-9\n0.002,0,0,2e-9\n1,1,0,3e-9\n"), "a.csv")
	f.Fuzz(func(t *testing.T, raw []byte, name string) {
		if len(raw) > 1<<15 && !bytes.Equal(raw, nwb) || !isTable(name) && !strings.HasSuffix(name, ".nwb") {
			return
		}
		r, err := ParseRecording(name, raw, dynapse.Network{N: 2}, Target{Input: "none"})
		if err == nil && (len(r.Input) != r.T*r.B*2 || r.Weight != nil && len(r.Weight) != len(r.Input)) {
			t.Fatalf("input of %d, weight of %d for %d steps of %d rows", len(r.Input), len(r.Weight), r.T, r.B)
		}
	})
}
