package fmath

import (
	"math"
	"unsafe"
)

// The step of the reduction, ln(2)/128, in two parts. The first has 35 bits: its product
// with a whole number below 2^18 is exact.
const (
	expSteps = 128
	invStep  = expSteps * math.Log2E
	stepHi   = 0x1.62e42fef8p-8
	stepLo   = 0x1.1cf79abc9e3b4p-43
)

// Exp returns e^x, with
//
//	Exp(+Inf) = +Inf,  Exp(-Inf) = 0,  Exp(NaN) = NaN
//
// +Inf from x = 709.79 on, and 0 up to x = -745.14. The error is below 0.52 ulp.
//
//	x = (k/128) ln 2 + r,  |r| <= ln(2)/256,  e^x = 2^(k/128) (1 + r + ... + r^5/120)
//
// where the first term left out is below 6e-19.
func Exp(x float64) float64 {
	if !(x >= -700 && x <= 709) {
		return expEdge(x)
	}
	bits, p := expSplit(x)
	s := math.Float64frombits(bits)
	return s + float64(s*p)
}

// ExpTable returns the table of [Exp], for kernels that give its bits with vector instructions: 128
// times the rest and the bits of 2^(i/128).
func ExpTable() unsafe.Pointer { return unsafe.Pointer(&expTable[0]) }

// expSplit returns s and p such that e^x = s (1 + p), |p| < 0.003, where s = 2^(k/128)
// rounded to float64. bits are those of s, and where the exponent of s is out of range,
// bits plus any n<<52 are those of s 2^n.
func expSplit(x float64) (bits uint64, p float64) {
	// A number of this size has no digits after the point, and its last bits are
	// those of k in two's complement.
	const shift = 0x1.8p52
	kd := float64(x*invStep) + shift
	k := math.Float64bits(kd)
	kd -= shift
	r := x - float64(kd*stepHi) - float64(kd*stepLo)

	e := &expTable[k%expSteps]
	r2 := float64(r * r)
	p = e.tail + r
	p += float64(r2 * (0.5 + float64(r*(1./6))))
	p += float64(float64(r2*r2) * (1./24 + float64(r*(1./120))))
	return e.bits + k<<45, p
}

// expEdge is Exp where s may be out of range, or s p subnormal.
func expEdge(x float64) float64 {
	switch {
	case x != x:
		return x
	case x > 710:
		return math.Inf(1)
	case x < -746:
		return 0
	}
	bits, p := expSplit(x)
	if x > 0 {
		s := math.Float64frombits(bits - 1<<52)
		return float64(2 * (s + float64(s*p)))
	}
	s := math.Float64frombits(bits + 1022<<52)
	t := float64(s * p)
	y := s + t
	if y < 1 {
		// The result is subnormal, a multiple of 2^-1074. Next to 1, the last
		// place is 2^-52 = 2^(1022-1074), so that adding 1 rounds where the
		// scaling below would have to round once more.
		low := s - y + t
		one := 1 + y
		y = one + (1 - one + y + low) - 1
	}
	return float64(y * 0x1p-1022)
}

// Expm1 returns e^x - 1, accurate for small x, too, with
//
//	Expm1(+Inf) = +Inf,  Expm1(-Inf) = -1,  Expm1(±0) = ±0,  Expm1(NaN) = NaN
//
// The error is below 0.65 ulp. For |x| < 1/8 it is the Taylor polynomial x + x²/2 + ... +
// x^11/11!, whose first term left out is below 3e-19 x, and else
//
//	e^x - 1 = (s - 1) + s p,  e^x = s (1 + p) as in [Exp]
//
// with s - 1 in two parts, its rounded value and the rest.
func Expm1(x float64) float64 {
	switch {
	case x > -1./8 && x < 1./8:
		if x > -0x1p-54 && x < 0x1p-54 {
			return x
		}
		return x + float64(float64(x*x)*expm1Tail(x))
	case !(x <= 44): // 1 is below 2^-63 e^x
		return Exp(x)
	case x < -44:
		return -1
	}
	bits, p := expSplit(x)
	s := math.Float64frombits(bits)
	y := s - 1
	b := y - s
	rest := s - (y - b) - (1 + b)
	return y + (rest + float64(s*p))
}

// expm1Tail returns (e^x - 1 - x) / x² for |x| < 1/8.
func expm1Tail(x float64) float64 {
	const (
		c2, c3, c4, c5, c6 = 1. / 2, 1. / 6, 1. / 24, 1. / 120, 1. / 720
		c7, c8, c9         = 1. / 5040, 1. / 40320, 1. / 362880
		c10, c11           = 1. / 3628800, 1. / 39916800
	)
	x2 := float64(x * x)
	y := c10 + float64(x*c11)
	y = float64(y*x2) + (c8 + float64(x*c9))
	y = float64(y*x2) + (c6 + float64(x*c7))
	y = float64(y*x2) + (c4 + float64(x*c5))
	return float64(y*x2) + (c2 + float64(x*c3))
}

// ExpRow is a row of the table of [Exp]: the rest of 2^(i/128), and its bits less i<<45.
type ExpRow struct {
	Tail float64
	Bits uint64
}

// ExpRows returns the table of [Exp], for programs in other languages that give its bits.
func ExpRows() (rows [expSteps]ExpRow) {
	for i, e := range expTable {
		rows[i] = ExpRow{e.tail, e.bits}
	}
	return rows
}
