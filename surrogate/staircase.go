package surrogate

import (
	"math"
)

const staircaseSharpness = 10

// Staircase is the slope of a count of spikes, for neurons that fire several in one step
// (ops.Firing): a logistic step at the threshold and one at each of n-1 further multiples of a
// spacing,
//
//	Slope(x) = sum_{j=0..n-1} k e_j / (1 + e_j)^2,  e_j = exp(-k |x - j D|)
//	S(x)     = sum_{j=0..n-1} 1 / (1 + exp(-k (x - j D)))
//
// with area n. The peak is near k/4 for kD >> 1, and near 1/D where the steps merge. With D = 1 and
// x = ln(Imem/Ispkthr) it is the smooth count of ops.StepPWL.
//
// Weidel and Sheik (2021), arXiv:2111.01456, for the use of several spikes in a step.
type Staircase struct {
	// Sharpness is k, in 1/unit of x; zero means 10.
	Sharpness float64
	// Levels is n, whole, in [1, 64]; zero means 3.
	Levels float64
	// Spacing is D, in the unit of x, in [1e-6, 1e6]; zero means 1.
	Spacing float64
}

func (s Staircase) k() float64 { return sharpness(s.Sharpness, staircaseSharpness) }
func (s Staircase) d() float64 { return within(s.Spacing, 1, 1e-6, 1e6) }

func (s Staircase) n() float64 {
	if n := within(s.Levels, 3, 1, 64); n == math.Trunc(n) {
		return n
	}
	return math.NaN()
}

// sum adds up f(x - j D) over the levels; NaN where a parameter is.
func (s Staircase) sum(f func(x float64) float64, x float64) float64 {
	n, d := s.n(), s.d()
	y := float64(0 * n)
	for j := 0.0; j < n; j++ {
		y += f(x - float64(j*d))
	}
	return y
}

// Slope returns the sum over the steps.
func (s Staircase) Slope(x float64) float64 { return s.sum(Sigmoid{s.k()}.Slope, x) }

// Antiderivative returns S(x), in [0, n].
func (s Staircase) Antiderivative(x float64) float64 { return s.sum(Sigmoid{s.k()}.Antiderivative, x) }

// Peak returns the largest slope, which is that of the middle step; of an even number of steps it
// is searched between the middle two and the centre, to a relative 1e-15 or so.
func (s Staircase) Peak() float64 {
	n, d := s.n(), s.d()
	centre := (n - 1) / 2 * d
	if math.IsNaN(centre) || math.Mod(n, 2) == 1 {
		return s.Slope(centre)
	}
	lo, hi := (float64(n/2)-1)*d, centre // lo is a step to the last bit: a steep sigmoid is narrower than a rounding
	best := max(s.Slope(lo), s.Slope(hi))
	// The slope has one maximum there.
	for range 100 {
		a, b := lo+(hi-lo)/3, hi-(hi-lo)/3
		fa, fb := s.Slope(a), s.Slope(b)
		best = max(best, fa, fb)
		if fa < fb {
			lo = a
		} else {
			hi = b
		}
	}
	return best
}

// Area returns n.
func (s Staircase) Area() float64 { return s.n() + float64(0*s.k()*s.d()) }

// String returns staircase(k,n,D).
func (s Staircase) String() string { return formatAll("staircase", s.k(), s.n(), s.d()) }
