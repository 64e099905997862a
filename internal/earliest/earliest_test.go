package earliest

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// TestTimes holds the indexed heap to a search of all times.
func TestTimes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 40).Draw(t, "n")
		var p Times
		p.Reset(n)
		for range rapid.IntRange(1, 200).Draw(t, "changes") {
			time := float64(rapid.IntRange(0, 20).Draw(t, "time"))
			if time == 20 {
				time = math.Inf(1)
			}
			p.Set(rapid.IntRange(0, n-1).Draw(t, "neuron"), time)
			want := 0
			for j := range n {
				if p.time[j] < p.time[want] {
					want = j
				}
			}
			if j, time := p.First(); j != want || time != p.time[want] {
				t.Fatalf("first is %d at %v, want %d at %v", j, time, want, p.time[want])
			}
		}
	})
}
