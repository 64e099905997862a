package surrogate

import (
	"math"

	"github.com/surge-snn/surge/internal/fmath"
)

const erfcSharpness = 2

// Erfc is the derivative of a complementary error function from 0 to 1:
//
//	Slope(x) = k / sqrt(pi) exp(-(k x)^2)
//	S(x)     = erfc(-k x) / 2
//
// with peak k/sqrt(pi) and area 1. It is [Gaussian] with the sharpness sqrt(2) k.
//
// Esser et al. (2015), NIPS 28, "Backpropagation for energy-efficient neuromorphic computing"; the
// default is SpikingJelly's Erf. Norse's slope lacks the factor k/2, see [Compat].
type Erfc struct {
	// Sharpness is k, in 1/unit of x; zero means 2.
	Sharpness float64
}

func (s Erfc) k() float64 { return sharpness(s.Sharpness, erfcSharpness) }

// Slope returns k / sqrt(pi) exp(-(k x)^2).
func (s Erfc) Slope(x float64) float64 {
	k := s.k()
	z := k * x
	return k / math.SqrtPi * fmath.Exp(-z*z)
}

// Antiderivative returns S(x), in [0, 1], without loss of digits in the lower tail. It calls
// math.Erfc, whose last bits may differ between processors.
func (s Erfc) Antiderivative(x float64) float64 { return math.Erfc(-s.k()*x) / 2 }

// Peak returns k/sqrt(pi).
func (s Erfc) Peak() float64 { return s.Slope(0) }

// Area returns 1.
func (s Erfc) Area() float64 { return 2 * s.Antiderivative(0) }

// String returns erfc(k).
func (s Erfc) String() string { return format("erfc", s.Sharpness, erfcSharpness) }
