package eventprop

import (
	"cmp"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestOrder: the same as a stable sort by time and neuron, where times are spread, equal, in one
// heap or far apart.
func TestOrder(t *testing.T) {
	var o order
	rapid.Check(t, func(r *rapid.T) {
		time := rapid.OneOf(rapid.Float64Range(0, 1), rapid.Float64Range(0.5, 0.5+1e-12), rapid.SampledFrom([]float64{0, 0.25, 1, 1e300}),
			rapid.Just(math.SmallestNonzeroFloat64))
		n := rapid.IntRange(0, 100).Draw(r, "n")
		want := make([]sortKey, n)
		o.reset()
		for k := range want {
			want[k] = sortKey{time.Draw(r, "time"), int32(k), rapid.Int32Range(0, 3).Draw(r, "neuron")}
			o.add(want[k].time, want[k].neuron)
		}
		slices.SortStableFunc(want, func(a, b sortKey) int {
			return cmp.Or(cmp.Compare(a.time, b.time), cmp.Compare(a.neuron, b.neuron))
		})
		if got := o.sort(); !slices.Equal(got, want) {
			r.Fatalf("%v, want %v", got, want)
		}
	})
}
