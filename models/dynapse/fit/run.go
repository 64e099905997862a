package fit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"time"

	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/optim/minimize"
)

// Method names a way to fit.
type Method string

// The methods. Auto uses GaussNewton where the spikes of the targets are known, and otherwise, or where that leaves the free network with other
// spikes, surrogate gradients.
const (
	Auto        Method = "auto"
	Adam        Method = "adam"         // surrogate gradients, for any target
	LBFGS       Method = "lbfgs"        // with forced spikes
	GaussNewton Method = "gauss-newton" // Levenberg-Marquardt with forced spikes
	CMAES       Method = "cmaes"        // a baseline without gradients
	NelderMead  Method = "nelder-mead"  // another
)

// Methods are all methods.
func Methods() []Method { return []Method{Auto, Adam, LBFGS, GaussNewton, CMAES, NelderMead} }

// Settings of a fit. The zero value is usable.
type Settings struct {
	Method Method // "" means Auto
	// Starts is the number of starting points, the given one and others within a decade around it; 0 means 8.
	Starts int
	Seed   uint64
	// DAC asks for currents that the bias generator can be set to, too.
	DAC bool
	// Mismatch is the relative standard deviation of the chips that the fit is to suit in the mean; 0 means the nominal one alone. Samples is their
	// number in each evaluation; 0 means 16.
	Mismatch float64
	Samples  int
	// Record is called after every step; its error ends the fit.
	Record func(Progress) error
	// Resume goes on from the checkpoint of a Progress or a Result. Experiment and settings must be those of before.
	Resume *optim.State
	Logger *slog.Logger // nil: silent
}

// Progress is where a fit stands.
type Progress struct {
	Phase string // "traces", "threshold", "refractory", "timing", ...
	Step  int    // of the phase
	// Evaluations and Gradients count simulations up to now: those of the loss, and backward passes.
	Evaluations, Gradients int
	Loss                   float64 // the least of the phase, by the loss of the phase
	Best                   float64 // the least loss of the experiment at the end of a phase up to now; +Inf before the first
	Checkpoint             optim.State
}

// fitter runs the phases of a fit. It is a function of the experiment and its settings: what was done up to a checkpoint is the list of the results
// of its calls of minimize.Fit, which a fit that is resumed reads instead of calling again.
type fitter struct {
	*problem
	Settings
	done    []optim.State // results of calls
	replay  []optim.State // those of the checkpoint that are left
	current *optim.State  // of the call that the checkpoint was made in
	history []Progress

	errors                 []float64 // standard errors of the best point where neurons were fitted apart
	best                   []float64
	nominal                []float64 // the best point before chips with mismatch were looked at, or nil
	loss                   float64
	evaluations, gradients int
	status                 minimize.Status
}

// Run fits. It returns the best point whatever the status is. A deadline of ctx is a budget, of which a fifth, and at least half a second, is kept for the codes of the bias
// generator; with cancellation the status is Interrupted, and there are no codes.
//
// Errors wrap [ErrExperiment], those of dynapse and of optim.
func Run(ctx context.Context, e Experiment, s Settings) (*Result, error) {
	p, err := e.compile()
	if err != nil {
		return nil, err
	}
	if err := s.check(p); err != nil {
		return nil, err
	}
	f := &fitter{problem: p, Settings: s, loss: math.Inf(1)}
	if err := f.resume(); err != nil {
		return nil, err
	}
	after := context.WithoutCancel(ctx)
	if err := f.offer(after, p.x); err != nil {
		return nil, err
	}
	first := f.loss
	if err := f.grantTimes(after); err != nil {
		return nil, err
	}
	f.wake()
	search, stop, settle := split(ctx)
	defer stop()
	err = f.phases(search)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		f.status = minimize.BudgetReached
	case errors.Is(err, context.Canceled):
		f.status = minimize.Interrupted
	case err != nil:
		return nil, err
	}
	if f.best == nil {
		return nil, fmt.Errorf("%w: no point with a finite loss", optim.ErrNonFinite)
	}
	return f.result(after, search, settle, first)
}

// Check says what is wrong with an experiment or its settings, as Run would, without a simulation.
//
// Errors: [ErrExperiment].
func Check(e Experiment, s Settings) error {
	p, err := e.compile()
	if err != nil {
		return err
	}
	return s.check(p)
}

// split divides the time up to the deadline of ctx: search is done after four fifths of it, and settle is what is left for the rest, 0 without a deadline.
func split(ctx context.Context) (search context.Context, stop context.CancelFunc, settle time.Duration) {
	end, ok := ctx.Deadline()
	if !ok {
		return ctx, func() {}, 0
	}
	left := time.Until(end)
	search, stop = context.WithTimeout(ctx, left*4/5)
	return search, stop, max(left/5, time.Second/2)
}

func (s *Settings) check(p *problem) error {
	if s.Method == "" {
		s.Method = Auto
	}
	if !slices.Contains(Methods(), s.Method) {
		return fmt.Errorf("%w: method %q, want one of %v", ErrExperiment, s.Method, Methods())
	}
	if s.Starts == 0 {
		s.Starts = 8
	}
	if s.Samples == 0 {
		s.Samples = 16
	}
	if s.Logger == nil {
		s.Logger = slog.New(slog.DiscardHandler)
	}
	switch {
	case s.Starts < 1 || s.Samples < 1:
		return fmt.Errorf("%w: %d starts and %d samples, want at least 1", ErrExperiment, s.Starts, s.Samples)
	case !(s.Mismatch >= 0) || s.Mismatch > 0.3:
		return fmt.Errorf("%w: mismatch of %v, want 0 to 0.3", ErrExperiment, s.Mismatch)
	case s.DAC && p.Tie == Neuron:
		return fmt.Errorf("%w: a value for each neuron cannot be set on the chip, where all neurons of a core share their currents", ErrExperiment)
	case (s.Method == GaussNewton || s.Method == LBFGS) && p.spikes == nil:
		return fmt.Errorf("%w: %s needs targets whose spikes are known, or can be seen in imem or vmem", ErrExperiment, s.Method)
	}
	return nil
}

// phases runs the fit.
func (f *fitter) phases(ctx context.Context) error {
	var err error
	switch f.Method {
	case CMAES:
		err = f.search(ctx, "cma-es", f.x, minimize.MultiStart{Method: minimize.CMAES{Seed: f.Seed, Sigma: 0.5}, Starts: f.Starts, Keep: max(2, f.Starts/4), Seed: f.Seed})
	case NelderMead:
		err = f.search(ctx, "nelder-mead", f.x, minimize.MultiStart{Method: minimize.NelderMead{Size: 0.3}, Starts: f.Starts, Keep: max(2, f.Starts/4), Seed: f.Seed})
	case Adam:
		err = f.surrogate(ctx)
	case LBFGS, GaussNewton:
		err = f.forcedRounds(ctx)
	default:
		switch {
		case len(f.recordings) > 0:
			err = f.recordingFit(ctx)
		case f.hasTasks():
			err = f.taskFit(ctx)
		case len(f.summed) > 0:
			err = f.rateFit(ctx)
		default: // time constants alone, which the start has
			f.status = minimize.Converged
		}
	}
	if err != nil || f.Mismatch == 0 {
		return err
	}
	return f.robust(ctx)
}

// recordingFit fits with forced spikes where they are known, and goes on with surrogate gradients where the free network does otherwise.
func (f *fitter) recordingFit(ctx context.Context) error {
	if f.spikes != nil {
		if err := f.forcedRounds(ctx); err != nil || f.errors != nil {
			return err
		}
		if err := f.withinBins(ctx); err != nil {
			return err
		}
		if f.loss <= f.goodEnough() && f.Network.Substeps <= 1 {
			return nil
		}
	}
	if err := f.surrogate(ctx); err != nil {
		return err
	}
	return f.search(ctx, "polish", f.best, minimize.CMAES{Seed: f.Seed, Sigma: 0.02, Evaluations: 60 * (4 + len(f.x)), Tol: 1e-6})
}

// call runs minimize.Fit from x, or takes its result from the checkpoint.
func (f *fitter) call(ctx context.Context, phase string, p minimize.Problem, x []float64, m minimize.Method) ([]float64, float64, error) {
	if len(f.replay) > 0 {
		s := f.replay[0]
		f.replay = f.replay[1:]
		return f.finish(s)
	}
	settings := minimize.Settings{Resume: f.current}
	f.current = nil
	note := func(q minimize.Progress) Progress {
		n := Progress{Phase: phase, Step: q.Step, Loss: q.Best, Best: f.loss,
			Evaluations: f.evaluations + q.Evaluations + q.Jacobians*(1+2*f.colour), Gradients: f.gradients + q.Gradients}
		return n
	}
	settings.Record = func(q minimize.Progress) error {
		n := note(q)
		f.history = append(f.history, n)
		if f.Record == nil {
			return nil
		}
		n.Checkpoint = f.checkpoint(&q.State)
		return f.Record(n)
	}
	res, err := minimize.Fit(ctx, p, x, &settings, m)
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", phase, err)
	}
	switch res.Status {
	case minimize.Interrupted:
		f.takeBest(ctx, res)
		f.current = &res.State
		return nil, 0, context.Canceled
	case minimize.BudgetReached:
		if ctx.Err() != nil {
			f.takeBest(ctx, res)
			f.current = &res.State
			return nil, 0, ctx.Err()
		}
	}
	return f.finish(outcome(phase, res.Status, res.X, res.Loss, res.Evaluations+res.Jacobians*(1+2*f.colour), res.Gradients))
}

// outcome is the result of a call, as checkpoints keep it.
func outcome(phase string, status minimize.Status, x []float64, loss float64, evaluations, gradients int) optim.State {
	return optim.State{Kind: phase,
		Counts: []uint64{uint64(status), uint64(evaluations), uint64(gradients)},
		Slots:  []optim.Slot{{Name: "x", Tree: optim.Tree{{Name: "x", F64: x}}}, {Name: "loss", Tree: optim.Tree{{Name: "loss", F64: []float64{loss}}}}},
	}
}

// takeBest offers what a call that was cut short has found.
func (f *fitter) takeBest(ctx context.Context, res *minimize.Result) {
	f.evaluations += res.Evaluations + res.Jacobians*(1+2*f.colour)
	f.gradients += res.Gradients
	if res.X != nil {
		_ = f.offer(context.WithoutCancel(ctx), res.X) // a point that cannot be evaluated is not better
	}
}

// finish counts and keeps the result of a call.
func (f *fitter) finish(s optim.State) ([]float64, float64, error) {
	if len(s.Counts) != 3 || len(s.Slots) != 2 || len(s.Slots[0].Tree) != 1 || len(s.Slots[1].Tree) != 1 || len(s.Slots[0].Tree[0].F64) != len(f.x) || len(s.Slots[1].Tree[0].F64) != 1 {
		return nil, 0, fmt.Errorf("%w: the checkpoint is not one of this fit", optim.ErrState)
	}
	f.done = append(f.done, s)
	f.status = minimize.Status(s.Counts[0])
	f.evaluations += int(s.Counts[1])
	f.gradients += int(s.Counts[2])
	loss := s.Slots[1].Tree[0].F64[0]
	f.Logger.Debug("fit", "phase", s.Kind, "status", f.status, "loss", loss)
	return s.Slots[0].Tree[0].F64, loss, nil
}

// checkpoint is the list of calls, and the state of the one at hand.
func (f *fitter) checkpoint(current *optim.State) optim.State {
	s := optim.State{Kind: "surge-fit", Members: slices.Clone(f.done), Counts: []uint64{0}}
	if current != nil {
		s.Counts[0] = 1
		s.Members = append(s.Members, *current)
	}
	return s
}

func (f *fitter) resume() error {
	s := f.Resume
	if s == nil {
		return nil
	}
	if s.Kind != "surge-fit" || len(s.Counts) != 1 || s.Counts[0] > 1 || uint64(len(s.Members)) < s.Counts[0] {
		return fmt.Errorf("%w: found a state of kind %q, want surge-fit", optim.ErrState, s.Kind)
	}
	f.replay = slices.Clone(s.Members)
	if s.Counts[0] == 1 {
		f.current = &f.replay[len(f.replay)-1]
		f.replay = f.replay[:len(f.replay)-1]
	}
	return nil
}

// grantTimes moves the start to where it has the time constants that are wanted.
func (f *fitter) grantTimes(ctx context.Context) error {
	x := slices.Clone(f.x)
	for k, w := range f.wished() {
		if w.SD > 0 && slices.ContainsFunc(f.wishes, func(w wish) bool { return w.at == k && !w.prior }) {
			x[k] = w.Mean
		}
	}
	f.box.Project(x)
	if slices.Equal(x, f.x) {
		return nil
	}
	f.x = x
	return f.offer(ctx, x)
}

// offer evaluates the loss of the experiment at x and keeps the point if it is the best.
func (f *fitter) offer(ctx context.Context, x []float64) error {
	f.evaluations++
	loss, err := f.problem.loss(ctx, x)
	if errors.Is(err, optim.ErrNonFinite) {
		return nil
	}
	loss += f.penalty(x)
	if err == nil && loss < f.loss {
		f.best, f.loss = slices.Clone(x), loss
	}
	return err
}

// free is the problem of the free network.
func (f *fitter) free(rule dynapse.Rule) minimize.Problem {
	return minimize.Problem{Names: f.names(), Box: f.box, Priors: f.wished(), Func: f.problem.loss, Batch: f.batch,
		Grad: func(ctx context.Context, grad, x []float64) (float64, error) {
			return f.grad(ctx, grad, x, full, rule)
		}}
}

// search minimises the loss itself.
func (f *fitter) search(ctx context.Context, phase string, x []float64, m minimize.Method) error {
	p := f.free(dynapse.Surge)
	p.Grad = nil
	y, _, err := f.call(ctx, phase, p, x, m)
	if err != nil {
		return err
	}
	return f.offer(ctx, y)
}

// surrogate follows surrogate gradients: first the number of spikes with rule S, then their times with T and a part of S.
func (f *fitter) surrogate(ctx context.Context) error {
	x := f.best
	if f.hasSpikes() {
		p := minimize.Problem{Names: f.names(), Box: f.box, Priors: f.wished(),
			Func: func(ctx context.Context, x []float64) (float64, error) {
				var l [1]float64
				err := f.sampleLosses(ctx, l[:], f.network(x), counts)
				return l[0], err
			},
			Grad: func(ctx context.Context, grad, x []float64) (float64, error) {
				return f.grad(ctx, grad, x, counts, dynapse.SurgeS)
			}}
		m := minimize.MultiStart{Method: minimize.Descent{Steps: 150, Patience: 30, Tol: 1e-12}, Starts: f.Starts, Keep: 2, Seed: f.Seed}
		y, _, err := f.call(ctx, "counts", p, f.x, m)
		if err != nil {
			return err
		}
		if err := f.offer(ctx, y); err != nil {
			return err
		}
		if err := f.timing(ctx, y); err != nil {
			return err
		}
	}
	if slices.Equal(x, f.x) && !f.hasSpikes() {
		m := minimize.MultiStart{Method: minimize.Descent{Steps: 200, Patience: 40}, Starts: f.Starts, Keep: 2, Seed: f.Seed}
		y, _, err := f.call(ctx, "descent", f.free(dynapse.Surge), x, m)
		if err != nil {
			return err
		}
		if err := f.offer(ctx, y); err != nil {
			return err
		}
	}
	return f.timing(ctx, f.best)
}

// timing goes down the loss of the experiment from x.
func (f *fitter) timing(ctx context.Context, x []float64) error {
	y, _, err := f.call(ctx, "timing", f.free(dynapse.Surge), x, minimize.Descent{Transform: optim.Adam{LR: optim.Constant(0.02)}, Steps: 200, Patience: 60})
	if err != nil {
		return err
	}
	return f.offer(ctx, y)
}

// hasSpikes says whether a recording has spikes to be counted.
func (f *fitter) hasSpikes() bool {
	return slices.ContainsFunc(f.recordings, func(r Recording) bool { return r.Target[Spikes] != nil })
}
