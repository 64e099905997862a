package nir

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

// TestSpikesOfWriters: of files that simulators write of networks of their own, the convention of
// the writer gives the spikes of these networks; see testdata/written.py.
func TestSpikesOfWriters(t *testing.T) {
	b, err := os.ReadFile("testdata/written.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		File, Writer string
		Reset        Reset
		Said         []string
		Dt           float64
		Steps        int
		Input        []float64
		Output       []float64
	}
	if err := json.Unmarshal(b, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		g, err := Read("testdata/" + c.File)
		if err != nil {
			t.Error(err)
			continue
		}
		w, err := Writer(c.Writer, c.Reset, c.Said...)
		if err != nil {
			t.Errorf("%s: %v", c.File, err)
			continue
		}
		net, err := Compile(g, w, c.Dt)
		if err != nil {
			t.Errorf("%s: %v", c.File, err)
			continue
		}
		in, out := only(g, "Input"), only(g, "Output")
		trace, err := net.Run(map[string][]float64{in: c.Input}, c.Steps)
		if err != nil {
			t.Errorf("%s: %v", c.File, err)
			continue
		}
		got, sum, n := trace.Values[out], 0.0, len(c.Output)/c.Steps
		if len(got) != len(c.Output) {
			t.Errorf("%s: %d outputs, want %d", c.File, len(got), len(c.Output))
			continue
		}
		for i, v := range got {
			sum += v
			// Spikes are whole numbers; the voltages of the others are sums of some 100 float32.
			if spikes := c.Output[i] == math.Trunc(c.Output[i]); v != c.Output[i] && (spikes || math.Abs(v-c.Output[i]) > 1e-5*(1+math.Abs(v))) {
				t.Errorf("%s: step %d, neuron %d: %v, want %v", c.File, i/n, i%n, v, c.Output[i])
				break
			}
		}
		if sum == 0 {
			t.Errorf("%s: no spikes", c.File)
		}
	}
}

// only returns the name of the only node of a kind.
func only(g *Graph, kind string) string {
	for name, n := range g.Nodes {
		if n.Kind == kind {
			return name
		}
	}
	return ""
}
