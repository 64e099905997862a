package truth

import (
	"math"
	"testing"
)

// TestMoments: groups of rows put together are the rows: mean, and standard error of the mean.
func TestMoments(t *testing.T) {
	x := []float64{1, 4, 2, 8, 5, 7, 1}
	var one, all moments
	for _, v := range x {
		one.add(1, v, 0)
	}
	for _, part := range [][]float64{x[:3], x[3:]} {
		var m moments
		for _, v := range part {
			m.add(1, v, 0)
		}
		e := m.estimate()
		all.add(len(part), e.Value, e.SE)
	}
	a, b := one.estimate(), all.estimate()
	mean, variance := 4.0, (9.0+0+4+16+1+9+9)/7
	if math.Abs(a.Value-mean) > 1e-12 || math.Abs(a.SE-math.Sqrt(variance/7)) > 1e-12 || math.Abs(a.Value-b.Value) > 1e-12 || math.Abs(a.SE-b.SE) > 1e-12 {
		t.Errorf("%v and %v", a, b)
	}
}
