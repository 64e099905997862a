package optim

import (
	"slices"
	"testing"
)

// TestBlocks: a leaf of several blocks gets what it gets in pieces.
func TestBlocks(t *testing.T) {
	const n = 2*block + 100
	gradient := func(lo, hi int) []float64 {
		g := make([]float64, hi-lo)
		for i := range g {
			g[i] = float64((lo+i)*7919%1000) - 500
		}
		return g
	}
	step := func(g []float64) []float64 {
		params := Tree{{Name: "w", F64: make([]float64, len(g))}}
		state := Adam{}.Init(params)
		updates := Tree{{Name: "w", F64: g}}
		if err := (Adam{}).Update(updates, params, &state); err != nil {
			t.Fatal(err)
		}
		if err := Apply(params, updates); err != nil {
			t.Fatal(err)
		}
		return params[0].F64
	}
	var want []float64
	for lo := 0; lo < n; lo += block / 2 {
		want = append(want, step(gradient(lo, min(lo+block/2, n)))...)
	}
	if got := step(gradient(0, n)); !slices.Equal(got, want) {
		t.Error("a large leaf differs from its pieces")
	}
}
