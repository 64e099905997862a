package minimize

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/surge-snn/surge/optim"
)

// errBudget and the error of a context end a step early; Fit turns them into a
// status. What the step did up to then is not part of the state, but its best point
// is part of the result.
var errBudget = errors.New("minimize: budget is used up")

// gradientCost is the cost of a gradient in evaluations of the loss: a forward pass
// and a backward pass of twice its cost.
const gradientCost = 3

// Evaluator is how a [Method] sees a problem: it evaluates, counts, adds the priors,
// keeps the best point and watches over budget and context. Its errors are to be
// handed on as they are.
type Evaluator struct {
	ctx   context.Context
	p     *Problem
	n     int
	limit int // of cost; math.MaxInt is none

	counts counts
	best   []float64 // nil before the first finite loss
	loss   float64   // at best; +Inf before
	last   float64   // the last finite loss
}

// counts are numbers of calls and points.
type counts struct {
	evaluations, gradients, jacobians, nonFinite int
}

func (c counts) plus(d counts) counts {
	return counts{c.evaluations + d.evaluations, c.gradients + d.gradients, c.jacobians + d.jacobians, c.nonFinite + d.nonFinite}
}

func newEvaluator(ctx context.Context, p *Problem, n, limit int) *Evaluator {
	return &Evaluator{ctx: ctx, p: p, n: n, limit: limit, loss: math.Inf(1), last: math.Inf(1)}
}

// ready returns an error for an Evaluator that is none of Fit.
func (e *Evaluator) ready() error {
	if e == nil || e.p == nil || e.ctx == nil {
		return fmt.Errorf("%w: an Evaluator that Fit has not made", ErrProblem)
	}
	return nil
}

// Dim returns the number n of parameters.
func (e *Evaluator) Dim() int {
	if e == nil {
		return 0
	}
	return e.n
}

// Box returns the bounds.
func (e *Evaluator) Box() Box {
	if e.ready() != nil {
		return Box{}
	}
	return e.p.Box
}

// Left returns how many evaluations the budget still allows; math.MaxInt without one.
func (e *Evaluator) Left() int {
	if e == nil {
		return 0
	}
	if e.limit == math.MaxInt {
		return math.MaxInt
	}
	return e.limit - e.cost()
}

// cost is the work up to now in evaluations of the loss.
func (e *Evaluator) cost() int {
	return e.counts.evaluations + gradientCost*e.counts.gradients + (1+e.n)*e.counts.jacobians
}

// Loss returns the loss at x, priors included, or +Inf where it is not finite.
func (e *Evaluator) Loss(x []float64) (float64, error) {
	if err := e.begin(x, 1); err != nil {
		return 0, err
	}
	e.counts.evaluations++
	loss, err := e.p.loss(e.ctx, x)
	return e.end("loss", x, nil, loss, err)
}

// Losses stores the losses at the points xs, as Loss would one by one. After an error
// those that are not known are +Inf.
func (e *Evaluator) Losses(dst []float64, xs [][]float64) error {
	for i := range dst {
		dst[i] = math.Inf(1)
	}
	if err := e.ready(); err != nil {
		return err
	}
	if len(dst) != len(xs) {
		return fmt.Errorf("%w: room for %d losses of %d points", ErrProblem, len(dst), len(xs))
	}
	if e.p.Batch == nil {
		for i, x := range xs {
			loss, err := e.Loss(x)
			if err != nil {
				return err
			}
			dst[i] = loss
		}
		return nil
	}
	for _, x := range xs {
		if err := e.begin(x, len(xs)); err != nil {
			return err
		}
	}
	if len(xs) == 0 {
		return nil
	}
	e.counts.evaluations += len(xs)
	if err := e.p.Batch(e.ctx, dst, xs); err != nil {
		for i := range dst {
			dst[i] = math.Inf(1)
		}
		return e.failed("losses", err)
	}
	for i, x := range xs {
		dst[i], _ = e.end("loss", x, nil, dst[i], nil)
	}
	return nil
}

// Grad stores the gradient at x and returns the loss, both with priors. If one of
// them is not finite, the loss is +Inf and the gradient means nothing.
func (e *Evaluator) Grad(grad, x []float64) (float64, error) {
	if err := e.begin(x, gradientCost); err != nil {
		return 0, err
	}
	if len(grad) != e.n {
		return 0, fmt.Errorf("%w: room for %d derivatives, want %d", ErrProblem, len(grad), e.n)
	}
	e.counts.gradients++
	loss, err := e.p.grad(e.ctx, grad, x)
	return e.end("gradient", x, grad, loss, err)
}

// Linearization is the least-squares problem near a point, reduced to n rows by an
// orthogonal transformation of residuals and Jacobian, J = Q R. Nothing that a
// Gauss-Newton step needs is lost, and condition numbers are not squared:
//
//	L(x + d) ≈ Loss - ½ |Q|² + ½ |R d + Q|²,  R [n, n] upper triangular, Q [n]
type Linearization struct {
	R    *mat.Dense
	Q    []float64
	Loss float64
}

// Linearize returns the linearization of p at x, for [Grid.Round]. Errors are those of
// [Fit]; one that wraps optim.ErrNonFinite says that residuals or derivatives are not finite.
func Linearize(ctx context.Context, p Problem, x []float64) (Linearization, error) {
	ctx, p = orBackground(ctx), p.guarded()
	if err := p.check(len(x)); err != nil {
		return Linearization{}, fmt.Errorf("linearize: %w", err)
	}
	l, err := newEvaluator(ctx, &p, len(x), math.MaxInt).Linearize(x)
	if err == nil && math.IsInf(l.Loss, 1) {
		err = fmt.Errorf("%w: linearize: residuals or derivatives at %v", optim.ErrNonFinite, x)
	}
	return l, err
}

// Linearize returns the linearization at x, with a row for every prior. Its Loss is
// +Inf where residuals or derivatives are not finite. It costs a Jacobian and
// O(M n²) operations.
func (e *Evaluator) Linearize(x []float64) (Linearization, error) {
	if err := e.ready(); err != nil {
		return Linearization{}, err
	}
	if e.p.Jacobian == nil {
		return Linearization{}, fmt.Errorf("%w: the method needs Jacobian", ErrProblem)
	}
	if err := e.begin(x, 1+e.n); err != nil {
		return Linearization{}, err
	}
	e.counts.jacobians++
	m, n := e.p.NumResiduals, e.n
	r, jac := make([]float64, m), mat.NewDense(m, n, nil)
	err := e.p.Jacobian(e.ctx, r, jac, x)
	loss := halfSquare(r)
	if nonFinite(jac.RawMatrix().Data) >= 0 {
		loss = math.NaN()
	}
	loss, err = e.end("Jacobian", x, nil, loss, err)
	if err != nil || math.IsInf(loss, 1) {
		return Linearization{Loss: loss}, err
	}
	rows := max(m+len(e.p.Priors), n+1) // the factorization wants no fewer rows than columns
	a := mat.NewDense(rows, n+1, nil)
	for k := range m {
		copy(a.RawRowView(k), jac.RawRowView(k))
		a.Set(k, n, r[k])
	}
	for i, prior := range e.p.Priors {
		if prior.SD != 0 {
			a.Set(m+i, i, 1/prior.SD)
			a.Set(m+i, n, (x[i]-prior.Mean)/prior.SD)
		}
	}
	return reduce(a, loss), nil
}

// reduce returns the linearization of [J | r], which has more than n rows.
func reduce(a *mat.Dense, loss float64) Linearization {
	_, cols := a.Dims()
	n := cols - 1
	var qr mat.QR
	qr.Factorize(a)
	var upper mat.Dense
	qr.RTo(&upper)
	l := Linearization{R: mat.NewDense(n, n, nil), Q: make([]float64, n), Loss: loss}
	for i := range n {
		copy(l.R.RawRowView(i)[i:], upper.RawRowView(i)[i:n])
		l.Q[i] = upper.At(i, n)
	}
	return l
}

// begin checks what every evaluation checks before it is made.
func (e *Evaluator) begin(x []float64, cost int) error {
	if err := e.ready(); err != nil {
		return err
	}
	if err := e.ctx.Err(); err != nil {
		return err
	}
	if len(x) != e.n {
		return fmt.Errorf("%w: point has %d parameters, want %d", ErrProblem, len(x), e.n)
	}
	if err := e.p.checkPoint("evaluation", x); err != nil {
		return err
	}
	if e.Left() < cost {
		return errBudget
	}
	return nil
}

// end adds priors, checks for finite values and keeps the best point.
func (e *Evaluator) end(what string, x, grad []float64, loss float64, err error) (float64, error) {
	if err != nil {
		if errors.Is(err, optim.ErrNonFinite) {
			e.counts.nonFinite++
			return math.Inf(1), nil
		}
		return 0, e.failed(what, err)
	}
	loss = e.p.addPriors(loss, grad, x)
	if !isFinite(loss) || nonFinite(grad) >= 0 {
		e.counts.nonFinite++
		return math.Inf(1), nil
	}
	e.offer(x, loss)
	e.last = loss
	return loss, nil
}

// failed wraps an error of the problem, unless it is that of the context.
func (e *Evaluator) failed(what string, err error) error {
	if ctxErr := e.ctx.Err(); ctxErr != nil && errors.Is(err, ctxErr) {
		return ctxErr
	}
	return fmt.Errorf("minimize: %s of evaluation %d: %w", what, e.counts.evaluations+e.counts.gradients+e.counts.jacobians, err)
}

// offer keeps x if its loss is less than that of the best point.
func (e *Evaluator) offer(x []float64, loss float64) {
	if loss < e.loss {
		e.best, e.loss = slices.Clone(x), loss
	}
}
