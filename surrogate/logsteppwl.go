package surrogate

import (
	"math"

	"github.com/surge-snn/surge/internal/fmath"
)

const logStepPWLSharpness = 2

// LogStepPWL is [StepPWL] for a threshold that is compared in the logarithm, as that of a chip's
// current is: the slope is that of ln(v/VTh) = ln(1 + x/VTh), from a window below the threshold
// upwards,
//
//	Slope(x) = 1 / (VTh + x)  where x >= -VTh/(1+k), else 0
//	S(x)     = max(0, ln((VTh + x) (1+k) / (k VTh)))
//
// with peak (1+k)/(k VTh), at the lower end of its support. It is not symmetric, and its area is
// +Inf, though the slope falls. The linear rule gives one spike per ampere, whatever the threshold;
// this one gives the right scale for currents of any size.
//
// The count of DynapSim, ceil(ln(Imem/Ispkthr)), of which it is the slope; its staircase is
// ops.StepPWL.
type LogStepPWL struct {
	// Sharpness is k, without unit: the window is VTh/(1+k). Zero means 2.
	Sharpness float64
	// VTh is the threshold, in the unit of x, in [1e-15, 1e15]; zero means 1.
	VTh float64
}

func (s LogStepPWL) k() float64   { return sharpness(s.Sharpness, logStepPWLSharpness) }
func (s LogStepPWL) vth() float64 { return within(s.VTh, 1, 1e-15, 1e15) }

// Slope returns 1 / (VTh + x) in its support, else 0.
func (s LogStepPWL) Slope(x float64) float64 {
	lo, _ := s.Support()
	switch {
	case x >= lo:
		return min(1/(s.vth()+x), s.Peak())
	case x < lo:
		return 0
	}
	return x + float64(lo) // NaN
}

// Antiderivative returns S(x), which has no upper bound.
func (s LogStepPWL) Antiderivative(x float64) float64 {
	k, v := s.k(), s.vth()
	lo, _ := s.Support()
	if x < lo {
		return 0
	}
	return fmath.Log1p((x - lo) * (1 + k) / (k * v))
}

// Peak returns (1+k)/(k VTh).
func (s LogStepPWL) Peak() float64 { return (1 + s.k()) / (s.k() * s.vth()) }

// Area returns +Inf.
func (s LogStepPWL) Area() float64 { return s.Antiderivative(math.Inf(1)) }

// Support returns -VTh/(1+k) and +Inf.
func (s LogStepPWL) Support() (lo, hi float64) { return -s.vth() / (1 + s.k()), math.Inf(1) }

// String returns log_step_pwl(k,VTh).
func (s LogStepPWL) String() string { return formatAll("log_step_pwl", s.k(), s.vth()) }
