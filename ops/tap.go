package ops

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Tap returns the weight, elementwise, with which a sequence that is delayed by d time steps has
// its value of k steps ago: between two steps it is interpolated,
//
//	n = min(⌊d⌋, steps-1),   f = min(max(d, 0), steps) - n
//	y = 1-f for k = n,   f for k = n+1,   else 0
//
// so that Σ_k y x[t-k] is x at the time t-d. What is a whole number but for the rounding of a
// delay that is kept as a logarithm, within 16 units of its dtype, is one. dy/dd is -1, 1 or 0: at
// a whole number of steps that to the right, and beyond steps, the longest delay, that to the left,
// so that a delay can come back.
func Tap(d *G.Node, k, steps int) (y *G.Node, err error) {
	defer recovered("Tap", &err)
	if err := checkDtype("Tap", d); err != nil {
		return nil, err
	}
	if k < 0 || k > steps || steps < 1 {
		return nil, fmt.Errorf("%w: Tap %d of %d steps", ErrValue, k, steps)
	}
	tap := TapOf[float64]
	if d.Dtype() == tensor.Float32 {
		tap = func(d float64, steps int) (int, float64) {
			n, f := TapOf(float32(d), steps)
			return n, float64(f)
		}
	}
	return apply(scalarFunction{
		label: fmt.Sprintf("Tap(%d, %d)", k, steps),
		f: func(d float64) float64 {
			switch n, f := tap(d, steps); k {
			case n:
				return 1 - f
			case n + 1:
				return f
			}
			return 0
		},
		slope: func(d float64) float64 {
			switch n, _ := tap(d, steps); k {
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
	if whole := T(math.Round(float64(d))); max(d-whole, whole-d) <= 16*unit[T]()*whole {
		d = whole
	}
	n = max(min(int(math.Floor(float64(d))), steps-1), 0) // NaN is no index
	return n, d - T(n)
}

// unit is half the distance from 1 to the next number.
func unit[T Float]() T {
	if T(1)+T(0x1p-30) == 1 {
		return 0x1p-24
	}
	return 0x1p-53
}
