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
		times := make([]float64, n)
		for j := range times {
			times[j] = math.Inf(1)
		}
		for range rapid.IntRange(1, 200).Draw(t, "changes") {
			time := float64(rapid.IntRange(0, 20).Draw(t, "time"))
			if time == 20 {
				time = math.Inf(1)
			}
			j := rapid.IntRange(0, n-1).Draw(t, "neuron")
			p.Set(j, time)
			times[j] = time
			want := 0
			for j := range n {
				if times[j] < times[want] {
					want = j
				}
			}
			if j, time := p.First(); j != want || time != times[want] {
				t.Fatalf("first is %d at %v, want %d at %v", j, time, want, times[want])
			}
		}
	})
}
