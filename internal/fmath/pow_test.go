package fmath

import (
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

// The error of Pow: a product adds half an ulp to those of its factors, which makes at most |n| ulp
// of the power n up to 64, the quotient one; and that of the exponent is below an ulp of y ln x.
func TestPow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.OneOf(rapid.Float64Range(1e-6, 1e6), rapid.Float64Range(1-1e-9, 1+1e-9)).Draw(t, "x")
		y := rapid.OneOf(rapid.Float64Range(-8, 8), rapid.Map(rapid.IntRange(-70, 70), func(n int) float64 { return float64(n) }),
			rapid.Float64Range(-1e12, 1e12)).Draw(t, "y")
		log := new(big.Float).Mul(newBig(y), bigLog(newBig(x), false, guess(x)))
		exponent, _ := log.Float64()
		if math.Abs(exponent) > 700 {
			return
		}
		if err, bound := ulps(Pow(x, y), bigExp(log, false)), 8+math.Abs(exponent)+min(math.Abs(y), 64); err > bound {
			t.Fatalf("Pow(%v, %v) = %v is off by %v ulp, bound %v", x, y, Pow(x, y), err, bound)
		}
	})
}

// Whole powers of negative numbers have their sign, and what is special is what package math has.
func TestPowSpecial(t *testing.T) {
	values := []float64{math.Inf(-1), -3, -2.5, -1, -0.5, math.Copysign(0, -1), 0, 0.5, 1, 2, 2.5, 3, 1e300, math.Inf(1), math.NaN()}
	for _, x := range values {
		for _, y := range append(values, -0x1p40, 0x1p40, 0x1p40+1) {
			got, want := Pow(x, y), math.Pow(x, y)
			if math.IsNaN(got) != math.IsNaN(want) || math.Abs(got-want) > 1e-15*math.Abs(want) || want == 0 && math.Signbit(got) != math.Signbit(want) {
				t.Errorf("Pow(%v, %v) = %v, want %v", x, y, got, want)
			}
		}
	}
}

// Tanh within two ulp: half a one of each of Expm1, the sum and the quotient, which are
// amplified by at most one.
func TestTanh(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.Float64Range(-25, 25).Draw(t, "x")
		e := bigExp(new(big.Float).Mul(newBig(x), newBig(2)), true)
		want := new(big.Float).Quo(e, new(big.Float).Add(e, newBig(2)))
		if x == 0 {
			want = newBig(0)
		}
		if err := ulps(Tanh(x), want); err > 2 {
			t.Fatalf("Tanh(%v) = %v is off by %v ulp", x, Tanh(x), err)
		}
	})
	for _, x := range []float64{math.Inf(1), 400, 22} {
		if Tanh(x) != 1 || Tanh(-x) != -1 {
			t.Errorf("Tanh(%v) = %v", x, Tanh(x))
		}
	}
	if !math.IsNaN(Tanh(math.NaN())) || !math.Signbit(Tanh(math.Copysign(0, -1))) {
		t.Error("Tanh of NaN or -0")
	}
}
