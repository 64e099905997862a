package surrogate

import "math"

const atanSharpness = 2

// ATan is the derivative of an arctangent from 0 to 1:
//
//	Slope(x) = (k/2) / (1 + (pi k x / 2)^2)
//	S(x)     = 1/2 + atan(pi k x / 2) / pi
//
// with peak k/2 and area 1. This is the function that SpikingJelly and snnTorch
// compute; snnTorch's documentation and other libraries state it divided by pi.
//
// Fang et al. (2021), doi:10.1109/ICCV48922.2021.00266.
type ATan struct {
	// Sharpness is k, in 1/unit of x; zero means 2.
	Sharpness float64
}

func (s ATan) k() float64 { return sharpness(s.Sharpness, atanSharpness) }

// Slope returns (k/2) / (1 + (pi k x / 2)^2).
func (s ATan) Slope(x float64) float64 {
	k := s.k()
	return atanSlope(math.Pi/2*k, k/2, x)
}

// Antiderivative returns S(x), in [0, 1]. For x < 0 it is computed as
//
//	S(x) = atan(-1 / (pi k x / 2)) / pi
//
// which loses no digits in the tail.
func (s ATan) Antiderivative(x float64) float64 {
	z := math.Pi / 2 * s.k() * x
	if z < 0 {
		return math.Atan(-1/z) / math.Pi
	}
	return 0.5 + float64(math.Atan(z)/math.Pi)
}

// Peak returns k/2.
func (s ATan) Peak() float64 { return s.k() / 2 }

// Area returns 1.
func (s ATan) Area() float64 { return s.Antiderivative(math.Inf(1)) }

// String returns atan(k).
func (s ATan) String() string { return format("atan", s.Sharpness, atanSharpness) }

// atanSlope takes c = pi k / 2 and h = k/2.
func atanSlope[T float](c, h, x T) T {
	z := T(c * x)
	return h / (1 + T(z*z))
}
