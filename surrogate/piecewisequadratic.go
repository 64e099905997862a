package surrogate

const piecewiseQuadraticSharpness = 1

// PiecewiseQuadratic is the derivative of two parabolas that join 0 and 1:
//
//	Slope(x) = k max(0, 1 - k |x|)
//	S(x)     = (1 + k x)^2 / 2 for -1/k <= x < 0,  1 - (1 - k x)^2 / 2 up to 1/k
//
// with peak k and area 1: [Triangle] times k. It has a support of 1/k on both sides.
//
// Bellec et al. (2018), arXiv:1803.09574, and Esser et al. (2016), doi:10.1073/pnas.1604850113; the
// default is SpikingJelly's.
type PiecewiseQuadratic struct {
	// Sharpness is k, in 1/unit of x; zero means 1.
	Sharpness float64
}

func (s PiecewiseQuadratic) k() float64 { return sharpness(s.Sharpness, piecewiseQuadraticSharpness) }

// Slope returns k max(0, 1 - k |x|).
func (s PiecewiseQuadratic) Slope(x float64) float64 { return s.k() * triangleSlope(s.k(), x) }

// Antiderivative returns S(x), in [0, 1].
func (s PiecewiseQuadratic) Antiderivative(x float64) float64 {
	side := triangleSlope(s.k(), x)
	if x > 0 {
		return 1 - float64(side*side/2)
	}
	return side * side / 2
}

// Peak returns k.
func (s PiecewiseQuadratic) Peak() float64 { return s.k() }

// Area returns 1.
func (s PiecewiseQuadratic) Area() float64 { return 2 * s.Antiderivative(0) }

// Support returns -1/k and 1/k.
func (s PiecewiseQuadratic) Support() (lo, hi float64) { return -1 / s.k(), 1 / s.k() }

// String returns piecewise_quadratic(k).
func (s PiecewiseQuadratic) String() string {
	return format("piecewise_quadratic", s.Sharpness, piecewiseQuadraticSharpness)
}
