package surrogate

import (
	"math"

	"github.com/surge-snn/surge/internal/fmath"
)

const multiGaussianSharpness = 2

// MultiGaussian is a Gaussian from which two wide ones are taken away, so that the slope is
// negative far from the threshold. With N(x; m, s) the density of the normal distribution and sigma
// = 1/k,
//
//	Slope(x) = (1 + h) N(x; 0, sigma) - h N(x; sigma, s sigma) - h N(x; -sigma, s sigma)
//
// with peak Slope(0) and area 1 - h. It is the one slope of the package that has both signs.
//
// Yin, Corradi and Bohte (2021), doi:10.1038/s42256-021-00397-w; defaults are those there and of
// Sinabs.
type MultiGaussian struct {
	// Sharpness is k, in 1/unit of x; zero means 2.
	Sharpness float64
	// Height is h, in (0, 0.9]; zero means 0.15.
	Height float64
	// Spread is s, in [2, 1000]; zero means 6.
	Spread float64
}

func (s MultiGaussian) k() float64 { return sharpness(s.Sharpness, multiGaussianSharpness) }
func (s MultiGaussian) h() float64 { return within(s.Height, 0.15, 1e-6, 0.9) }
func (s MultiGaussian) s() float64 { return within(s.Spread, 6, 2, 1000) }

// Slope returns the sum of the three densities.
func (s MultiGaussian) Slope(x float64) float64 {
	k, h, w := s.k(), s.h(), s.s()
	density := func(z float64) float64 { return fmath.Exp(-z*z/2) / (math.Sqrt2 * math.SqrtPi) }
	z := float64(k * math.Abs(x))
	return k * (float64((1+h)*density(z)) - float64(h/w*(density((z-1)/w)+density((z+1)/w))))
}

// Antiderivative returns S(x), the same sum of normal distributions. It calls math.Erfc, whose last
// bits may differ between processors.
func (s MultiGaussian) Antiderivative(x float64) float64 {
	h, w := s.h(), s.s()
	normal := func(z float64) float64 { return math.Erfc(-z/math.Sqrt2) / 2 }
	z := float64(s.k() * x)
	return float64((1+h)*normal(z)) - float64(h*(normal((z-1)/w)+normal((z+1)/w)))
}

// Peak returns Slope(0).
func (s MultiGaussian) Peak() float64 { return s.Slope(0) }

// Area returns 1 - h.
func (s MultiGaussian) Area() float64 { return 1 - s.h() + float64(0*s.k()*s.s()) }

// String returns multi_gaussian(k,h,s).
func (s MultiGaussian) String() string { return formatAll("multi_gaussian", s.k(), s.h(), s.s()) }
