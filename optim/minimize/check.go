package minimize

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/surge-snn/surge/optim"
)

// WrongDerivative is one derivative that differs from a difference quotient.
type WrongDerivative struct {
	// What is "gradient" or "residual" with its index.
	What string
	// Parameter is the parameter's name.
	Parameter string
	// Found is what the problem says, Want the difference quotient.
	Found, Want float64
	// Error is |Found - Want| divided by the largest difference quotient of the
	// gradient or of the residual, or by 1 if all are 0.
	Error float64
}

// Check compares the derivatives of p at x, without priors, with central differences
//
//	(f(x + h) - f(x - h)) / 2h,  h = step max(1, |x[i]|)
//
// or one-sided ones where a bound is in the way; a step of zero means 1e-5, whose
// errors are some 1e-10 |f”'| and 1e-11 |f|. It returns the entries whose error is
// larger than tol, or NaN, worst first, and an error if functions disagree on the loss
// by more than tol max(1, |L|), or fail. Surrogate gradients are supposed to differ.
// It costs 2n evaluations of every function.
func Check(ctx context.Context, p Problem, x []float64, step, tol float64) ([]WrongDerivative, error) {
	ctx, p = orBackground(ctx), p.guarded()
	if err := p.check(len(x)); err != nil {
		return nil, fmt.Errorf("check: %w", err)
	}
	if err := p.checkPoint("check", x); err != nil {
		return nil, err
	}
	if !(step >= 0) || !(tol > 0) {
		return nil, fmt.Errorf("%w: check: step is %v and tol %v, want at least 0 and more than 0", optim.ErrSettings, step, tol)
	}
	if step == 0 {
		step = 1e-5
	}
	loss, err := p.loss(ctx, x)
	if err != nil {
		return nil, fmt.Errorf("check: loss: %w", err)
	}
	agree := func(who string, other float64) error {
		if !(math.Abs(other-loss) <= tol*max(1, math.Abs(loss))) {
			return fmt.Errorf("%w: check: loss is %v, that of %s %v", ErrProblem, loss, who, other)
		}
		return nil
	}
	var bad []WrongDerivative
	if p.Batch != nil {
		losses := make([]float64, 2)
		if err := p.Batch(ctx, losses, [][]float64{x, x}); err != nil {
			return nil, fmt.Errorf("check: Batch: %w", err)
		}
		for _, l := range losses {
			if err := agree("Batch", l); err != nil {
				return nil, err
			}
		}
	}
	if p.Residuals != nil {
		r := make([]float64, p.NumResiduals)
		if err := p.Residuals(ctx, r, x); err != nil {
			return nil, fmt.Errorf("check: Residuals: %w", err)
		}
		if err := agree("Residuals", halfSquare(r)); err != nil {
			return nil, err
		}
	}
	if p.Grad != nil {
		grad := mat.NewDense(1, len(x), nil)
		l, err := p.Grad(ctx, grad.RawRowView(0), x)
		if err != nil {
			return nil, fmt.Errorf("check: Grad: %w", err)
		}
		if err := agree("Grad", l); err != nil {
			return nil, err
		}
		want, err := differences(p.Box, x, step, 1, func(dst, x []float64) (err error) {
			dst[0], err = p.loss(ctx, x)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("check: loss: %w", err)
		}
		bad = append(bad, compare(&p, func(int) string { return "gradient" }, grad, want, tol)...)
	}
	if p.Jacobian != nil {
		r, jac := make([]float64, p.NumResiduals), mat.NewDense(p.NumResiduals, len(x), nil)
		if err := p.Jacobian(ctx, r, jac, x); err != nil {
			return nil, fmt.Errorf("check: Jacobian: %w", err)
		}
		if err := agree("Jacobian", halfSquare(r)); err != nil {
			return nil, err
		}
		want, err := differences(p.Box, x, step, p.NumResiduals, func(dst, x []float64) error { return p.Residuals(ctx, dst, x) })
		if err != nil {
			return nil, fmt.Errorf("check: Residuals: %w", err)
		}
		bad = append(bad, compare(&p, func(m int) string { return fmt.Sprintf("residual %d", m) }, jac, want, tol)...)
	}
	slices.SortStableFunc(bad, func(a, b WrongDerivative) int {
		switch aNaN, bNaN := math.IsNaN(a.Error), math.IsNaN(b.Error); {
		case aNaN || bNaN:
			return boolToInt(bNaN) - boolToInt(aNaN)
		case a.Error > b.Error:
			return -1
		case a.Error < b.Error:
			return 1
		}
		return 0
	})
	return bad, nil
}

func boolToInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// FiniteJacobian returns a Jacobian for [Problem] made of difference quotients of
// residuals, as Check takes them: for models that have no derivatives of their own.
// It costs 2n+1 evaluations of the residuals; a step of zero means 1e-5.
func FiniteJacobian(residuals func(ctx context.Context, r, x []float64) error, box Box, step float64) func(ctx context.Context, r []float64, jac *mat.Dense, x []float64) error {
	if step == 0 {
		step = 1e-5
	}
	return func(ctx context.Context, r []float64, jac *mat.Dense, x []float64) error {
		if err := residuals(ctx, r, x); err != nil {
			return err
		}
		d, err := differences(box, x, step, len(r), func(dst, x []float64) error { return residuals(ctx, dst, x) })
		if err != nil {
			return err
		}
		jac.Copy(d)
		return nil
	}
}

// differences returns the difference quotients of f, [m, n], within the bounds. A
// fixed parameter has none: its column is zero.
func differences(box Box, x []float64, step float64, m int, f func(dst, x []float64) error) (*mat.Dense, error) {
	d := mat.NewDense(m, len(x), nil)
	up, down, at := make([]float64, m), make([]float64, m), slices.Clone(x)
	for i, v := range x {
		h := step * max(1, math.Abs(v))
		lo, hi := box.At(i)
		high, low := min(v+h, hi), max(v-h, lo)
		if high == low {
			continue
		}
		at[i] = high
		if err := f(up, at); err != nil {
			return nil, err
		}
		at[i] = low
		if err := f(down, at); err != nil {
			return nil, err
		}
		at[i] = v
		for k := range m {
			d.Set(k, i, (up[k]-down[k])/(high-low))
		}
	}
	return d, nil
}

// compare returns the entries of found that are not within tol of want.
func compare(p *Problem, what func(row int) string, found, want *mat.Dense, tol float64) []WrongDerivative {
	var bad []WrongDerivative
	rows, cols := found.Dims()
	for k := range rows {
		scale := maxAbs(want.RawRowView(k))
		if scale == 0 {
			scale = 1
		}
		for i := range cols {
			if lo, hi := p.Box.At(i); lo == hi {
				continue
			}
			f, w := found.At(k, i), want.At(k, i)
			if err := math.Abs(f-w) / scale; !(err <= tol) {
				bad = append(bad, WrongDerivative{what(k), p.Name(i), f, w, err})
			}
		}
	}
	return bad
}
