package fmath

import (
	"math"
	"math/bits"
)

// halfPi is π/2 2^63, rounded.
const halfPi = 0xc90fdaa22168c235

// Sin returns the sine of x in radians, with
//
//	Sin(±0) = ±0,  Sin(±Inf) = NaN,  Sin(NaN) = NaN
//
// The error is below 0.85 ulp. The reduction is exact enough for all x (M. H. Payne and R. N.
// Hanek 1983, doi:10.1145/1057600.1057602): 2/π has as many bits as it needs,
//
//	x = k π/2 + r,  |r| <= π/4,  sin r = r - r³/3! + ... + r^17/17!
//
// where r is known to 2^-62 of it, also next to multiples of π/2, and the first term left out is
// below 1e-19 r.
func Sin(x float64) float64 {
	s, _ := Sincos(x)
	return s
}

// Cos returns the cosine of x in radians; that of infinity and NaN is NaN. The error is below 0.85
// ulp. It is the method of [Sin], with
//
//	cos r = 1 - r²/2 + r⁴/4! - ... + r^16/16!
//
// where r²/2 is in two parts, and the first term left out is below 3e-18.
func Cos(x float64) float64 {
	_, c := Sincos(x)
	return c
}

// Sincos returns [Sin] and [Cos] of x.
func Sincos(x float64) (sin, cos float64) {
	if x-x != 0 {
		return math.NaN(), math.NaN()
	}
	k, r, low := reduce(x)
	s, c := sinTail(r, low), cosTail(r, low)
	switch k % 4 {
	case 1:
		return c, -s
	case 2:
		return -s, -c
	case 3:
		return -c, s
	}
	return s, c
}

// reduce returns k, of which only k mod 4 matters, and r + low with x = k π/2 + r + low.
func reduce(x float64) (k uint64, r, low float64) {
	b := math.Float64bits(x) &^ (1 << 63)
	if b <= 0x3fe921fb54442d18 { // π/4
		return 0, x, float64(x * 0) // 0 with the sign of x
	}
	// x = m 2^e. The bits of 2/π before 2^(1-e) give multiples of 4, those behind the next 192 less
	// than 2^-137. hi and lo are 2/π x, modulo 4, times 2^126.
	m, at := b&(1<<52-1)|1<<52, int(b>>52)-1075+62
	w, s := twoOverPi[at/64:at/64+4], uint(at)%64
	_, hi := bits.Mul64(m, w[0]<<s|w[1]>>(64-s))
	h, lo := bits.Mul64(m, w[1]<<s|w[2]>>(64-s))
	rest, _ := bits.Mul64(m, w[2]<<s|w[3]>>(64-s))
	lo, carry := bits.Add64(lo, rest, 0)
	hi += h + carry
	// The nearest whole number, and what is left, at most 1/2, times 2^128.
	k = hi>>62 + hi>>61&1
	hi, lo = hi<<2|lo>>62, lo<<2
	negative := hi>>63 != 0
	if negative {
		lo, carry = bits.Sub64(0, lo, 0)
		hi, _ = bits.Sub64(0, hi, carry)
	}
	zeros := uint(bits.LeadingZeros64(hi)) // at most 61: no float64 is nearer to a multiple of π/2
	h, lo = bits.Mul64(hi<<zeros|lo>>(64-zeros), halfPi)
	r = float64(float64(h>>11) * math.Float64frombits(uint64(1023-52-zeros)<<52))
	low = float64(float64(h&(1<<11-1)<<42|lo>>22) * math.Float64frombits(uint64(1023-105-zeros)<<52))
	if negative {
		r, low = -r, -low
	}
	if x < 0 {
		return -k, -r, -low
	}
	return k, r, low
}

// sinTail returns sin(r + low) for |r| <= π/4.
func sinTail(r, low float64) float64 {
	const (
		c1, c2, c3, c4 = -1. / 6, 1. / 120, -1. / 5040, 1. / 362880
		c5, c6, c7, c8 = -1. / 39916800, 1. / 6227020800, -1. / 1307674368000, 1. / 355687428096000
	)
	if r > -0x1p-27 && r < 0x1p-27 {
		return r + low
	}
	z := float64(r * r)
	p := c7 + float64(z*c8)
	p = c6 + float64(z*p)
	p = c5 + float64(z*p)
	p = c4 + float64(z*p)
	p = c3 + float64(z*p)
	p = c2 + float64(z*p)
	p = c1 + float64(z*p)
	return r + (float64(float64(r*z)*p) + float64(low*(1-float64(0.5*z))))
}

// cosTail returns cos(r + low) for |r| <= π/4.
func cosTail(r, low float64) float64 {
	const (
		c2, c3, c4, c5 = 1. / 24, -1. / 720, 1. / 40320, -1. / 3628800
		c6, c7, c8     = 1. / 479001600, -1. / 87178291200, 1. / 20922789888000
	)
	z := float64(r * r)
	p := c7 + float64(z*c8)
	p = c6 + float64(z*p)
	p = c5 + float64(z*p)
	p = c4 + float64(z*p)
	p = c3 + float64(z*p)
	p = c2 + float64(z*p)
	a := math.Float64frombits(math.Float64bits(r) &^ (1<<27 - 1)) // its square is exact
	b := r - a
	half := float64(0.5 * float64(a*a))
	y := 1 - half
	rest := 1 - y - half - float64(b*(a+float64(0.5*b))) - float64(r*low)
	return y + (rest + float64(float64(z*z)*p))
}

// TwoOverPi returns 64 zeros and the bits of 2/π, for programs in other languages that give the
// bits of [Sin] and [Cos].
func TwoOverPi() []uint64 { return append([]uint64(nil), twoOverPi[:]...) }
