package equation

import "math"

// most is the highest order of a series.
const most = 30

// binomials are those of i over k.
var binomials = func() (b [most + 1][most + 1]float64) {
	for i := range b {
		b[i][0] = 1
		for k := 1; k <= i; k++ {
			b[i][k] = b[i-1][k-1] + b[i-1][k]
		}
	}
	return b
}()

// crossing returns the first time in [0, h] at which the polynomial g of the given order rises
// through 0, which it begins below. Touching 0 is no crossing.
//
// What decides is cheap for almost all steps: bounds of g, and of its slope. The rest is decided by
// the signs of the coefficients of g in the Bernstein basis, in halves of halves, which misses
// none.
func crossing(g []float64, h float64) (at float64, ok bool) {
	order := len(g) - 1
	switch {
	case g[0] == 0 && g[1] < 0: // leaves it: the crossing is one of g/t
		return crossing(g[1:], h)
	case g[0] >= 0:
		return 0, true // over by rounding at the end of the step before
	}
	bound, slope, power := g[0], g[1], 1.0
	for k := 1; k <= order; k++ {
		if k > 1 {
			slope -= float64(float64(k) * math.Abs(g[k]) * power)
		}
		power *= h
		bound += float64(math.Abs(g[k]) * power)
	}
	if bound < 0 {
		return 0, false
	}
	if slope > 0 {
		if !(polynomial(g, h) >= 0) {
			return 0, false
		}
		return root(g, 0, h), true
	}
	var b [most + 1]float64
	power = 1
	for k := 0; k <= order; k++ {
		c := g[k] * power / binomials[order][k]
		power *= h
		for i := k; i <= order; i++ {
			b[i] += float64(binomials[i][k] * c)
		}
	}
	return first(g, &b, order, 0, h, 1e-14*(bound-2*g[0]), 0)
}

// first is crossing between lo and hi, of which b are the coefficients, with errors up to noise.
func first(g []float64, b *[most + 1]float64, order int, lo, hi, noise float64, depth int) (at float64, ok bool) {
	changes, above := 0, false
	for i := 1; i <= order; i++ {
		if b[i] >= 0 != (b[i-1] >= 0) {
			changes++
		}
		above = above || b[i] >= 0
	}
	switch {
	case !above || depth > 48:
		return 0, false
	case changes == 1 && b[order] > noise: // else it may be that of another root at hi
		return root(g, lo, hi), true
	}
	var left [most + 1]float64
	right := *b
	for i := range order + 1 {
		left[i] = right[0]
		for k := range order - i {
			right[k] = (right[k] + right[k+1]) / 2
		}
	}
	// right[k] is now the last of its row: the coefficients of the right half
	middle := lo + float64((hi-lo)/2)
	if at, ok := first(g, &left, order, lo, middle, noise, depth+1); ok {
		return at, true
	}
	if left[order] >= 0 && right[1] > right[0] {
		return middle, true
	}
	return first(g, &right, order, middle, hi, noise, depth+1)
}

// polynomial returns g at t.
func polynomial(g []float64, t float64) float64 {
	sum := 0.0
	for k := len(g) - 1; k >= 0; k-- {
		sum = float64(sum*t) + g[k]
	}
	return sum
}

// root returns where g, below 0 at lo and not at hi, reaches 0, by Newton's iteration in a bracket.
func root(g []float64, lo, hi float64) float64 {
	at := hi
	if low := polynomial(g, lo); low < 0 {
		at = lo + float64((hi-lo)*min(max(-low/(polynomial(g, hi)-low), 0.05), 1))
	}
	for range 100 {
		y, slope := 0.0, 0.0
		for k := len(g) - 1; k >= 0; k-- {
			slope = float64(slope*at) + y
			y = float64(y*at) + g[k]
		}
		if y >= 0 {
			hi = at
		} else {
			lo = at
		}
		next := at - y/slope
		if math.Abs(next-at) <= 1.2e-16*at {
			return at
		}
		if !(next > lo && next < hi) {
			if next = lo + float64((hi-lo)/2); next <= lo || next >= hi {
				return hi
			}
		}
		at = next
	}
	return at
}
