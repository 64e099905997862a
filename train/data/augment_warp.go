package data

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/surge-snn/surge/internal/random"
)

// Warp turns, scales, shears and bends images at random. The pixel p = (row, column) becomes
//
//	x'(p) = x(c + (I + M)(p - c) + d(p)),   M[a, b] uniform in [-Affine, Affine)
//
// with the centre c of the image, x between pixels bilinear, and 0 outside. The field d is a
// uniform cubic B-spline in both directions whose knots, a quarter of the image apart, are
// N(0, Elastic²) in both components; d itself has a standard deviation of about Elastic/2. Without
// one of them it draws no numbers for it. Elastic deformations of digits are those of Simard et al.
// 2003, doi:10.1109/ICDAR.2003.1227801, with a smooth field of another kind.
type Warp struct {
	// Width is the number of pixels of a row of the image; the features are its rows, one after
	// the other.
	Width   int
	Affine  float64 // largest entry of M, in [0, 1)
	Elastic float64 // pixels; >= 0
}

// Distances between knots along an image, and knots.
const (
	warpSpans = 4
	warpKnots = warpSpans + 3
)

// Augment warps the image x.
func (w Warp) Augment(sample *Sample, f Form, rng *rand.Rand) error {
	if err := augmentable(sample, rng); err != nil {
		return err
	}
	if f.Input != Static || w.Width <= 0 || len(sample.X)%w.Width != 0 {
		return fmt.Errorf("%w: Warp of %d features that are %v with a Width of %d, want features and a divisor", ErrSettings, len(sample.X), f.Input, w.Width)
	}
	if !(w.Affine >= 0 && w.Affine < 1 && w.Elastic >= 0 && w.Elastic <= math.MaxInt32) {
		return fmt.Errorf("%w: Warp with Affine %g and Elastic %g, want 0 <= Affine < 1 and 0 <= Elastic pixels", ErrSettings, w.Affine, w.Elastic)
	}
	var m [4]float64
	if w.Affine > 0 {
		for k := range m {
			m[k] = float64(w.Affine * (2*rng.Float64() - 1))
		}
	}
	var knots [warpKnots][warpKnots][2]float64
	if w.Elastic > 0 {
		for k := range knots {
			for l := range knots[k] {
				knots[k][l] = [2]float64{float64(w.Elastic * random.Normal(rng)), float64(w.Elastic * random.Normal(rng))}
			}
		}
	}
	from := slices.Clone(sample.X)
	height := len(from) / w.Width
	pixel := func(i, j int) float64 {
		if i < 0 || i >= height || j < 0 || j >= w.Width {
			return 0
		}
		return from[i*w.Width+j]
	}
	columns := make([]span, w.Width)
	for j := range columns {
		columns[j].first, columns[j].b = spline(j, w.Width)
	}
	for i := range height {
		first, b := spline(i, height)
		var along [warpKnots][2]float64 // the field of this row, by the knots along it
		for k, b := range b {
			for l, d := range knots[first+k] {
				along[l][0] += float64(b * d[0])
				along[l][1] += float64(b * d[1])
			}
		}
		y := float64(i) - float64(float64(height-1)/2)
		down0, right0 := float64(i)+float64(m[0]*y), float64(m[2]*y)
		for j := range columns {
			at := &columns[j]
			x := float64(j) - float64(float64(w.Width-1)/2)
			row := down0 + float64(m[1]*x)
			column := float64(j) + right0 + float64(m[3]*x)
			near := along[at.first : at.first+4]
			for k := range near {
				row += float64(at.b[k] * near[k][0])
				column += float64(at.b[k] * near[k][1])
			}
			top, left := math.Floor(row), math.Floor(column)
			down, right := row-top, column-left
			if top < -1 || left < -1 || top >= float64(height) || left >= float64(w.Width) {
				sample.X[i*w.Width+j] = 0
				continue
			}
			k, l := int(top), int(left)
			var a, b, c, d float64
			if k >= 0 && l >= 0 && k+1 < height && l+1 < w.Width {
				upper, lower := from[k*w.Width+l:], from[(k+1)*w.Width+l:]
				a, b, c, d = upper[0], upper[1], lower[0], lower[1]
			} else {
				a, b, c, d = pixel(k, l), pixel(k, l+1), pixel(k+1, l), pixel(k+1, l+1)
			}
			upper := float64((1-right)*a) + float64(right*b)
			lower := float64((1-right)*c) + float64(right*d)
			sample.X[i*w.Width+j] = float64((1-down)*upper) + float64(down*lower)
		}
	}
	return nil
}

// span is what spline gives of a pixel.
type span struct {
	first int
	b     [4]float64
}

// spline returns the first of the four knots on which a field depends at pixel i of n, and their
// weights, the uniform cubic B-spline.
func spline(i, n int) (first int, b [4]float64) {
	first = i * warpSpans / n
	u := float64(i*warpSpans%n) / float64(n)
	v := 1 - u
	cube := func(x float64) float64 { return float64(x*x) * x / 6 }
	b[0], b[3] = cube(v), cube(u)
	b[1] = 2.0/3 - float64(float64(u*u)*(1-float64(u/2)))
	b[2] = 2.0/3 - float64(float64(v*v)*(1-float64(v/2)))
	return first, b
}
