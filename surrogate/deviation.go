package surrogate

import (
	"fmt"
	"math"
)

// DeviationLimit is what the [Deviation] of a surrogate is at most whose slope is the derivative of
// its antiderivative: the rounding and truncation errors of the difference.
const DeviationLimit = 1e-6

// Deviation returns by how much the slope of s is off the derivative of its antiderivative,
//
//	max |dS/dx - Slope(x)| / scale
//
// over 800 distances from 1e-4 to 10 to either side of the threshold, and the distance at which it
// is: the voltages of a network need not come as near, or as far. The scale is the largest slope,
// at least the peak. The derivative is a difference of five points. It is 1, at 0, where a method
// gives no number.
func Deviation(s Surrogate) (off, at float64) {
	if s == nil {
		return 1, 0
	}
	const points = 400
	var x, d [2 * points]float64
	scale := math.Abs(s.Peak())
	for k := range x {
		// Between the steps of the grid nothing has a kink in particular.
		x[k] = 1e-4 * math.Pow(1e5, (float64(k/2)+1/math.Pi)/points)
		if k%2 == 1 {
			x[k] = -x[k]
		}
		slope := s.Slope(x[k])
		scale = max(scale, math.Abs(slope))
		d[k] = math.Inf(1)
		// A kink within reach spoils the difference, and is the less likely within reach the
		// smaller the step. A wrong slope agrees with none.
		for _, h := range [...]float64{1e-4, 1e-5, 1e-6, 1e-7} {
			near := s.Antiderivative(x[k]+h) - s.Antiderivative(x[k]-h)
			far := s.Antiderivative(x[k]+2*h) - s.Antiderivative(x[k]-2*h)
			if d[k] = min(d[k], math.Abs((float64(8*near)-far)/(12*h)-slope)); d[k] <= DeviationLimit*scale {
				break
			}
		}
	}
	for k, d := range d {
		if d /= scale; !(d <= math.MaxFloat64) {
			return 1, 0
		} else if d > off {
			off, at = d, x[k]
		}
	}
	return off, at
}

// Wrong says what is wrong with a surrogate that cannot be right, in words: what [Check] finds, or
// that its slope is not the derivative of its antiderivative. It is empty for all others.
func Wrong(s Surrogate) string {
	if off, at := Deviation(s); off > DeviationLimit {
		return fmt.Sprintf("the slope is off the derivative of the antiderivative by %.2g of its largest value, at %.2g from the threshold", off, at)
	}
	if err := Check(s); err != nil {
		return err.Error()
	}
	return ""
}
