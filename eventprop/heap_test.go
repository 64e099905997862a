package eventprop

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// TestPredictions holds the indexed heap to a search of all times.
func TestPredictions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 40).Draw(t, "n")
		var p predictions
		p.reset(n)
		for range rapid.IntRange(1, 200).Draw(t, "changes") {
			time := float64(rapid.IntRange(0, 20).Draw(t, "time"))
			if time == 20 {
				time = math.Inf(1)
			}
			p.set(rapid.IntRange(0, n-1).Draw(t, "neuron"), time)
			want := 0
			for j := range n {
				if p.time[j] < p.time[want] {
					want = j
				}
			}
			if j, time := p.first(); j != want || time != p.time[want] {
				t.Fatalf("first is %d at %v, want %d at %v", j, time, want, p.time[want])
			}
		}
	})
}

// TestArrivals: cursors come out by time, equal ones in the order they came in.
func TestArrivals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var a arrivals
		a.reset()
		in, out := 0, 0
		last := cursor{time: -1}
		for range rapid.IntRange(1, 200).Draw(t, "operations") {
			if rapid.Bool().Draw(t, "push") || in == out {
				floor := max(int(last.time), 0) // nothing arrives in the past
				a.push(cursor{time: float64(rapid.IntRange(floor, floor+9).Draw(t, "time"))})
				in++
				continue
			}
			c := a.pop()
			out++
			if c.less(last) {
				t.Fatalf("%+v after %+v", c, last)
			}
			last = c
		}
		if len(a.heap) != in-out {
			t.Fatalf("%d left, want %d", len(a.heap), in-out)
		}
	})
}
