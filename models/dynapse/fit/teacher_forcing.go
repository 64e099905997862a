package fit

import (
	"context"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/optim/minimize"
)

// Weights of the spikes in the forced problem: none, so that a trace alone leads the way; as much
// as the traces; and so much that a membrane on the wrong side of the threshold by 1 % costs as
// much as a trace that is off by an e-fold.
var hingeWeights = [...]float64{0, 1, 1e4}

// Margins of the spikes where nothing but them is known. With a small one at first, a membrane that
// never leaves its rest, with a threshold close by, would be a good answer: every sample is only a
// little on the wrong side.
var margins = [len(hingeWeights)]float64{0.5, 0.2, margin}

// Where a trace is recorded otherwise than the model shows it, least squares pull the membrane
// across the threshold even against that. Then the spikes are as good as a constraint, strict, and
// held a little inside the threshold, by inside.
const (
	strict = 1e7
	inside = 1e-3 // e-folds
)

// exact is a loss of traces, of an error of 1e-5 e-folds, beyond which nothing is looked for.
const exact = 1e-10

// rounds is how often the fit with forced spikes is begun anew, from twice as many starts each
// time, where it has ended in a minimum that is not a good one: wellFitted is a loss per term below
// which it is, an error of 10 % of a current.
const (
	rounds     = 3
	wellFitted = 0.01
	surely     = 0.05 // of wellFitted: when a start has converged there, the others end
)

// teacherForcing fits the network with forced spikes until the free network does well, and asks for
// a second opinion where the answer may be another minimum than the least.
func teacherForcing(ctx context.Context, f *session) error {
	if err := forcedRounds(ctx, f); err != nil || separable(f.problem) {
		return err
	}
	if err := otherBins(ctx, f); err != nil {
		return err
	}
	if err := freeTimings(ctx, f); err != nil {
		return err
	}
	return secondOpinion(ctx, f)
}

// forcedRounds fits the network with forced spikes until the free network does well.
func forcedRounds(ctx context.Context, f *session) error {
	least := f.wellFitted()
	if separable(f.problem) {
		if err := oneByOne(ctx, f); err != nil || f.best.loss <= least+f.penalty(f.best.x) {
			return err
		}
	}
	whole := *f // in steps as long as bins, which are cheap, and near enough for a start
	whole.problem = stepping{f.problem}.coarse()
	for round := range rounds {
		before := f.best.loss
		if err := forcedFit(ctx, &whole, f.start, f.Starts<<round, f.Seed+uint64(round)); err != nil || f.Network.Substeps <= 1 && f.best.loss <= least+f.penalty(f.best.x) {
			return err
		}
		if err := withinBins(ctx, f, whole.found); err != nil || f.Network.Substeps > 1 && f.best.loss <= least+f.penalty(f.best.x) {
			return err
		}
		if f.placeable() { // rounds look for another minimum of the traces
			if loss, err := f.tracesLoss(ctx, f.found); err != nil || loss <= least {
				return err
			}
		}
		if round == 0 && least > 0 && several(f.problem) {
			if err := populationEstimate(ctx, f, least); err != nil || f.best.errors != nil || f.best.loss <= least {
				return err
			}
		}
		if least == 0 && round > 0 && f.best.loss > 0.99*before { // spikes alone have no loss that is known to be good
			return nil
		}
	}
	return nil
}

// forcedFit fits the network with forced spikes from x, and offers what the free network does with
// the result.
func forcedFit(ctx context.Context, f *session, x []float64, starts int, seed uint64) error {
	traces := f.hasTraces()
	var complete func(context.Context, []float64) ([]float64, error)
	if traces {
		complete = f.centre
	}
	for i, hinge := range hingeWeights {
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
		if first && len(f.Params) > 0 && (f.Weights || f.deviates != nil) { // currents are found more easily before the others join
			held := p
			held.Box = holdOthers(f.problem, x)
			y, _, err := f.minimise(ctx, "currents", held, x, minimize.MultiStart{Method: method, Starts: starts, Keep: max(2, starts/4), Enough: surely * f.wellFitted(), Seed: seed}, complete)
			if err != nil {
				return err
			}
			x = y
		}
		if first && f.deviates == nil {
			method = minimize.MultiStart{Method: method, Starts: starts, Keep: max(2, starts/4), Enough: surely * f.wellFitted(), Seed: seed}
		}
		y, loss, err := f.minimise(ctx, [...]string{"traces", "threshold", "spikes"}[i], p, x, method, complete)
		if err != nil {
			return err
		}
		x = y
		if i < 2 {
			if x, err = refractory(ctx, f, fp, x, loss); err != nil {
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
		if f.found = x; traces && f.best.loss <= exact {
			return nil
		}
	}
	if !traces || f.best.loss <= f.goodEnough(f.best.x) {
		return nil
	}
	y, _, err := f.minimise(ctx, "strict", f.forced(strict, inside).optim(), x, minimize.LevenbergMarquardt{}, f.centre)
	if err != nil {
		return err
	}
	if y, err = f.centre(ctx, y); err != nil {
		return err
	}
	if err := f.offer(ctx, y); err != nil || f.best.loss <= f.goodEnough(f.best.x) {
		return err
	}
	loss, err := f.forced(0, 0).loss(ctx, x)
	if err != nil || loss > noisy*f.wellFitted() { // another minimum is wanted, not another point of this one
		return err
	}
	return confidenceSearch(ctx, f, x)
}

// noisy is how many times the loss of well fitted traces the noise of a recording may leave: an
// error of 20 % of a current.
const noisy = 4

// holdOthers returns the bounds with those of recurrent weights and given parameters closed around
// their start.
func holdOthers(p *problem, x []float64) minimize.Box {
	b := minimize.Box{Lower: slices.Clone(p.box.Lower), Upper: slices.Clone(p.box.Upper)}
	for k, c := range p.coords {
		if c.isWeight() || c.given {
			b.Lower[k], b.Upper[k] = x[k], x[k]
		}
	}
	return b
}

// refit fits from a point near which an answer may be, and offers it.
func refit(ctx context.Context, f *session, x []float64) error {
	if f.placeable() {
		return withinBins(ctx, f, x)
	}
	whole := *f
	whole.problem = stepping{f.problem}.coarse()
	err := forcedFit(ctx, &whole, x, 1, f.Seed)
	f.found = whole.found
	return err
}

// tracesLoss is the loss of the traces with the spikes of the recordings, in those steps of their
// bins that leave the least.
func (p *problem) tracesLoss(ctx context.Context, x []float64) (float64, error) {
	if p.Network.Substeps > 1 && p.spikes != nil && p.hasTraces() {
		steps, err := stepping{p}.place(ctx, x, nil)
		if err != nil {
			return 0, err
		}
		p = stepping{p}.stepped(steps)
	}
	return p.forced(0, 0).loss(ctx, x)
}

// goodEnough is the loss above which the free network is taken to have other spikes than the
// recording: well above that of the forced one at its best.
func (p *problem) goodEnough(x []float64) float64 {
	if x == nil {
		return 0
	}
	loss, err := p.tracesLoss(context.Background(), x)
	if err != nil {
		return 0
	}
	return loss*1.05 + 1e-9 + p.penalty(x)
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

// refractory looks for the refractory times. They act in whole bins, which no derivative sees: for
// each of them the fit is repeated with the numbers of bins that leave the least loss, until none
// is better, and then once more to the end.
func refractory(ctx context.Context, f *session, fp *forced, x []float64, loss float64) ([]float64, error) {
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
				if loss < exact {
					break
				}
				y, l, err := f.minimise(ctx, "refractory", p, points[i], minimize.LevenbergMarquardt{Steps: 10}, f.centre)
				if err == nil && l < hopeful*loss && l >= loss*(1-1e-3) {
					y, l, err = f.minimise(ctx, "refractory", p, y, minimize.LevenbergMarquardt{Steps: 30}, f.centre)
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
			y, l, err := f.minimise(ctx, "refractory", p, x, minimize.LevenbergMarquardt{}, f.centre)
			if err != nil {
				return nil, err
			}
			x, again, moved = y, l < loss*(1-1e-3), false
			loss = l
		}
	}
	return x, nil
}

// mostBins is the largest refractory time that the spikes of coordinate k allow: the shortest time
// between two, and no more than 100 steps.
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
