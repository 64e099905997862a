package eventprop

import (
	"testing"

	"pgregory.net/rapid"
)

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
