package protocol

import (
	"context"
	"errors"
	"math"

	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/fit"
	"github.com/surge-snn/surge/optim"
)

// What is known of a neuron before anything is recorded: its currents are those that were set, but
// for mismatch, and a scope shows it about right.
const (
	mismatch     = 0.3 // standard deviation of ln of a current
	farthest     = 6   // times what was set, at most
	farthestIref = 2   // of a current of which every number of bins is tried
	gainSD       = 0.1
	offsetSD     = 20e-3 // V

	knownGainSD   = 0.01 // behind the first stage
	knownOffsetSD = 1e-3 // V

	manyStarts = 8
	badLoss    = 0.05 // of traces that are off by 6 mV, from which another start is looked for
)

// Scope is how vmem is shown.
type Scope struct {
	Gain   float64 `json:"gain"`
	Offset float64 `json:"offset"` // V
}

// found is what was found of a neuron in a stage.
type found struct {
	values   [dynapse.NumParams]float64
	verdict  map[dynapse.Param]fit.Verdict
	interval map[dynapse.Param][2]float64
	next     *fit.Next
	warnings []string
	scope    Scope
	loss     float64
}

// of is the recording of a neuron in the rows of a stage; ok is false where it has none that say
// anything.
func (c *subject) of(rows []row, s Stage, j int, shown *Scope) (r fit.Recording, ok bool) {
	if len(rows) == 0 {
		return r, false
	}
	r = fit.Recording{Name: s.String(), T: rows[0].steps, B: len(rows)}
	width := r.B
	for t := range r.T {
		for b := range width {
			at := t*c.n + j
			x := rows[b]
			v, count := x.vmem[at], x.spikes[at]
			weight := 1.0
			if v != v || count != count {
				weight, v, count = 0, 0, 0
			}
			ok = ok || weight > 0
			r.Input, r.DC = append(r.Input, x.input[at]), append(r.DC, x.dc[at])
			r.Target[fit.Vmem], r.Target[fit.Spikes], r.Weight = append(r.Target[fit.Vmem], v), append(r.Target[fit.Spikes], count), append(r.Weight, weight)
		}
	}
	r.Use[fit.Vmem], r.Use[fit.Spikes] = true, true
	if shown == nil {
		r.Gain, r.Offset = fit.Nuisance{Fit: true, Mean: 1, SD: gainSD}, fit.Nuisance{Fit: true, SD: offsetSD}
	} else {
		r.Gain, r.Offset = fit.Nuisance{Fit: true, Mean: shown.Gain, SD: knownGainSD}, fit.Nuisance{Fit: true, Mean: shown.Offset, SD: knownOffsetSD}
	}
	return r, ok
}

// neuron fits the currents params of neuron j to its recordings, from those that are known.
func (c *subject) neuron(ctx context.Context, j int, known dynapse.Params, params []dynapse.Param, recordings []fit.Recording, seed uint64) (*found, error) {
	e := fit.Experiment{Recordings: recordings}
	s := &e.Space
	s.Network = dynapse.Network{N: 1, Substeps: c.Network.Substeps, MaxSpikes: c.Network.MaxSpikes}
	for p := range known {
		s.Network.Params[p] = []float64{known[p][j]}
	}
	for _, p := range params {
		set := c.nominal(p, j)
		if !(set > 0) {
			continue
		}
		s.Params = append(s.Params, p)
		far := float64(farthest)
		if p == dynapse.Iref {
			far = farthestIref
		}
		s.Bounds[p] = fit.Range{Low: set / far, High: set * far}
		s.Priors[p] = fit.Prior{Mean: set, SD: mismatch}
	}
	run := func(starts int) (*fit.Result, error) {
		return fit.Run(ctx, e, fit.Settings{Method: fit.GaussNewton, Starts: starts, Seed: seed})
	}
	res, err := run(1)
	if err == nil && res.Loss > badLoss && ctx.Err() == nil {
		var again *fit.Result
		if again, err = run(manyStarts); err == nil && again.Loss < res.Loss {
			res = again
		}
	}
	if errors.Is(err, fit.ErrExperiment) || errors.Is(err, optim.ErrNonFinite) { // it says nothing
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	f := &found{verdict: map[dynapse.Param]fit.Verdict{}, interval: map[dynapse.Param][2]float64{}, next: res.Next, warnings: res.Warnings, loss: res.Loss, scope: Scope{math.NaN(), math.NaN()}}
	for p := range known {
		f.values[p] = res.Network.Params[p][0]
	}
	for _, p := range params {
		if q := res.Parameter(p.String()); q.Name != "" {
			f.verdict[p], f.interval[p] = q.Verdict, q.Interval
		}
	}
	if g := res.Parameter("target[0].gain"); g.Name != "" {
		f.scope = Scope{g.Value, res.Parameter("target[0].offset").Value}
	}
	return f, nil
}

// nominal is what a current was set to: of the constant one, the reference.
func (c *subject) nominal(p dynapse.Param, j int) float64 {
	if p == dynapse.Idc {
		return c.reference(j)
	}
	return c.set[p][j]
}

// pooled is the scope that all neurons were seen with.
func pooled(list []*found) *Scope {
	middle := func(of func(Scope) float64) float64 {
		var x []float64
		for _, f := range list {
			if f != nil && f.scope.Gain == f.scope.Gain {
				x = append(x, of(f.scope))
			}
		}
		if len(x) == 0 {
			return math.NaN()
		}
		return fmath.Median(x)
	}
	s := &Scope{middle(func(s Scope) float64 { return s.Gain }), middle(func(s Scope) float64 { return s.Offset })}
	if s.Gain != s.Gain {
		return nil
	}
	return s
}

// plan says what is fitted in a stage, beside its block what the recordings of spikes depend on,
// and to the recordings of which stages.
var plan = [stages]struct {
	params []dynapse.Param
	from   []Stage
}{
	Leak:       {[]dynapse.Param{dynapse.ItauMem, dynapse.IgainMem, dynapse.Idc, dynapse.Ispkthr, dynapse.Iref}, []Stage{Leak}},
	FI:         {[]dynapse.Param{dynapse.ItauMem, dynapse.IgainMem, dynapse.Idc, dynapse.Ispkthr, dynapse.Iref}, []Stage{Leak, FI}},
	EPSP:       {[]dynapse.Param{dynapse.ItauSyn, dynapse.IgainSyn, dynapse.Ispkthr}, []Stage{EPSP}},
	Refractory: {[]dynapse.Param{dynapse.IgainMem, dynapse.IgainSyn, dynapse.Ispkthr, dynapse.Iref}, []Stage{FI, EPSP, Refractory}},
	AHP:        {blocks[AHP], []Stage{AHP}},
}
