package fmath

import "math"

// Pow returns x^y: whole powers by squaring, and what is left of y, at most 1/2, as Exp(y Log(x)),
// as are powers above 64. Special cases are those of math.Pow.
func Pow(x, y float64) float64 {
	whole := math.RoundToEven(y)
	switch {
	case x-x != 0 || x == 0 || y-y != 0 || x < 0 && whole != y:
		return math.Pow(x, y) // one of its special cases, where nothing is rounded
	case math.Abs(whole) > 64:
		r := Exp(float64(y * Log(math.Abs(x))))
		if x < 0 && math.Abs(y) < 1<<53 && int64(y)%2 != 0 {
			return -r
		}
		return r
	}
	r := 1.0
	for n, p := int64(math.Abs(whole)), x; n > 0; n >>= 1 {
		if n&1 != 0 {
			r = float64(r * p)
		}
		p = float64(p * p)
	}
	if whole < 0 {
		r = 1 / r
	}
	switch rest := y - whole; rest {
	case 0:
	case 0.5:
		r = float64(r * math.Sqrt(x))
	case -0.5:
		r /= math.Sqrt(x)
	default:
		r = float64(r * Exp(float64(rest*Log(x))))
	}
	return r
}

// Tanh returns the hyperbolic tangent.
func Tanh(x float64) float64 {
	e := Expm1(float64(2 * math.Abs(x)))
	if e > 0x1p60 {
		return math.Copysign(1, x)
	}
	return math.Copysign(e/(e+2), x)
}
