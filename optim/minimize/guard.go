package minimize

import (
	"context"
	"fmt"

	"gonum.org/v1/gonum/mat"
)

// guarded returns the problem with functions that return an error in place of a panic.
func (p Problem) guarded() Problem {
	if f := p.Func; f != nil {
		p.Func = func(ctx context.Context, x []float64) (loss float64, err error) {
			defer caught("Func", &err)
			return f(ctx, x)
		}
	}
	if f := p.Grad; f != nil {
		p.Grad = func(ctx context.Context, grad, x []float64) (loss float64, err error) {
			defer caught("Grad", &err)
			return f(ctx, grad, x)
		}
	}
	if f := p.Residuals; f != nil {
		p.Residuals = func(ctx context.Context, r, x []float64) (err error) {
			defer caught("Residuals", &err)
			return f(ctx, r, x)
		}
	}
	if f := p.Jacobian; f != nil {
		p.Jacobian = func(ctx context.Context, r []float64, jac *mat.Dense, x []float64) (err error) {
			defer caught("Jacobian", &err)
			return f(ctx, r, jac, x)
		}
	}
	if f := p.Batch; f != nil {
		p.Batch = func(ctx context.Context, losses []float64, xs [][]float64) (err error) {
			defer caught("Batch", &err)
			return f(ctx, losses, xs)
		}
	}
	return p
}

func caught(name string, err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("%w: %s panics: %v", ErrProblem, name, r)
	}
}

// orBackground stands in for a context that is nil.
func orBackground(ctx context.Context) context.Context {
	if ctx == nil {
		return context.Background()
	}
	return ctx
}
