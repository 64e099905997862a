package surrogate

import (
	"math"

	"github.com/surge-snn/surge/internal/fmath"
)

const (
	singleExponentialSharpness    = 2
	piecewiseExponentialSharpness = 1
	slayerSharpness               = 0.1
	periodicExponentialSharpness  = 2
)

// laplace returns exp(-k |x|) and its integral from -Inf to x,
//
//	exp(k x)/k for x < 0,  (2 - exp(-k x))/k above
func laplace(k, x float64) (slope, integral float64) {
	e := fmath.Exp(-k * math.Abs(x))
	if x > 0 {
		return e, (2 - e) / k
	}
	return e, e / k
}

// SingleExponential falls exponentially on both sides of the threshold:
//
//	Slope(x) = exp(-k |x|)
//	S(x)     = exp(k x)/k for x < 0,  (2 - exp(-k x))/k above
//
// with peak 1 and area 2/k. [PiecewiseExponential] is the same with area 1, [SLAYER] with a factor.
//
// Shrestha and Orchard (2018), arXiv:1810.08646; the default is the width of Sinabs, 1/2.
type SingleExponential struct {
	// Sharpness is k, in 1/unit of x; zero means 2.
	Sharpness float64
}

func (s SingleExponential) k() float64 { return sharpness(s.Sharpness, singleExponentialSharpness) }

// Slope returns exp(-k |x|).
func (s SingleExponential) Slope(x float64) float64 {
	e, _ := laplace(s.k(), x)
	return e
}

// Antiderivative returns S(x), in [0, 2/k].
func (s SingleExponential) Antiderivative(x float64) float64 {
	_, i := laplace(s.k(), x)
	return i
}

// Peak returns 1.
func (s SingleExponential) Peak() float64 { return s.Slope(0) }

// Area returns 2/k.
func (s SingleExponential) Area() float64 { return 2 / s.k() }

// String returns single_exponential(k).
func (s SingleExponential) String() string {
	return format("single_exponential", s.Sharpness, singleExponentialSharpness)
}

// PiecewiseExponential is the density of a Laplace distribution:
//
//	Slope(x) = k/2 exp(-k |x|)
//	S(x)     = exp(k x)/2 for x < 0,  1 - exp(-k x)/2 above
//
// with peak k/2 and area 1.
//
// Neftci, Mostafa and Zenke (2019), doi:10.1109/MSP.2019.2931595; the default is SpikingJelly's.
type PiecewiseExponential struct {
	// Sharpness is k, in 1/unit of x; zero means 1.
	Sharpness float64
}

func (s PiecewiseExponential) k() float64 {
	return sharpness(s.Sharpness, piecewiseExponentialSharpness)
}

// Slope returns k/2 exp(-k |x|).
func (s PiecewiseExponential) Slope(x float64) float64 {
	e, _ := laplace(s.k(), x)
	return s.k() / 2 * e
}

// Antiderivative returns S(x), in [0, 1].
func (s PiecewiseExponential) Antiderivative(x float64) float64 {
	e := s.k()
	e, _ = laplace(e, x)
	if x > 0 {
		return 1 - float64(e/2)
	}
	return e / 2
}

// Peak returns k/2.
func (s PiecewiseExponential) Peak() float64 { return s.k() / 2 }

// Area returns 1.
func (s PiecewiseExponential) Area() float64 { return 2 * s.Antiderivative(0) }

// String returns piecewise_exponential(k).
func (s PiecewiseExponential) String() string {
	return format("piecewise_exponential", s.Sharpness, piecewiseExponentialSharpness)
}

// SLAYER is the probability density of a spike that SLAYER uses as slope:
//
//	Slope(x) = c k exp(-k |x|)
//
// with peak c k and area 2 c. In SLAYER's words k = 1/(tauRho theta), c = scaleRho, with theta the
// threshold; the defaults are those of its examples, theta = 10.
//
// Shrestha and Orchard (2018), arXiv:1810.08646, section 3.2.
type SLAYER struct {
	// Sharpness is k, in 1/unit of x; zero means 0.1.
	Sharpness float64
	// Scale is c; zero means 1.
	Scale float64
}

func (s SLAYER) k() float64 { return sharpness(s.Sharpness, slayerSharpness) }
func (s SLAYER) c() float64 { return within(s.Scale, 1, 1e-6, 1e6) }

// Slope returns c k exp(-k |x|).
func (s SLAYER) Slope(x float64) float64 {
	e, _ := laplace(s.k(), x)
	return s.c() * s.k() * e
}

// Antiderivative returns S(x), in [0, 2 c].
func (s SLAYER) Antiderivative(x float64) float64 {
	e, _ := laplace(s.k(), x)
	if x > 0 {
		return s.c() * (2 - e)
	}
	return s.c() * e
}

// Peak returns c k.
func (s SLAYER) Peak() float64 { return s.Slope(0) }

// Area returns 2 c.
func (s SLAYER) Area() float64 { return 2 * s.Antiderivative(0) }

// String returns slayer(k,c).
func (s SLAYER) String() string { return formatAll("slayer", s.k(), s.c()) }

// PeriodicExponential has a bump at the threshold and at each further multiple of the period above
// it, for neurons that fire several spikes in a step:
//
//	Slope(x) = exp(-k d),  d = |x| for x < 0, the distance of x to the nearest multiple of P above
//
// with peak 1. Its area is +Inf. Slope(+Inf) has no limit: the mean over a period stands for it.
//
// Weidel and Sheik (2021), arXiv:2111.01456. Rockpool's has the window 1/k = 1/2 and P = VTh, and
// divides by VTh; Sinabs' is twice as narrow above the threshold as below it, see [Compat].
type PeriodicExponential struct {
	// Sharpness is k, in 1/unit of x; zero means 2.
	Sharpness float64
	// Period is P, in the unit of x, in [1e-6, 1e6]; zero means 1.
	Period float64
}

func (s PeriodicExponential) k() float64 { return sharpness(s.Sharpness, periodicExponentialSharpness) }
func (s PeriodicExponential) p() float64 { return within(s.Period, 1, 1e-6, 1e6) }

// Slope returns exp(-k d).
func (s PeriodicExponential) Slope(x float64) float64 { return periodicSlope(s.k(), s.k(), s.p(), x) }

// Antiderivative returns S(x), which has no upper bound.
func (s PeriodicExponential) Antiderivative(x float64) float64 {
	return periodicIntegral(s.k(), s.k(), s.p(), x)
}

// Peak returns 1.
func (s PeriodicExponential) Peak() float64 { return s.Slope(0) + float64(0*s.p()) }

// Area returns +Inf.
func (s PeriodicExponential) Area() float64 { return s.Antiderivative(math.Inf(1)) }

// String returns periodic_exponential(k,P).
func (s PeriodicExponential) String() string { return formatAll("periodic_exponential", s.k(), s.p()) }

// periodicSlope has the sharpness below for x < 0 and k above, with period p.
func periodicSlope(below, k, p, x float64) float64 {
	switch {
	case x < 0:
		return fmath.Exp(below * x)
	case math.IsInf(x, 1):
		return -2 * fmath.Expm1(-k*p/2) / (k * p)
	}
	return fmath.Exp(-k * math.Abs(math.Remainder(x, p)))
}

func periodicIntegral(below, k, p, x float64) float64 {
	switch {
	case x < 0:
		return fmath.Exp(below*x) / below
	case math.IsInf(x, 1):
		return x + float64(0*k*p)
	}
	d := math.Remainder(x, p)
	n := math.Round((x - d) / p) // whole periods up to the nearest bump
	part := -fmath.Expm1(-k*math.Abs(d)) / k
	return 1/below + float64(n*2*(-fmath.Expm1(-k*p/2)/k)) + math.Copysign(part, d)
}
