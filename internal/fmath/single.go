package fmath

import "math"

// ln 2 in two parts. The first has 15 bits: its product with a whole number below 2^9 is exact.
const (
	ln2Hi32 = 0x1.62e4p-1
	ln2Lo32 = 0x1.7f7d1cp-20
)

// Exp32 returns e^x in the arithmetic of float32, for loops over many numbers of that type; its
// ends are those of [Exp]. The error is below 1 ulp.
//
//	x = k ln 2 + r,  |r| <= ln(2)/2,  e^x = 2^k (1 + r + r² P(r))
//
// where P, of degree 4, has the least largest relative error of e^r, 3e-9.
func Exp32(x float32) float32 {
	if !(x >= -87 && x <= 88) {
		return float32(Exp(float64(x)))
	}
	const (
		shift              = 0x1.8p23 // see expSplit
		invLn2             = math.Log2E
		c2, c3, c4, c5, c6 = 0.49999994, 0.16666521, 0.04166839, 0.008368735, 0.0013814559
	)
	kd := float32(x*invLn2) + shift
	k := math.Float32bits(kd)
	kd -= shift
	r := x - float32(kd*ln2Hi32) - float32(kd*ln2Lo32)
	p := c5 + float32(r*c6)
	p = c4 + float32(r*p)
	p = c3 + float32(r*p)
	p = c2 + float32(r*p)
	p = r + float32(float32(r*r)*p)
	return math.Float32frombits(math.Float32bits(1+p) + k<<23)
}

// Log32 returns the natural logarithm of x in the arithmetic of float32, with the ends of [Log].
// The error is below 1 ulp.
//
//	x = 2^k (1 + f),  sqrt(1/2) <= 1 + f < sqrt(2),  ln x = k ln 2 + f - f²/2 + f³ Q(f)
//
// where Q, of degree 7, has the least largest relative error of ln(1+f), 6e-9.
func Log32(x float32) float32 {
	bits := math.Float32bits(x)
	if bits-1<<23 >= 0xfe<<23 {
		return float32(Log(float64(x)))
	}
	const (
		first          = 0x3f3504f3 // bits of sqrt(1/2)
		c3, c4, c5, c6 = 0.3333333, -0.25000823, 0.20001227, -0.16623354
		c7, c8, c9, c0 = 0.14201744, -0.13160208, 0.12761697, -0.076345816
	)
	k := int32(bits-first) >> 23
	f := math.Float32frombits(bits-uint32(k)<<23) - 1
	q := c9 + float32(f*c0)
	q = c8 + float32(f*q)
	q = c7 + float32(f*q)
	q = c6 + float32(f*q)
	q = c5 + float32(f*q)
	q = c4 + float32(f*q)
	q = c3 + float32(f*q)
	f2 := float32(f * f)
	q = float32(float32(f2*f)*q) - float32(0.5*f2)
	kd := float32(k)
	return float32(kd*ln2Hi32) + (f + (q + float32(kd*ln2Lo32)))
}
