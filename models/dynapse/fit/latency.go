package fit

import (
	"context"
	"errors"
	"math"
	"slices"

	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/optim/identify"
	"github.com/surge-snn/surge/optim/minimize"
)

// Input that is late by a part of a bin is shared out between two bins, so that the derivative with
// respect to a latency jumps where it is a whole number of bins. There a search may end, and what
// one side knows is not what the other does.

// latencies are the coordinates of latencies.
func (p *problem) latencies() (list []int) {
	for k, c := range p.coords {
		if n, ok := c.quantity.(nuisance); ok && n.what == latencyName {
			list = append(list, k)
		}
	}
	return list
}

// mostLate is how many bins a latency is moved by after a search.
const mostLate = 4

// otherBins repeats the fit with each latency in the bin before and the bin after, until none is
// better.
func otherBins(ctx context.Context, f *session) error {
	if f.best.x == nil || f.best.errors != nil || !f.hasTraces() {
		return nil
	}
	for _, k := range f.latencies() {
		for range mostLate {
			if moved, err := otherBin(ctx, f, k); err != nil || !moved {
				return err
			}
		}
	}
	return nil
}

// otherBin looks for a better answer with latency k in the bin before or the bin after.
func otherBin(ctx context.Context, f *session, k int) (moved bool, err error) {
	forcing, err := f.forcing(ctx)
	if err != nil {
		return false, err
	}
	fp, x := forcing.forced(0, 0), f.best.x
	least, err := fp.loss(ctx, x)
	if err != nil {
		return false, err
	}
	least += f.penalty(x)
	bin := math.Floor(f.value(k, x[k]) / f.dt)
	for _, side := range []float64{-1, 1} {
		p := fp.optim()
		p.Box = minimize.Box{Lower: slices.Clone(f.box.Lower), Upper: slices.Clone(f.box.Upper)}
		lo, hi := f.box.At(k)
		lo, hi = max(lo, f.coords[k].at((bin+side)*f.dt)), min(hi, f.coords[k].at((bin+side+1)*f.dt))
		if !(lo < hi) {
			continue
		}
		p.Box.Lower[k], p.Box.Upper[k] = lo, hi
		y := slices.Clone(x)
		if y[k] = lo + (hi-lo)/8; side < 0 { // near the edge that both bins have
			y[k] = hi - (hi-lo)/8
		}
		y, loss, err := f.minimise(ctx, "latency", p, y, minimize.LevenbergMarquardt{}, forcing.centre)
		if err != nil {
			return false, err
		}
		if loss < least*(1-1e-4) {
			before := f.best.loss
			err := refit(ctx, f, y)
			return f.best.loss < before, err
		}
	}
	return false, nil
}

// latencyIntervals replaces the interval of a latency that reaches into another bin by the one of
// its profile likelihood.
func (f *session) latencyIntervals(ctx context.Context, x []float64, s *sensitivity, id *identification) error {
	if s.found == nil || s.noise > unexplained || f.best.errors != nil {
		return nil
	}
	for _, k := range f.latencies() {
		i := slices.Index(s.smooth, k)
		half := 1.96 * s.found.Estimates[i].SD * f.coords[k].relative(x[k])
		bin := func(x float64) float64 { return math.Floor(f.value(k, x) / f.dt) }
		name := f.coords[k].name
		if id.verdict[name] != Identified || bin(x[k]-half) == bin(x[k]+half) {
			continue
		}
		m, err := f.misfit(ctx, x, s.noise*s.lengthening())
		if err != nil || m == nil {
			return err
		}
		p := &profiler{session: f, m: m}
		var work int
		if p.x, p.least, work, err = m.fit(ctx, x, 0, 0, f.index(dynapse.Iref)...); err != nil {
			return err
		}
		f.evaluations += work
		p.known = [][]float64{p.x}
		lo, hi := f.box.At(k)
		in, err := identify.FeasibleInterval(ctx, func(ctx context.Context, v float64) (bool, error) { return p.feasible(ctx, k, v) }, p.x[k], lo, hi, half/20)
		if errors.Is(err, errBetter) {
			id.better = p.x
			continue
		}
		if err != nil {
			return err
		}
		id.interval[name] = [2]float64{f.value(k, in.Low), f.value(k, in.High)}
	}
	return nil
}
