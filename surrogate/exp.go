package surrogate

import "math"

// exp returns e^x for x <= 0 to within 2 units in the last place, or NaN for NaN.
// Unlike math.Exp, which uses fused multiply-add where the processor has it, it
// gives the same bits everywhere:
//
//	x = n ln 2 + r,  |r| <= ln(2)/2,  e^x = 2^n sum_{i=0..13} r^i / i!
//
// where the first term left out is below 5e-18 and the even and the odd powers are
// summed side by side.
func exp(x float64) float64 {
	const (
		ln2Hi = 0x1.62e42fee00000p-1 // 33 bits of ln 2, so that n*ln2Hi is exact
		ln2Lo = 0x1.a39ef35793c76p-33
	)
	if x < -746 { // e^-746 < 2^-1075, half of the smallest float64
		return 0
	}
	if x != x {
		return x
	}
	n := math.Floor(float64(x*math.Log2E) + 0.5)
	r := x - float64(n*ln2Hi) - float64(n*ln2Lo)
	q := float64(r * r)
	even := float64(q*(1./479001600)) + 1./3628800
	even = float64(even*q) + 1./40320
	even = float64(even*q) + 1./720
	even = float64(even*q) + 1./24
	even = float64(even*q) + 1./2
	even = float64(even*q) + 1
	odd := float64(q*(1./6227020800)) + 1./39916800
	odd = float64(odd*q) + 1./362880
	odd = float64(odd*q) + 1./5040
	odd = float64(odd*q) + 1./120
	odd = float64(odd*q) + 1./6
	odd = float64(odd*q) + 1
	p := even + float64(odd*r)
	if n >= -1022 {
		return p * math.Float64frombits(uint64(1023+int64(n))<<52)
	}
	return math.Ldexp(p, int(n))
}
