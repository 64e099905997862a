package fmath

import (
	"math"
	"testing"
)

func TestSincosSpecial(t *testing.T) {
	for _, x := range []float64{math.Inf(1), math.Inf(-1), math.NaN()} {
		if s, c := Sincos(x); !math.IsNaN(s) || !math.IsNaN(c) {
			t.Errorf("Sincos(%v) = %v, %v", x, s, c)
		}
	}
	for _, x := range hard() { // odd and even, with the sign of zero
		if x-x != 0 {
			continue
		}
		s, c := Sincos(x)
		if math.Float64bits(s) != math.Float64bits(-Sin(-x)) || math.Float64bits(c) != math.Float64bits(Cos(-x)) {
			t.Errorf("Sincos(%x) = %x, %x, of -x %x, %x", x, s, c, Sin(-x), Cos(-x))
		}
		if math.Abs(x) < 0x1p-27 && (s != x || c != 1) {
			t.Errorf("Sincos(%x) = %x, %x", x, s, c)
		}
	}
}
