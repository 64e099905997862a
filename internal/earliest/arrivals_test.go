package earliest

import (
	"testing"

	"pgregory.net/rapid"
)

// TestArrivals: arrivals come out by time, equal ones in the order they came in.
func TestArrivals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var a Arrivals
		a.Reset()
		in, out := 0, 0
		last := Arrival{Time: -1}
		for range rapid.IntRange(1, 200).Draw(t, "operations") {
			if rapid.Bool().Draw(t, "push") || in == out {
				floor := max(int(last.Time), 0) // nothing arrives in the past
				a.Push(Arrival{Time: float64(rapid.IntRange(floor, floor+9).Draw(t, "time"))})
				in++
				continue
			}
			c := a.Pop()
			out++
			if c.before(&last) {
				t.Fatalf("%+v after %+v", c, last)
			}
			last = c
		}
		if len(a.heap) != in-out {
			t.Fatalf("%d left, want %d", len(a.heap), in-out)
		}
	})
}
