package surrogate

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

// TestPeers compares every rule of Compat with what the package computes: testdata/peers.json,
// which peers.py makes.
func TestPeers(t *testing.T) {
	text, err := os.ReadFile("testdata/peers.json")
	if err != nil {
		t.Fatal(err)
	}
	var g struct {
		X     []float64
		Rules []struct {
			Rule, From    string
			Params, Slope []float64
		}
	}
	if err := json.Unmarshal(text, &g); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, r := range g.Rules {
		seen[r.Rule] = true
		s, err := Compat(r.Rule, r.Params...)
		if err != nil {
			t.Fatal(err)
		}
		// Values have 15 digits, and some packages hold pi or a parameter in float32. A difference
		// of large terms loses digits of the peak: Norse's circ of float64, Sinabs' of Gaussians
		// with a float32 pi.
		rel, abs := 2e-7, 1e-13*s.Peak()
		switch {
		case r.Rule == "norse/circ":
			abs = 1e-12 * s.Peak()
		case r.Rule == "sinabs/multi_gaussian":
			abs = 1e-7 * s.Peak()
		}
		for i, x := range g.X {
			if got := s.Slope(x); math.Abs(got-r.Slope[i]) > rel*math.Abs(r.Slope[i])+abs {
				t.Errorf("%v: Slope(%v) = %.15g, %s has %.15g", s, x, got, r.From, r.Slope[i])
			}
		}
	}
	for _, row := range peers {
		if !seen[row.Name] {
			t.Errorf("%s: no values of the package in testdata/peers.json", row.Name)
		}
	}
}
