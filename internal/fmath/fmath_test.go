package fmath

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// function is a function of the package with its truth.
type function struct {
	name  string
	f     func(float64) float64
	std   func(float64) float64 // of package math, for speed
	exact func(x float64) *big.Float
	// bound is the largest error in ulp that is promised: 0.5 for the last addition, and
	// for what comes before at most 5 rounding errors of terms that are below 2^-8 of the
	// result (Expm1: 2 below 2^-4, or 5 below 2^-5.5; Sin and Cos: 4 below 2^-3.6)
	// and the first term of the series that is left out.
	bound float64
	// low and high bound the arguments with finite results that are not constant.
	low, high float64
}

var functions = []function{
	{"Exp", Exp, math.Exp, func(x float64) *big.Float { return bigExp(newBig(x), false) }, 0.52, -745.14, 709.79},
	{"Expm1", Expm1, math.Expm1, func(x float64) *big.Float { return bigExp(newBig(x), true) }, 0.65, -45, 709.79},
	{"Log", Log, math.Log, func(x float64) *big.Float { return bigLog(newBig(x), false, guess(x)) }, 0.52, 0x1p-1074, math.MaxFloat64},
	{"Log1p", Log1p, math.Log1p, func(x float64) *big.Float { return bigLog(newBig(x), true, math.Log1p(x)) }, 0.52, -1 + 0x1p-53, math.MaxFloat64},
	{"Sin", Sin, math.Sin, func(x float64) *big.Float { s, _ := bigSincos(x); return s }, 0.85, -math.MaxFloat64, math.MaxFloat64},
	{"Cos", Cos, math.Cos, func(x float64) *big.Float { _, c := bigSincos(x); return c }, 0.85, -math.MaxFloat64, math.MaxFloat64},
}

// guess is ln x to some digits; math.Log of subnormal numbers has none on amd64.
func guess(x float64) float64 {
	frac, exp := math.Frexp(x)
	return math.Log(frac) + float64(exp)*math.Ln2
}

// err returns the error of f at x in ulp.
func (f function) err(x float64) float64 { return ulps(f.f(x), f.exact(x)) }

// hard lists arguments where a path of one of the functions begins or ends, or a result is
// special, with their neighbours.
func hard() []float64 {
	at := []float64{
		0, 0x1p-1074, 0x1p-1022, 0x1p-1000, 0x1p-54, 0x1p-53, 0x1p-52, 0x1p-27, 1e-8, 1e-3, 0.5, 2, 3, math.E, 10,
		1. / 8, 1. / 256, 1. / 128, 1 - 1./256, 1 + 1./128, // ends of polynomials
		math.Pi, math.Pi / 4, 355, 0x1.6ac5b262ca1ffp849, // the nearest float64 to a multiple of π/2
		37.5, 44, 700, 709, 708.3964185322641, 709.782712893384, 744.4400719213812, 745.1332191019412, // 2^-1022, 2^1024, 2^-1074, 2^-1075
		0x1p52, 0x1p53, 0x1p54, 0x1p55, 1e300, math.MaxFloat64,
	}
	for i := range uint64(logSteps) {
		low := math.Float64frombits(logFirst + i<<45)
		at = append(at, low, low*0x1p-1022, low*0x1p1000, low-1)                         // intervals of Log, Log1p
		at = append(at, (float64(i)+0.5)*stepHi, (float64(i)+0.5)*stepHi+700*math.Ln2/2) // steps of Exp
	}
	for k := -1074; k < 1024; k += 11 {
		at = append(at, math.Ldexp(1, k), float64(k)*math.Ln2, (float64(k)+0.5)*stepHi, float64(k)*math.Pi/4)
	}
	var x []float64
	for _, v := range at {
		down, up := math.Nextafter(v, math.Inf(-1)), math.Nextafter(v, math.Inf(1))
		x = append(x, v, down, up, -v, -down, -up)
	}
	return x
}

// random draws arguments of f: of all sizes, and around zero and one.
func (f function) random(r *rand.Rand) float64 {
	sign := float64(1 - 2*r.IntN(2))
	switch r.IntN(4) {
	case 0: // of all exponents
		return math.Float64frombits(r.Uint64())
	case 1:
		return sign * math.Ldexp(r.Float64(), -r.IntN(30))
	case 2:
		return 1 + sign*math.Ldexp(r.Float64(), -r.IntN(30))
	}
	return max(f.low, -1000) + r.Float64()*(min(f.high, 1000)-max(f.low, -1000))
}

func TestErrors(t *testing.T) {
	n := 20000
	if testing.Short() {
		n = 2000
	}
	for _, f := range functions {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(1, 2))
			x := hard()
			for range n {
				x = append(x, f.random(r))
			}
			checked, worst, where := 0, 0.0, 0.0
			for _, x := range x {
				if !(x >= f.low && x <= f.high) {
					continue
				}
				checked++
				if e := f.err(x); e > worst {
					worst, where = e, x
				}
			}
			t.Logf("%d points, error up to %.4f ulp at %x", checked, worst, where)
			if worst > f.bound {
				t.Errorf("error of %.4f ulp at %x, want at most %v", worst, where, f.bound)
			}
			if checked < n/2 {
				t.Errorf("only %d points checked", checked)
			}
		})
	}
}

func TestSpecials(t *testing.T) {
	inf, nan, zero := math.Inf(1), math.NaN(), math.Copysign(0, -1)
	for _, c := range []struct {
		name    string
		f       func(float64) float64
		x, want float64
	}{
		{"Exp", Exp, inf, inf}, {"Exp", Exp, -inf, 0}, {"Exp", Exp, nan, nan}, {"Exp", Exp, 0, 1}, {"Exp", Exp, zero, 1},
		{"Exp", Exp, math.MaxFloat64, inf}, {"Exp", Exp, -math.MaxFloat64, 0}, {"Exp", Exp, 0x1p-1074, 1},
		{"Exp", Exp, 709.7827128933841, inf}, {"Exp", Exp, -745.1332191019412, 0}, // the first ones beyond the last float64
		{"Exp", Exp, -745.1332191019411, 0x1p-1074},
		{"Expm1", Expm1, inf, inf}, {"Expm1", Expm1, -inf, -1}, {"Expm1", Expm1, nan, nan}, {"Expm1", Expm1, 0, 0}, {"Expm1", Expm1, zero, zero},
		{"Expm1", Expm1, math.MaxFloat64, inf}, {"Expm1", Expm1, -math.MaxFloat64, -1}, {"Expm1", Expm1, -0x1p-1074, -0x1p-1074},
		{"Log", Log, inf, inf}, {"Log", Log, -inf, nan}, {"Log", Log, nan, nan}, {"Log", Log, 0, -inf}, {"Log", Log, zero, -inf},
		{"Log", Log, 1, 0}, {"Log", Log, -1, nan}, {"Log", Log, -0x1p-1074, nan},
		{"Log1p", Log1p, inf, inf}, {"Log1p", Log1p, -inf, nan}, {"Log1p", Log1p, nan, nan}, {"Log1p", Log1p, 0, 0}, {"Log1p", Log1p, zero, zero},
		{"Log1p", Log1p, -1, -inf}, {"Log1p", Log1p, -1 - 0x1p-52, nan}, {"Log1p", Log1p, -math.MaxFloat64, nan}, {"Log1p", Log1p, 0x1p-1074, 0x1p-1074},
	} {
		got := c.f(c.x)
		if math.Float64bits(got) != math.Float64bits(c.want) && (got == got || c.want == c.want) {
			t.Errorf("%s(%v) = %v, want %v", c.name, c.x, got, c.want)
		}
	}
}

// TestMonotone walks over neighbouring arguments around the hard ones.
func TestMonotone(t *testing.T) {
	for _, f := range functions[:4] { // not sine and cosine
		for _, x := range hard() {
			if !(x >= f.low && x <= f.high) {
				continue
			}
			y := f.f(x)
			for range 20 {
				x = math.Nextafter(x, math.Inf(1))
				next := f.f(x)
				if next < y {
					t.Errorf("%s falls from %x to %x at %x", f.name, y, next, x)
				}
				y = next
			}
		}
	}
}

// TestInverses: the error of y = f(x), as an error of x, and that of the way back.
func TestInverses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.Float64Range(-708, 709).Draw(t, "x")
		// 0.52 ulp of e^x are 0.52·2^-52 of x.
		if got := Log(Exp(x)); math.Abs(got-x) > 0.52*(0x1p-52+ulp(x)) {
			t.Errorf("Log(Exp(%v)) = %v", x, got)
		}
		x = rapid.Float64Range(-30, 709).Draw(t, "x")
		// 0.65 ulp of y = e^x - 1 move x by 0.65 ulp(y)/(1+y).
		y := Expm1(x)
		if got := Log1p(y); math.Abs(got-x) > 0.66*ulp(y)/(1+y)+0.52*ulp(x) {
			t.Errorf("Log1p(Expm1(%v)) = %v", x, got)
		}
	})
}

// ulp returns the distance of |x| and the next larger float64.
func ulp(x float64) float64 {
	x = math.Abs(x)
	return math.Nextafter(x, math.Inf(1)) - x
}

func FuzzErrors(f *testing.F) {
	for _, x := range []float64{0, -1, 1, 0.3, 1e-300, 700, math.Inf(1), math.NaN()} {
		f.Add(x)
	}
	f.Fuzz(func(t *testing.T, x float64) {
		for _, f := range functions {
			if x >= f.low && x <= f.high {
				if e := f.err(x); e > f.bound {
					t.Errorf("%s(%x): error of %.4f ulp, want at most %v", f.name, x, e, f.bound)
				}
			}
		}
	})
}
