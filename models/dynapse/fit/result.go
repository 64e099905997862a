package fit

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/chip"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/optim/minimize"
)

// Result is what a fit found. Its JSON is the interface of the program.
type Result struct {
	Status    string   `json:"status"` // converged, no-progress, budget, interrupted
	LossStart float64  `json:"loss_start"`
	Loss      float64  `json:"loss"`     // of the continuous currents
	LossDAC   *float64 `json:"loss_dac"` // of settable ones; nil where they were not asked for
	// Currents are the fitted parameters by name, one for each neuron, A; Weights the recurrent weights [N][N].
	Currents map[string][]float64 `json:"currents"`
	Weights  [][]float64          `json:"w_rec,omitempty"`
	// Values has each by the name of its parameter and group, as Interval and Identified do: "Itau_mem", or "Itau_mem[1]" for core 1.
	Values map[string]float64 `json:"values"`
	Codes  []Setting          `json:"codes"`
	// Interval has the interval of 95 % by name, or for a verdict of "interval" the feasible one, A; where nothing is known, the bounds. Of a parameter with several groups it has
	// the range of all of them, too, under "Itau_mem", and Identified the weakest verdict.
	Interval       map[string][2]float64 `json:"interval"`
	Identified     map[string]string     `json:"identified"` // "yes", "interval" or "no"
	Unidentifiable []Open                `json:"unidentifiable"`
	Mismatch       *Spread               `json:"mismatch"`    // of the settable currents if there are, over 256 fresh chips
	Evaluations    int                   `json:"evaluations"` // simulations, also those of difference quotients
	Gradients      int                   `json:"gradients"`   // backward passes
	// Notes are remarks for people: starts that were moved into the bounds, spikes that were read off a trace, parameters at a bound.
	Notes []string `json:"notes"`
	// Warnings say why the answer is not to be trusted.
	Warnings []string `json:"warnings"`
	// AtBound are the names of parameters that end at a bound.
	AtBound []string `json:"at_bound"`

	// Network has the fitted currents, Settable those that can be set (the same where they were not asked for).
	Network  dynapse.Network `json:"-"`
	Settable dynapse.Network `json:"-"`
	// Bases are the base currents of the weight codes of each neuron, [N], settable as Settable is; nil without codes.
	Bases []chip.BaseCurrents `json:"-"`
	// History has a line for each step.
	History []Progress `json:"-"`
	// Checkpoint is what to resume from.
	Checkpoint optim.State `json:"-"`
	// Words sum up what the target determines.
	Words string `json:"-"`
}

// perfect is a loss that counts as zero: rounding of e-folds.
const perfect = 1e-16

// result assesses the best point. ctx is that of the fit; after goes on when it is done; the search for codes may take the time settle, if it is not 0.
func (f *fitter) result(after, ctx context.Context, settle time.Duration, first float64) (*Result, error) {
	x := f.best
	r := &Result{Status: f.status.String(), LossStart: first, Loss: f.loss, Network: f.network(x), History: f.history, Notes: f.moved, Codes: []Setting{}, AtBound: []string{}}
	if f.loss <= perfect && ctx.Err() == nil {
		r.Status = minimize.Converged.String()
	}
	if r.Status == minimize.BudgetReached.String() && ctx.Err() == nil {
		r.Status = minimize.NoProgress.String() // a phase ran out of steps, not the fit
	}
	r.Checkpoint = f.checkpoint(f.current)
	r.Settable = r.Network
	y := x
	if f.DAC && !errors.Is(ctx.Err(), context.Canceled) {
		var loss float64
		var err error
		limited, stop := after, func() {}
		if settle > 0 {
			limited, stop = context.WithTimeout(after, settle)
		}
		y, loss, r.Codes, err = f.settle(limited, x)
		stop()
		if err != nil {
			return nil, err
		}
		if loss < f.loss && f.Mismatch == 0 && f.errors == nil { // settable currents are continuous ones, too
			x = y
			f.best, f.loss, r.Loss, r.Network = y, loss, loss, f.network(y)
		}
		r.LossDAC, r.Settable = &loss, f.network(y)
	}
	at := x
	if f.nominal != nil { // what the target says of the currents is not what suits many chips
		at = f.nominal
		r.Notes = append(r.Notes, "the currents suit chips with mismatch; intervals and verdicts are those of the fit without it")
	}
	id, err := f.identify(after, at)
	if err != nil {
		return nil, err
	}
	r.Interval, r.Identified, r.Unidentifiable, r.Words = id.interval, id.verdict, id.open, id.words(f.names())
	if r.Unidentifiable == nil {
		r.Unidentifiable = []Open{}
	}
	if f.Mismatch > 0 && ctx.Err() == nil {
		if r.Mismatch, err = f.spread(after, y); err != nil {
			return nil, err
		}
	}
	r.Currents = map[string][]float64{}
	for _, p := range f.Params {
		r.Currents[p.String()] = r.Network.Params[p]
	}
	if f.Codes != nil {
		iw, _ := f.bases(x)
		for k, b := range f.Bases {
			if b.Fit {
				r.Currents[currentName(baseParam(k))] = iw[k]
			}
		}
		iw, _ = f.bases(y)
		r.Bases = make([]chip.BaseCurrents, f.Network.N)
		for j := range r.Bases {
			for k := range iw {
				r.Bases[j][k] = iw[k][j]
			}
		}
	}
	if n := f.Network.N; f.Weights || f.Codes != nil {
		for i := range n {
			r.Weights = append(r.Weights, r.Network.WRec[i*n:(i+1)*n])
		}
	}
	r.Values = map[string]float64{}
	for k, c := range f.coords {
		r.Values[c.name] = f.value(k, x[k])
	}
	for _, c := range f.coords {
		parameter, _, _ := strings.Cut(c.name, "[")
		r.whole(parameter, c.name)
	}
	if r.Warnings, err = f.warnings(after, x, first, id.noise); err != nil {
		return nil, err
	}
	if r.Warnings == nil {
		r.Warnings = []string{}
	}
	if len(r.Warnings) > 0 && r.Status == minimize.Converged.String() {
		r.Status = minimize.NoProgress.String()
	}
	for k, s := range f.box.Sides(x) {
		if s == minimize.AtLower || s == minimize.AtUpper {
			r.AtBound = append(r.AtBound, f.coords[k].name)
			r.Notes = append(r.Notes, f.coords[k].name+" ends "+s.String())
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
	if r.Notes == nil {
		r.Notes = []string{}
	}
	if math.IsInf(r.LossStart, 0) {
		r.LossStart = math.MaxFloat64
		r.Notes = append(r.Notes, "the simulation leaves the finite numbers at the start")
	}
	r.Evaluations, r.Gradients = f.evaluations, f.gradients
	return r, nil
}

// Loss returns the loss of the experiment for a network that stands in the place of its start, such as the true one of a test. It costs one simulation of
// all targets.
//
// Errors wrap [ErrExperiment], those of dynapse, and optim.ErrNonFinite where the simulation leaves the finite numbers.
func (e Experiment) Loss(ctx context.Context, n dynapse.Network) (float64, error) {
	p, err := e.compile()
	if err != nil {
		return 0, err
	}
	var l [1]float64
	err = p.sampleLosses(ctx, l[:], n, full)
	return l[0], err
}
