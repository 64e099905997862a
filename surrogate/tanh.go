package surrogate

import (
	"math"

	"github.com/surge-snn/surge/internal/fmath"
)

const tanhSharpness = 1

// Tanh is the derivative of a hyperbolic tangent over its sharpness:
//
//	Slope(x) = sech(k x)^2
//	S(x)     = (1 + tanh(k x)) / k
//
// with peak 1 and area 2/k. It is [Sigmoid] with twice the sharpness, times 2/k.
//
// Zenke and Vogels (2021), doi:10.1162/neco_a_01367, compare it with others; the slope is the one
// that Norse and spyx compute. (Norse's documentation gives 1/2 + tanh(k x)/2, whose slope has a
// factor k/2.)
type Tanh struct {
	// Sharpness is k, in 1/unit of x; zero means 1.
	Sharpness float64
}

func (s Tanh) k() float64 { return sharpness(s.Sharpness, tanhSharpness) }

// Slope returns 4 e / (1 + e)^2 with e = exp(-2 k |x|).
func (s Tanh) Slope(x float64) float64 {
	e := fmath.Exp(-2 * s.k() * math.Abs(x))
	return 4 * e / float64((1+e)*(1+e))
}

// Antiderivative returns S(x), in [0, 2/k], without loss of digits in the tails.
func (s Tanh) Antiderivative(x float64) float64 {
	k := s.k()
	e := fmath.Exp(-2 * k * math.Abs(x))
	if x < 0 {
		return 2 / k * e / (1 + e)
	}
	return 2 / k / (1 + e)
}

// Peak returns 1.
func (s Tanh) Peak() float64 { return s.Slope(0) }

// Area returns 2/k.
func (s Tanh) Area() float64 { return 2 / s.k() }

// String returns tanh(k).
func (s Tanh) String() string { return format("tanh", s.Sharpness, tanhSharpness) }
