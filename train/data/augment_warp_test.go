package data

import (
	"errors"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// plane returns the image a + b i + c j of h×w pixels.
func plane(h, w int, a, b, c float64) []float64 {
	x := make([]float64, h*w)
	for k := range x {
		x[k] = a + b*float64(k/w) + c*float64(k%w)
	}
	return x
}

// Between pixels the image is bilinear, which of a plane is the plane: what comes out of Affine is
// a plane again away from the border, the centre of which stays, with slopes that give the matrix.
func TestWarpAffine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, w := rapid.IntRange(9, 16).Draw(t, "height"), rapid.IntRange(9, 16).Draw(t, "width")
		most := rapid.Float64Range(1e-3, 0.3).Draw(t, "affine")
		seed := rapid.Uint64().Draw(t, "seed")
		var m [2][2]float64 // from the rows and from the columns of one and the same draw
		for axis, slopes := range [2][2]float64{{1, 0}, {0, 1}} {
			x := plane(h, w, 100, slopes[0], slopes[1])
			if err := (Warp{Width: w, Affine: most}).Augment(&Sample{X: x}, Form{}, rngOf(seed)); err != nil {
				t.Fatal(err)
			}
			i, j := (h-1)/2, (w-1)/2
			at := func(a, b int) int { return (i+a)*w + j + b }
			m[axis] = [2]float64{x[at(1, 0)] - x[at(0, 0)], x[at(0, 1)] - x[at(0, 0)]}
			// the plane goes through the centre, and is one within two pixels
			y0, x0 := float64(i)-float64(h-1)/2, float64(j)-float64(w-1)/2
			centre := 100 + slopes[0]*float64(h-1)/2 + slopes[1]*float64(w-1)/2
			for a := -2; a <= 2; a++ {
				for b := -2; b <= 2; b++ {
					want := centre + m[axis][0]*(y0+float64(a)) + m[axis][1]*(x0+float64(b))
					if got := x[at(a, b)]; math.Abs(got-want) > 1e-10 {
						t.Fatalf("axis %d, pixel %d, %d of %dx%d: %v, want %v", axis, i+a, j+b, h, w, got, want)
					}
				}
			}
			m[axis][axis] -= 1
		}
		for _, row := range m {
			for _, e := range row {
				if e == 0 || math.Abs(e) > most+1e-12 {
					t.Fatalf("matrix I + %v, want entries up to %g", m, most)
				}
			}
		}
	})
}

// A field of equal knots would be that number everywhere: the weights of a spline are a partition
// of one, with the moments of the cubic B-spline: a mean at the pixel, a variance of 1/3.
func TestWarpSpline(t *testing.T) {
	for _, n := range []int{1, 2, 4, 7, 28, 31} {
		for i := range n {
			first, b := spline(i, n)
			sum, mean, variance := 0.0, 0.0, 0.0
			at := float64(warpSpans) * float64(i) / float64(n)
			for k, b := range b {
				d := float64(first+k-1) - at
				sum, mean, variance = sum+b, mean+b*d, variance+b*d*d
			}
			if first < 0 || first+4 > warpKnots || math.Abs(sum-1) > 1e-15 || math.Abs(mean) > 1e-14 || math.Abs(variance-1.0/3) > 1e-14 {
				t.Fatalf("pixel %d of %d: knots from %d with sum %v, mean %v and variance %v, want 1, 0, 1/3", i, n, first, sum, mean, variance)
			}
		}
	}
}

// The displacement of a pixel by Elastic has the standard deviation of Elastic times that of the
// weights, in both directions, and neighbours move alike.
func TestWarpElastic(t *testing.T) {
	const w, n, elastic = 28, 2000, 1.5
	_, b := spline(14, w)
	square := 0.0
	for _, b := range b {
		square += b * b
	}
	want := elastic * square // both directions: the root of the product of two sums of squares
	for _, slopes := range [2][2]float64{{1, 0}, {0, 1}} {
		sum, variance, apart := 0.0, 0.0, 0.0
		for seed := range uint64(n) {
			x := plane(w, w, 100, slopes[0], slopes[1])
			flat := slices.Clone(x)
			if err := (Warp{Width: w, Elastic: elastic}).Augment(&Sample{X: x}, Form{}, rngOf(seed)); err != nil {
				t.Fatal(err)
			}
			at := 14*w + 14
			d, next := x[at]-flat[at], x[at+1]-flat[at+1]
			sum, variance, apart = sum+d, variance+d*d, apart+(d-next)*(d-next)
		}
		// The mean is known to 1/45 of the deviation, that to 1/63: five of each.
		if mean, sd := sum/n, math.Sqrt(variance/n); math.Abs(mean) > want/9 || math.Abs(sd/want-1) > 5.0/63 {
			t.Errorf("slopes %v: displacement of mean %v and deviation %v, want 0 and %v", slopes, mean, sd, want)
		}
		if d := math.Sqrt(apart / n); d > want/2 || d == 0 {
			t.Errorf("slopes %v: neighbours move apart by %v, want some, and less than half of %v", slopes, d, want)
		}
	}
}

// Values stay within those of the image and 0; without settings nothing changes and nothing is
// drawn; equal sources give equal bytes.
func TestWarpBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, w := rapid.IntRange(1, 9).Draw(t, "height"), rapid.IntRange(1, 9).Draw(t, "width")
		image := rapid.SliceOfN(rapid.Float64Range(0, 1), h*w, h*w).Draw(t, "image")
		seed := rapid.Uint64().Draw(t, "seed")
		warp := Warp{w, rapid.Float64Range(0, 0.9).Draw(t, "affine"), rapid.Float64Range(0, 100).Draw(t, "elastic")}
		x, again, same := slices.Clone(image), slices.Clone(image), slices.Clone(image)
		rng := rngOf(seed)
		for _, err := range []error{
			warp.Augment(&Sample{X: x}, Form{}, rngOf(seed)), warp.Augment(&Sample{X: again}, Form{}, rngOf(seed)),
			Warp{Width: w}.Augment(&Sample{X: same}, Form{}, rng),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(x, again) {
			t.Fatalf("%v and %v from the same source", x, again)
		}
		if !slices.Equal(same, image) || rng.Uint64() != rngOf(seed).Uint64() {
			t.Fatalf("without settings %v became %v", image, same)
		}
		if lo, hi := slices.Min(x), slices.Max(x); lo < 0 || hi > slices.Max(image)+1e-15 {
			t.Fatalf("values from %v to %v of an image up to %v", lo, hi, slices.Max(image))
		}
	})
}

func TestWarpErrors(t *testing.T) {
	for _, w := range []Warp{{}, {Width: 4}, {Width: -5}, {Width: 5, Affine: 1}, {Width: 5, Affine: -0.1}, {Width: 5, Affine: math.NaN()}, {Width: 5, Elastic: -1}, {Width: 5, Elastic: math.Inf(1)}} {
		if err := w.Augment(&Sample{X: make([]float64, 10)}, Form{}, rngOf(1)); !errors.Is(err, ErrSettings) {
			t.Errorf("%+v: %v, want ErrSettings", w, err)
		}
	}
	if err := (Warp{Width: 5}).Augment(&Sample{X: make([]float64, 10), Steps: 1}, Form{Input: Sequence}, rngOf(1)); !errors.Is(err, ErrSettings) {
		t.Errorf("a sequence: %v, want ErrSettings", err)
	}
}
