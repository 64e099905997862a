package fit

import (
	"context"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/optim/minimize"
)

// Weights of the spikes in the forced problem: none, so that a trace alone leads the way; as much as the traces; and so much that a membrane on the wrong
// side of the threshold by 1 % costs as much as a trace that is off by an e-fold.
var hinges = [...]float64{0, 1, 1e4}

// Margins of the spikes where nothing but them is known. With a small one at first, a membrane that never leaves its rest, with a threshold close by, would be a
// good answer: every sample is only a little on the wrong side.
var margins = [len(hinges)]float64{0.5, 0.2, margin}

// rounds is how often the fit with forced spikes is begun anew, from twice as many starts each time, where it has ended in a minimum that is not a good one: wellFitted is a
// loss per term below which it is, an error of 10 % of a current.
const (
	rounds     = 3
	wellFitted = 0.01
	surely     = 0.05 // of wellFitted: when a start has converged there, the others end
)

// forcedRounds fits the network with forced spikes until the free network does well.
func (f *fitter) forcedRounds(ctx context.Context) error {
	least := f.wellFitted()
	for round := range rounds {
		before := f.loss
		if err := f.forcedFit(ctx, f.Starts<<round, f.Seed+uint64(round)); err != nil || f.loss <= least+f.penalty(f.best) {
			return err
		}
		if round == 0 && least > 0 && f.several() {
			if err := f.apart(ctx, least); err != nil || f.errors != nil || f.loss <= least {
				return err
			}
		}
		if least == 0 && round > 0 && f.loss > 0.99*before { // spikes alone have no loss that is known to be good
			return nil
		}
	}
	return nil
}

// wellFitted is the loss of traces below which a minimum is a good one; 0 without traces.
func (f *fitter) wellFitted() (least float64) {
	for i := range f.recordings {
		for q := range Quantity(numQuantities) {
			if r := &f.recordings[i]; r.Use[q] && q != Spikes {
				least += wellFitted * r.scale(q)
			}
		}
	}
	return least
}

// forcedFit fits the network with forced spikes, and offers what the free network does with the result.
func (f *fitter) forcedFit(ctx context.Context, starts int, seed uint64) error {
	x := f.x
	traces := f.hasTraces()
	for i, hinge := range hinges {
		least := 0.0
		if !traces {
			hinge, least = 1, margins[i]
		}
		fp := f.forced(hinge, least)
		if len(fp.samples) == 0 {
			continue
		}
		p := fp.optim()
		method := minimize.Method(minimize.LevenbergMarquardt{})
		if f.Method == LBFGS {
			method = minimize.LBFGS{}
			p.Residuals, p.NumResiduals = nil, 0
			p.Func, p.Grad, p.Jacobian = fp.loss, fp.gradient, nil
		}
		first := i == 0
		if first && f.Weights && len(f.Params) > 0 { // currents are found more easily before weights join
			held := p
			held.Box = f.holdWeights()
			y, _, err := f.call(ctx, "currents", held, x, minimize.MultiStart{Method: method, Starts: starts, Keep: max(2, starts/4), Enough: surely * f.wellFitted(), Seed: seed})
			if err != nil {
				return err
			}
			x = y
		}
		if first {
			method = minimize.MultiStart{Method: method, Starts: starts, Keep: max(2, starts/4), Enough: surely * f.wellFitted(), Seed: seed}
		}
		y, loss, err := f.call(ctx, [...]string{"traces", "threshold", "spikes"}[i], p, x, method)
		if err != nil {
			return err
		}
		x = y
		if i < 2 {
			if x, err = f.refractory(ctx, fp, x, loss); err != nil {
				return err
			}
		}
		if traces && i > 0 {
			if x, err = f.centre(ctx, x); err != nil {
				return err
			}
		}
		if err := f.offer(ctx, x); err != nil {
			return err
		}
	}
	if !traces || f.loss <= f.goodEnough() {
		return nil
	}
	loss, err := f.forced(0, 0).loss(ctx, x)
	if err != nil || loss > noisy*f.wellFitted() { // another minimum is wanted, not another point of this one
		return err
	}
	return f.nearby(ctx, x)
}

// noisy is how many times the loss of well fitted traces the noise of a recording may leave: an error of 20 % of a current.
const noisy = 4

// holdWeights returns the bounds with those of recurrent weights closed around their start.
func (p *problem) holdWeights() minimize.Box {
	b := minimize.Box{Lower: slices.Clone(p.box.Lower), Upper: slices.Clone(p.box.Upper)}
	for k, c := range p.coords {
		if c.isWeight() {
			b.Lower[k], b.Upper[k] = p.x[k], p.x[k]
		}
	}
	return b
}

// hasTraces says whether a trace is part of the loss.
func (f *fitter) hasTraces() bool {
	return slices.ContainsFunc(f.recordings, func(r Recording) bool { return r.otherTerms() })
}

// goodEnough is the loss above which the free network is taken to have other spikes than the recording: well above that of the forced one at its best.
func (f *fitter) goodEnough() float64 {
	if f.best == nil {
		return 0
	}
	fp := f.forced(0, 0)
	loss, err := fp.loss(context.Background(), f.best)
	if err != nil {
		return 0
	}
	return loss*1.05 + 1e-9 + f.penalty(f.best)
}

func (f *forced) loss(ctx context.Context, x []float64) (float64, error) {
	r := make([]float64, len(f.samples))
	if err := f.residuals(ctx, [][]float64{r}, [][]float64{x}); err != nil {
		return 0, err
	}
	sum := 0.0
	for _, v := range r {
		sum += float64(v * v)
	}
	return sum / 2, nil
}

func (f *forced) gradient(ctx context.Context, grad, x []float64) (float64, error) {
	r, jac := make([]float64, len(f.samples)), mat.NewDense(len(f.samples), len(x), nil)
	if err := f.jacobian(ctx, r, jac, x); err != nil {
		return 0, err
	}
	clear(grad)
	sum := 0.0
	for m, v := range r {
		sum += float64(v * v)
		for k, d := range jac.RawRowView(m) {
			grad[k] += float64(v * d)
		}
	}
	return sum / 2, nil
}

// refractory looks for the refractory times. They act in whole bins, which no derivative sees: for each of them the fit is repeated with the numbers of bins
// that leave the least loss, until none is better, and then once more to the end.
func (f *fitter) refractory(ctx context.Context, fp *forced, x []float64, loss float64) ([]float64, error) {
	const (
		tries   = 4
		hopeful = 2 // times the least loss, after which a try is gone on with
	)
	p := fp.optim()
	moved := false
	for again := true; again; {
		again = false
		for _, k := range f.index(dynapse.Iref) {
			var points [][]float64
			for m := 1; m <= f.mostBins(k); m++ {
				y := slices.Clone(x)
				y[k] = f.lnIref(k, float64(m)-0.5)
				if lo, hi := f.box.At(k); y[k] < lo || y[k] > hi || f.bins(k, y[k]) == f.bins(k, x[k]) {
					continue
				}
				points = append(points, y)
			}
			losses := make([]float64, len(points))
			rs := make([][]float64, len(points))
			for i := range rs {
				rs[i] = make([]float64, len(fp.samples))
			}
			if err := fp.residuals(ctx, rs, points); err != nil {
				return nil, err
			}
			f.evaluations += len(points)
			for i, r := range rs {
				for _, v := range r {
					losses[i] += v * v / 2
				}
			}
			order := make([]int, len(points))
			for i := range order {
				order[i] = i
			}
			slices.SortStableFunc(order, func(a, b int) int {
				switch {
				case losses[a] < losses[b]:
					return -1
				case losses[a] > losses[b]:
					return 1
				}
				return 0
			})
			for _, i := range order[:min(tries, len(order))] {
				if loss < 1e-16 {
					break
				}
				y, l, err := f.call(ctx, "refractory", p, points[i], minimize.LevenbergMarquardt{Steps: 10})
				if err == nil && l < hopeful*loss && l >= loss*(1-1e-3) {
					y, l, err = f.call(ctx, "refractory", p, y, minimize.LevenbergMarquardt{Steps: 30})
				}
				if err != nil {
					return nil, err
				}
				if l < loss*(1-1e-3) {
					x, loss, again, moved = y, l, true, true
					break
				}
			}
		}
		if !again && moved {
			y, l, err := f.call(ctx, "refractory", p, x, minimize.LevenbergMarquardt{})
			if err != nil {
				return nil, err
			}
			x, again, moved = y, l < loss*(1-1e-3), false
			loss = l
		}
	}
	return x, nil
}

// bins returns the refractory time of coordinate k in steps, ceil(t_ref/step), for the value x.
func (p *problem) bins(k int, x float64) int {
	return int(math.Ceil(p.tref(k)/fmath.Exp(x)/p.step() - 1e-9))
}

// step is the time step of the simulation, s: a bin, or with substeps a part of it.
func (p *problem) step() float64 { return p.dt / float64(max(p.Network.Substeps, 1)) }

// lnIref returns the coordinate for a refractory time in steps.
func (p *problem) lnIref(k int, bins float64) float64 {
	return fmath.Log(p.tref(k) / (bins * p.step()))
}

// tref returns Vth C_ref of the neurons of coordinate k, in ampere seconds.
func (p *problem) tref(k int) float64 {
	j := p.coords[k].neurons[0]
	return p.start[dynapse.Vth][j] * p.start[dynapse.CRef][j]
}

// mostBins is the largest refractory time that the spikes of coordinate k allow: the shortest time between two, and no more than 100 steps.
func (p *problem) mostBins(k int) int {
	most := 100
	n := p.Network.N
	for r := range p.recordings {
		width := p.recordings[r].B * n
		for _, j := range p.coords[k].neurons {
			for row := j; row < width; row += n {
				last := -1
				for t := range p.recordings[r].T {
					if s := p.spikes[r][t*width+row]; s > 0 {
						if last >= 0 {
							most = min(most, (t-last)*max(p.Network.Substeps, 1))
						}
						last = t
					}
				}
			}
		}
	}
	return most
}

// centre moves thresholds into the middle of what the spikes allow.
func (f *fitter) centre(ctx context.Context, x []float64) ([]float64, error) {
	return f.between(ctx, x, make([]float64, len(x)))
}

// between moves thresholds between the ends of what the spikes allow, to (1 + z/farthest)/2 of the way.
func (f *fitter) between(ctx context.Context, x, z []float64) ([]float64, error) {
	ks := f.index(dynapse.Ispkthr)
	if len(ks) == 0 {
		return x, nil
	}
	x = slices.Clone(x)
	brackets, err := f.thresholds(ctx, x)
	if err != nil {
		return nil, err
	}
	for i, k := range ks {
		lo, hi := f.box.At(k)
		if b := brackets[i]; b.Low > 0 && !math.IsInf(b.High, 0) {
			part := (1 + z[k]/farthest) / 2
			x[k] = min(max(float64((1-part)*fmath.Log(b.Low))+float64(part*fmath.Log(b.High)), lo), hi)
		}
	}
	return x, nil
}

// thresholds returns for each coordinate of Ispkthr the interval that the spikes allow, in amperes: what all its neurons have in common.
func (p *problem) thresholds(ctx context.Context, x []float64) ([]Range, error) {
	net := p.network(x)
	runs, err := p.runs(ctx, net)
	if err != nil {
		return nil, err
	}
	rooms := p.rooms(net, runs)
	var out []Range
	for _, k := range p.index(dynapse.Ispkthr) {
		all := Range{0, math.Inf(1)}
		for _, j := range p.coords[k].neurons {
			all.Low, all.High = max(all.Low, rooms[j].Low), min(all.High, rooms[j].High)
		}
		out = append(out, all)
	}
	return out, nil
}

// rooms returns for each neuron of each sample, [M, N], the interval of Ispkthr that its spikes allow, in amperes:
//
//	max over all bins of Imem e^-c <= Ispkthr < min over bins with spikes of Imem e^(1-c)
//
// with Imem before the reset and c the count. The first is 0, the second infinite, where there are no such bins.
func (p *problem) rooms(net dynapse.Network, runs []*dynapse.Run) []Range {
	n, m, thresholds := p.Network.N, max(net.Samples, 1), p.lnThresholds(net)
	out := make([]Range, m*n)
	for i := range out {
		out[i].High = math.Inf(1)
	}
	for r, run := range runs {
		if rec := &p.recordings[r]; rec.Target[Spikes] == nil && rec.Target[Imem] == nil && rec.Target[Vmem] == nil {
			continue
		}
		width := p.recordings[r].B * n
		for at, c := range p.spikes[r] {
			if c-c != 0 {
				continue
			}
			j := at % n
			for i := range m {
				neuron := i*n + j
				ln := p.above(thresholds, run, at/width*m*width+i*width+at%width, neuron) + thresholds[neuron]
				imem := fmath.Exp(ln) * p.start[dynapse.Io][j]
				b := &out[neuron]
				b.Low = max(b.Low, imem*fmath.Exp(-c))
				if c > 0 {
					b.High = min(b.High, imem*fmath.Exp(1-c))
				}
			}
		}
	}
	return out
}
