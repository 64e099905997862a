package fit

import (
	"context"
	"slices"

	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/chip"
)

// The chip cannot be set exactly to all that a fit takes as given: currents that are not fitted
// have codes, too, and input and recurrent weights are sums of four base currents. What the file
// for the chip does is another thing then than what the fitted currents do. So before the codes of
// the fitted currents are looked for, everything else is set as it will be in the file, and the
// fitted currents make up for it as well as they can. The base currents have codes like them, and
// with the spikes of recordings known they take part in both: they are all that can be changed of
// a weight whose bits are chosen.

// snapped returns a session of the experiment as the chip can be set to it, whose best point is
// near x, and the weights that the chip holds; f itself where there is nothing to be set. The
// coordinates of both have the same names where they are the same; a session has those of base
// currents more, and those of weights less.
func snapped(ctx context.Context, f *session, x []float64) (*session, *chip.Quantised) {
	e := f.experiment
	if f.Mismatch > 0 || f.best.errors != nil || e.Space.Network.N == 0 {
		return f, nil
	}
	fitted := slices.ContainsFunc(f.Bases[:], func(b Base) bool { return b.Fit }) // of which the input weights are made, too
	if fitted && !f.freeBases() {
		return f, nil
	}
	found := &Result{Settable: f.network(x), Bases: f.baseCurrents(x)}
	d, err := found.Deploy(ctx, e, f.Seed)
	if err != nil {
		return f, nil
	}
	set := e
	changed := f.Weights || !slices.Equal(d.In.W, e.inputWeights().W) || !slices.Equal(d.Network.WRec, e.Space.Network.WRec)
	set.Space.Network.WRec, set.Space.Weights = d.Network.WRec, false
	for p := range dynapse.Param(dynapse.NumParams) {
		if p.IsCurrent() && !slices.Contains(e.Space.Params, p) && d.Network.Params[p] != nil {
			set.Space.Network.Params[p] = d.Network.Params[p]
			changed = true
		}
	}
	bases := false
	if f.freeBases() {
		var decoded Experiment
		if decoded, bases, err = f.decoded(set, d.weights); err != nil {
			return f, nil
		}
		if bases {
			set = decoded
		}
	}
	if len(set.Space.Params) == 0 && !bases { // weights alone are fitted
		return f, nil
	}
	var p *problem
	if bases {
		if p, err = set.compile(); err != nil {
			return f, nil
		}
	} else {
		if f.Codes != nil {
			set.Space.Bases = f.Bases
			if err := settableBases(&set.Space.Bases); err != nil {
				return f, nil
			}
			set.Space.Network.WRec, changed = nil, true // it follows from the base currents
			for k, b := range set.Space.Bases {
				for j, core := range d.weights.Core {
					d.weights.Bases[core][k] = b.Start[j]
				}
			}
		}
		if !changed {
			return f, d.weights
		}
		if p, err = set.driven(d.In); err != nil {
			return f, nil
		}
	}
	y := named(p, p.x, f.problem, x)
	s := newSession(p, Settings{Method: f.Method, Starts: 1, Seed: f.Seed, DAC: true, Samples: f.Samples, Logger: f.Logger})
	if err := s.offer(ctx, y); err != nil || s.best.x == nil {
		return f, nil
	}
	if s.spikes != nil { // a point that is cut short is as good as it is
		_ = refit(ctx, s, y)
	} else {
		_ = timing(ctx, s, y)
	}
	f.evaluations += s.evaluations
	f.gradients += s.gradients
	if bases && f.Codes == nil && s.Codes != nil {
		s = f.recoded(ctx, set, s, d.weights)
	}
	return s, d.weights
}

// named is y with the values that coordinates of the same names have at the point x of q.
func named(p *problem, y []float64, q *problem, x []float64) []float64 {
	y = slices.Clone(y)
	names := q.names()
	for k, c := range p.coords {
		if i := slices.Index(names, c.name); i >= 0 {
			y[k] = x[i]
		}
	}
	return y
}

// freeBases says whether base currents can take part in the search: where what they make is all
// that comes in, and the spikes of the recordings are known.
func (f *session) freeBases() bool {
	return f.spikes != nil && len(f.summed) == 0 && f.Network.Substeps <= 1 && !slices.Contains(f.Params, dynapse.Iscale) &&
		(f.Tie == Core || !slices.ContainsFunc(f.Core, func(c int) bool { return c != f.Core[0] }))
}

// leastBase is the part of the largest base current below which one makes no difference that is
// worth a search.
const leastBase = 0.02

// decoded is an experiment whose weights are the codes of q, with base currents that are fitted
// from those of q on, and whether there are such. Given ones that are not fitted stay: they have
// the nearest codes. So do negligible ones, and the largest where Igain_syn is fitted, which is as
// good as a factor of them all.
func (f *session) decoded(e Experiment, q *chip.Quantised) (Experiment, bool, error) {
	s := &e.Space
	s.inCodes, s.Network.WRec = &q.In, nil
	if len(q.Rec.Code) > 0 {
		s.Codes = &q.Rec
	}
	var used [chip.WeightBits]bool
	largest := 0
	for k := range s.Bases {
		b := &s.Bases[k]
		given := f.Codes != nil && b.Start != nil && !b.Fit
		b.Start = make([]float64, s.Network.N)
		for j := range b.Start {
			b.Start[j] = q.Bases[q.Core[j]][k]
		}
		used[k] = !given && slices.ContainsFunc(slices.Concat(q.In.Code, q.Rec.Code), func(c uint8) bool { return c>>k&1 != 0 })
		if used[k] && b.Start[0] > s.Bases[largest].Start[0] {
			largest = k
		}
	}
	gain := slices.Contains(f.Params, dynapse.IgainSyn)
	for k := range s.Bases {
		if b := &s.Bases[k]; !b.Fit {
			b.Fit = used[k] && b.Start[0] >= leastBase*s.Bases[largest].Start[0] && !(k == largest && gain)
		}
	}
	return e, slices.ContainsFunc(s.Bases[:], func(b Base) bool { return b.Fit }), settableBases(&s.Bases)
}

// settableBases moves base currents that are not fitted to the nearest that the bias generator has.
func settableBases(list *[chip.WeightBits]Base) error {
	for k := range list {
		if list[k].Fit {
			continue
		}
		bias, err := biasOf(base{k})
		if err != nil {
			return err
		}
		list[k].Start = slices.Clone(list[k].Start)
		for j, x := range list[k].Start {
			near, err := bias.Lookup(x)
			if err != nil {
				return err
			}
			list[k].Start[j] = near.Current
		}
	}
	return nil
}

// held returns the weights that the chip holds at x, and the input weights that they make, where
// they are not those of the experiment; q are those from which the session began.
func (f *session) held(q *chip.Quantised, x []float64) (*chip.Quantised, *chip.Weights) {
	if q == nil {
		return nil, nil
	}
	now := *q
	if f.inCodes != nil {
		now.Bases = slices.Clone(q.Bases)
		for j, b := range f.baseCurrents(x) {
			now.Bases[now.Core[j]] = b
		}
	}
	in, _ := now.Weights()
	return &now, &in
}
