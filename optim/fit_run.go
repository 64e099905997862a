package optim

import (
	"fmt"
	"slices"
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

// Method is a way to look for a minimum. As with [Transform], the method is a plain
// value of settings, and all that a search remembers is in its state: a search that
// goes on from a state that was written and read back does what the other would have
// done.
type Method interface {
	// Start returns the state of a search from x, a point within the bounds of p,
	// which it copies. It evaluates nothing.
	Start(p *Problem, x []float64) (State, error)

	// Step does one iteration. It returns Running while there is more to do. After an
	// error the state means nothing; the caller goes back to the one before.
	Step(e *Evaluator, s *State) (Status, error)
}

// run is a method at work on a problem: what is stepped by Fit, and by the methods
// that are made of others.
type run struct {
	method Method
	e      *Evaluator
	state  State
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
func (r *run) encode() State {
	c := r.e.counts
	best := r.e.best
	if best == nil {
		best = []float64{}
	}
	return State{
		Kind: "run", Step: r.steps,
		Counts:  []uint64{uint64(r.status), uint64(c.evaluations), uint64(c.gradients), uint64(c.jacobians), uint64(c.nonFinite)},
		Slots:   []Slot{vector("best", best), vector("loss", []float64{r.e.loss, r.e.last})},
		Members: []State{r.state},
	}
}

// decodeRun is the inverse of encode, for a method and an evaluator that knows
// context, problem and budget. It shares the arrays of s.
func decodeRun(m Method, e *Evaluator, s State) (*run, error) {
	if err := s.shape("run", 5, 1, -1, 2); err != nil {
		return nil, err
	}
	best, loss := s.vector(0), s.vector(1)
	if len(best) != 0 && len(best) != e.n {
		return nil, fmt.Errorf("%w: best point has %d parameters, want %d", ErrState, len(best), e.n)
	}
	if len(best) != 0 {
		if err := e.p.checkPoint("best point", best); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrState, err)
		}
		e.best = best
	}
	e.loss, e.last = loss[0], loss[1]
	c := s.Counts
	if c[0] > uint64(Interrupted) {
		return nil, fmt.Errorf("%w: status is %d, want at most %d", ErrState, c[0], Interrupted)
	}
	for _, v := range c[1:] {
		if v > 1<<40 {
			return nil, fmt.Errorf("%w: count is %d, want at most 2^40", ErrState, v)
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

// vector returns a slot with one array.
func vector(name string, x []float64) Slot { return Slot{name, Tree{{Name: name, F64: x}}} }

// vector returns the array of the i-th slot.
func (s *State) vector(i int) []float64 { return s.Slots[i].Tree[0].F64 }

// setVector replaces the array of the i-th slot.
func (s *State) setVector(i int, x []float64) { s.Slots[i].Tree[0].F64 = x }

// shape returns an error unless s has this kind, these numbers of counts and members
// (-1 for any), and one slot of one array for each of lengths (-1 for any).
func (s *State) shape(kind string, counts, members int, lengths ...int) error {
	if s.Kind != kind || len(s.Counts) != counts || (members >= 0 && len(s.Members) != members) || len(s.Slots) != len(lengths) {
		return fmt.Errorf("%w: found kind %q with %d counts, %d slots, %d members, want %q with %d, %d, %d",
			ErrState, s.Kind, len(s.Counts), len(s.Slots), len(s.Members), kind, counts, len(lengths), members)
	}
	for i, slot := range s.Slots {
		if len(slot.Tree) != 1 || slot.Tree[0].F64 == nil || (lengths[i] >= 0 && slot.Tree[0].Len() != lengths[i]) {
			return fmt.Errorf("%w: %s: slot %q does not hold %d float64", ErrState, kind, slot.Name, lengths[i])
		}
	}
	return nil
}

// clone returns a copy of s that shares nothing with it.
func (s State) clone() State {
	s.scratch = nil
	s.Counts = slices.Clone(s.Counts)
	s.Slots = slices.Clone(s.Slots)
	for i, slot := range s.Slots {
		tree := slices.Clone(slot.Tree)
		for j, l := range tree {
			tree[j].F32, tree[j].F64 = slices.Clone(l.F32), slices.Clone(l.F64)
		}
		s.Slots[i].Tree = tree
	}
	s.Members = slices.Clone(s.Members)
	for i, m := range s.Members {
		s.Members[i] = m.clone()
	}
	return s
}
