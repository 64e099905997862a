package eventprop

import (
	"cmp"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestOrder: the same as a stable sort, where times are spread, equal, in one heap or far apart.
func TestOrder(t *testing.T) {
	var o order
	rapid.Check(t, func(r *rapid.T) {
		time := rapid.OneOf(rapid.Float64Range(0, 1), rapid.Float64Range(0.5, 0.5+1e-12), rapid.SampledFrom([]float64{0, 0.25, 1, 1e300}),
			rapid.Just(math.SmallestNonzeroFloat64))
		n := rapid.IntRange(0, 100).Draw(r, "n")
		spikes := make([]sweptSpike, n)
		for k := range spikes {
			spikes[k].Time, spikes[k].Neuron, spikes[k].mem = time.Draw(r, "time"), k, float64(k)
		}
		want := slices.Clone(spikes)
		slices.SortStableFunc(want, func(a, b sweptSpike) int { return cmp.Compare(a.Time, b.Time) })
		o.sort(spikes)
		if !slices.Equal(spikes, want) {
			r.Fatalf("%v, want %v", spikes, want)
		}
	})
}
