package fmath

import "math"

// ln 2 in two parts. The first has 42 bits after the point, as has the hi of logTable: its
// product with the exponent of a float64, and their sum, are exact.
const (
	ln2Hi = 0x1.62e42fefa38p-1
	ln2Lo = 0x1.ef35793c7673p-45
)

const (
	logSteps = 128
	logFirst = 0x3fe6000000000000 // bits of 0.6875, where the table begins
	nearLow  = 0x3fefe00000000000 // bits of 1 - 1/256 and
	nearHigh = 0x3ff0200000000000 // of 1 + 1/128, ends of its intervals
)

// Log returns the natural logarithm of x, with
//
//	Log(+Inf) = +Inf,  Log(±0) = -Inf,  Log(x < 0) = NaN,  Log(NaN) = NaN
//
// The error is below 0.52 ulp.
//
//	x = 2^k z,  0.6875 <= z < 1.375,  r = z/c - 1,  |r| < 0.0042
//	ln x = k ln 2 + ln c + r - r²/2 + ... - r^8/8
//
// where 1/c, of the table, has 12 bits after the point. Then k ln 2 + ln c + r, but for
// remainders below 2^-28, is exact. Around 1, from 1 - 1/256 to 1 + 1/128, k = 0, c = 1, and
// r = x - 1 is exact; there the first term left out is below 2e-18 r.
func Log(x float64) float64 {
	bits := math.Float64bits(x)
	if bits-nearLow < nearHigh-nearLow {
		return logNear(x - 1)
	}
	if bits-1<<52 >= 0x7fe<<52 {
		return logEdge(x)
	}
	return logSplit(bits, 0)
}

// LogTable returns the table of [Log], for kernels that give its bits with vector instructions: 128
// times the three numbers 1/c and ln c, in two parts, of an interval of z.
func LogTable() *float64 { return &logTable[0].inv }

// logEdge is Log of what is not positive, finite and normal.
func logEdge(x float64) float64 {
	switch {
	case x == 0:
		return math.Inf(-1)
	case x < 0:
		return math.NaN()
	case x > 0 && x < 1: // subnormal
		return logSplit(math.Float64bits(float64(x*0x1p52))-52<<52, 0)
	}
	return x // +Inf or NaN
}

// logSplit returns ln(u + rest) of a positive u, finite and not too near to 1, and a rest
// smaller than its last place. bits are those of u; for a subnormal u, those of u 2^n, less
// n<<52.
func logSplit(bits uint64, rest float64) float64 {
	t := bits - logFirst
	k := int64(t) >> 52
	zbits := bits - uint64(k)<<52
	e := &logTable[t>>45%logSteps]

	z, zHi := math.Float64frombits(zbits), math.Float64frombits(zbits&^(1<<23-1))
	zLo := z - zHi
	if rest != 0 {
		zLo += float64(rest * math.Float64frombits(uint64(1023-k)<<52))
	}
	rHi := float64(zHi*e.inv) - 1
	rLo := float64(zLo * e.inv)
	kd := float64(k)
	hi := float64(kd*ln2Hi) + e.hi + rHi
	lo := float64(kd*ln2Lo) + e.lo + rLo
	r := rHi + rLo
	return hi + (lo + float64(float64(r*r)*logTail(r)))
}

// logNear returns ln(1+r) for -1/256 <= r < 1/128. The sign of a zero stays.
func logNear(r float64) float64 { return r + float64(float64(r*r)*logTail(r)) }

// logTail returns (ln(1+r) - r) / r² for |r| <= 1/128.
func logTail(r float64) float64 {
	const c2, c3, c4, c5, c6, c7, c8 = -1. / 2, 1. / 3, -1. / 4, 1. / 5, -1. / 6, 1. / 7, -1. / 8
	r2 := float64(r * r)
	y := c6 + float64(r*c7) + float64(r2*c8)
	y = float64(y*r2) + (c4 + float64(r*c5))
	return float64(y*r2) + (c2 + float64(r*c3))
}

// Log1p returns ln(1 + x), accurate for small x, too, with
//
//	Log1p(+Inf) = +Inf,  Log1p(±0) = ±0,  Log1p(-1) = -Inf,
//	Log1p(x < -1) = NaN,  Log1p(NaN) = NaN
//
// The error is below 0.52 ulp. It is [Log] of 1 + x in two parts, the rounded value and the
// rest.
func Log1p(x float64) float64 {
	switch {
	case x >= -1./256 && x < 1./128:
		return logNear(x)
	case !(x > -1 && x < 0x1p54): // the 1 makes no difference from there on
		if x > -1 {
			return Log(x)
		}
		return Log(1 + x)
	}
	u := 1 + x
	b := u - x
	return logSplit(math.Float64bits(u), (1-b)+(x-(u-b)))
}

// LogRows returns the table of [Log], for programs in other languages that give its bits: 1/c and
// ln c in two parts of each interval.
func LogRows() (rows [logSteps][3]float64) {
	for i, e := range logTable {
		rows[i] = [3]float64{e.inv, e.hi, e.lo}
	}
	return rows
}
