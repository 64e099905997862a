package minimize

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/surge-snn/surge/optim"
)

// Sequence runs methods one after the other, each from the best point of the one
// before, and each on a loss of its own if need be:
//
//	minimize.Sequence{
//		{Problem: &counts},        // first as many spikes as there should be
//		{Method: minimize.LBFGS{}},   // then the loss of the fit
//	}
//
// A point that is the best of a stage with its own loss is evaluated for the loss of
// the fit as well, so that the result is the best by that. The status is that of the
// last stage.
type Sequence []Stage

// Stage is one part of a [Sequence].
type Stage struct {
	// Problem is the loss of the stage with its derivatives and priors; names and
	// bounds are those of the fit. Nil means the problem of the fit.
	Problem *Problem
	// Method is what is run; nil means what Fit takes for nil.
	Method Method
}

// Start returns the state of a search from x.
func (q Sequence) Start(p *Problem, x []float64) (optim.State, error) {
	if err := p.startsAt(x); err != nil {
		return optim.State{}, err
	}
	if len(q) == 0 {
		return optim.State{}, fmt.Errorf("%w: sequence: no stages", optim.ErrSettings)
	}
	for k := range q {
		if _, _, err := q.stage(k, p, len(x)); err != nil {
			return optim.State{}, err
		}
	}
	return q.at(0, p, x)
}

// at returns the state at the beginning of stage k.
func (q Sequence) at(k int, p *Problem, x []float64) (optim.State, error) {
	own, m, err := q.stage(k, p, len(x))
	if err != nil {
		return optim.State{}, err
	}
	r, err := newRun(m, newEvaluator(context.Background(), own, len(x), math.MaxInt), x)
	if err != nil {
		return optim.State{}, fmt.Errorf("sequence: stage %d: %w", k, err)
	}
	return optim.State{Kind: "sequence", Counts: []uint64{uint64(k)}, Slots: []optim.Slot{optim.Vector("x", slices.Clone(x))}, Members: []optim.State{r.encode()}}, nil
}

// stage returns problem and method of stage k.
func (q Sequence) stage(k int, p *Problem, n int) (*Problem, Method, error) {
	own, m := p, q[k].Method
	if q[k].Problem != nil {
		c := *q[k].Problem
		c.Names, c.Box = p.Names, p.Box
		own = &c
		if err := own.check(n); err != nil {
			return nil, nil, fmt.Errorf("sequence: stage %d: %w", k, err)
		}
	}
	if m == nil {
		m = defaultMethod(own)
	}
	return own, m, nil
}

// Step does one step of the method whose turn it is.
func (q Sequence) Step(e *Evaluator, s *optim.State) (Status, error) {
	if err := e.ready(); err != nil {
		return 0, err
	}
	if err := s.CheckVectors("sequence", 1, 1, e.n); err != nil {
		return 0, err
	}
	k := int(s.Counts[0])
	if k < 0 || k >= len(q) {
		return 0, fmt.Errorf("%w: sequence: stage %d of %d", optim.ErrState, k, len(q))
	}
	own, m, err := q.stage(k, e.p, e.n)
	if err != nil {
		return 0, err
	}
	part := newEvaluator(e.ctx, own, e.n, math.MaxInt)
	r, err := decodeRun(m, part, s.Members[0])
	if err != nil {
		return 0, fmt.Errorf("sequence: stage %d: %w", k, err)
	}
	if left := e.Left(); left != math.MaxInt {
		part.limit = part.cost() + left
	}
	before, same := part.counts, own == e.p
	err = r.step()
	e.absorb(part, before, same)
	if err != nil {
		return 0, err
	}
	step := s.Step + 1
	if r.status == Running {
		s.Members[0], s.Step = r.encode(), step
		return Running, nil
	}
	x := s.Vector(0)
	if part.best != nil {
		x = part.best
	}
	if !same {
		if _, err := e.Loss(x); err != nil {
			return 0, err
		}
	}
	if k++; k == len(q) {
		return r.status, nil
	}
	if *s, err = q.at(k, e.p, x); err != nil {
		return 0, err
	}
	s.Step = step
	return Running, nil
}
