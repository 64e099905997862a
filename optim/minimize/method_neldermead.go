package minimize

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/optimize"

	"github.com/surge-snn/surge/optim"
)

// NelderMead is gonum's simplex method, which needs no gradient: a baseline. It
// searches the whole space and sees the loss through reflections at the bounds.
//
// Lagarias et al. (1998), doi:10.1137/S1052623496303470.
type NelderMead struct {
	// Size is the distance of the other vertices from the first; zero means 0.1.
	Size float64
	// Evaluations is the largest number of evaluations; zero means 200 n.
	Evaluations int
	// Tol and Patience: the search ends, as converged, after Patience iterations in
	// which the loss fell by no more than Tol (1 + |L|); zero means 1e-10 and 100.
	Tol      float64
	Patience int
}

// Start returns the state of a search from x.
func (m NelderMead) Start(_ *Problem, x []float64) (optim.State, error) {
	return optim.State{Kind: "nelder-mead", Slots: []optim.Slot{optim.Vector("x", slices.Clone(x)), optim.Vector("losses", []float64{})}}, nil
}

// Step makes 64 evaluations or more. Gonum's method cannot be asked for its state;
// therefore the state is the losses that it has been given. It runs again from the
// start on these, which evaluates nothing, and goes on from there.
func (m NelderMead) Step(e *Evaluator, s *optim.State) (Status, error) {
	if err := e.ready(); err != nil {
		return 0, err
	}
	if !(m.Size >= 0) || m.Evaluations < 0 || !(m.Tol >= 0) || m.Patience < 0 {
		return 0, fmt.Errorf("%w: nelder-mead: Size %v, Evaluations %d, Tol %v, Patience %d, want at least 0", optim.ErrSettings, m.Size, m.Evaluations, m.Tol, m.Patience)
	}
	if err := s.CheckVectors("nelder-mead", 0, 0, e.Dim(), -1); err != nil {
		return 0, err
	}
	x, losses, box := s.Vector(0), s.Vector(1), e.Box()
	free := box.free(len(x))
	if len(free) == 0 {
		_, err := e.Loss(x)
		return Converged, err
	}
	m = m.withDefaults(len(free))
	// The number grows with what is there, so that replays cost O(1) per evaluation.
	until := min(len(losses)+64+len(losses)/8, m.Evaluations)
	if until <= len(losses) {
		return BudgetReached, nil
	}
	var failed error
	at := 0
	problem := optimize.Problem{
		Func: func(z []float64) float64 {
			at++
			if at > len(losses) && failed == nil {
				var loss float64
				if loss, failed = e.Loss(box.unfold(x, free, z)); failed == nil {
					losses = append(losses, loss)
				}
			}
			if failed != nil {
				return math.MaxFloat64
			}
			return min(losses[at-1], math.MaxFloat64) // gonum does not start from +Inf
		},
		Status: func() (optimize.Status, error) { return optimize.NotTerminated, failed },
	}
	start := make([]float64, len(free))
	for k, i := range free {
		start[k] = x[i]
	}
	res, err := optimize.Minimize(problem, start,
		&optimize.Settings{
			FuncEvaluations: until,
			Converger:       &optimize.FunctionConverge{Absolute: m.Tol, Relative: m.Tol, Iterations: m.Patience},
		},
		&optimize.NelderMead{SimplexSize: m.Size})
	if failed != nil {
		return 0, failed
	}
	s.SetVector(1, losses)
	s.Step++
	switch {
	case err == nil && res.Status == optimize.FunctionEvaluationLimit:
		return Running, nil
	case err == nil && (res.Status == optimize.FunctionConvergence || res.Status == optimize.MethodConverge):
		return Converged, nil
	}
	return NoProgress, nil
}

func (m NelderMead) withDefaults(n int) NelderMead {
	if m.Size == 0 {
		m.Size = 0.1
	}
	if m.Evaluations == 0 {
		m.Evaluations = 200 * n
	}
	if m.Tol == 0 {
		m.Tol = 1e-10
	}
	if m.Patience == 0 {
		m.Patience = 100
	}
	return m
}
