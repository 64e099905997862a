package fmath

import (
	"math"
	"testing"
)

// ulps32 is the distance of got from want in units of the last place of a float32.
func ulps32(got float32, want float64) float64 {
	place := float64(math.Nextafter32(float32(math.Abs(want)), math.MaxFloat32)) - math.Abs(float64(float32(want)))
	return math.Abs(float64(got)-want) / place
}

// TestSingle compares with Exp and Log, whose errors do not count in float32, all over the range.
func TestSingle(t *testing.T) {
	step := uint32(1009) // a prime: all exponents, other mantissas in each
	if testing.Short() {
		step = 40009
	}
	worst := func(name string, bound float64, f func(float32) float32, exact func(float64) float64, from, to float32) {
		for bits := math.Float32bits(from); bits <= math.Float32bits(to); bits += step {
			for _, x := range []float32{math.Float32frombits(bits), -math.Float32frombits(bits)} {
				want := exact(float64(x))
				if want != want {
					continue
				}
				if got := f(x); ulps32(got, want) > bound {
					t.Fatalf("%s(%v) is %v, %v ulp from %v", name, x, got, ulps32(got, want), want)
				}
			}
		}
	}
	worst("Exp32", 1, Exp32, Exp, 1e-9, 87)
	worst("Log32", 1, Log32, Log, 0x1p-126, math.MaxFloat32)
	for x := float32(0.7); x < 1.42; x += 1e-5 { // where the terms cancel
		if e := ulps32(Log32(x), Log(float64(x))); e > 1 {
			t.Fatalf("Log32(%v) is %v ulp off", x, e)
		}
	}
	inf := float32(math.Inf(1))
	for _, c := range []struct{ got, want float32 }{
		{Exp32(0), 1}, {Exp32(inf), inf}, {Exp32(-inf), 0}, {Exp32(-200), 0}, {Exp32(200), inf}, {Exp32(-100), float32(Exp(-100))},
		{Log32(1), 0}, {Log32(0), -inf}, {Log32(inf), inf}, {Log32(0x1p-140), float32(Log(0x1p-140))},
	} {
		if c.got != c.want {
			t.Errorf("got %v, want %v", c.got, c.want)
		}
	}
	nan := float32(math.NaN())
	if x := Exp32(nan); x == x {
		t.Error("Exp32(NaN) is a number")
	}
	if x := Log32(-1); x == x {
		t.Error("Log32(-1) is a number")
	}
}
