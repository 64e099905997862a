package minimize

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"slices"

	"github.com/surge-snn/surge/optim"
)

// Settings of a fit. The zero value, like nil, sets no limit, reports to nobody and
// starts anew.
type Settings struct {
	// Budget is the largest cost, in evaluations of the loss:
	//
	//	evaluations + 3 gradients + (1 + n) Jacobians
	//
	// It is never exceeded. Zero means no limit; a limit in seconds is a context with
	// a deadline.
	Budget int
	// Record is called after every step, from the goroutine of Fit. Its error ends
	// the fit. Nil means no calls.
	Record func(Progress) error
	// Resume goes on from the state of a [Result] or a [Progress], perhaps with
	// another Budget; nil means a new fit. Problem, init and method must be those of
	// before.
	Resume *optim.State
}

// Progress is where a fit stands after a step.
type Progress struct {
	// Step is the number of steps of the method; 0 is the initial point.
	Step int
	// Evaluations, Gradients and Jacobians count calls of the problem's functions, of
	// the derivatives with the loss that comes with them.
	Evaluations, Gradients, Jacobians int
	// NonFinite counts points that were rejected for NaN or infinity.
	NonFinite int
	// Loss is the last finite loss that was evaluated, Best the least.
	Loss, Best float64
	// State is the checkpoint, which [optim.State.MarshalBinary] turns into bytes. The fit does
	// not change it any more. It is empty in a Result's History.
	State optim.State
}

// Result is what a fit found.
type Result struct {
	// Status says how the fit ended.
	Status Status
	// X is the best point, [n], within the bounds; Loss its loss with priors. They are
	// nil and +Inf if the fit ended before a finite loss was found.
	X    []float64
	Loss float64
	// Init is the loss at the initial point; +Inf if it is not finite.
	Init float64
	// Sides says which parameters lie at a bound, [n].
	Sides []Side
	// Evaluations, Gradients and Jacobians count calls, NonFinite rejected points.
	Evaluations, Gradients, Jacobians, NonFinite int
	// History has an entry for the initial point and one for each step.
	History []Progress
	// State is the checkpoint to resume from. What a step had done that was cut short
	// by budget or context is not in it: that step is done again, so that a fit that
	// is resumed is equal to one that was never stopped.
	State optim.State
}

// Fit looks for the parameters with the least loss, from init and within the bounds:
//
//	p := minimize.Problem{Names: names, Grad: loss, Box: box}
//	res, err := minimize.Fit(ctx, p, lnI, nil, nil)
//
// Parameters are any coordinates in which steps of order one make sense, such as
// logarithms of currents (see [ToLog]). A nil Settings is its zero value. A nil
// Method is
//
//	LevenbergMarquardt{}  with a Jacobian
//	Descent{}             with a gradient: it tolerates surrogates
//	NelderMead{}          otherwise
//
// Fit evaluates init first. It returns the best point whatever the status, and also together with
// an error of the problem or of Record. Budget, deadline and cancellation are no errors once there
// is an evaluation. Errors wrap ErrProblem, ErrBounds (init is out of bounds), optim.ErrSettings,
// optim.ErrState (the state to resume from is of another problem or method) or optim.ErrNonFinite
// (no finite loss was found); the result is nil if nothing was evaluated.
//
// The same arguments give the same bytes for any GOMAXPROCS and any number of workers,
// if the problem's functions do.
func Fit(ctx context.Context, p Problem, init []float64, s *Settings, m Method) (*Result, error) {
	ctx, p = orBackground(ctx), p.guarded()
	n := len(init)
	if err := p.check(n); err != nil {
		return nil, fmt.Errorf("fit: %w", err)
	}
	if err := p.checkPoint("init", init); err != nil {
		return nil, fmt.Errorf("fit: %w", err)
	}
	if s == nil {
		s = &Settings{}
	}
	if s.Budget < 0 {
		return nil, fmt.Errorf("%w: fit: Budget is %d, want at least 0", optim.ErrSettings, s.Budget)
	}
	if m == nil {
		m = defaultMethod(&p)
	}
	f := &fit{record: s.Record, print: fingerprint(&p, init)}
	limit := s.Budget
	if limit == 0 {
		limit = math.MaxInt
	}
	e := newEvaluator(ctx, &p, n, limit)
	if s.Resume != nil {
		if err := f.decode(m, e, s.Resume.Clone()); err != nil {
			return nil, fmt.Errorf("fit: resume: %w", err)
		}
		return f.result(f.loop())
	}
	var err error
	if f.run, err = newRun(m, e, init); err != nil {
		return nil, fmt.Errorf("fit: %w", err)
	}
	return f.result(f.begin(init))
}

func defaultMethod(p *Problem) Method {
	switch {
	case p.Jacobian != nil:
		return LevenbergMarquardt{}
	case p.Grad != nil:
		return Descent{}
	}
	return NelderMead{}
}

// fit is a run with its history.
type fit struct {
	run     *run
	record  func(Progress) error
	print   uint64      // fingerprint of the problem
	init    float64     // loss there
	history []float64   // columns of historyOf, row after row
	last    optim.State // after the last whole step
}

// begin evaluates init and goes on from there.
func (f *fit) begin(init []float64) error {
	f.last = f.encode()
	var err error
	if f.init, err = f.run.e.Loss(init); err != nil {
		return err
	}
	if err := f.note(); err != nil {
		return err
	}
	return f.loop()
}

// loop steps until the run ends.
func (f *fit) loop() error {
	for f.run.status == Running {
		if err := f.run.e.ctx.Err(); err != nil {
			return err
		}
		if err := f.run.step(); err != nil {
			return err
		}
		if err := f.note(); err != nil {
			return err
		}
	}
	return nil
}

// note adds a row to the history, keeps the state and reports.
func (f *fit) note() error {
	p := progress(f.run)
	f.history = append(f.history, float64(p.Step), float64(p.Evaluations), float64(p.Gradients), float64(p.Jacobians), float64(p.NonFinite), p.Loss, p.Best)
	f.last = f.encode()
	if f.record == nil {
		return nil
	}
	p.State = f.last
	if err := f.record(p); err != nil {
		return fmt.Errorf("fit: record after step %d: %w", p.Step, err)
	}
	return nil
}

func progress(r *run) Progress {
	c := r.e.counts
	return Progress{
		Step: int(r.steps), Evaluations: c.evaluations, Gradients: c.gradients, Jacobians: c.jacobians,
		NonFinite: c.nonFinite, Loss: r.e.last, Best: r.e.loss,
	}
}

const historyColumns = 7

func historyOf(rows []float64) []Progress {
	h := make([]Progress, 0, len(rows)/historyColumns)
	for r := range slices.Chunk(rows, historyColumns) {
		h = append(h, Progress{
			Step: int(r[0]), Evaluations: int(r[1]), Gradients: int(r[2]), Jacobians: int(r[3]),
			NonFinite: int(r[4]), Loss: r[5], Best: r[6],
		})
	}
	return h
}

// result turns the end of the loop into what Fit returns.
func (f *fit) result(err error) (*Result, error) {
	e := f.run.e
	if e.counts == (counts{}) {
		return nil, fmt.Errorf("fit: nothing was evaluated: %w", err)
	}
	res := &Result{
		Status: f.run.status, X: slices.Clone(e.best), Loss: e.loss, Init: f.init, Sides: e.p.Box.Sides(e.best),
		Evaluations: e.counts.evaluations, Gradients: e.counts.gradients, Jacobians: e.counts.jacobians,
		NonFinite: e.counts.nonFinite, History: historyOf(f.history), State: f.last,
	}
	switch {
	case errors.Is(err, errBudget) || errors.Is(err, context.DeadlineExceeded):
		res.Status, err = BudgetReached, nil
	case errors.Is(err, context.Canceled):
		res.Status, err = Interrupted, nil
	case err != nil:
		res.Status = NoProgress
	case e.best == nil:
		err = fmt.Errorf("%w: fit: no finite loss at init nor at any other of %d points", optim.ErrNonFinite, e.counts.nonFinite)
	}
	return res, err
}

// encode returns the checkpoint. It shares the history, which only grows, and nothing
// else.
func (f *fit) encode() optim.State {
	history := slices.Clip(f.history)
	if history == nil {
		history = []float64{}
	}
	return optim.State{
		Kind: "fit", Step: f.run.steps, Counts: []uint64{f.print},
		Slots:   []optim.Slot{optim.Vector("history", history), optim.Vector("init", []float64{f.init})},
		Members: []optim.State{f.run.encode().Clone()},
	}
}

func (f *fit) decode(m Method, e *Evaluator, s optim.State) error {
	if err := s.CheckVectors("fit", 1, 1, -1, 1); err != nil {
		return err
	}
	if s.Counts[0] != f.print {
		return fmt.Errorf("%w: it is of a problem with other names, bounds, priors or init", optim.ErrState)
	}
	f.history, f.init = s.Vector(0), s.Vector(1)[0]
	if len(f.history)%historyColumns != 0 {
		return fmt.Errorf("%w: history has %d numbers, want a multiple of %d", optim.ErrState, len(f.history), historyColumns)
	}
	var err error
	if f.run, err = decodeRun(m, e, s.Members[0]); err != nil {
		return err
	}
	if len(f.history) == 0 {
		return fmt.Errorf("%w: it is from before the first evaluation", optim.ErrState)
	}
	f.last = f.encode()
	return nil
}

// fingerprint is a hash of what a problem and its start are made of, but for the
// functions.
func fingerprint(p *Problem, init []float64) uint64 {
	h := fnv.New64a()
	write := func(v float64) {
		_ = binary.Write(h, binary.LittleEndian, math.Float64bits(v)) // a hash cannot fail
	}
	for i, x := range init {
		lo, hi := p.Box.At(i)
		fmt.Fprintf(h, "%q", p.Name(i))
		write(x)
		write(lo)
		write(hi)
	}
	for _, prior := range p.Priors {
		write(prior.Mean)
		write(prior.SD)
	}
	return h.Sum64()
}
