package nir

import (
	"encoding/json"
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
		w, err := Writer(c.Writer, c.Reset)
		if err != nil {
			t.Errorf("%s: %v", c.File, err)
			continue
		}
		net, err := Compile(g, w, 0)
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
			if v != c.Output[i] {
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
