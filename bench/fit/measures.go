package fit

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/surge-snn/surge/internal/random"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/fit"
)

// fitted runs a fit and adds its work to the outcome.
func (o *Outcome) fitted(ctx context.Context, e fit.Experiment, s fit.Settings) (*fit.Result, error) {
	s.Seed = o.Seed
	res, err := fit.Run(ctx, e, s)
	if err != nil {
		return nil, err
	}
	o.Evaluations += res.Evaluations
	o.Gradients += res.Gradients
	return res, nil
}

// rounding is what a clean trace in single precision, or with six digits, is off by: the noise that
// tells which currents act at all.
const rounding = 1e-6

// tolerance is the relative error of a current that has been found.
const tolerance = 0.01

var clean = Benchmark{
	Name: "clean", Text: "problems whose identifiable currents are all recovered within 1 %, and whose intervals hold the truth",
	Seeds: first(200), solve: recovery, judge: share(0.95), Target: ">= 95 %", format: "%.1f %%",
}

// recovery fits clean traces. A current is identifiable where the traces change by more than
// rounding at +-1 %; Ispkthr and Iref act in steps, and are right where their interval holds the
// truth. Numbers:
//
//	loss     of the fit
//	error    the largest relative error of an identifiable current
//	width    the largest of ln(high/low) of the intervals of Ispkthr and Iref
func recovery(ctx context.Context, p Problem, o *Outcome) error {
	res, err := o.fitted(ctx, p.Experiment, fit.Settings{})
	if err != nil {
		return err
	}
	worst, width := 0.0, 0.0
	var missed []string
	for _, c := range p.Currents() {
		truth, got, in := p.Truth.Params[c.Param][c.Neurons[0]], res.Parameter(c.Name).Value, res.Parameter(c.Name).Interval
		if c.Param == dynapse.Ispkthr || c.Param == dynapse.Iref {
			if truth < in[0] || truth > in[1] {
				missed = append(missed, fmt.Sprintf("%s = %.4g A not in %.4g .. %.4g", c.Name, truth, in[0], in[1]))
			}
			width = max(width, math.Log(in[1]/in[0]))
			continue
		}
		effect, err := p.Effect(c)
		if err != nil {
			return err
		}
		if effect <= rounding {
			continue
		}
		off := math.Abs(got/truth - 1)
		worst = max(worst, off)
		if off > tolerance {
			missed = append(missed, fmt.Sprintf("%s off by %.2g", c.Name, off))
		}
	}
	o.Numbers["loss"], o.Numbers["error"], o.Numbers["width"] = res.Loss, worst, width
	o.Passed, o.Note = len(missed) == 0, strings.Join(missed, ", ")
	return nil
}

var spikes = Benchmark{
	Name: "spikes", Text: "problems in which every neuron's spike count is within one of the truth's, from spike trains alone",
	Seeds: first(200), solve: behave, judge: share(0.9), Target: ">= 90 %", format: "%.1f %%",
}

// behave fits spike trains. Numbers:
//
//	loss    of the fit
//	excess  the largest difference of the number of spikes of a neuron in the whole recording
//	wrong   bins in which the number of spikes is wrong
func behave(ctx context.Context, p Problem, o *Outcome) error {
	e := p.Experiment
	e.Recordings = []fit.Recording{e.Recordings[0]}
	r := &e.Recordings[0]
	r.Target[fit.Imem], r.Use[fit.Imem] = nil, false
	res, err := o.fitted(ctx, e, fit.Settings{})
	if err != nil {
		return err
	}
	run, err := p.simulate(res.Network)
	if err != nil {
		return err
	}
	got, want := counts(run.Spikes, p.Truth.N), counts(r.Target[fit.Spikes], p.Truth.N)
	excess, wrong := 0.0, 0.0
	for j := range got {
		excess = max(excess, math.Abs(got[j]-want[j]))
	}
	for i, s := range run.Spikes {
		if s != r.Target[fit.Spikes][i] {
			wrong++
		}
	}
	o.Numbers["loss"], o.Numbers["excess"], o.Numbers["wrong"] = res.Loss, excess, wrong
	if o.Passed = excess <= 1; !o.Passed {
		o.Note = fmt.Sprintf("%v spikes, want %v", got, want)
	}
	return nil
}

// imemNoise is the relative noise of imem in the noisy benchmark.
const imemNoise = 0.05

var noise = Benchmark{
	Name: "noise", Text: "with 5 % noise on imem, what rounding to codes adds to the loss, in parts of the loss of the truth, median",
	Seeds: first(200), solve: round, judge: median("rounding", 0.05, 100), Target: "<= 5 %", format: "%.2f %%",
}

// round fits traces with log-normal noise,
//
//	imem = imem* exp(0.05 z),  z ~ N(0, 1)
//
// with codes. Numbers:
//
//	loss      of the fit over the loss of the truth
//	rounding  (loss_dac - loss) over the loss of the truth
//	claimed   currents that the fit says are determined
//	covered   the part of them whose interval of 95 % holds the truth; 1 where there are none
func round(ctx context.Context, p Problem, o *Outcome) error {
	e := p.Experiment
	e.Recordings = []fit.Recording{e.Recordings[0]}
	r := &e.Recordings[0]
	rng := random.New(p.Seed, "bench/fit/noise")
	noisy := make([]float64, len(r.Input))
	for i, x := range r.Target[fit.Imem] {
		noisy[i] = x * math.Exp(imemNoise*random.Normal(rng))
	}
	r.Target[fit.Imem] = noisy
	truth, err := e.Loss(ctx, p.Truth)
	if err != nil {
		return err
	}
	res, err := o.fitted(ctx, e, fit.Settings{DAC: true})
	if err != nil {
		return err
	}
	if res.LossDAC == nil { // only where the fit was cut short
		return ctx.Err()
	}
	cost := (*res.LossDAC - res.Loss) / truth
	o.Numbers["loss"], o.Numbers["rounding"] = res.Loss/truth, cost
	claimed, held := 0.0, 0.0
	for _, c := range p.Currents() {
		if in := res.Parameter(c.Name).Interval; res.Parameter(c.Name).Verdict == fit.Identified {
			claimed++
			if truth := p.Truth.Params[c.Param][c.Neurons[0]]; in[0] <= truth && truth <= in[1] {
				held++
			}
		}
	}
	o.Numbers["claimed"], o.Numbers["covered"] = claimed, 1
	if claimed > 0 {
		o.Numbers["covered"] = held / claimed
	}
	if o.Passed = cost <= 0.05; !o.Passed {
		o.Note = fmt.Sprintf("loss %.4g, with codes %.4g, of the truth %.4g", res.Loss, *res.LossDAC, truth)
	}
	return nil
}

// mismatch is the relative standard deviation of the robust benchmark.
const mismatch = 0.05

var robust = Benchmark{
	Name: "robust", Text: "problems in which the robust fit is better than the nominal one at the 95th percentile of 256 fresh chips",
	Seeds: first(40), solve: resist, judge: share(0.9), Target: ">= 90 %", format: "%.1f %%",
}

// resist fits for the nominal chip and for chips that differ by 5 %, and judges both on the same
// fresh chips. Numbers:
//
//	ratio    of the 95th percentiles, robust over nominal
//	nominal  the 95th percentile of the nominal fit
//	mean     ratio of the means
func resist(ctx context.Context, p Problem, o *Outcome) error {
	nominal, err := o.fitted(ctx, p.Experiment, fit.Settings{})
	if err != nil {
		return err
	}
	suited, err := o.fitted(ctx, p.Experiment, fit.Settings{Mismatch: mismatch})
	if err != nil {
		return err
	}
	a, err := p.Experiment.Spread(ctx, nominal.Network, mismatch, o.Seed)
	if err != nil {
		return err
	}
	b, err := p.Experiment.Spread(ctx, suited.Network, mismatch, o.Seed)
	if err != nil {
		return err
	}
	o.Numbers["ratio"], o.Numbers["nominal"], o.Numbers["mean"] = b.P95/a.P95, a.P95, b.Mean/a.Mean
	if o.Passed = b.P95 < a.P95; !o.Passed {
		o.Note = fmt.Sprintf("95th percentile %.4g, of the nominal fit %.4g", b.P95, a.P95)
	}
	return nil
}

// equal is the loss at which methods are compared, an error of 1 % of imem, unless the default
// method ends above it.
const equal = 1e-4

var cmaes = Benchmark{
	Name: "cmaes", Text: "simulations for a loss of 1e-4, or that of the end of the default method, over those of CMA-ES, median",
	Seeds: first(40), solve: race, judge: median("ratio", 0.1, 1), Target: "<= 0.1", format: "%.3f",
}

// race fits clean traces with the default method, until a phase ends with a loss that is small
// enough, and with CMA-ES, from as many starts, until it has the same loss. A gradient counts as
// three simulations, a Jacobian as the simulations of its difference quotients. CMA-ES is stopped
// after ten times the simulations of the default method, and where it ends or is stopped without
// that loss it counts as if it had it then: the ratio is less in truth. Numbers:
//
//	ratio    of the simulations
//	cmaes    simulations of CMA-ES
//	surge    simulations of the default method
//	level    the loss that both are to have
//	behind   that of CMA-ES over it
func race(ctx context.Context, p Problem, o *Outcome) error {
	type point struct{ cost, loss float64 }
	var path []point
	cost := func(evaluations, gradients int) float64 { return float64(evaluations + 3*gradients) }
	res, err := o.fitted(ctx, p.Experiment, fit.Settings{Record: func(q fit.Progress) error {
		path = append(path, point{cost(q.Evaluations, q.Gradients), q.Best})
		return nil
	}})
	if err != nil {
		return err
	}
	level := max(equal, res.Loss)
	path = append(path, point{cost(res.Evaluations, res.Gradients), res.Loss})
	ours := path[slices.IndexFunc(path, func(q point) bool { return q.loss <= level })].cost

	limited, stop := context.WithCancel(ctx)
	defer stop()
	base, err := o.fitted(limited, p.Experiment, fit.Settings{Method: fit.CMAES, Record: func(q fit.Progress) error {
		if q.Loss <= level || cost(q.Evaluations, q.Gradients) >= 10*ours {
			stop()
		}
		return nil
	}})
	if err != nil {
		return err
	}
	theirs := cost(base.Evaluations, base.Gradients)
	if base.Loss > level {
		theirs = max(theirs, 10*ours)
	}
	o.Numbers["surge"], o.Numbers["cmaes"], o.Numbers["ratio"] = ours, theirs, ours/theirs
	o.Numbers["level"], o.Numbers["behind"] = level, base.Loss/level
	if o.Passed = 10*ours <= theirs; !o.Passed {
		o.Note = fmt.Sprintf("%.0f simulations, CMA-ES %.0f", ours, theirs)
	}
	return nil
}
