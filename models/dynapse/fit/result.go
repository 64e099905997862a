package fit

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/chip"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/optim/minimize"
)

// Parameter is what a fit says of one parameter of the neurons that share it.
type Parameter struct {
	Name    string  // "Itau_mem", or with its group "Itau_mem[1]"; of a weight "w_rec[0][1]"
	Param   string  // the name without the group: a current, "Iscale", "Iw_0" to "Iw_3", or "w_rec"
	Group   int     // the core, or with [Neuron] the neuron, that has it; -1 where there is one group only
	Neurons []int   // that have it; of a weight the post-synaptic one
	Unit    string  // "A", or "" of a weight
	Value   float64 // of the continuous answer
	// Interval is the interval of 95 %, or for a verdict of SetOnly the feasible one; where nothing
	// is known, the bounds.
	Interval [2]float64
	Verdict  Verdict
	Side     minimize.Side // whether Value lies at a bound
	Codes    []Setting     // one for each core; none where codes were not asked for, or where it has none
}

// Result is what a fit found. Its JSON is that of its [Report].
type Result struct {
	Status          minimize.Status // Converged, NoProgress, BudgetReached or Interrupted
	LossStart, Loss float64         // at the start, and of the continuous parameters
	LossDAC         *float64        // of settable ones; nil where they were not asked for
	Parameters      []Parameter     // in the order of Params, Bases and weights, and of each its groups in theirs
	Unidentifiable  []Open
	Given           []Given      // parameters that were not fitted, and how the determined currents move with them
	Populations     []Population // what neurons that were fitted each by itself have of the currents that they share
	Mismatch        *Spread      // of the settable parameters if there are, over 256 fresh chips
	Posterior       *Posterior   // of method MCMC
	Next            *Next        // the recording that would say most of what is open; nil where nothing is, or none would
	// Evaluations counts simulations, also those of difference quotients, Gradients backward
	// passes.
	Evaluations, Gradients int
	// Notes are remarks for people: starts that were moved into the bounds, spikes that were read
	// off a trace, parameters at a bound.
	Notes []string
	// Warnings say why the answer is not to be trusted.
	Warnings []string

	// Network has the fitted parameters, Settable those that can be set (the same where they were
	// not asked for).
	Network, Settable dynapse.Network
	// Bases are the base currents of the weight codes of each neuron, [N], settable as Settable is;
	// nil without codes.
	Bases []chip.BaseCurrents
	// In are the weights of the input channels, [C, N], as the chip can have them, for which
	// Settable was found; nil where they are those of the experiment.
	In *chip.Weights
	// weights are those that the chip holds, for which Settable was found; nil where they follow
	// from it.
	weights *chip.Quantised
	// History has a line for each step.
	History []Progress
	// Checkpoint is what to resume from.
	Checkpoint optim.State
	// Words sum up what the target determines.
	Words string
}

// Parameter returns the parameter of a name, as "Itau_mem" or "Itau_mem[1]"; its zero value if
// there is none.
func (r *Result) Parameter(name string) Parameter {
	if r == nil {
		return Parameter{}
	}
	if i := slices.IndexFunc(r.Parameters, func(p Parameter) bool { return p.Name == name }); i >= 0 {
		return r.Parameters[i]
	}
	return Parameter{}
}

// Codes lists the settings of all parameters.
func (r *Result) Codes() []Setting {
	list := []Setting{}
	if r == nil {
		return list
	}
	for _, p := range r.Parameters {
		list = append(list, p.Codes...)
	}
	return list
}

// perfect is a loss that counts as zero: rounding of e-folds.
const perfect = 1e-16

// outlast returns a context that ends by so much later than ctx.
func outlast(ctx context.Context, by time.Duration) (context.Context, context.CancelFunc) {
	later, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(by, cancel) })
	return later, func() { stop(); cancel() }
}

// mostFollowed is how often an answer is given up for a better point that was found when it was
// assessed.
const mostFollowed = 2

// follow goes on from a point that seems better than the answer, where there is time, and says
// whether the answer is another one then.
func (f *session) follow(ctx context.Context, better []float64) (moved bool, err error) {
	if better == nil || f.followed >= mostFollowed || f.likely || f.best.nominal != nil || f.chain != nil || ctx.Err() != nil {
		return false, nil
	}
	f.followed++
	before, status := f.best.loss, f.status
	if err := f.ended(refit(ctx, f, better)); err != nil {
		return false, err
	}
	if moved = f.best.loss < before; !moved && ctx.Err() == nil {
		f.status = status
	}
	return moved, nil
}

// result assesses the best point. A search that was cancelled has neither codes nor verdicts; one
// that had ended has the codes that were found up to then, and the verdicts that take no more than
// Grace.
func (f *session) result(times schedule, first float64) (*Result, error) {
	ctx, after := times.search, times.rest
	x, assess := f.best.x, after
	if f.status != minimize.Interrupted {
		var stop context.CancelFunc
		assess, stop = outlast(after, cmp.Or(f.Grace, 1500*time.Millisecond))
		defer stop()
	}
	r := &Result{Status: f.status, LossStart: first, Loss: f.best.loss, Network: f.network(x), History: f.history, Notes: f.notes}
	if ctx.Err() == nil && (f.best.loss <= perfect || f.best.loss <= exact && f.hasTraces()) { // a search may end at the rounding of its steps
		r.Status = minimize.Converged
	}
	if r.Status == minimize.BudgetReached && ctx.Err() == nil {
		r.Status = minimize.NoProgress // a phase ran out of steps, not the fit
	}
	r.Checkpoint = f.checkpoint(f.current)
	r.Settable = r.Network
	y, codes, settable := x, make([][]Setting, len(x)), f
	if f.DAC && after.Err() == nil {
		if err := f.report(Progress{Phase: "codes", Loss: f.best.loss, Best: f.best.loss, Evaluations: f.evaluations, Gradients: f.gradients}, nil); err != nil {
			return nil, err
		}
		s, held := snapped(times.codes, f, x)
		before := s.evaluations
		y2, loss, found, err := s.roundToCodes(times.codes, s.best.x)
		if s != f {
			f.evaluations += s.evaluations - before
		}
		if after.Err() == nil && err != nil {
			return nil, err
		}
		if err == nil {
			y, settable = y2, s
			for k, c := range f.coords {
				if i := slices.Index(s.names(), c.name); i >= 0 {
					codes[k] = found[i]
				}
			}
			r.weights, r.In = s.held(held, y)
			if !f.likely && f.Mismatch == 0 && f.best.errors == nil { // settable currents are continuous ones, too
				for _, z := range [][]float64{s.best.x, y} {
					if err := f.offer(context.WithoutCancel(after), named(f.problem, x, s.problem, z)); err != nil {
						return nil, err
					}
				}
				x = f.best.x
				r.Loss, r.Network = f.best.loss, f.network(x)
			}
			r.LossDAC, r.Settable = &loss, s.network(y)
		}
	}
	at := x
	if f.best.nominal != nil { // what the target says of the currents is not what suits many chips
		at = f.best.nominal
		r.Notes = append(r.Notes, "the currents suit chips with mismatch; intervals and verdicts are those of the fit without it")
	}
	seen := *f
	var id identification
	var err error
	seen.strays = f.possible[0] != nil && f.best.loss > f.goodEnough(f.best.x)
	if seen.problem, err = f.forcing(assess); err == nil {
		id, err = seen.identify(assess, at)
	}
	if err == nil && f.chain == nil {
		err = seen.profile(times.search, at, &id)
	}
	if assess.Err() != nil { // nothing was assessed
		id, err = f.unassessed(), nil
	}
	if err != nil {
		return nil, err
	}
	if moved, err := f.follow(ctx, id.better); err != nil {
		return nil, err
	} else if moved {
		return f.result(times, first)
	}
	if r.Posterior = seen.sampled(&id); r.Posterior != nil {
		id.settle()
	} else if f.chain != nil {
		r.Notes = append(r.Notes, fmt.Sprintf("no samples of the posterior: it was stopped after %d steps, and at least %d are needed", f.chain.Steps, fewestSteps))
	}
	if after.Err() == nil && f.experiment.Space.Network.N > 0 {
		if r.Next, err = seen.next(after, at, &id); err != nil && after.Err() == nil {
			return nil, err
		}
	}
	r.Unidentifiable, r.Given, r.Words = id.open, id.given, id.words(f.names())
	if f.Mismatch > 0 && ctx.Err() == nil {
		if r.Mismatch, err = f.spread(after, y); err != nil && after.Err() == nil {
			return nil, err
		}
	}
	if f.Codes != nil {
		r.Bases = settable.baseCurrents(y)
	}
	sides := f.box.Sides(x)
	for k, c := range f.coords {
		r.Parameters = append(r.Parameters, Parameter{Name: c.name, Param: c.parameter(), Group: c.label, Neurons: c.neurons, Unit: c.unit(),
			Value: f.value(k, x[k]), Interval: id.interval[c.name], Verdict: id.verdict[c.name], Side: sides[k], Codes: codes[k]})
	}
	r.Populations = f.populations()
	if r.Warnings, err = f.warnings(assess, x, first, id.noise); err != nil && assess.Err() == nil {
		return nil, err
	}
	if len(r.Warnings) > 0 && r.Status == minimize.Converged {
		r.Status = minimize.NoProgress
	}
	r.Warnings = append(r.Warnings, id.doubts...)
	if r.Posterior != nil && !r.Posterior.Enough {
		r.Warnings = append(r.Warnings, r.Posterior.doubt())
	}
	if after.Err() != nil {
		r.Status = minimize.Interrupted
	}
	for _, p := range r.Parameters {
		if p.Side == minimize.AtLower || p.Side == minimize.AtUpper {
			r.Notes = append(r.Notes, p.Name+" ends "+p.Side.String())
		}
	}
	if f.inferred {
		r.Notes = append(r.Notes, "spikes were read off the traces, as falls of the membrane by more than two e-folds in a bin")
	}
	count := 0
	for _, list := range f.segments {
		count += len(list)
	}
	if count > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("%d gaps may hide spikes: behind each, the membrane was fitted from where it was recorded again", count))
	}
	if math.IsInf(r.LossStart, 0) {
		r.LossStart = math.MaxFloat64
		r.Notes = append(r.Notes, "the simulation leaves the finite numbers at the start")
	}
	r.Evaluations, r.Gradients = f.evaluations, f.gradients
	return r, nil
}

// Loss returns the loss of the experiment for a network that stands in the place of its start, such
// as the true one of a test. It costs one simulation of all targets.
//
// Errors wrap [ErrExperiment], those of dynapse, and optim.ErrNonFinite where the simulation leaves
// the finite numbers.
func (e Experiment) Loss(ctx context.Context, n dynapse.Network) (float64, error) {
	p, err := e.compile()
	if err != nil {
		return 0, err
	}
	net, err := p.measuring(n)
	if err != nil {
		return 0, err
	}
	var l [1]float64
	err = p.sampleLosses(ctx, l[:], net, full)
	return l[0], err
}
