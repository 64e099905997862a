package kernel

import "github.com/surge-snn/surge/internal/fmath"

// The operations of neurons that are given by formulas; see package models. All slices of a call
// have the length of the first one, which may be another of them, too, unless it says otherwise.

// Div sets z[i] = x[i] / y[i].
func Div[T Float](z, x, y []T) {
	x, y = x[:len(z)], y[:len(z)]
	if len(z) == 0 || fastDiv(at(z), at(x), at(y), len(z)) {
		return
	}
	for i := range z {
		z[i] = x[i] / y[i]
	}
}

// AddMul sets z[i] = x[i] + y[i]·w[i], the product rounded first.
func AddMul[T Float](z, x, y, w []T) {
	x, y, w = x[:len(z)], y[:len(z)], w[:len(z)]
	if len(z) == 0 || fastAddMul(at(z), at(x), at(y), at(w), len(z)) {
		return
	}
	for i := range z {
		z[i] = x[i] + T(y[i]*w[i])
	}
}

// SubMul sets z[i] = x[i] - y[i]·w[i], the product rounded first.
func SubMul[T Float](z, x, y, w []T) {
	x, y, w = x[:len(z)], y[:len(z)], w[:len(z)]
	if len(z) == 0 || fastSubMul(at(z), at(x), at(y), at(w), len(z)) {
		return
	}
	for i := range z {
		z[i] = x[i] - T(y[i]*w[i])
	}
}

// Mix sets z[i] = x[i] + w[i]·(y[i] - x[i]), the product rounded first.
func Mix[T Float](z, x, y, w []T) {
	x, y, w = x[:len(z)], y[:len(z)], w[:len(z)]
	if len(z) == 0 || fastMix(at(z), at(x), at(y), at(w), len(z)) {
		return
	}
	for i := range z {
		z[i] = x[i] + T(w[i]*(y[i]-x[i]))
	}
}

// AddScaled sets z[i] = x[i] + c·y[i], the product rounded first.
func AddScaled[T Float](z, x, y []T, c T) {
	x, y = x[:len(z)], y[:len(z)]
	if len(z) == 0 || fastAddScaled(at(z), at(x), at(y), len(z), c) {
		return
	}
	for i := range z {
		z[i] = x[i] + T(c*y[i])
	}
}

// Affine sets z[i] = c·x[i] + d, the product rounded first.
func Affine[T Float](z, x []T, c, d T) {
	x = x[:len(z)]
	if len(z) == 0 || fastAffine(at(z), at(x), len(z), c, d) {
		return
	}
	for i := range z {
		z[i] = T(c*x[i]) + d
	}
}

// Flush sets z[i] to x[i], or to 0 as [fmath.Flush].
func Flush[T Float](z, x []T) {
	x = x[:len(z)]
	if len(z) == 0 || fastFlush(at(z), at(x), len(z)) {
		return
	}
	for i, v := range x {
		z[i] = fmath.Flush(v)
	}
}

// AtLeast sets z[i] to c where c > x[i], else to x[i]: a NaN stays.
func AtLeast[T Float](z, x []T, c T) {
	x = x[:len(z)]
	if len(z) == 0 || fastAtLeast(at(z), at(x), len(z), c) {
		return
	}
	for i, v := range x {
		if c > v {
			v = c
		}
		z[i] = v
	}
}

// AtMost sets z[i] to c where c < x[i], else to x[i]: a NaN stays.
func AtMost[T Float](z, x []T, c T) {
	x = x[:len(z)]
	if len(z) == 0 || fastAtMost(at(z), at(x), len(z), c) {
		return
	}
	for i, v := range x {
		if c < v {
			v = c
		}
		z[i] = v
	}
}

// AtLeastSlope sets z[i] to 1 where x[i] > c, 1/2 where they are equal, and 0 below; a NaN stays.
func AtLeastSlope[T Float](z, x []T, c T) {
	x = x[:len(z)]
	if len(z) == 0 || fastAtLeastSlope(at(z), at(x), len(z), c) {
		return
	}
	for i, v := range x {
		switch {
		case v > c:
			z[i] = 1
		case v == c:
			z[i] = 0.5
		case v < c:
			z[i] = 0
		default:
			z[i] = v
		}
	}
}

// Reached sets z[i] to 1 where x[i] >= c, else to 0.
func Reached[T Float](z, x []T, c T) {
	x = x[:len(z)]
	if len(z) == 0 || fastReached(at(z), at(x), len(z), c) {
		return
	}
	for i, v := range x {
		z[i] = 0
		if v >= c {
			z[i] = 1
		}
	}
}

// Fired sets z[i] to 1 where x[i] > c, else to 0; a NaN stays.
func Fired[T Float](z, x []T, c T) {
	x = x[:len(z)]
	if len(z) == 0 || fastFired(at(z), at(x), len(z), c) {
		return
	}
	for i, v := range x {
		switch {
		case v > c:
			z[i] = 1
		case v == v:
			z[i] = 0
		default:
			z[i] = v
		}
	}
}

// Exp sets z[i] = e^x[i], with the bits of [fmath.ExpTo]. z and x must not overlap.
func Exp[T Float](z, x []T) {
	x = x[:len(z)]
	if len(z) == 0 {
		return
	}
	if bad, ok := fastExp(at(z), at(x), (*byte)(fmath.ExpTable()), len(z)); ok && bad == 0 {
		return
	}
	fmath.ExpTo(z, x)
}
