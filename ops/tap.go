package ops

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"
)

// Tap returns the weight, elementwise, with which a sequence that is delayed by d time steps has
// its value of k steps ago: between two steps it is interpolated,
//
//	n = min(⌊d⌋, steps-1),   f = min(max(d, 0), steps) - n
//	y = 1-f for k = n,   f for k = n+1,   else 0
//
// so that Σ_k y x[t-k] is x at the time t-d. dy/dd is -1, 1 or 0: at a whole number of steps that
// to the right, and beyond steps, the longest delay, that to the left, so that a delay can come
// back.
func Tap(d *G.Node, k, steps int) (*G.Node, error) {
	if k < 0 || k > steps || steps < 1 {
		return nil, fmt.Errorf("%w: Tap %d of %d steps", ErrValue, k, steps)
	}
	return apply(scalarFunction{
		label: fmt.Sprintf("Tap(%d, %d)", k, steps),
		f: func(d float64) float64 {
			switch n, f := TapOf(d, steps); k {
			case n:
				return 1 - f
			case n + 1:
				return f
			}
			return 0
		},
		slope: func(d float64) float64 {
			switch n, _ := TapOf(d, steps); k {
			case n:
				return -1
			case n + 1:
				return 1
			}
			return 0
		},
	}, d)
}

// TapOf returns n and f of a delay in steps, see [Tap].
func TapOf[T Float](d T, steps int) (n int, f T) {
	d = min(max(d, 0), T(steps))
	n = max(min(int(math.Floor(float64(d))), steps-1), 0) // NaN is no index
	return n, d - T(n)
}
