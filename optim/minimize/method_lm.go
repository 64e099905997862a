package minimize

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/surge-snn/surge/optim"
)

// LevenbergMarquardt is the damped Gauss-Newton method for ½ |r|² within bounds. With
// the linearization r + J d, a step solves
//
//	min ½ |r + J d|² + ½ λ |d|²,   Lower <= x + d <= Upper, |d[i]| <= MaxStep
//
// and is accepted if the loss falls by at least 1e-4 of what the model says. λ falls
// after good steps and grows after bad ones, as in Nielsen's rule. The damping is not
// scaled: directions that the residuals do not determine stay where they were,
// provided that parameters are such that a unit means the same to all, as in ln I.
// Priors are residuals.
//
// It has converged when a step gains, and would have gained by the model, no more than
// Tol of the loss, or when the angle between the residuals and every column of the
// Jacobian that counts is a right one to within Tol. A step costs an evaluation, and a
// Jacobian if it is accepted.
//
// Levenberg (1944), doi:10.1090/qam/10666; Marquardt (1963), doi:10.1137/0111030;
// Nielsen (1999), IMM-REP-1999-05, Technical University of Denmark; the bounds as in
// Stark and Parker (1995), Comput. Stat. 10, 129-141.
type LevenbergMarquardt struct {
	// Damping is the first λ as a fraction of the largest diagonal element of JᵀJ;
	// zero means 1e-3.
	Damping float64
	// Steps is the largest number of steps; zero means 200.
	Steps int
	// MaxStep is the largest change of a parameter in one step; zero means 1, in ln I
	// a factor of e.
	MaxStep float64
	// Tol is the tolerance; zero means 1e-10.
	Tol float64
}

const (
	lmAccept    = 1e-4 // ratio of actual and predicted decrease
	lmRightEdge = 1e-4 // cosine below which a search without decrease is at a minimum
)

// Slots of the state: x; R and Q of the linearization there and its loss; λ and its
// growth.
const (
	lmX = iota
	lmR
	lmQ
	lmNumbers // loss, λ, growth
)

// Start returns the state of a search from x.
func (l LevenbergMarquardt) Start(_ *Problem, x []float64) (optim.State, error) {
	return optim.State{Kind: "levenberg-marquardt", Slots: []optim.Slot{
		optim.Vector("x", slices.Clone(x)), optim.Vector("R", []float64{}), optim.Vector("Q", []float64{}),
		optim.Vector("numbers", []float64{math.Inf(1), 0, 2}),
	}}, nil
}

// Step tries one step.
func (l LevenbergMarquardt) Step(e *Evaluator, s *optim.State) (Status, error) {
	if err := e.ready(); err != nil {
		return 0, err
	}
	if l.Steps < 0 || !(l.Damping >= 0) || !(l.MaxStep >= 0) || !(l.Tol >= 0) {
		return 0, fmt.Errorf("%w: levenberg-marquardt: Damping %v, Steps %d, MaxStep %v, Tol %v, want at least 0", optim.ErrSettings, l.Damping, l.Steps, l.MaxStep, l.Tol)
	}
	l = l.withDefaults()
	n := e.Dim()
	if err := s.CheckVectors("levenberg-marquardt", 0, 0, n, -1, -1, 3); err != nil {
		return 0, err
	}
	if len(s.Vector(lmQ)) != n || len(s.Vector(lmR)) != n*n {
		lin, err := e.Linearize(s.Vector(lmX))
		if err != nil {
			return 0, err
		}
		if math.IsInf(lin.Loss, 1) {
			return NoProgress, nil
		}
		l.keep(s, lin)
		most := 0.0
		for i := range n {
			column := mat.Col(nil, i, lin.R)
			most = max(most, dot(column, column))
		}
		if s.Vector(lmNumbers)[1] = l.Damping * most; most == 0 {
			return Converged, nil // the residuals are constant
		}
	}
	if s.Step >= uint64(l.Steps) {
		return BudgetReached, nil
	}
	s.Step++
	x, numbers := s.Vector(lmX), s.Vector(lmNumbers)
	loss, lambda, growth := numbers[0], &numbers[1], &numbers[2]
	lin := Linearization{R: mat.NewDense(n, n, s.Vector(lmR)), Q: s.Vector(lmQ), Loss: loss}
	angle := lin.angle(e.Box(), x)
	if loss == 0 || angle <= l.Tol {
		return Converged, nil
	}
	d, err := lin.step(e.Box(), x, *lambda, l.MaxStep)
	if err != nil {
		return 0, err
	}
	y := make([]float64, n)
	for i := range y {
		y[i] = x[i] + d[i]
	}
	e.Box().Project(y)
	predicted := lin.decrease(d)
	if slices.Equal(x, y) || !(predicted > 0) {
		return l.stuck(angle), nil
	}
	trial, err := e.Loss(y)
	if err != nil {
		return 0, err
	}
	if ratio := (loss - trial) / predicted; ratio >= lmAccept {
		next, err := e.Linearize(y)
		if err != nil {
			return 0, err
		}
		if !math.IsInf(next.Loss, 1) {
			s.SetVector(lmX, y)
			l.keep(s, next)
			c := float64(2*ratio) - 1
			*lambda *= max(1.0/3, 1-float64(c*float64(c*c)))
			*growth = 2
			if max(loss-trial, predicted) <= l.Tol*loss {
				return Converged, nil
			}
			return Running, nil
		}
	} else if predicted <= l.Tol*loss {
		return l.stuck(angle), nil
	}
	*lambda *= *growth
	*growth *= 2
	if math.IsInf(*lambda, 1) {
		return NoProgress, nil
	}
	return Running, nil
}

// stuck is the status where no step decreases the loss.
func (LevenbergMarquardt) stuck(angle float64) Status {
	if angle <= lmRightEdge {
		return Converged
	}
	return NoProgress
}

func (l LevenbergMarquardt) withDefaults() LevenbergMarquardt {
	if l.Damping == 0 {
		l.Damping = 1e-3
	}
	if l.Steps == 0 {
		l.Steps = 200
	}
	if l.MaxStep == 0 {
		l.MaxStep = 1
	}
	if l.Tol == 0 {
		l.Tol = 1e-10
	}
	return l
}

func (LevenbergMarquardt) keep(s *optim.State, lin Linearization) {
	s.SetVector(lmR, lin.R.RawMatrix().Data)
	s.SetVector(lmQ, lin.Q)
	s.Vector(lmNumbers)[0] = lin.Loss
}

// gradient returns Jᵀ r at d = 0, that is Rᵀ Q.
func (l Linearization) gradient() []float64 {
	n := len(l.Q)
	g := make([]float64, n)
	for k := range n {
		for i, v := range l.R.RawRowView(k) {
			g[i] += float64(v * l.Q[k])
		}
	}
	return g
}

// angle returns the largest cosine between the residuals and a column of the
// Jacobian whose parameter can move.
func (l Linearization) angle(b Box, x []float64) float64 {
	size, most := math.Sqrt(2*l.Loss), 0.0
	for i, g := range l.gradient() {
		if b.pushedOut(i, x[i], g) {
			continue
		}
		column := mat.Col(nil, i, l.R)
		if norm := math.Sqrt(dot(column, column)); norm > 0 && size > 0 {
			most = max(most, math.Abs(g)/(norm*size))
		}
	}
	return most
}

// decrease returns what a step gains by the model, ½ |Q|² - ½ |R d + Q|².
func (l Linearization) decrease(d []float64) float64 {
	gain := 0.0
	for k, q := range l.Q {
		rd := dot(l.R.RawRowView(k), d)
		gain -= float64(rd * (q + rd/2))
	}
	return gain
}

// step solves the damped problem in a box around x by the active-set method: from
// d = 0, solve for the free parameters, go to the first bound on the way, hold the
// parameter there; at a solution release the parameter that gains most.
func (l Linearization) step(b Box, x []float64, lambda, maxStep float64) ([]float64, error) {
	n := len(x)
	low, high := make([]float64, n), make([]float64, n)
	d, held := make([]float64, n), make([]bool, n)
	grad := l.gradient()
	for i := range n {
		lo, hi := b.At(i)
		low[i], high[i] = max(lo-x[i], -maxStep), min(hi-x[i], maxStep)
		held[i] = b.pushedOut(i, x[i], grad[i])
	}
	for range 10 * (n + 1) {
		z, err := l.solve(d, held, lambda)
		if err != nil {
			return nil, err
		}
		t, first := 1.0, -1
		for i := range n {
			if held[i] {
				continue
			}
			bound := high[i]
			if z[i] < d[i] {
				bound = low[i]
			}
			if (z[i] > high[i] || z[i] < low[i]) && math.Abs(bound-d[i]) <= t*math.Abs(z[i]-d[i]) {
				t, first = (bound-d[i])/(z[i]-d[i]), i
			}
		}
		for i := range n {
			if !held[i] {
				d[i] = min(max(d[i]+float64(t*(z[i]-d[i])), low[i]), high[i])
			}
		}
		if first >= 0 {
			if held[first] = true; z[first] > high[first] {
				d[first] = high[first]
			} else {
				d[first] = low[first]
			}
			continue
		}
		release, most := -1, 0.0
		for i, g := range l.dampedGradient(d, lambda) {
			inward := (d[i] <= low[i] && g < 0) || (d[i] >= high[i] && g > 0)
			if held[i] && inward && low[i] < high[i] && math.Abs(g) > max(most, 1e-12*math.Abs(grad[i])) {
				release, most = i, math.Abs(g)
			}
		}
		if release < 0 {
			break
		}
		held[release] = false
	}
	return d, nil
}

// dampedGradient returns Rᵀ (R d + Q) + λ d.
func (l Linearization) dampedGradient(d []float64, lambda float64) []float64 {
	at := Linearization{R: l.R, Q: slices.Clone(l.Q)}
	for k := range at.Q {
		at.Q[k] += dot(l.R.RawRowView(k), d)
	}
	g := at.gradient()
	for i, v := range d {
		g[i] += float64(lambda * v)
	}
	return g
}

// solve returns the unbounded minimum over the parameters that are not held, the
// others as in d, by a QR factorization of [R; sqrt(λ) I].
func (l Linearization) solve(d []float64, held []bool, lambda float64) ([]float64, error) {
	n := len(d)
	var free []int
	for i, h := range held {
		if !h {
			free = append(free, i)
		}
	}
	z := slices.Clone(d)
	if len(free) == 0 {
		return z, nil
	}
	a, rhs := mat.NewDense(n+len(free), len(free), nil), mat.NewVecDense(n+len(free), nil)
	for k := range n {
		row := l.R.RawRowView(k)
		v := l.Q[k]
		for i, h := range held {
			if h {
				v += float64(row[i] * d[i])
			}
		}
		rhs.SetVec(k, -v)
		for j, i := range free {
			a.Set(k, j, row[i])
		}
	}
	for j := range free {
		a.Set(n+j, j, math.Sqrt(lambda))
	}
	var qr mat.QR
	qr.Factorize(a)
	var solution mat.VecDense
	// A bad condition is no error here: damping bounds the solution, and a poor step
	// is rejected and damped more.
	var condition mat.Condition
	if err := qr.SolveVecTo(&solution, false, rhs); err != nil && !errors.As(err, &condition) {
		return nil, fmt.Errorf("levenberg-marquardt: %w", err)
	}
	for j, i := range free {
		if v := solution.AtVec(j); isFinite(v) {
			z[i] = v
		}
	}
	return z, nil
}
