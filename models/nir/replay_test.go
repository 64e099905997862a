package nir

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"testing"
)

// replay is a graph with the output of other simulators for one input, see testdata/make.py.
type replay struct {
	File  string    `json:"file"`
	Steps int       `json:"steps"`
	Input []float64 `json:"input"`
	Peers map[string]struct {
		Output []float64 `json:"output"`
		Error  string    `json:"error"`
	} `json:"peers"`
}

func replays(t *testing.T) []replay {
	t.Helper()
	b, err := os.ReadFile("testdata/replay.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []replay
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// The spikes of each peer are those that its convention gives, and where it refuses a graph, the
// convention does.
func TestSpikesOfPeers(t *testing.T) {
	for _, r := range replays(t) {
		g, err := Read("testdata/" + r.File)
		if err != nil {
			t.Fatal(err)
		}
		for peer, want := range r.Peers {
			c, ok := Peers[peer]
			if peer == "torch" {
				c, ok = Convention{Name: "torch", Dt: 1e-3, step: plain}, true
			}
			if !ok {
				t.Fatalf("no convention %q", peer)
			}
			net, err := Compile(g, c, 0)
			if want.Error != "" {
				if !errors.Is(err, ErrMeaning) {
					t.Errorf("%s: %s fails with %q, the convention gives %v", r.File, peer, want.Error, err)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s: %s gives spikes, the convention %v", r.File, peer, err)
				continue
			}
			trace, err := net.Run(map[string][]float64{"input": r.Input}, r.Steps)
			if err != nil {
				t.Errorf("%s: %s: %v", r.File, peer, err)
				continue
			}
			got := trace.Values["output"]
			if len(got) != len(want.Output) {
				t.Errorf("%s: %s: %d outputs, want %d", r.File, peer, len(got), len(want.Output))
				continue
			}
			if i := firstDifference(peer, got, want.Output); i >= 0 {
				n := len(got) / r.Steps
				t.Errorf("%s: %s: step %d, neuron %d: %v, want %v", r.File, peer, i/n, i%n, got[i], want.Output[i])
			}
		}
	}
}

// firstDifference returns the index of the first output that is not that of a peer, else -1. Spikes
// are whole numbers. The sums of the convolutions of torch, in float64, are over 40 products of
// numbers below 1; those of other simulators are in float32, over 4.
func firstDifference(peer string, got, want []float64) int {
	for i, v := range got {
		tolerance := 1e-12
		if peer != "torch" && want[i] != math.Trunc(want[i]) {
			tolerance = 1e-6
		}
		if !(math.Abs(v-want[i]) <= tolerance) {
			return i
		}
	}
	return -1
}
