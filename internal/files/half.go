package files

import "math"

// half returns the value of a float16 (IEEE 754 binary16): a sign, 5 bits of exponent with the bias
// 15, 10 bits of fraction. Every float16 is exactly a float64.
func half(u uint16) float64 {
	exponent, fraction := int(u>>10&0x1f), float64(u&0x3ff)
	v := 0.0
	switch exponent {
	case 0:
		v = math.Ldexp(fraction, -24)
	case 0x1f:
		if v = math.Inf(1); fraction != 0 {
			v = math.NaN()
		}
	default:
		v = math.Ldexp(1024+fraction, exponent-25)
	}
	if u>>15 != 0 {
		return -v
	}
	return v
}

// toHalf returns v as a float16; ok is false where it is not exactly one. Any NaN becomes one.
func toHalf(v float64) (u uint16, ok bool) {
	if math.Signbit(v) {
		u = 1 << 15
	}
	switch a := math.Abs(v); {
	case v != v:
		return u | 0x7e00, true
	case a > math.MaxFloat64:
		return u | 0x7c00, true
	case a < 0x1p-14: // subnormal: a multiple of 2^-24
		n := math.Ldexp(a, 24)
		return u | uint16(n), n == math.Trunc(n)
	case a >= 65536:
		return 0, false
	default:
		fraction, exponent := math.Frexp(a) // in [0.5, 1)
		n := math.Ldexp(fraction, 11)       // in [1024, 2048)
		return u | uint16(exponent+14)<<10 | (uint16(n) - 1024), n == math.Trunc(n)
	}
}
