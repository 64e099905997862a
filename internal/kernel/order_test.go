package kernel

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestOrder: the places of all rows are all places, Row is the inverse of Place, and the rows of a
// run lie one after the other.
func TestOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := Order{Batch: rapid.IntRange(1, 9).Draw(t, "batch"), Block: rapid.IntRange(0, 9).Draw(t, "block"), Steps: rapid.IntRange(1, 5).Draw(t, "steps")}
		var places, want []int
		for r := range o.Batch * o.Steps {
			p := o.Place(r)
			if o.Row(p) != r {
				t.Fatalf("%+v: row %d is at %d, where row %d is", o, r, p, o.Row(p))
			}
			places, want = append(places, p), append(want, r)
		}
		rows := len(places)
		for r := range rows {
			for i := range o.Run(r, rows-r) {
				if places[r+i] != places[r]+i {
					t.Fatalf("%+v: row %d of the run from %d is at %d, want %d", o, r+i, r, places[r+i], places[r]+i)
				}
			}
			for i := range o.RunBack(r+1, r+1) {
				if places[r-i] != places[r]-i {
					t.Fatalf("%+v: row %d of the run up to %d is at %d, want %d", o, r-i, r, places[r-i], places[r]-i)
				}
			}
			if o.Run(r, rows-r) < 1 || o.RunBack(r+1, r+1) < 1 {
				t.Fatalf("%+v: no run at row %d", o, r)
			}
		}
		slices.Sort(places)
		if !slices.Equal(places, want) {
			t.Fatalf("%+v: places %v", o, places)
		}
	})
}
