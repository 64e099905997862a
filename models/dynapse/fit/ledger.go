package fit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/optim/minimize"
)

// answer is a point with its loss, which has the priors in it, and with what is known of it beyond
// that.
type answer struct {
	x    []float64 // nil: there is none yet
	loss float64
	// errors are standard errors where neurons were fitted one by one, or nil.
	errors      []float64
	hierarchies []hierarchy // beside errors
	// nominal is the best point for the nominal chip where x is the one that suits chips with
	// mismatch, or nil.
	nominal []float64
}

// ledger keeps what the phases of a fit have done: the best point, the counts, the history and the
// checkpoint. A fit is a function of the experiment and its settings, so that a checkpoint is the
// list of the results of its phases, which a fit that is resumed reads in place of running them,
// and the state of the phase at hand.
type ledger struct {
	record func(Progress) error
	note   func(phase string, status minimize.Status, loss float64)
	cost   int // of a Jacobian, in simulations
	judged func(ctx context.Context, x []float64) (float64, error)

	best                   answer
	rejected               error // of the first point whose simulation left the finite numbers
	evaluations, gradients int
	history                []Progress
	whole                  int             // entries of the history that belong to phases that are done
	status                 minimize.Status // of the last phase

	done    []optim.State // results of phases
	replay  []optim.State // those of the checkpoint that are left
	current *optim.State  // of the phase that the checkpoint was made in
}

// offer evaluates the loss of the experiment at x and keeps the point if it is the best.
func (l *ledger) offer(ctx context.Context, x []float64) error {
	l.evaluations++
	loss, err := l.judged(ctx, x)
	if errors.Is(err, optim.ErrNonFinite) {
		l.rejected = cmp.Or(l.rejected, err)
		return nil
	}
	if err == nil && loss < l.best.loss {
		l.best.x, l.best.loss = slices.Clone(x), loss
	}
	return err
}

// minimise runs minimize.Fit from x, or takes its result from the checkpoint. The best point of a
// search that is cut short is offered, or what complete makes of it.
func (l *ledger) minimise(ctx context.Context, phase string, p minimize.Problem, x []float64, m minimize.Method, complete func(context.Context, []float64) ([]float64, error)) ([]float64, float64, error) {
	r, err := l.memoize(phase, func(resume *optim.State) (outcome, error) {
		settings := minimize.Settings{Resume: resume, Record: func(q minimize.Progress) error {
			return l.report(Progress{Phase: phase, Step: q.Step, Loss: q.Best, Best: l.best.loss,
				Evaluations: l.evaluations + q.Evaluations + q.Jacobians*l.cost, Gradients: l.gradients + q.Gradients}, &q.State)
		}}
		res, err := minimize.Fit(ctx, p, x, &settings, m)
		if err != nil {
			return outcome{}, fmt.Errorf("%s: %w", phase, err)
		}
		o := outcome{res.Status, res.Evaluations + res.Jacobians*l.cost, res.Gradients, [][]float64{res.X, {res.Loss}}}
		if res.Status != minimize.Interrupted && (res.Status != minimize.BudgetReached || ctx.Err() == nil) {
			return o, nil
		}
		l.count(o)
		l.current = &res.State
		if after := context.WithoutCancel(ctx); res.X != nil { // a point that cannot be evaluated is not better
			y, err := res.X, error(nil)
			if complete != nil {
				y, err = complete(after, y)
			}
			if err == nil {
				_ = l.offer(after, y)
			}
		}
		if res.Status == minimize.Interrupted {
			return outcome{}, context.Canceled
		}
		return outcome{}, ctx.Err()
	})
	if err != nil {
		return nil, 0, err
	}
	if len(r.values) != 2 || len(r.values[0]) != len(x) || len(r.values[1]) != 1 {
		return nil, 0, errCheckpoint
	}
	return r.values[0], r.values[1][0], nil
}

// outcome is the result of a phase, as checkpoints keep it.
type outcome struct {
	status                 minimize.Status
	evaluations, gradients int
	values                 [][]float64
}

var errCheckpoint = fmt.Errorf("%w: the checkpoint is not one of this fit", optim.ErrState)

// memoize returns the outcome of a phase: that of the checkpoint, or that of run, which it keeps.
// resume is the state that the phase at hand of the checkpoint was in, or nil.
func (l *ledger) memoize(phase string, run func(resume *optim.State) (outcome, error)) (outcome, error) {
	if len(l.replay) > 0 {
		s := l.replay[0]
		l.replay = l.replay[1:]
		if len(s.Counts) != 3 {
			return outcome{}, errCheckpoint
		}
		o := outcome{status: minimize.Status(s.Counts[0]), evaluations: int(s.Counts[1]), gradients: int(s.Counts[2])}
		for i := range s.Slots {
			if len(s.Slots[i].Tree) != 1 {
				return outcome{}, errCheckpoint
			}
			o.values = append(o.values, s.Vector(i))
		}
		l.keep(phase, o, s)
		return o, nil
	}
	resume := l.current
	l.current = nil
	o, err := run(resume)
	if err != nil {
		return outcome{}, err
	}
	s := optim.State{Kind: phase, Counts: []uint64{uint64(o.status), uint64(o.evaluations), uint64(o.gradients)}}
	for i, v := range o.values {
		s.Slots = append(s.Slots, optim.Vector(fmt.Sprint(i), v))
	}
	l.keep(phase, o, s)
	return o, nil
}

// keep counts and keeps the outcome of a phase.
func (l *ledger) keep(phase string, o outcome, s optim.State) {
	l.done = append(l.done, s)
	l.whole = len(l.history)
	l.status = o.status
	l.count(o)
	loss := math.NaN()
	if len(o.values) > 1 && len(o.values[1]) == 1 {
		loss = o.values[1][0]
	}
	l.note(phase, o.status, loss)
}

func (l *ledger) count(o outcome) {
	l.evaluations += o.evaluations
	l.gradients += o.gradients
}

// report adds to the history, and tells who listens. state is that of the phase at hand, or nil.
func (l *ledger) report(n Progress, state *optim.State) error {
	l.history = append(l.history, n)
	if l.record == nil {
		return nil
	}
	n.Checkpoint = func() optim.State { return l.checkpoint(state) }
	return l.record(n)
}

// checkpointKind is the kind of the state of a fit. Its members are the history, the outcomes of
// phases, and the state of the one at hand if there is one.
const checkpointKind = "surge-fit"

// historyKind is the kind of its first member.
const historyKind = "history"

// checkpoint is the list of the phases, and the state of the one at hand. One without a state is
// run again, and its steps come into the history then.
func (l *ledger) checkpoint(current *optim.State) optim.State {
	history := l.history[:l.whole]
	if current != nil {
		history = l.history
	}
	s := optim.State{Kind: checkpointKind, Members: append([]optim.State{encodeHistory(history)}, l.done...), Counts: []uint64{0}}
	s.Members = append(s.Members, l.replay...) // where a fit that was resumed is stopped before it is where it was
	if current != nil {
		s.Counts[0] = 1
		s.Members = append(s.Members, *current)
	}
	return s
}

// resume reads a checkpoint.
func (l *ledger) resume(s *optim.State) error {
	if s == nil {
		return nil
	}
	if s.Kind != checkpointKind || len(s.Counts) != 1 || s.Counts[0] > 1 {
		return fmt.Errorf("%w: found a state of kind %q, want %s", optim.ErrState, s.Kind, checkpointKind)
	}
	if len(s.Members) == 0 || s.Members[0].Kind != historyKind {
		return fmt.Errorf("%w: the checkpoint has no history of steps: an older build wrote it, and its phases were others; start the fit again", optim.ErrState)
	}
	if uint64(len(s.Members)) < 1+s.Counts[0] {
		return errCheckpoint
	}
	if err := l.decodeHistory(s.Members[0]); err != nil {
		return err
	}
	l.whole = len(l.history)
	l.replay = slices.Clone(s.Members[1:])
	if s.Counts[0] == 1 {
		l.current = &l.replay[len(l.replay)-1]
		l.replay = l.replay[:len(l.replay)-1]
	}
	return nil
}

// encodeHistory has a slot for the steps of each phase in turn, [steps, 5].
func encodeHistory(history []Progress) optim.State {
	s := optim.State{Kind: historyKind}
	for i, h := range history {
		if i == 0 || history[i-1].Phase != h.Phase {
			s.Slots = append(s.Slots, optim.Vector(h.Phase, nil))
		}
		v := &s.Slots[len(s.Slots)-1].Tree[0].F64
		*v = append(*v, float64(h.Step), float64(h.Evaluations), float64(h.Gradients), h.Loss, h.Best)
	}
	return s
}

func (l *ledger) decodeHistory(s optim.State) error {
	for i, slot := range s.Slots {
		if len(slot.Tree) != 1 || len(slot.Tree[0].F64)%5 != 0 {
			return errCheckpoint
		}
		for v := s.Vector(i); len(v) > 0; v = v[5:] {
			l.history = append(l.history, Progress{Phase: slot.Name, Step: int(v[0]), Evaluations: int(v[1]), Gradients: int(v[2]), Loss: v[3], Best: v[4]})
		}
	}
	return nil
}
