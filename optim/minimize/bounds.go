package minimize

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// ErrBounds signifies bounds that contradict each other, or a point outside of them.
var ErrBounds = errors.New("minimize: out of bounds")

// Box holds the bounds of parameters,
//
//	Lower[i] <= x[i] <= Upper[i]
//
// both inclusive, in the units of x. A nil slice bounds nothing, as infinities do.
// Equal bounds hold a parameter fixed.
type Box struct {
	Lower, Upper []float64
}

// Side says where a parameter lies in its box.
type Side int8

// The sides of a box.
const (
	Inside  Side = iota // between its bounds
	AtLower             // at the lower bound
	AtUpper             // at the upper bound
	Fixed               // bounds are equal
)

// String returns "inside", "at lower bound", "at upper bound" or "fixed".
func (s Side) String() string {
	names := [...]string{"inside", "at lower bound", "at upper bound", "fixed"}
	if s < 0 || int(s) >= len(names) {
		return fmt.Sprintf("Side(%d)", int8(s))
	}
	return names[s]
}

// At returns the bounds of parameter i, which are infinite where the box has none for it.
func (b Box) At(i int) (lower, upper float64) {
	lower, upper = math.Inf(-1), math.Inf(1)
	if i >= 0 && i < len(b.Lower) {
		lower = b.Lower[i]
	}
	if i >= 0 && i < len(b.Upper) {
		upper = b.Upper[i]
	}
	return lower, upper
}

// Check returns an error that wraps ErrBounds unless both slices are nil or have n
// elements, and lower bounds are at most upper ones and neither is NaN, nor both the
// same infinity.
func (b Box) Check(n int) error {
	for _, side := range []struct {
		name string
		at   []float64
	}{{"Lower", b.Lower}, {"Upper", b.Upper}} {
		if side.at != nil && len(side.at) != n {
			return fmt.Errorf("%w: %s has %d bounds, want %d or nil", ErrBounds, side.name, len(side.at), n)
		}
	}
	for i := range n {
		lo, hi := b.At(i)
		if !(lo <= hi) || math.IsInf(lo, 1) || math.IsInf(hi, -1) {
			return fmt.Errorf("%w: parameter %d: lower bound %v, upper bound %v", ErrBounds, i, lo, hi)
		}
	}
	return nil
}

// Project moves x to the nearest point of the box, in place:
//
//	x[i] <- min(max(x[i], Lower[i]), Upper[i])
//
// NaN stays.
func (b Box) Project(x []float64) {
	for i, v := range x {
		lo, hi := b.At(i)
		if v < lo {
			x[i] = lo
		} else if v > hi {
			x[i] = hi
		}
	}
}

// Outside returns the index of the first element of x that is out of its bounds or
// NaN, or -1.
func (b Box) Outside(x []float64) int {
	for i, v := range x {
		if lo, hi := b.At(i); !(lo <= v && v <= hi) {
			return i
		}
	}
	return -1
}

// Sides says for every element of x where it lies. It counts as at a bound b when
//
//	|x - b| <= 1e-6 max(1, |b|)
//
// since methods that search without gradients come near to a bound only. For x = ln I
// this is some ten parts per million of I.
func (b Box) Sides(x []float64) []Side {
	sides := make([]Side, len(x))
	near := func(v, bound float64) bool { return math.Abs(v-bound) <= 1e-6*max(1, math.Abs(bound)) }
	for i, v := range x {
		switch lo, hi := b.At(i); {
		case lo == hi:
			sides[i] = Fixed
		case !math.IsInf(lo, 0) && near(v, lo):
			sides[i] = AtLower
		case !math.IsInf(hi, 0) && near(v, hi):
			sides[i] = AtUpper
		}
	}
	return sides
}

// fold maps the whole line onto the bounds of parameter i by reflecting it at them,
// which is continuous; methods that know of no bounds search through it.
func (b Box) fold(i int, v float64) float64 {
	lo, hi := b.At(i)
	switch {
	case lo <= v && v <= hi:
		return v
	case lo == hi:
		return lo
	case math.IsInf(hi, 1):
		return max(lo, lo+(lo-v))
	case math.IsInf(lo, -1):
		return min(hi, hi-(v-hi))
	}
	width := hi - lo
	t := math.Mod(v-lo, 2*width)
	if t < 0 {
		t += 2 * width
	}
	if t > width {
		t = 2*width - t
	}
	return min(max(lo+t, lo), hi)
}

// pushedOut reports whether a step against gradient component g would leave the box
// at x[i]: the component does not count for a minimum within it.
func (b Box) pushedOut(i int, x, g float64) bool {
	lo, hi := b.At(i)
	return (x <= lo && g > 0) || (x >= hi && g < 0) || lo == hi
}

// free returns the indices of the parameters that are not fixed, of n.
func (b Box) free(n int) []int {
	var free []int
	for i := range n {
		if lo, hi := b.At(i); lo < hi {
			free = append(free, i)
		}
	}
	return free
}

// unfold returns x with its free parameters replaced by those of z, folded into the
// box.
func (b Box) unfold(x []float64, free []int, z []float64) []float64 {
	y := slices.Clone(x)
	for k, i := range free {
		y[i] = b.fold(i, z[k])
	}
	return y
}
