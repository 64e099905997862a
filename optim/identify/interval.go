package identify

import (
	"context"
	"fmt"

	"github.com/surge-snn/surge/internal/given"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/optim/minimize"
)

// Interval is the range of a parameter that a target allows.
type Interval struct {
	Low, High float64
	// LowOpen and HighOpen say that the search ended at its limit there: the target
	// allows everything up to it, and perhaps beyond.
	LowOpen, HighOpen bool
}

// FeasibleInterval returns the interval around x in which a parameter is feasible, for
// parameters that act in steps, such as a threshold that lies between two samples. For
// a profile interval, feasible fits the other parameters and compares the loss with
//
//	L(x) - L_min <= 1.92    (95 %, with a loss of ½ |r|² in units of the noise)
//
// From x the search goes out on both sides, in steps that double from tol on, to the
// first value that is not feasible, and then halves the gap down to tol. Ends that are
// not open are values that are not feasible, at most tol away from ones that are: the
// interval holds the feasible one. It costs some 2 log2((upper - lower) / tol) calls
// for each side. A feasible set of several pieces gives the piece around x, or more
// if steps pass over a gap.
//
// An x that is not feasible, or not in [lower, upper], is an error that wraps
// minimize.ErrBounds.
func FeasibleInterval(ctx context.Context, feasible func(ctx context.Context, x float64) (bool, error), x, lower, upper, tol float64) (Interval, error) {
	if !(lower <= x && x <= upper) || notFinite(lower) || notFinite(upper) {
		return Interval{}, fmt.Errorf("%w: interval: x is %v, want in [%v, %v], finite", minimize.ErrBounds, x, lower, upper)
	}
	if err := given.Need("ctx", ctx, "feasible", feasible); err != nil {
		return Interval{}, fmt.Errorf("identify: interval: %w", err)
	}
	if !(tol > 0) {
		return Interval{}, fmt.Errorf("%w: interval: tol is %v, want positive", optim.ErrSettings, tol)
	}
	ask := func(x float64) (bool, error) {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		ok, err := feasible(ctx, x)
		if err != nil {
			return false, fmt.Errorf("identify: interval: at %v: %w", x, err)
		}
		return ok, nil
	}
	ok, err := ask(x)
	if err != nil {
		return Interval{}, err
	}
	if !ok {
		return Interval{}, fmt.Errorf("%w: interval: x = %v is not feasible itself", minimize.ErrBounds, x)
	}
	var i Interval
	if i.Low, i.LowOpen, err = edge(ask, x, lower, tol); err != nil {
		return Interval{}, err
	}
	i.High, i.HighOpen, err = edge(ask, x, upper, tol)
	return i, err
}

// edge returns the end of the feasible values from x towards limit.
func edge(feasible func(x float64) (bool, error), x, limit, tol float64) (end float64, open bool, err error) {
	in, out := x, x
	for step := tol; ; step *= 2 {
		if in == limit {
			return limit, true, nil
		}
		if out = in + step; limit < x {
			out = max(in-step, limit)
		} else {
			out = min(out, limit)
		}
		if out == in {
			return 0, false, fmt.Errorf("%w: interval: tol %v is below the spacing of numbers at %v", optim.ErrSettings, tol, in)
		}
		ok, err := feasible(out)
		if err != nil {
			return 0, false, err
		}
		if !ok {
			break
		}
		in = out
	}
	for {
		mid := in + (out-in)/2
		if gap := out - in; (gap <= tol && gap >= -tol) || mid == in || mid == out {
			return out, false, nil
		}
		ok, err := feasible(mid)
		if err != nil {
			return 0, false, err
		}
		if ok {
			in = mid
		} else {
			out = mid
		}
	}
}
