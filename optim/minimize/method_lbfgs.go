package minimize

import (
	"fmt"
	"math"
	"slices"

	"github.com/surge-snn/surge/optim"
)

// LBFGS is the limited-memory BFGS method with projection onto the bounds, for smooth
// losses with exact gradients. In every step the variables at a bound that the
// gradient pushes against are held (the set A); the others move along
//
//	d = -H g  without A,  x(t) = project(x + t d)
//
// where H is the inverse Hessian of Memory pairs of steps and gradient differences,
// restricted to the free variables. The step t satisfies the weak conditions of Wolfe
//
//	L(x(t)) <= L(x) + 1e-4 g·(x(t) - x),   g(x(t))·d >= 0.9 g·d
//
// found by bisection and doubling, which is safe for losses with kinks.
//
// A change of variables that maps the box onto the whole space would have allowed
// gonum's LBFGS, but its gradients vanish at the bounds, where fits of currents often
// end, and its memory cannot be written to a checkpoint.
//
// It has converged when no component of the gradient that counts is above
// Tol max(1, |L|), or when nothing along d is lower and g·d is within the rounding of
// the loss. One gradient per step, more where the first step length fails.
//
// Bertsekas (1982), doi:10.1137/0320018 (projection); Nocedal (1980),
// doi:10.1090/S0025-5718-1980-0572855-7; Lewis and Overton (2013),
// doi:10.1007/s10107-012-0514-2 (line search).
type LBFGS struct {
	// Memory is the number of pairs; zero means 10.
	Memory int
	// Steps is the largest number of steps; zero means 1000.
	Steps int
	// MaxStep is the largest change of a parameter in one step, at a step length of
	// one; zero means 1, in ln I a factor of e.
	MaxStep float64
	// Tol is the tolerance of the gradient; zero means 1e-8.
	Tol float64
}

const (
	wolfeDecrease  = 1e-4
	wolfeCurvature = 0.9
	lineTrials     = 25    // 2^-25 of a step is no step
	roundOff       = 1e-13 // relative; a sum of some hundred squares is no more exact
)

// Slots of the state: x, its gradient, its loss; the pairs one after the other.
const (
	lbfgsX = iota
	lbfgsGrad
	lbfgsLoss
	lbfgsS
	lbfgsY
)

// Start returns the state of a search from x.
func (l LBFGS) Start(_ *Problem, x []float64) (optim.State, error) {
	return optim.State{Kind: "lbfgs", Counts: []uint64{0}, Slots: []optim.Slot{
		optim.Vector("x", slices.Clone(x)), optim.Vector("gradient", []float64{}), optim.Vector("loss", []float64{math.Inf(1)}),
		optim.Vector("s", []float64{}), optim.Vector("y", []float64{}),
	}}, nil
}

// Step does one line search.
func (l LBFGS) Step(e *Evaluator, s *optim.State) (Status, error) {
	if err := e.ready(); err != nil {
		return 0, err
	}
	if l.Memory < 0 || l.Steps < 0 || !(l.MaxStep >= 0) || !(l.Tol >= 0) {
		return 0, fmt.Errorf("%w: lbfgs: Memory %d, Steps %d, MaxStep %v, Tol %v, want at least 0", optim.ErrSettings, l.Memory, l.Steps, l.MaxStep, l.Tol)
	}
	l = l.withDefaults()
	n, box := e.Dim(), e.Box()
	if err := s.CheckVectors("lbfgs", 1, 0, n, -1, 1, -1, -1); err != nil {
		return 0, err
	}
	if len(s.Vector(lbfgsS)) != len(s.Vector(lbfgsY)) || len(s.Vector(lbfgsS))%n != 0 {
		return 0, fmt.Errorf("%w: lbfgs: %d and %d numbers in the pairs of %d parameters", optim.ErrState, len(s.Vector(lbfgsS)), len(s.Vector(lbfgsY)), n)
	}
	x, loss := s.Vector(lbfgsX), s.Vector(lbfgsLoss)[0]
	if len(s.Vector(lbfgsGrad)) != n {
		grad := make([]float64, n)
		var err error
		if loss, err = e.Grad(grad, x); err != nil {
			return 0, err
		}
		if math.IsInf(loss, 1) {
			return NoProgress, nil
		}
		s.SetVector(lbfgsGrad, grad)
		s.Vector(lbfgsLoss)[0] = loss
	}
	grad := s.Vector(lbfgsGrad)
	if projectedNorm(box, x, grad) <= l.Tol*max(1, math.Abs(loss)) {
		return Converged, nil
	}
	if s.Step >= uint64(l.Steps) {
		return BudgetReached, nil
	}
	s.Step++

	d := l.direction(box, s)
	to, err := lineSearch(e, x, grad, loss, d)
	if err != nil {
		return 0, err
	}
	if to.x == nil {
		if -dot(grad, d) <= roundOff*math.Abs(loss) {
			return Converged, nil
		}
		if len(s.Vector(lbfgsS)) == 0 {
			return NoProgress, nil
		}
		s.SetVector(lbfgsS, []float64{}) // try the gradient itself
		s.SetVector(lbfgsY, []float64{})
		return Running, nil
	}
	l.remember(s, to)
	s.SetVector(lbfgsX, to.x)
	s.SetVector(lbfgsGrad, to.grad)
	s.Vector(lbfgsLoss)[0] = to.loss
	return Running, nil
}

func (l LBFGS) withDefaults() LBFGS {
	if l.Memory == 0 {
		l.Memory = 10
	}
	if l.Steps == 0 {
		l.Steps = 1000
	}
	if l.MaxStep == 0 {
		l.MaxStep = 1
	}
	if l.Tol == 0 {
		l.Tol = 1e-8
	}
	return l
}

// direction returns -H g for the free variables by the two-loop recursion, zero for
// the others, with no component above MaxStep.
func (l LBFGS) direction(box Box, s *optim.State) []float64 {
	x, grad := s.Vector(lbfgsX), s.Vector(lbfgsGrad)
	n := len(x)
	free := make([]bool, n)
	d := make([]float64, n)
	for i, g := range grad {
		if free[i] = !box.pushedOut(i, x[i], g); free[i] {
			d[i] = -g
		}
	}
	inner := func(a, b []float64) float64 {
		sum := 0.0
		for i, v := range a {
			if free[i] {
				sum += float64(v * b[i])
			}
		}
		return sum
	}
	pairs := len(s.Vector(lbfgsS)) / n
	alpha, rho := make([]float64, pairs), make([]float64, pairs)
	gamma := 0.0
	for k := pairs - 1; k >= 0; k-- {
		sk, yk := s.Vector(lbfgsS)[k*n:(k+1)*n], s.Vector(lbfgsY)[k*n:(k+1)*n]
		sy, yy := inner(sk, yk), inner(yk, yk)
		if !(sy > 1e-12*yy) || yy == 0 {
			continue // the pair curves the wrong way on the free variables
		}
		if gamma == 0 {
			gamma = sy / yy
		}
		rho[k] = 1 / sy
		alpha[k] = rho[k] * inner(sk, d)
		for i := range d {
			if free[i] {
				d[i] -= float64(alpha[k] * yk[i])
			}
		}
	}
	if gamma == 0 { // no pair: a step of at most a tenth
		gamma = 0.1 * l.MaxStep / maxAbs(d)
	}
	for i := range d {
		d[i] *= gamma
	}
	for k := range pairs {
		if rho[k] == 0 {
			continue
		}
		sk, yk := s.Vector(lbfgsS)[k*n:(k+1)*n], s.Vector(lbfgsY)[k*n:(k+1)*n]
		beta := rho[k] * inner(yk, d)
		for i := range d {
			if free[i] {
				d[i] += float64((alpha[k] - beta) * sk[i])
			}
		}
	}
	if m := maxAbs(d); m > l.MaxStep {
		for i := range d {
			d[i] *= l.MaxStep / m
		}
	}
	return d
}

// remember adds the pair of a step and drops the oldest one beyond Memory.
func (l LBFGS) remember(s *optim.State, to place) {
	x, grad := s.Vector(lbfgsX), s.Vector(lbfgsGrad)
	n := len(x)
	step, diff := make([]float64, n), make([]float64, n)
	for i := range x {
		step[i], diff[i] = to.x[i]-x[i], to.grad[i]-grad[i]
	}
	if sy := dot(step, diff); !(sy > 1e-12*dot(diff, diff)) {
		return // H would not be positive
	}
	ss, ys := append(s.Vector(lbfgsS), step...), append(s.Vector(lbfgsY), diff...)
	if drop := len(ss) - l.Memory*n; drop > 0 {
		ss, ys = slices.Clone(ss[drop:]), slices.Clone(ys[drop:])
	}
	s.SetVector(lbfgsS, ss)
	s.SetVector(lbfgsY, ys)
}

// place is a point with what was evaluated there.
type place struct {
	x, grad []float64
	loss    float64
}

// lineSearch looks along project(x + t d) for the weak conditions of Wolfe. It returns
// the best point that decreases the loss enough where both cannot be had, and one
// without x where none does.
func lineSearch(e *Evaluator, x, grad []float64, loss float64, d []float64) (place, error) {
	box := e.Box()
	lo, hi, t := 0.0, math.Inf(1), 1.0
	var found place
	for range lineTrials {
		y, g := slices.Clone(x), make([]float64, len(x))
		along, before := 0.0, 0.0 // g·(y-x); g·d over variables that are not clipped
		for i := range y {
			y[i] += float64(t * d[i])
		}
		box.Project(y)
		if slices.Equal(x, y) {
			break
		}
		for i := range y {
			along += float64(grad[i] * (y[i] - x[i]))
		}
		trial, err := e.Grad(g, y)
		if err != nil {
			return place{}, err
		}
		if !(trial <= loss+wolfeDecrease*along) || !(along < 0) {
			hi = t
			t = (lo + hi) / 2
			continue
		}
		if found.x == nil || trial < found.loss {
			found = place{y, g, trial}
		}
		after := 0.0
		for i := range y {
			if low, high := box.At(i); low < y[i] && y[i] < high {
				after += float64(g[i] * d[i])
				before += float64(grad[i] * d[i])
			}
		}
		if after >= wolfeCurvature*before {
			break
		}
		lo = t
		if math.IsInf(hi, 1) {
			t *= 2
		} else {
			t = (lo + hi) / 2
		}
	}
	return found, nil
}
