package own

import "math"

// pieces of a step at whose ends the threshold is looked at.
const pieces = 8

// crossing looks for the first root of the threshold in the latest step, from x and of length h,
// of which err has the slope at its end. Within the step states are known to order 4, which is
// where to look; the root is that of the step itself as a function of its length. If there is one,
// the states there are in spike.
func (s *stepper) crossing(x []float64, h float64, p []float64) (root float64, fires bool) {
	var g [pieces + 1]float64
	low, high := math.Inf(1), math.Inf(-1)
	s.interpolate(x, h)
	first, last := s.rises(x, s.k[0], p), s.rises(s.z[6], s.k[6], p)
	for i := range g {
		switch i {
		case 0:
			g[i] = s.f.Threshold(x, p)
		case pieces:
			g[i] = s.f.Threshold(s.z[6], p)
		default:
			g[i] = s.inside(part(i), p)
		}
		low, high = min(low, g[i]), max(high, g[i])
	}
	from := 0.0 // where it is below threshold
	for i := 1; i <= pieces; i++ {
		at, after := part(i), part(min(i+1, pieces))
		if g[i] >= 0 && s.exact(x, float64(at*h), p) >= 0 {
			return s.root(x, float64(from*h), float64(at*h), p), true
		}
		up := i == 1 && first > 0 || i > 1 && g[i-1] >= g[i-2] // it has a peak in this piece or beside it
		down := i == pieces && last < 0 || i < pieces && g[i+1] <= g[i]
		if top := max(g[i-1], g[i]); up && (g[i] < g[i-1] || down) && top+float64(0.5*(high-low)) > 0 {
			if theta := s.top(part(max(i-2, 0)), after, p); theta > from && s.exact(x, float64(theta*h), p) >= 0 {
				return s.root(x, float64(from*h), float64(theta*h), p), true
			}
		}
		if g[i] < 0 {
			from = at
		}
	}
	return h, false
}

// part returns where piece i ends.
func part(i int) float64 { return float64(float64(i) / pieces) }

// exact returns the threshold after a step of length h.
func (s *stepper) exact(x []float64, h float64, p []float64) float64 {
	s.step(x, h, p)
	return s.f.Threshold(s.z[6], p)
}

// interpolate makes the polynomials of the latest step.
func (s *stepper) interpolate(x []float64, h float64) {
	for n := range x {
		diff := s.z[6][n] - x[n]
		bend := float64(h*s.k[0][n]) - diff
		sum := 0.0
		for i, d := range between {
			sum += float64(d * s.k[i][n])
		}
		s.dense[0][n], s.dense[1][n], s.dense[2][n] = x[n], diff, bend
		s.dense[3][n], s.dense[4][n] = diff-float64(h*s.k[6][n])-bend, float64(h*sum)
	}
}

// inside returns the threshold within the latest step, at a part theta of it.
func (s *stepper) inside(theta float64, p []float64) float64 {
	rest := 1 - theta
	for n := range s.peak {
		v := s.dense[3][n] + float64(rest*s.dense[4][n])
		v = s.dense[2][n] + float64(theta*v)
		v = s.dense[1][n] + float64(rest*v)
		s.peak[n] = s.dense[0][n] + float64(theta*v)
	}
	return s.f.Threshold(s.peak, p)
}

// top returns where the threshold is largest between parts of the latest step, by the golden
// section. Its error matters in second order.
func (s *stepper) top(lo, hi float64, p []float64) float64 {
	const golden = 0.6180339887498949
	a, b := hi-float64(golden*(hi-lo)), lo+float64(golden*(hi-lo))
	ga, gb := s.inside(a, p), s.inside(b, p)
	for range 30 {
		if ga >= gb {
			hi, b, gb = b, a, ga
			a = hi - float64(golden*(hi-lo))
			ga = s.inside(a, p)
		} else {
			lo, a, ga = a, b, gb
			b = lo + float64(golden*(hi-lo))
			gb = s.inside(b, p)
		}
	}
	return (lo + hi) / 2
}

// root returns the length of the step from x, between lo and hi, at whose end the threshold is
// reached, to rounding. It is below it after lo, unless that is 0, and not after hi.
func (s *stepper) root(x []float64, lo, hi float64, p []float64) float64 {
	gHi := s.exact(x, hi, p)
	copy(s.spike, s.z[6])
	gLo := s.exact(x, lo, p)
	if gLo >= 0 && lo > 0 {
		hi, gHi, lo = lo, gLo, 0
		copy(s.spike, s.z[6])
		gLo = s.exact(x, 0, p)
	}
	side := 0
	for k := range 200 {
		if gHi == 0 || hi-lo <= float64(0x1p-53*hi) {
			break
		}
		at := lo + float64((hi-lo)/2)
		if gLo < 0 && k%8 != 7 { // the secant, of the Illinois kind, and now and then the middle
			if secant := hi - float64((hi-lo)*(gHi/(gHi-gLo))); secant > lo && secant < hi {
				at = secant
			}
		}
		if !(at > lo && at < hi) {
			break
		}
		switch g := s.exact(x, at, p); {
		case g >= 0:
			hi, gHi = at, g
			copy(s.spike, s.z[6])
			if side > 0 {
				gLo /= 2
			}
			side = 1
		default:
			lo, gLo = at, g
			if side < 0 {
				gHi /= 2
			}
			side = -1
		}
	}
	return hi
}
