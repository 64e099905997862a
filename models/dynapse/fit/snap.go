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
// fitted currents make up for it as well as they can.

// snapped returns a session of the experiment as the chip can be set to it, whose best point is
// near x, and the weights that the chip holds; f itself where there is nothing to be set.
func snapped(ctx context.Context, f *session, x []float64) (*session, *chip.Quantised) {
	e := f.experiment
	if f.Weights || f.Mismatch > 0 || f.best.errors != nil || e.Space.Network.N == 0 {
		return f, nil
	}
	if slices.ContainsFunc(f.Bases[:], func(b Base) bool { return b.Fit }) { // of which the input weights are made, too
		return f, nil
	}
	found := &Result{Settable: f.network(x), Bases: f.baseCurrents(x)}
	d, err := found.Deploy(ctx, e, f.Seed)
	if err != nil {
		return f, nil
	}
	set := e
	set.Space.Network.WRec = d.Network.WRec
	changed := !slices.Equal(d.In.W, e.inputWeights().W) || !slices.Equal(d.Network.WRec, e.Space.Network.WRec)
	for p := range dynapse.Param(dynapse.NumParams) {
		if p.IsCurrent() && !slices.Contains(e.Space.Params, p) && d.Network.Params[p] != nil {
			set.Space.Network.Params[p] = d.Network.Params[p]
			changed = true
		}
	}
	for k := range set.Space.Bases {
		if b := &set.Space.Bases[k]; f.Codes != nil && !b.Fit {
			b.Start = slices.Clone(f.Bases[k].Start)
			bias, err := biasOf(base{k})
			if err != nil {
				return f, nil
			}
			for j, x := range b.Start {
				near, err := bias.Lookup(x)
				if err != nil {
					return f, nil
				}
				b.Start[j] = near.Current
				changed = true
			}
		}
	}
	if f.Codes != nil {
		set.Space.Network.WRec, d.weights = nil, nil // they follow from the base currents
	}
	if !changed {
		return f, d.weights
	}
	p, err := set.driven(d.In)
	if err != nil || len(p.coords) != len(x) {
		return f, nil
	}
	s := newSession(p, Settings{Method: f.Method, Starts: 1, Seed: f.Seed, DAC: true, Samples: f.Samples, Logger: f.Logger})
	if err := s.offer(ctx, x); err != nil || s.best.x == nil {
		return f, nil
	}
	if s.spikes != nil { // a point that is cut short is as good as it is
		_ = forcedFit(ctx, s, x, 1, f.Seed)
	} else {
		_ = timing(ctx, s, x)
	}
	f.evaluations += s.evaluations
	f.gradients += s.gradients
	return s, d.weights
}
