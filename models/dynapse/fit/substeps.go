package fit

import (
	"context"
	"math"
	"slices"

	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/optim/minimize"
)

// With several steps in a bin, a recording says in which bin a spike is, and not in which step; forced at the end of its bin, it comes up to a bin late. So the fit goes on with
// bins as short as the steps, in which only the last of each bin was recorded, and spikes in the steps in which the free network has them. This is done again as long as it helps.
// As the steps are a guess, the free network itself is fitted after that.

// stepRounds is how often, at most.
const stepRounds = 8

// withinBins fits with spikes forced in steps, from the best point.
func withinBins(ctx context.Context, f *session) error {
	if f.Network.Substeps <= 1 || f.spikes == nil || !f.hasTraces() || slices.ContainsFunc(f.segments, func(list []restart) bool { return len(list) > 0 }) {
		return nil
	}
	x, last := f.best.x, math.Inf(1)
	for range stepRounds {
		steps, err := f.inSteps(ctx, x)
		if err != nil {
			return err
		}
		fp := steps.forced(hingeWeights[len(hingeWeights)-1], 0)
		y, loss, err := f.minimise(ctx, "steps", fp.optim(), x, minimize.LevenbergMarquardt{}, nil)
		if err != nil {
			return err
		}
		if x, err = refractory(ctx, f, fp, y, loss); err != nil {
			return err
		}
		if err := f.offer(ctx, x); err != nil {
			return err
		}
		if loss > 0.99*last {
			return nil
		}
		last = loss
	}
	return nil
}

// inSteps returns the problem whose bins are the steps of p, with the spikes of each bin in the steps in which the free network at x has them, or else in the last.
func (p *problem) inSteps(ctx context.Context, x []float64) (*problem, error) {
	k, n := p.Network.Substeps, p.Network.N
	q, s := *p, *p.space
	s.Network.Substeps = 1
	s.start[dynapse.Dt] = make([]float64, n)
	for j := range n {
		s.start[dynapse.Dt][j] = p.start[dynapse.Dt][j] / float64(k)
	}
	s.Network.Params[dynapse.Dt] = s.start[dynapse.Dt]
	q.space, q.dt, q.recordings, q.spikes = &s, p.dt/float64(k), slices.Clone(p.recordings), nil
	for i := range q.recordings {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		r, old := &q.recordings[i], &p.recordings[i]
		width := r.B * n
		r.T *= k
		at := func(bin, step int) int { return (bin/width*k+step)*width + bin%width }
		spread := func(v []float64, step int, empty float64) []float64 {
			if v == nil {
				return nil
			}
			out := slices.Repeat([]float64{empty}, k*len(v))
			for bin, x := range v {
				out[at(bin, step)] = x
			}
			return out
		}
		r.Input = spread(old.Input, 0, 0)
		r.Weight = make([]float64, len(r.Input))
		for bin := range old.Input {
			r.Weight[at(bin, k-1)] = old.weight(bin)
		}
		for quantity := range r.Target {
			r.Target[quantity] = spread(old.Target[quantity], k-1, math.NaN())
		}
		net := q.system(x)
		run, err := net.Simulate(dynapse.Input{T: r.T, B: r.B, Counts: q.input(&net, i), Initial: q.initial(&net, i)})
		if err != nil {
			return nil, notFinite(err)
		}
		spikes := make([]float64, len(r.Input))
		for bin, count := range p.spikes[i] {
			free := 0.0
			for step := range k {
				free += run.Spikes[at(bin, step)]
			}
			for step := range k {
				switch {
				case count != count:
					spikes[at(bin, step)] = count
				case free == count:
					spikes[at(bin, step)] = run.Spikes[at(bin, step)]
				case step == k-1:
					spikes[at(bin, step)] = count
				}
			}
		}
		if r.Target[Spikes] != nil {
			r.Target[Spikes] = spikes
		}
		q.spikes = append(q.spikes, spikes)
	}
	q.segments = make([][]restart, len(q.recordings))
	return &q, nil
}
