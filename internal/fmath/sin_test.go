package fmath

import (
	"math"
	"math/rand/v2"
	"runtime"
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

// TestExp2: a power of 2 is exact, and the others have the bits of package math on amd64, where it
// is in Go and nothing is fused.
func TestExp2(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for k := range 20000 {
		x := r.NormFloat64() * []float64{1, 10, 300}[k%3]
		if k%5 == 0 {
			x = math.Round(x)
		}
		if math.Abs(x) > 999 {
			continue
		}
		got, exponent := Exp2(x), newBig(0).Mul(newBig(x), bigLn2)
		if e := ulps(got, bigExp(exponent, false)); e > 1 || x == math.Round(x) && got != math.Ldexp(1, int(x)) {
			t.Fatalf("Exp2(%v) = %v, off by %v ulp", x, got, e)
		}
		if want := math.Exp2(x); runtime.GOARCH == "amd64" && got != want {
			t.Fatalf("Exp2(%v) = %x, want %x", x, got, want)
		}
	}
	if Exp2(2000) != math.Inf(1) || Exp2(-2000) != 0 || !math.IsNaN(Exp2(math.NaN())) || Exp2(math.Copysign(0, -1)) != 1 {
		t.Error("ends")
	}
}
