package earliest

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestQueue holds the calendar to a search of all that is in it: times that come back, that are
// earlier than what has been taken, equal ones, and those at the end and behind it.
func TestQueue(t *testing.T) {
	var q Queue // used again and again
	q.Push(1, 0)
	if _, s := q.First(); !math.IsInf(s, 1) {
		t.Fatal("the zero value has a time")
	}
	q.Pop()
	rapid.Check(t, func(t *rapid.T) {
		end := rapid.Float64Range(1e-3, 30).Draw(t, "end")
		q.Reset(rapid.IntRange(0, 40*perBucket).Draw(t, "n"), end)
		var all []entry
		for range rapid.IntRange(1, 300).Draw(t, "changes") {
			if rapid.Bool().Draw(t, "push") {
				e := entry{float64(rapid.IntRange(0, 24).Draw(t, "time")), int32(rapid.IntRange(0, 3).Draw(t, "neuron"))}
				if e.time == 24 {
					e.time = math.Inf(1)
				}
				if q.Push(e.time, int(e.neuron)); e.time < end {
					all = append(all, e)
				}
			}
			want, at := entry{math.Inf(1), 0}, -1
			for k, e := range all {
				if e.before(want) {
					want, at = e, k
				}
			}
			if j, time := q.First(); j != int(want.neuron) || time != want.time {
				t.Fatalf("first is %d at %v, want %d at %v", j, time, want.neuron, want.time)
			}
			if rapid.IntRange(0, 2).Draw(t, "pop") == 0 {
				if q.Pop(); at >= 0 {
					all = slices.Delete(all, at, at+1)
				}
			}
		}
	})
}
