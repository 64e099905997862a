package minimize

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/surge-snn/surge/optim"
)

// Descent follows the gradient through an [optim.Transform] and stays within the bounds:
//
//	x <- project(x + u),  u = Transform(gradient at x)
//
// It takes every gradient as it comes and never compares losses on its way, so that
// surrogate gradients, which belong to another function than the loss, do not stop
// it. The best point is kept all the same.
//
// A point whose loss or gradient is not finite, or whose gradient is too large for the
// transform, is left for the middle between it and the last good point, at most 30
// times in a row; the state of the transform does not change.
//
// It has converged when no component of the gradient, except for those that push
// against a bound, is above Tol max(1, |L|). One gradient per step.
type Descent struct {
	// Transform turns gradients into updates; nil means optim.Adam{LR: optim.Constant(0.05)},
	// which in ln I moves every current by at most some 5 % per step.
	Transform optim.Transform
	// Steps is the largest number of steps; zero means 1000.
	Steps int
	// Patience ends the search, with NoProgress, after that many steps in a row
	// without a new best loss that is lower by more than 1e-4 of itself; zero means 100.
	Patience int
	// Tol is the tolerance of the gradient; zero means 1e-8.
	Tol float64
}

const (
	descentHalvings = 30   // 2^-30 of a step is no step
	descentGain     = 1e-4 // relative decrease that counts for Patience
)

// Slots of the state; its counts are halvings in a row and steps without a gain.
const (
	descentX    = iota
	descentGood // the last point that the transform has seen
	descentMark // the loss that counts for Patience
)

// Start returns the state of a search from x.
func (d Descent) Start(_ *Problem, x []float64) (optim.State, error) {
	d = d.withDefaults()
	inner := d.Transform.Init(optim.Tree{{Name: "x", F64: x}})
	return optim.State{
		Kind: "descent", Counts: []uint64{0, 0},
		Slots:   []optim.Slot{optim.Vector("x", slices.Clone(x)), optim.Vector("good", []float64{}), optim.Vector("mark", []float64{math.Inf(1)})},
		Members: []optim.State{inner},
	}, nil
}

// Step evaluates one gradient and moves.
func (d Descent) Step(e *Evaluator, s *optim.State) (Status, error) {
	if err := e.ready(); err != nil {
		return 0, err
	}
	if d.Steps < 0 || d.Patience < 0 || !(d.Tol >= 0) {
		return 0, fmt.Errorf("%w: descent: Steps %d, Patience %d, Tol %v, want at least 0", optim.ErrSettings, d.Steps, d.Patience, d.Tol)
	}
	d = d.withDefaults()
	n := e.Dim()
	if err := s.CheckVectors("descent", 2, 1, n, -1, 1); err != nil {
		return 0, err
	}
	x := s.Vector(descentX)
	if s.Step >= uint64(d.Steps) {
		return BudgetReached, nil
	}
	s.Step++

	grad := make([]float64, n)
	loss, err := e.Grad(grad, x)
	if err != nil {
		return 0, err
	}
	if math.IsInf(loss, 1) {
		return d.goBack(e, s), nil
	}
	if projectedNorm(e.Box(), x, grad) <= d.Tol*max(1, math.Abs(loss)) {
		return Converged, nil
	}
	params, updates := optim.Tree{{Name: "x", F64: slices.Clone(x)}}, optim.Tree{{Name: "x", F64: grad}}
	inner := s.Members[0].Clone()
	err = d.Transform.Update(updates, params, &inner)
	if err == nil {
		err = optim.Apply(params, updates)
	}
	if errors.Is(err, optim.ErrNonFinite) {
		e.counts.nonFinite++
		return d.goBack(e, s), nil
	}
	if err != nil {
		return 0, fmt.Errorf("descent: %w", err)
	}
	mark, stalled := s.Vector(descentMark), &s.Counts[1]
	if loss < mark[0]-descentGain*math.Abs(mark[0]) || math.IsInf(mark[0], 1) {
		mark[0], *stalled = loss, 0
	} else if *stalled++; *stalled >= uint64(d.Patience) {
		return NoProgress, nil
	}
	s.Counts[0] = 0
	s.Members[0] = inner
	s.SetVector(descentGood, x)
	s.SetVector(descentX, params[0].F64)
	e.Box().Project(params[0].F64)
	return Running, nil
}

// goBack moves x to the middle between it and the last good point.
func (Descent) goBack(e *Evaluator, s *optim.State) Status {
	x, good, halvings := s.Vector(descentX), s.Vector(descentGood), &s.Counts[0]
	if len(good) != len(x) || *halvings >= descentHalvings {
		return NoProgress
	}
	*halvings++
	for i, g := range good {
		x[i] = g + (x[i]-g)/2
	}
	e.Box().Project(x)
	return Running
}

func (d Descent) withDefaults() Descent {
	if d.Transform == nil {
		d.Transform = optim.Adam{LR: optim.Constant(0.05)}
	}
	if d.Steps == 0 {
		d.Steps = 1000
	}
	if d.Patience == 0 {
		d.Patience = 100
	}
	if d.Tol == 0 {
		d.Tol = 1e-8
	}
	return d
}

// projectedNorm returns the largest magnitude of the gradient's components that do
// not push against a bound.
func projectedNorm(b Box, x, grad []float64) float64 {
	norm := 0.0
	for i, g := range grad {
		if !b.pushedOut(i, x[i], g) {
			norm = max(norm, math.Abs(g))
		}
	}
	return norm
}
