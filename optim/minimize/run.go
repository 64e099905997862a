package minimize

import (
	"fmt"

	"github.com/surge-snn/surge/optim"
)

// Status says how a fit ended.
type Status int

// The ends of a fit.
const (
	// Running is the status of a fit that goes on.
	Running Status = iota
	// Converged: the method's test for a minimum within the bounds holds.
	Converged
	// NoProgress: the method finds nothing better, but its test does not hold.
	NoProgress
	// BudgetReached: evaluations, iterations or time have run out.
	BudgetReached
	// Interrupted: the context was cancelled.
	Interrupted
)

// String returns "running", "converged", "no-progress", "budget" or "interrupted".
func (s Status) String() string {
	names := [...]string{"running", "converged", "no-progress", "budget", "interrupted"}
	if s < 0 || int(s) >= len(names) {
		return fmt.Sprintf("Status(%d)", int(s))
	}
	return names[s]
}

// MarshalText writes what String returns.
func (s Status) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (s *Status) UnmarshalText(text []byte) error {
	for k := Running; k <= Interrupted; k++ {
		if k.String() == string(text) {
			*s = k
			return nil
		}
	}
	return fmt.Errorf("%w: status %q", optim.ErrState, text)
}

// Method is a way to look for a minimum. As with [optim.Transform], the method is a plain
// value of settings, and all that a search remembers is in its state: a search that
// goes on from a state that was written and read back does what the other would have
// done.
type Method interface {
	// Start returns the state of a search from x, a point within the bounds of p,
	// which it copies. It evaluates nothing.
	Start(p *Problem, x []float64) (optim.State, error)

	// Step does one iteration. It returns Running while there is more to do. After an
	// error the state means nothing; the caller goes back to the one before.
	Step(e *Evaluator, s *optim.State) (Status, error)
}

// run is a method at work on a problem: what is stepped by Fit, and by the methods
// that are made of others.
type run struct {
	method Method
	e      *Evaluator
	state  optim.State
	status Status
	steps  uint64
}

func newRun(m Method, e *Evaluator, x []float64) (*run, error) {
	state, err := m.Start(e.p, x)
	return &run{method: m, e: e, state: state}, err
}

// step does one iteration of the method.
func (r *run) step() error {
	status, err := r.method.Step(r.e, &r.state)
	if err != nil {
		return err
	}
	r.status = status
	r.steps++
	return nil
}

// encode returns the run as a state; it shares the arrays.
func (r *run) encode() optim.State {
	c := r.e.counts
	best := r.e.best
	if best == nil {
		best = []float64{}
	}
	return optim.State{
		Kind: "run", Step: r.steps,
		Counts:  []uint64{uint64(r.status), uint64(c.evaluations), uint64(c.gradients), uint64(c.jacobians), uint64(c.nonFinite)},
		Slots:   []optim.Slot{optim.Vector("best", best), optim.Vector("loss", []float64{r.e.loss, r.e.last})},
		Members: []optim.State{r.state},
	}
}

// decodeRun is the inverse of encode, for a method and an evaluator that knows
// context, problem and budget. It shares the arrays of s.
func decodeRun(m Method, e *Evaluator, s optim.State) (*run, error) {
	if err := s.CheckVectors("run", 5, 1, -1, 2); err != nil {
		return nil, err
	}
	best, loss := s.Vector(0), s.Vector(1)
	if len(best) != 0 && len(best) != e.n {
		return nil, fmt.Errorf("%w: best point has %d parameters, want %d", optim.ErrState, len(best), e.n)
	}
	if len(best) != 0 {
		if err := e.p.checkPoint("best point", best); err != nil {
			return nil, fmt.Errorf("%w: %w", optim.ErrState, err)
		}
		e.best = best
	}
	e.loss, e.last = loss[0], loss[1]
	c := s.Counts
	if c[0] > uint64(Interrupted) {
		return nil, fmt.Errorf("%w: status is %d, want at most %d", optim.ErrState, c[0], Interrupted)
	}
	for _, v := range c[1:] {
		if v > 1<<40 {
			return nil, fmt.Errorf("%w: count is %d, want at most 2^40", optim.ErrState, v)
		}
	}
	e.counts = counts{int(c[1]), int(c[2]), int(c[3]), int(c[4])}
	return &run{method: m, e: e, state: s.Members[0], status: Status(c[0]), steps: s.Step}, nil
}

// absorb adds to e what a part of the search has done since it had the counts before.
// Its best point is offered to e if it was looking at the same loss.
func (e *Evaluator) absorb(part *Evaluator, before counts, sameLoss bool) {
	e.counts = e.counts.plus(counts{
		part.counts.evaluations - before.evaluations, part.counts.gradients - before.gradients,
		part.counts.jacobians - before.jacobians, part.counts.nonFinite - before.nonFinite,
	})
	if sameLoss && part.best != nil && part.counts != before {
		e.offer(part.best, part.loss)
		e.last = part.last
	}
}
