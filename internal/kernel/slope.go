package kernel

import "math"

// The slopes of the surrogates without exponential functions; see package surrogate. dst and x have
// one length and may be the same slice.

// FastSigmoid sets dst to 1 / (1 + k |x|)², as the square of the reciprocal.
func FastSigmoid[T Float](dst, x []T, k T) {
	x = x[:len(dst)]
	if len(x) == 0 || fastFastSigmoid(at(dst), at(x), len(x), k) {
		return
	}
	for i, v := range x {
		inv := 1 / (1 + T(k*abs(v)))
		dst[i] = inv * inv
	}
}

// ATan sets dst to h / (1 + (c x)²).
func ATan[T Float](dst, x []T, c, h T) {
	x = x[:len(dst)]
	if len(x) == 0 || fastAtan(at(dst), at(x), len(x), c, h) {
		return
	}
	for i, v := range x {
		z := T(c * v)
		dst[i] = h / (1 + T(z*z))
	}
}

// Triangle sets dst to max(0, 1 - k |x|).
func Triangle[T Float](dst, x []T, k T) {
	x = x[:len(dst)]
	if len(x) == 0 || fastTriangle(at(dst), at(x), len(x), k) {
		return
	}
	for i, v := range x {
		dst[i] = max(0, 1-T(k*abs(v)))
	}
}

// Boxcar sets dst to k/2 where k |x| <= 1, else 0.
func Boxcar[T Float](dst, x []T, k T) {
	x = x[:len(dst)]
	if len(x) == 0 || fastBoxcar(at(dst), at(x), len(x), k) {
		return
	}
	for i, v := range x {
		switch z := T(k * abs(v)); {
		case z <= 1:
			dst[i] = k / 2
		case z > 1:
			dst[i] = 0
		default:
			dst[i] = z // NaN
		}
	}
}

// StepPWL sets dst to 1 where k x >= -1, else 0.
func StepPWL[T Float](dst, x []T, k T) {
	x = x[:len(dst)]
	if len(x) == 0 || fastStepPWL(at(dst), at(x), len(x), k) {
		return
	}
	for i, v := range x {
		switch z := T(k * v); {
		case z >= -1:
			dst[i] = 1
		case z < -1:
			dst[i] = 0
		default:
			dst[i] = z // NaN
		}
	}
}

// abs returns |x|; the detour over float64 is exact and without a branch.
func abs[T Float](x T) T { return T(math.Abs(float64(x))) }
