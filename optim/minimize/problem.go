package minimize

import (
	"context"
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/surge-snn/surge/optim"
)

// ErrProblem signifies a problem that lacks what the method needs, or whose parts do
// not fit each other.
var ErrProblem = errors.New("minimize: problem is not well posed")

// Problem is a loss of n parameters, with the derivatives that are at hand. At least
// one of Func, Grad, Residuals and Batch is set; what is missing follows from the
// others where it can:
//
//	Func  from Residuals (½ |r|²), or else from Batch, or else from Grad
//	Grad  from Jacobian (Jᵀ r)
//
// Where several are set, all are to return one loss; [Check] compares them.
//
// All functions must be deterministic, must not change x and must not keep their
// arguments. They see only points within the bounds. They are called from one
// goroutine at a time unless a [MultiStart] has more than one worker. They should
// return soon after ctx is done, with its error.
//
// A loss, residual or derivative that is NaN or infinite, or an error that wraps
// [optim.ErrNonFinite], rejects the point and is counted; any other error ends the fit.
type Problem struct {
	// Names are the parameters' names, n of them, or nil for x[0], x[1], ...
	Names []string

	// Func returns the loss at x.
	Func func(ctx context.Context, x []float64) (float64, error)
	// Grad stores the gradient of the loss, [n], and returns the loss. It need not
	// be the gradient of the function that is evaluated: surrogate gradients are
	// welcome to methods that tolerate them ([Descent]).
	Grad func(ctx context.Context, grad, x []float64) (float64, error)

	// NumResiduals is the length M of r.
	NumResiduals int
	// Residuals stores r, [M], whose loss is
	//
	//	L = ½ sum_m r[m]²
	//
	// With residuals in units of their noise this is a negative log-likelihood. A
	// missing sample is a residual of zero.
	Residuals func(ctx context.Context, r, x []float64) error
	// Jacobian stores the residuals, [M], and their derivatives dr[m]/dx[i], [M, n].
	Jacobian func(ctx context.Context, r []float64, jac *mat.Dense, x []float64) error

	// Batch stores the losses at several points at once, where that is faster than
	// Func one by one. Nil means Func.
	Batch func(ctx context.Context, losses []float64, xs [][]float64) error

	// Box bounds the parameters; its zero value does not.
	Box Box
	// Priors are what is known of the parameters beforehand: one for each, or nil.
	Priors []Prior
}

// Prior adds a penalty to the loss, the negative logarithm of a normal density:
//
//	½ ((x - Mean) / SD)²
//
// An SD of zero means no prior.
type Prior struct {
	Mean, SD float64
}

// Name returns the name of parameter i, x[i] where it has none.
func (p *Problem) Name(i int) string {
	if p != nil && i >= 0 && i < len(p.Names) {
		return p.Names[i]
	}
	return fmt.Sprintf("x[%d]", i)
}

// startsAt returns an error unless there is a problem of len(x) parameters.
func (p *Problem) startsAt(x []float64) error {
	if p == nil {
		return fmt.Errorf("%w: none", ErrProblem)
	}
	return p.check(len(x))
}

// check returns an error unless p is a problem of n parameters.
func (p *Problem) check(n int) error {
	switch {
	case n == 0:
		return fmt.Errorf("%w: no parameters", ErrProblem)
	case p.Func == nil && p.Grad == nil && p.Residuals == nil && p.Batch == nil:
		return fmt.Errorf("%w: Func, Grad, Residuals and Batch are nil, want one of them", ErrProblem)
	case p.Names != nil && len(p.Names) != n:
		return fmt.Errorf("%w: %d names for %d parameters", ErrProblem, len(p.Names), n)
	case p.Priors != nil && len(p.Priors) != n:
		return fmt.Errorf("%w: %d priors for %d parameters", ErrProblem, len(p.Priors), n)
	case (p.Residuals != nil || p.Jacobian != nil) && p.NumResiduals < 1:
		return fmt.Errorf("%w: NumResiduals is %d, want at least 1", ErrProblem, p.NumResiduals)
	case p.Jacobian != nil && p.Residuals == nil:
		return fmt.Errorf("%w: Jacobian without Residuals", ErrProblem)
	}
	seen := make(map[string]bool, len(p.Names))
	for _, name := range p.Names {
		if seen[name] {
			return fmt.Errorf("%w: name %q is there twice", ErrProblem, name)
		}
		seen[name] = true
	}
	for i, prior := range p.Priors {
		if !isFinite(prior.Mean) || !(prior.SD >= 0) {
			return fmt.Errorf("%w: prior of %s has mean %v and SD %v, want finite and not negative", ErrProblem, p.Name(i), prior.Mean, prior.SD)
		}
	}
	return p.Box.Check(n)
}

// checkPoint returns an error unless x is finite and within the bounds.
func (p *Problem) checkPoint(who string, x []float64) error {
	for i, v := range x {
		if !isFinite(v) {
			return fmt.Errorf("%w: %s: %s is %v", optim.ErrNonFinite, who, p.Name(i), v)
		}
	}
	if i := p.Box.Outside(x); i >= 0 {
		lo, hi := p.Box.At(i)
		return fmt.Errorf("%w: %s: %s is %v, want in [%v, %v]", ErrBounds, who, p.Name(i), x[i], lo, hi)
	}
	return nil
}

// loss returns the loss without priors by the cheapest way there is.
func (p *Problem) loss(ctx context.Context, x []float64) (float64, error) {
	switch {
	case p.Func != nil:
		return p.Func(ctx, x)
	case p.Residuals != nil:
		r := make([]float64, p.NumResiduals)
		if err := p.Residuals(ctx, r, x); err != nil {
			return 0, err
		}
		return halfSquare(r), nil
	case p.Batch != nil:
		var l [1]float64
		err := p.Batch(ctx, l[:], [][]float64{x})
		return l[0], err
	}
	return p.Grad(ctx, make([]float64, len(x)), x)
}

// grad returns the loss and stores its gradient, both without priors.
func (p *Problem) grad(ctx context.Context, grad, x []float64) (float64, error) {
	switch {
	case p.Grad != nil:
		return p.Grad(ctx, grad, x)
	case p.Jacobian != nil:
		r, jac := make([]float64, p.NumResiduals), mat.NewDense(p.NumResiduals, len(x), nil)
		if err := p.Jacobian(ctx, r, jac, x); err != nil {
			return 0, err
		}
		clear(grad)
		for m, rm := range r {
			for i, d := range jac.RawRowView(m) {
				grad[i] += float64(rm * d)
			}
		}
		return halfSquare(r), nil
	}
	return 0, fmt.Errorf("%w: the method needs Grad or Jacobian", ErrProblem)
}

// addPriors adds the penalties to a loss and, if it is not nil, to its gradient.
func (p *Problem) addPriors(loss float64, grad, x []float64) float64 {
	for i, prior := range p.Priors {
		if prior.SD == 0 {
			continue
		}
		z := (x[i] - prior.Mean) / prior.SD
		loss += float64(0.5 * float64(z*z))
		if grad != nil {
			grad[i] += z / prior.SD
		}
	}
	return loss
}

// halfSquare returns ½ |r|².
func halfSquare(r []float64) float64 {
	sum := 0.0
	for _, v := range r {
		sum += float64(v * v)
	}
	return sum / 2
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for i, v := range a {
		sum += float64(v * b[i])
	}
	return sum
}

// maxAbs returns the largest magnitude, or NaN if there is one.
func maxAbs(x []float64) float64 {
	m := 0.0
	for _, v := range x {
		m = max(m, math.Abs(v))
	}
	return m
}
