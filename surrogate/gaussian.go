package surrogate

import (
	"math"

	"github.com/surge-snn/surge/internal/fmath"
)

const gaussianSharpness = 2

// Gaussian is the density of a normal distribution with standard deviation 1/k:
//
//	Slope(x) = k / sqrt(2 pi) exp(-(k x)^2 / 2)
//	S(x)     = erfc(-k x / sqrt(2)) / 2
//
// with peak k/sqrt(2 pi) and area 1.
//
// Wu et al. (2018), doi:10.3389/fnins.2018.00331, h4 with a4 = 1/k^2; the default
// is Sinabs' (sigma = 1/2).
type Gaussian struct {
	// Sharpness is k, in 1/unit of x; zero means 2.
	Sharpness float64
}

func (s Gaussian) k() float64 { return sharpness(s.Sharpness, gaussianSharpness) }

// Slope returns k / sqrt(2 pi) exp(-(k x)^2 / 2).
func (s Gaussian) Slope(x float64) float64 {
	return gaussianSlope(s.k(), fmath.Exp(gaussianArg(s.k(), x)))
}

// Antiderivative returns S(x), in [0, 1], without loss of digits in the lower
// tail. It calls math.Erfc, whose last bits may differ between processors.
func (s Gaussian) Antiderivative(x float64) float64 {
	return math.Erfc(-s.k()*x/math.Sqrt2) / 2
}

// Peak returns k/sqrt(2 pi).
func (s Gaussian) Peak() float64 { return s.Slope(0) }

// Area returns 1.
func (s Gaussian) Area() float64 { return 2 * s.Antiderivative(0) }

// String returns gaussian(k).
func (s Gaussian) String() string { return format("gaussian", s.Sharpness, gaussianSharpness) }

func gaussianArg(k, x float64) float64 {
	z := k * x
	return -z * z / 2
}

// gaussianSlope takes e = exp(-(k x)^2 / 2).
func gaussianSlope(k, e float64) float64 {
	const invSqrt2Pi = 1 / (math.Sqrt2 * math.SqrtPi)
	return k * invSqrt2Pi * e
}
