package fmath

import (
	"math"
	"math/big"
)

// The truth of the tests: functions of math/big with prec bits, of which they need some 60.
const prec = 160

func newBig(x float64) *big.Float { return new(big.Float).SetPrec(prec).SetFloat64(x) }

// bigLn2 is ln 2 = 2 (1/3 + 1/(3·3³) + 1/(5·3⁵) + ...).
var bigLn2 = func() *big.Float {
	sum, power := newBig(0), newBig(2)
	power.Quo(power, newBig(3))
	for n := 1.0; n < prec; n += 2 {
		sum.Add(sum, newBig(0).Quo(power, newBig(n)))
		power.Quo(power, newBig(9))
	}
	return sum
}()

// bigExp returns e^x, or e^x - 1, for |x| < 2000:
//
//	x = n ln 2 + 2^7 r,  |r| < 0.003,  e^r - 1 = r + r²/2 + ... + r^14/14!
//
// and m = e^y - 1 doubles its argument as e^2y - 1 = m (m + 2), without cancellation. The
// first term left out is below 1e-47 r.
func bigExp(x *big.Float, minus1 bool) *big.Float {
	f, _ := x.Float64()
	n := math.Round(f / math.Ln2)
	if math.Abs(f) < 0.3 {
		n = 0
	}
	r := newBig(n)
	r.Sub(x, r.Mul(r, bigLn2))
	r.SetMantExp(r, -7)
	m, term := newBig(0), newBig(1)
	for i := 1.0; i <= 14; i++ {
		term.Mul(term, r)
		term.Quo(term, newBig(i))
		m.Add(m, term)
	}
	for range 7 {
		m.Mul(m, newBig(0).Add(m, newBig(2)))
	}
	if minus1 && n == 0 {
		return m
	}
	m.Add(m, newBig(1))
	m.SetMantExp(m, int(n))
	if minus1 {
		m.Sub(m, newBig(1))
	}
	return m
}

// bigLog returns ln u for u > 0 or, with plus1, ln(1 + u) for u > -1, from a guess y by one
// step of fourth order:
//
//	d = u e^-y - 1,  ln u = y + d - d²/2 + d³/3 - d⁴/4
//
// with |d| < 1e-12, so that the first term left out is below 1e-48 d.
func bigLog(u *big.Float, plus1 bool, guess float64) *big.Float {
	if f, _ := u.Float64(); plus1 && math.Abs(f) > 0.5 {
		u, plus1 = newBig(0).Add(u, newBig(1)), false
	}
	d := newBig(0)
	if plus1 {
		m := bigExp(newBig(-guess), true)
		d.Mul(u, m) // (1+u)(1+m) - 1
		d.Add(d, u)
		d.Add(d, m)
	} else {
		d.Mul(u, bigExp(newBig(-guess), false))
		d.Sub(d, newBig(1))
	}
	sum, power := newBig(guess), newBig(-1)
	for i := 1.0; i <= 4; i++ {
		power.Mul(power, d)
		power.Neg(power)
		sum.Add(sum, newBig(0).Quo(power, newBig(i)))
	}
	return sum
}

// bigPi is π = 16 atan(1/5) - 4 atan(1/239), to 1500 bits: as many as the largest float64 needs.
var bigPi = func() *big.Float {
	atan := func(n int64) *big.Float { // of 1/n
		sum, power := new(big.Float).SetPrec(1500), new(big.Float).SetPrec(1500).Quo(big.NewFloat(1), new(big.Float).SetInt64(n))
		for k := int64(1); power.MantExp(nil) > -1510; k += 2 {
			sum.Add(sum, new(big.Float).SetPrec(1500).Quo(power, new(big.Float).SetInt64(k)))
			power.Quo(power, new(big.Float).SetInt64(-n*n))
		}
		return sum
	}
	a, b := atan(5), atan(239)
	return a.Sub(a.SetMantExp(a, 4), b.SetMantExp(b, 2))
}()

// bigSincos returns the sine and the cosine of x = k π/2 + r from the series of r, whose first
// term left out is below 1e-60 of the first.
func bigSincos(x float64) (sin, cos *big.Float) {
	enough := uint(2*prec + max(0, newBig(x).MantExp(nil)))
	turns := new(big.Float).SetPrec(enough).Quo(newBig(x), bigPi)
	turns.SetMantExp(turns, 1)
	half := 0.5
	if x < 0 {
		half = -0.5
	}
	k, _ := new(big.Float).SetPrec(enough).Add(turns, big.NewFloat(half)).Int(nil)
	r := new(big.Float).SetPrec(enough).SetInt(k)
	r.Sub(newBig(x).SetPrec(enough), r.SetMantExp(r.Mul(r, bigPi), -1)).SetPrec(2 * prec)
	sums, term := [2]*big.Float{newBig(0).SetPrec(2 * prec), newBig(0).SetPrec(2 * prec)}, newBig(1).SetPrec(2*prec)
	for n := range 44 { // cosine and sine in turn
		sums[n%2].Add(sums[n%2], term)
		term.Quo(term.Mul(term, r), big.NewFloat(float64(n+1)))
		if n%2 == 1 {
			term.Neg(term)
		}
	}
	cos, sin = sums[0], sums[1]
	switch new(big.Int).And(k, big.NewInt(3)).Int64() {
	case 1:
		sin, cos = cos, sin.Neg(sin)
	case 2:
		sin, cos = sin.Neg(sin), cos.Neg(cos)
	case 3:
		sin, cos = cos.Neg(cos), sin
	}
	return sin, cos
}

// ulps returns |got - want| in units of the distance of the float64 around want. Infinity
// is right where want is rounded to it.
func ulps(got float64, want *big.Float) float64 {
	if f, _ := want.Float64(); math.IsInf(f, 0) || math.IsInf(got, 0) {
		if f == got {
			return 0
		}
		return math.Inf(1)
	}
	exp := -1074
	if want.Sign() != 0 {
		exp = max(want.MantExp(nil)-53, exp)
	}
	d := newBig(0).Sub(newBig(got), want)
	d.SetMantExp(d, -exp)
	f, _ := d.Float64()
	return math.Abs(f)
}
