package eventprop

import (
	"testing"

	"pgregory.net/rapid"
)

// TestSoonest: the bound of a prediction is never above the crossing.
func TestSoonest(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		f, err := NewFlow(rapid.Float64Range(1, 20).Draw(r, "tauMem"), rapid.Float64Range(1, 20).Draw(r, "tauSyn"))
		if err != nil {
			t.Fatal(err)
		}
		leak := rapid.Float64Range(-1, 2).Draw(r, "leak")
		c := newCell(f, 1, leak, -2)
		u, i := rapid.Float64Range(-3, 1).Draw(r, "V")-leak, rapid.Float64Range(-5, 20).Draw(r, "I")
		h, _, _ := c.next(u, i)
		if bound := c.soonest(u, i); bound > h {
			t.Fatalf("bound %v, crossing %v", bound, h)
		}
	})
}
