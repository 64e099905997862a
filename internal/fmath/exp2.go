package fmath

import "math"

// Exp2 returns 2^x for |x| < 1000, within 1 ulp, with the bits that package math has where nothing
// is fused:
//
//	x = k + t,  |t| <= 1/2,  2^x = 2^k e^(t ln 2)
//
// Elsewhere it is [Exp] of x ln 2.
func Exp2(x float64) float64 {
	const (
		ln2Hi = 6.93147180369123816490e-01
		ln2Lo = 1.90821492927058770002e-10
		p1    = 1.66666666666666657415e-01
		p2    = -2.77777777770155933842e-03
		p3    = 6.61375632143793436117e-05
		p4    = -1.65339022054652515390e-06
		p5    = 4.13813679705723846039e-08
	)
	if !(x > -1000 && x < 1000) {
		return Exp(float64(x * math.Ln2))
	}
	k := int64(x + math.Copysign(0.5, x))
	if x == 0 {
		k = 0
	}
	t := x - float64(k)
	hi, lo := float64(t*ln2Hi), -float64(t*ln2Lo)
	r := hi - lo
	z := float64(r * r)
	p := p4 + float64(z*p5)
	p = p3 + float64(z*p)
	p = p2 + float64(z*p)
	p = p1 + float64(z*p)
	c := r - float64(z*p)
	y := 1 - ((lo - float64(r*c)/(2-c)) - hi)
	return float64(y * math.Float64frombits(uint64(1023+k)<<52))
}
