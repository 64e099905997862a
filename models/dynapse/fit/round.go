package fit

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/chip"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/optim/minimize"
)

// Setting is a code of the bias generator for a fitted current of a core.
type Setting struct {
	Core            int     `json:"core"`
	Name            string  `json:"name"`
	DeviceParameter string  `json:"device_parameter"`
	Coarse          uint8   `json:"coarse"`
	Fine            uint8   `json:"fine"`
	Current         float64 `json:"current"` // A
}

// levels are the currents that a coordinate can be set to, as ln I in increasing order, with a code
// for each.
type levels struct {
	x       []float64
	setting []chip.Setting
}

// levelsOf returns the levels of coordinate k within its bounds, as they act. Of several codes with
// one current the first counts.
func levelsOf(p *problem, k int) (levels, error) {
	var l levels
	bias, err := biasOf(p.coords[k])
	if err != nil {
		return l, err
	}
	x, settings, err := bias.Levels(math.Inf(-1), math.Inf(1))
	if err != nil {
		return l, err
	}
	lo, hi := p.box.At(k)
	for i := range x {
		if x := x[i] + p.Shift[p.coords[k].name]; x >= lo && x <= hi {
			l.x, l.setting = append(l.x, x), append(l.setting, settings[i])
		}
	}
	if len(l.x) == 0 {
		return l, fmt.Errorf("%w: the bias generator has no current for %s between %.4g and %.4g A", ErrExperiment, p.coords[k].name, fmath.Exp(lo), fmath.Exp(hi))
	}
	return l, nil
}

// costly is the ratio of losses from which rounding is worth a wider search.
const costly = 1.05

// tooDear is the ratio of losses from which codes are looked for once more.
const tooDear = 1.5

// roundToCodes looks for the settings near x with the least loss. What cannot be set stays. The
// loss is the true one; where spikes are known, the forced problem says which currents make up for
// one another's rounding. The result has a level for each coordinate.
func (f *session) roundToCodes(ctx context.Context, x []float64) (y []float64, loss float64, codes [][]Setting, err error) {
	g := minimize.Grid{Levels: make([][]float64, len(x))}
	ls := make([]levels, len(x))
	for k, c := range f.coords {
		if _, settable := c.bias(); !settable {
			g.Levels[k] = []float64{x[k]}
			continue
		}
		if ls[k], err = levelsOf(f.problem, k); err != nil {
			return nil, 0, nil, err
		}
		g.Levels[k] = ls[k].x
	}
	near, err := g.Nearest(x)
	if err != nil {
		return nil, 0, nil, err
	}
	starts := [][]int{near}
	refine, negligible := minimize.RefineSettings{Beam: 4, Pairs: true, Budget: 400 * (1 + len(x))}, perfect
	if len(f.recordings) == 0 { // rates are coarse
		refine.Budget, negligible = 60*(1+len(x)), f.resolution()
		l, err := f.problem.loss(ctx, g.At(near))
		if l += f.penalty(g.At(near)); err == nil && l <= max(negligible, costly*f.best.loss) {
			refine.Budget = 1 // good as it is
		}
	}
	if f.best.errors != nil {
		refine.Budget = 1 // the loss has its minimum elsewhere
	}
	if f.spikes != nil && f.best.errors == nil {
		var point []int
		good := false
		forcing, err := f.forcing(ctx)
		if err == nil {
			var work int
			point, good, work, err = forcing.rounded(ctx, g, near, x)
			f.evaluations += work
		}
		if err != nil && ctx.Err() == nil {
			return nil, 0, nil, err
		}
		if point != nil {
			starts = [][]int{point, near}
		}
		if good { // near the least loss already
			refine = minimize.RefineSettings{Pairs: true, Budget: 60 * (1 + len(x))}
		} else {
			more, err := f.round(ctx, forcing, g, starts, x, refine)
			if err != nil {
				return nil, 0, nil, err
			}
			starts = append(more, starts...)
		}
	}
	p := f.free(dynapse.SurgeMixed)
	cost := 1
	if f.Mismatch > 0 {
		if p, err = f.chipsProblem(); err != nil {
			return nil, 0, nil, err
		}
		cost = f.Samples
	}
	res, err := minimize.RefineGrid(ctx, p, g, unique(starts), &refine)
	if ctx.Err() != nil && (err != nil || res.Levels == nil) { // no time for anything: each current by itself
		res, err = &minimize.GridResult{Levels: near, X: g.At(near)}, nil
	}
	if err != nil {
		return nil, 0, nil, err
	}
	if ctx.Err() == nil && f.Mismatch == 0 && f.best.errors == nil && res.Loss > costly*f.best.loss+negligible {
		wide := g
		wide.Neighbours = func(i, level int) (list []int) {
			for d := 1; d <= 4; d++ {
				for _, l := range []int{level + d, level - d} {
					if l >= 0 && l < len(g.Levels[i]) {
						list = append(list, l)
					}
				}
			}
			return list
		}
		refine.Beam = 2
		again, err := minimize.RefineGrid(ctx, p, wide, [][]int{res.Levels}, &refine)
		if err != nil && ctx.Err() == nil {
			return nil, 0, nil, err
		}
		if err == nil && again.Loss < res.Loss {
			f.evaluations += again.Evaluations
			res = again
		}
	}
	if f.Mismatch == 0 && f.best.errors == nil && f.spikes != nil && f.hasTraces() && res.Loss > max(tooDear*f.best.loss, surely*f.wellFitted()) && f.best.loss > nearlyExact {
		points, err := f.dive(ctx, g, near, x, res.Loss)
		if err == nil && len(points) > 0 {
			var again *minimize.GridResult
			if again, err = minimize.RefineGrid(ctx, p, g, points, &refine); err == nil && again.Loss < res.Loss {
				res, again = again, res
			}
			if again != nil {
				f.evaluations += again.Evaluations
			}
		}
		if err != nil && ctx.Err() == nil && !errors.Is(err, optim.ErrNonFinite) {
			return nil, 0, nil, err
		}
	}
	if loss, err = f.problem.loss(context.WithoutCancel(ctx), res.X); err != nil {
		return nil, 0, nil, err
	}
	loss += f.penalty(res.X)
	f.evaluations += cost * res.Evaluations
	codes = make([][]Setting, len(x))
	for k, c := range f.coords {
		name, settable := c.bias()
		if !settable {
			continue
		}
		s := ls[k].setting[res.Levels[k]]
		var cores []int
		for _, j := range c.neurons {
			cores = append(cores, f.Core[j])
		}
		slices.Sort(cores)
		for _, core := range slices.Compact(cores) {
			codes[k] = append(codes[k], Setting{core, c.parameter(), name, s.Coarse, s.Fine, s.Current})
		}
	}
	return res.X, loss, codes, nil
}

// round returns points of the grid near x that are good with forced spikes: those of the
// linearization there, and what a search on the grid makes of them. Unlike the loss itself, which
// jumps where a spike leaves its bin, the forced one says which way leads back.
func (f *session) round(ctx context.Context, forcing *problem, g minimize.Grid, starts [][]int, x []float64, refine minimize.RefineSettings) ([][]int, error) {
	least := 0.0
	if !f.hasTraces() {
		least = margin
	}
	for _, hinge := range hingeWeights {
		if ctx.Err() != nil {
			return starts, nil
		}
		l, err := minimize.Linearize(context.WithoutCancel(ctx), forcing.forced(hinge, least).optim(), x)
		if errors.Is(err, optim.ErrNonFinite) || errors.Is(err, minimize.ErrProblem) {
			continue
		}
		if err != nil {
			return nil, err
		}
		rounded, err := g.Round(x, l, 16)
		if err != nil {
			return nil, err
		}
		starts = append(starts, rounded...)
	}
	fp := forcing.forced(hingeWeights[len(hingeWeights)-1], least)
	p := minimize.Problem{Names: f.names(), Box: f.box, Priors: f.wished(), Func: fp.loss, Batch: func(ctx context.Context, losses []float64, xs [][]float64) error {
		r := make([][]float64, len(xs))
		for i := range r {
			r[i] = make([]float64, len(fp.samples))
		}
		if err := fp.residuals(ctx, r, xs); err != nil {
			return err
		}
		for i := range r {
			losses[i] = 0
			for _, v := range r[i] {
				losses[i] += float64(v*v) / 2
			}
		}
		return nil
	}}
	if ctx.Err() != nil {
		return starts, nil
	}
	res, err := minimize.RefineGrid(ctx, p, g, unique(starts), &refine)
	if err != nil && ctx.Err() != nil {
		return starts, nil
	}
	if err != nil {
		return nil, err
	}
	f.evaluations += res.Evaluations
	return append(starts, res.Levels), nil
}

func unique(points [][]int) (list [][]int) {
	for _, p := range points {
		if !slices.ContainsFunc(list, func(q []int) bool { return slices.Equal(p, q) }) {
			list = append(list, p)
		}
	}
	return list
}
