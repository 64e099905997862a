package minimize

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/surge-snn/surge/internal/fmath"
)

// ToLog stores the logarithms of positive parameters, such as bias currents in
// ampere:
//
//	dst = ln I
//
// A fit in ln I keeps I > 0 at any step, over any number of decades. An element that
// is not positive and finite is an error that wraps ErrBounds; dst, of the length of i
// and perhaps i itself, is as before then. The bits are the same on every
// processor.
func ToLog(dst, i []float64) error {
	if err := sameLength("dst", len(dst), "I", len(i)); err != nil {
		return err
	}
	for k, v := range i {
		if !(v > 0) || math.IsInf(v, 1) {
			return fmt.Errorf("%w: I[%d] is %v, want positive and finite for its logarithm", ErrBounds, k, v)
		}
	}
	for k, v := range i {
		dst[k] = fmath.Log(v)
	}
	return nil
}

// FromLog is the inverse of ToLog,
//
//	dst = exp(lnI)
//
// A result that is zero or not finite is an error that wraps ErrBounds; dst is as
// before then.
func FromLog(dst, lnI []float64) error {
	if err := sameLength("dst", len(dst), "lnI", len(lnI)); err != nil {
		return err
	}
	for k, v := range lnI {
		if i := fmath.Exp(v); !(i > 0) || math.IsInf(i, 1) {
			return fmt.Errorf("%w: exp(lnI[%d]) = exp(%v) is %v, want positive and finite", ErrBounds, k, v, i)
		}
	}
	for k, v := range lnI {
		dst[k] = fmath.Exp(v)
	}
	return nil
}

// GradToLog turns a gradient for I into the one for ln I, in place:
//
//	dL/dlnI = I dL/dI
func GradToLog(grad, i []float64) error {
	if err := sameLength("grad", len(grad), "I", len(i)); err != nil {
		return err
	}
	for k, v := range i {
		grad[k] *= v
	}
	return nil
}

// JacobianToLog turns a Jacobian [M, n] for I into the one for ln I, in place:
//
//	dr/dlnI = I dr/dI
func JacobianToLog(jac *mat.Dense, i []float64) error {
	if jac == nil {
		return fmt.Errorf("%w: no Jacobian", ErrProblem)
	}
	rows, cols := jac.Dims()
	if err := sameLength("the Jacobian's columns", cols, "I", len(i)); err != nil {
		return err
	}
	for m := range rows {
		row := jac.RawRowView(m)
		for k, v := range i {
			row[k] *= v
		}
	}
	return nil
}

// LogBox returns the bounds of ln I for bounds of I, which must be positive; an upper
// bound may be +Inf. Errors wrap ErrBounds.
func LogBox(b Box) (Box, error) {
	var l Box
	if b.Lower != nil {
		l.Lower = make([]float64, len(b.Lower))
		if err := ToLog(l.Lower, b.Lower); err != nil {
			return Box{}, fmt.Errorf("lower bound: %w", err)
		}
	}
	if b.Upper != nil {
		l.Upper = make([]float64, len(b.Upper))
		for k, v := range b.Upper {
			if !(v > 0) {
				return Box{}, fmt.Errorf("%w: upper bound of I[%d] is %v, want positive", ErrBounds, k, v)
			}
			l.Upper[k] = fmath.Log(v)
		}
	}
	return l, nil
}

func sameLength(a string, na int, b string, nb int) error {
	if na != nb {
		return fmt.Errorf("%w: %s has length %d, %s %d", ErrProblem, a, na, b, nb)
	}
	return nil
}
