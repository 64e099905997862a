package surrogate

import (
	"math"

	"github.com/surge-snn/surge/internal/fmath"
)

const sigmoidSharpness = 25

// Sigmoid is the derivative of the logistic function:
//
//	Slope(x) = k e / (1 + e)^2,  e = exp(-k |x|)
//	S(x)     = e / (1 + e)       for x < 0
//	S(x)     = 1 / (1 + e)       for x >= 0
//
// with peak k/4 and area 1.
//
// Neftci, Mostafa and Zenke (2019), doi:10.1109/MSP.2019.2931595; the default is
// snnTorch's.
type Sigmoid struct {
	// Sharpness is k, in 1/unit of x; zero means 25.
	Sharpness float64
}

func (s Sigmoid) k() float64 { return sharpness(s.Sharpness, sigmoidSharpness) }

// Slope returns k e / (1 + e)^2 with e = exp(-k |x|).
func (s Sigmoid) Slope(x float64) float64 {
	return sigmoidSlope(s.k(), fmath.Exp(sigmoidArg(s.k(), x)))
}

// Antiderivative returns S(x), in [0, 1], without loss of digits in the tails.
func (s Sigmoid) Antiderivative(x float64) float64 {
	e := fmath.Exp(sigmoidArg(s.k(), x))
	if x < 0 {
		return e / (1 + e)
	}
	return 1 / (1 + e)
}

// Peak returns k/4.
func (s Sigmoid) Peak() float64 { return s.k() / 4 }

// Area returns 1.
func (s Sigmoid) Area() float64 { return 2 * s.Antiderivative(0) }

// String returns sigmoid(k).
func (s Sigmoid) String() string { return format("sigmoid", s.Sharpness, sigmoidSharpness) }

func sigmoidArg(k, x float64) float64 { return float64(-k * math.Abs(x)) }

// sigmoidSlope takes e = exp(-k |x|).
func sigmoidSlope(k, e float64) float64 {
	return k * e / float64((1+e)*(1+e))
}
