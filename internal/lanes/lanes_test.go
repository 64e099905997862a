package lanes

import "testing"

// TestMoved: partial sums meet in the order that Moved promises. 1e16 hides a 1 next to it, so that
// any other order gives another number.
func TestMoved(t *testing.T) {
	w := []float64{1e16, 1, 0, 0, -1e16, 0, 0, 0, 0, 1, 1}
	a, b := make([]float64, len(w)), make([]float64, len(w))
	for j := range b {
		b[j] = 1
	}
	if got := Moved(w, a, b, 1, 1); got != 3 { // lane 0 meets lane 4 first
		t.Errorf("sum %v, want 3", got)
	}
}

func TestFinite(t *testing.T) {
	big := 1e308
	for _, x := range []float64{big * 10, -big * 10, big*10 - big*10} {
		if Finite([]float64{0, x, 1}) {
			t.Errorf("%v is finite", x)
		}
	}
	if !Finite([]float64{0, big, -big}) {
		t.Error("numbers are not finite")
	}
}
