package fit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"time"

	"github.com/surge-snn/surge/internal/given"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/optim/ensemble"
	"github.com/surge-snn/surge/optim/minimize"
)

// Method names a way to fit.
type Method string

// The methods. Auto uses GaussNewton where the spikes of the targets are known, and otherwise, or
// where that leaves the free network with other spikes, surrogate gradients.
const (
	Auto        Method = "auto"
	Adam        Method = "adam"         // surrogate gradients, for any target
	LBFGS       Method = "lbfgs"        // with forced spikes
	GaussNewton Method = "gauss-newton" // Levenberg-Marquardt with forced spikes
	CMAES       Method = "cmaes"        // a baseline without gradients
	NelderMead  Method = "nelder-mead"  // another
	// MCMC does as Auto, and then samples the posterior around what was found: see [Posterior].
	MCMC Method = "posterior"
)

// Methods are all methods.
func Methods() []Method { return []Method{Auto, Adam, LBFGS, GaussNewton, CMAES, NelderMead, MCMC} }

// Settings of a fit. The zero value is usable.
type Settings struct {
	Method Method // "" means Auto
	// Starts is the number of starting points, the given one and others within a decade around it;
	// 0 means 8.
	Starts int
	Seed   uint64
	// DAC asks for currents that the bias generator can be set to, too.
	DAC bool
	// Mismatch is the relative standard deviation of the chips that the fit is to suit in the mean;
	// 0 means the nominal one alone. Samples is their number in each evaluation; 0 means 16.
	Mismatch float64
	Samples  int
	// Infer finds the mismatch of the neurons that were recorded: each has the currents that it
	// shares with the others times a deviation of its own, of a spread that is found with them. The
	// result has them as Populations. It excludes Mismatch. GivenSD is the standard deviation of
	// the logarithm by which what is not fitted, and no current can stand in for, deviates from
	// neuron to neuron; 0 means 0.2.
	Infer   bool
	GivenSD float64
	// Record is called after every step; its error ends the fit.
	Record func(Progress) error
	// Resume goes on from the checkpoint of a Progress or a Result. Experiment and settings must be
	// those of before.
	Resume *optim.State
	Logger *slog.Logger // nil: silent
	// Budget is the time that a fit may take, as a deadline of the context is; 0: none. A
	// cancellation is seen after it, too.
	Budget time.Duration
	// Grace is how long a fit that is cancelled while it looks for codes, or later, may take to say
	// how sure its best point is; 0 means 1.5 s.
	Grace time.Duration
	// DebugNaNs ends the fit at the first point whose simulation, or its gradient, leaves the
	// finite numbers, with an error that names time step, row, neuron, state and the point. Without
	// it such points are rejected, as points of a large loss are.
	DebugNaNs bool
}

// Progress is where a fit stands.
type Progress struct {
	Phase string // "traces", "threshold", "refractory", "timing", ...
	Step  int    // of the phase
	// Evaluations and Gradients count simulations up to now: those of the loss, and backward
	// passes.
	Evaluations, Gradients int
	Loss                   float64 // the least of the phase, by the loss of the phase
	Best                   float64 // the least loss of the experiment at the end of a phase up to now; +Inf before the first
	// Checkpoint returns what to resume from; it is to be called before Record returns. Nil in a
	// History.
	Checkpoint func() optim.State
}

// session is what the phases of a fit have in common.
type session struct {
	*problem
	Settings
	*ledger
	experiment Experiment
	start      []float64 // where the search begins
	notes      []string
	within     struct { // the last of forcing
		x       []float64
		problem *problem
	}
	likely   bool            // the best point is that of the largest likelihood, not that of the least loss
	chain    *ensemble.Chain // samples of the posterior; nil: none
	found    []float64       // where the last fit with forced spikes ended, whatever the free network does there
	rivals   [][]float64     // points that do what was recorded as well as the best one
	possible [2][]float64    // of each coordinate the least and largest values that timing found possible; nil: it did not look
	strays   bool            // with several steps in a bin: the free network spikes otherwise than the recording
	followed int             // how often the answer was given up for a better point when it was assessed
	// unconfirmed says that residuals are correlated and no other search ended at the best point.
	unconfirmed bool
}

// forcing is the problem whose forced spikes are those of the best point: with several steps in a
// bin, one whose bins are the steps.
func (f *session) forcing(ctx context.Context) (*problem, error) {
	if f.best.x == nil || !f.placeable() {
		return f.problem, nil
	}
	if !slices.Equal(f.within.x, f.best.x) {
		steps, err := stepping{f.problem}.stepsAt(ctx, f.best.x)
		if err != nil {
			return nil, err
		}
		f.within.x, f.within.problem = slices.Clone(f.best.x), stepping{f.problem}.stepped(steps)
	}
	return f.within.problem, nil
}

// newSession returns a session of a problem whose settings are checked.
func newSession(p *problem, s Settings) *session {
	s.Logger = given.Logger(s.Logger)
	f := &session{problem: p, Settings: s, start: p.x, notes: p.moved}
	f.ledger = &ledger{record: s.Record, cost: 1 + 2*p.colour, best: answer{loss: math.Inf(1)},
		judged: func(ctx context.Context, x []float64) (float64, error) {
			loss, err := p.loss(ctx, x)
			return loss + p.penalty(x), err
		},
		note: func(phase string, status minimize.Status, loss float64) {
			s.Logger.Debug("fit", "phase", phase, "status", status, "loss", loss)
		}}
	return f
}

// Run fits. It returns the best point whatever the status is. A deadline of ctx is a budget, of
// which a fifth, and at least half a second, is kept for the codes of the bias generator; with
// cancellation the status is Interrupted, and where the search was cancelled there are neither
// codes nor verdicts.
//
// Errors wrap [ErrExperiment], those of dynapse and of optim.
func Run(ctx context.Context, e Experiment, s Settings) (*Result, error) {
	if err := given.Need("ctx", ctx); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrExperiment, err)
	}
	p, err := e.compile()
	if err != nil {
		return nil, err
	}
	if err := s.check(p); err != nil {
		return nil, err
	}
	p.debug = s.DebugNaNs
	f := newSession(p, s)
	f.experiment = e
	if err := f.resume(s.Resume); err != nil {
		return nil, err
	}
	after := context.WithoutCancel(ctx)
	if err := f.offer(after, p.x); err != nil {
		return nil, err
	}
	first := f.best.loss
	if x := atTimeConstants(p, p.x); !slices.Equal(x, p.x) {
		if err := f.offer(after, x); err != nil {
			return nil, err
		}
		f.start = x
	}
	var note string
	if f.start, note = awake(p, f.start); note != "" {
		f.notes = append(f.notes, note)
	}
	times, stop := f.schedule(ctx)
	defer stop()
	if err := f.ended(phases(times.search, f)); err != nil {
		return nil, err
	}
	if f.best.x == nil {
		return nil, fmt.Errorf("%w: no point with a finite loss; the first: %w", optim.ErrNonFinite, f.rejected)
	}
	return f.result(times, first)
}

// ended is the error of a search; the end of its time and a cancellation are none, but its status.
func (f *session) ended(err error) error {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		f.status = minimize.BudgetReached
	case errors.Is(err, context.Canceled):
		f.status = minimize.Interrupted
	case errors.Is(err, optim.ErrNonFinite) && f.rejected != nil:
		return fmt.Errorf("%w; the first: %w", err, f.rejected)
	default:
		return err
	}
	return nil
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

// schedule are the contexts of a fit: of its search, of what looks for codes, and of what must be
// done after them. All end when the fit is cancelled; the first two when their time is over.
type schedule struct{ search, codes, rest context.Context }

// codesShare is the part of the time that is kept for codes, which have all that the search leaves.
const codesShare = 0.2

// schedule divides the time.
func (f *session) schedule(ctx context.Context) (schedule, context.CancelFunc) {
	rest, cancel := context.WithCancel(context.WithoutCancel(ctx))
	unhook := context.AfterFunc(ctx, func() {
		if errors.Is(ctx.Err(), context.Canceled) {
			cancel()
		}
	})
	s := schedule{rest, rest, rest}
	end, limited := ctx.Deadline()
	if f.Budget > 0 {
		if t := time.Now().Add(f.Budget); !limited || t.Before(end) {
			end, limited = t, true
		}
	}
	stops := []context.CancelFunc{func() { unhook() }, cancel}
	if limited {
		share := codesShare
		if !f.DAC {
			share = 0
		}
		var one, other context.CancelFunc
		left := time.Until(end)
		s.search, one = context.WithTimeout(rest, left-time.Duration(share*float64(left)))
		s.codes, other = context.WithDeadline(rest, end.Add(max(0, time.Second/2-time.Duration(share*float64(left)))))
		stops = append(stops, one, other)
	}
	return s, func() {
		for _, f := range stops {
			f()
		}
	}
}

// mostGiven bounds GivenSD: what deviates by more is not known at all.
const mostGiven = 1

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
	if s.GivenSD == 0 {
		s.GivenSD = usualSpread
	}
	switch {
	case s.Starts < 1 || s.Samples < 1:
		return fmt.Errorf("%w: %d starts and %d samples, want at least 1", ErrExperiment, s.Starts, s.Samples)
	case !(s.Mismatch >= 0) || s.Mismatch > 0.3:
		return fmt.Errorf("%w: mismatch of %v, want 0 to 0.3", ErrExperiment, s.Mismatch)
	case s.Infer && (s.Mismatch > 0 || s.Method != Auto && s.Method != GaussNewton):
		return fmt.Errorf("%w: mismatch is either inferred, by gauss-newton, or of a size that the fit is robust against", ErrExperiment)
	case !(s.GivenSD > 0) || s.GivenSD > mostGiven:
		return fmt.Errorf("%w: GivenSD is %v, want > 0 and at most %v", ErrExperiment, s.GivenSD, mostGiven)
	case s.DAC && p.Tie == Neuron:
		return fmt.Errorf("%w: a value for each neuron cannot be set on the chip, where all neurons of a core share their currents", ErrExperiment)
	case s.Method == MCMC && (p.spikes == nil || len(p.summed) > 0 || s.Mismatch > 0):
		return fmt.Errorf("%w: %s needs recordings alone, whose spikes are known, or can be seen in imem or vmem, of one chip", ErrExperiment, s.Method)
	case (s.Method == GaussNewton || s.Method == LBFGS) && p.spikes == nil:
		return fmt.Errorf("%w: %s needs targets whose spikes are known, or can be seen in imem or vmem", ErrExperiment, s.Method)
	}
	if s.Infer {
		return checkInfer(p)
	}
	return nil
}

// phases runs the fit.
func phases(ctx context.Context, f *session) error {
	if f.Infer {
		return infer(ctx, f)
	}
	var err error
	switch f.Method {
	case CMAES:
		err = polish(ctx, f, "cma-es", f.start, minimize.MultiStart{Method: minimize.CMAES{Seed: f.Seed, Sigma: 0.5}, Starts: f.Starts, Keep: max(2, f.Starts/4), Seed: f.Seed})
	case NelderMead:
		err = polish(ctx, f, "nelder-mead", f.start, minimize.MultiStart{Method: minimize.NelderMead{Size: 0.3}, Starts: f.Starts, Keep: max(2, f.Starts/4), Seed: f.Seed})
	case Adam:
		err = surrogate(ctx, f)
	case LBFGS, GaussNewton:
		err = teacherForcing(ctx, f)
	default:
		switch {
		case len(f.recordings) > 0:
			err = recordingFit(ctx, f)
		case f.hasTasks():
			err = taskFit(ctx, f)
		case len(f.summed) > 0:
			err = rateFit(ctx, f)
		default: // time constants alone, which the start has
			f.status = minimize.Converged
		}
	}
	if err != nil {
		return err
	}
	if f.Mismatch > 0 {
		return robust(ctx, f)
	}
	if err := likelihood(ctx, f); err != nil || f.Method != MCMC {
		return err
	}
	return posterior(ctx, f)
}

// recordingFit fits with forced spikes where they are known, and goes on with surrogate gradients
// where the free network does otherwise.
func recordingFit(ctx context.Context, f *session) error {
	if f.spikes != nil {
		if err := teacherForcing(ctx, f); err != nil || f.best.errors != nil {
			return err
		}
		if p, err := f.forcing(ctx); err != nil || f.best.loss <= p.goodEnough(f.best.x) {
			return err
		}
	}
	if err := surrogate(ctx, f); err != nil {
		return err
	}
	return polish(ctx, f, "polish", f.best.x, minimize.CMAES{Seed: f.Seed, Sigma: 0.02, Evaluations: 60 * (4 + len(f.x)), Tol: 1e-6})
}

// atTimeConstants returns x where it has the time constants that are wanted.
func atTimeConstants(p *problem, x []float64) []float64 {
	x = slices.Clone(x)
	for k, w := range p.wished() {
		if w.SD > 0 && slices.ContainsFunc(p.wishes, func(w wish) bool { return w.at == k && !w.prior }) {
			x[k] = w.Mean
		}
	}
	p.box.Project(x)
	return x
}
