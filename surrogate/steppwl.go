package surrogate

import "math"

const stepPWLSharpness = 2

// StepPWL passes the gradient unchanged from 1/k below the threshold upwards:
//
//	Slope(x) = 1  where k x >= -1, else 0
//	S(x)     = max(0, x + 1/k)
//
// with peak 1. Its area is +Inf: the slope stays 1 however far the neuron is
// above threshold. The window of Rockpool's LIFJax and LIFTorch, from which it
// comes, is w = 1/k; they divide the slope by VTh on top.
type StepPWL struct {
	// Sharpness is k, in 1/unit of x; zero means 2, a window of 1/2.
	Sharpness float64
}

func (s StepPWL) k() float64 { return sharpness(s.Sharpness, stepPWLSharpness) }

// Slope returns 1 where k x >= -1, else 0.
func (s StepPWL) Slope(x float64) float64 { return stepPWLSlope(s.k(), x) }

// Antiderivative returns max(0, x + 1/k), which has no upper bound.
func (s StepPWL) Antiderivative(x float64) float64 { return max(0, x+1/s.k()) }

// Peak returns 1.
func (s StepPWL) Peak() float64 { return s.Slope(0) }

// Area returns +Inf.
func (s StepPWL) Area() float64 { return s.Antiderivative(math.Inf(1)) }

// Support returns -1/k and +Inf.
func (s StepPWL) Support() (lo, hi float64) { return -1 / s.k(), math.Inf(1) }

// String returns step_pwl(k).
func (s StepPWL) String() string { return format("step_pwl", s.Sharpness, stepPWLSharpness) }

func stepPWLSlope[T float](k, x T) T {
	z := k * x
	switch {
	case z >= -1:
		return 1
	case z < -1:
		return 0
	}
	return z // NaN
}
