package fit

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/optim/minimize"
)

// dived is a point of which some coordinates have their level.
type dived struct {
	x      []float64
	levels []int // -1: none yet
	loss   float64
}

// dive looks for codes one current after another, those whose rounding the traces see most first:
// each at the levels next to where it is, and with each the currents that are left are fitted anew
// with the spikes held to their bins. Where a code is far from its current, all others make up for
// it then, which no search among neighbours finds. It returns the points at which the loss is less
// than below.
func (f *session) dive(ctx context.Context, g minimize.Grid, near []int, x []float64, below float64) ([][]int, error) {
	const (
		most  = 12 // currents, each of which is a fit for every level that is tried
		kept  = 3
		tried = 3
		steps = 12
	)
	forcing, err := f.forcing(ctx)
	if err != nil {
		return nil, err
	}
	fp := forcing.forced(strict, inside)
	r, jac := make([]float64, len(fp.samples)), mat.NewDense(len(fp.samples), len(x), nil)
	if err := fp.jacobian(ctx, r, jac, x); err != nil {
		return nil, err
	}
	first := dived{x: slices.Clone(x), levels: slices.Clone(near)}
	var order, last []int
	costs := make([]float64, len(x))
	for k, levels := range g.Levels {
		switch l := near[k]; {
		case len(levels) < 2: // stays
		case f.coords[k].is(dynapse.Ispkthr):
			last = append(last, k)
			first.levels[k] = -1
		case f.coords[k].is(dynapse.Iref):
			s := rounding{forced: fp, grid: g, near: near, x: x}
			first.levels[k] = s.sameBins(k)
			first.x[k] = levels[first.levels[k]]
		default:
			first.levels[k] = -1
			order = append(order, k)
			gap := levels[min(l+1, len(levels)-1)] - levels[max(l-1, 0)]
			for m, o := range fp.samples {
				if o.quantity != Spikes {
					costs[k] += float64(jac.At(m, k) * gap * jac.At(m, k) * gap)
				}
			}
		}
	}
	if len(order)+len(last) > most {
		return nil, nil
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(costs[b], costs[a]) })
	states := []dived{first}
	for _, k := range append(order, last...) {
		var next []dived
		for _, s := range states {
			levels := g.Levels[k]
			at := s.x
			if f.coords[k].is(dynapse.Ispkthr) {
				var err error
				if at, err = forcing.centre(ctx, s.x); err != nil {
					return nil, err
				}
			}
			l, _ := slices.BinarySearch(levels, at[k])
			from := max(min(l-(tried+1)/2, len(levels)-tried), 0)
			for l := from; l < min(from+tried+1, len(levels)); l++ {
				d := dived{slices.Clone(s.x), slices.Clone(s.levels), math.Inf(1)}
				d.x[k], d.levels[k] = levels[l], l
				p := fp.optim()
				p.Box = minimize.Box{Lower: slices.Clone(f.box.Lower), Upper: slices.Clone(f.box.Upper)}
				for i, l := range d.levels {
					if l >= 0 {
						p.Box.Lower[i], p.Box.Upper[i] = d.x[i], d.x[i]
					}
				}
				res, err := minimize.Fit(ctx, p, d.x, &minimize.Settings{}, minimize.LevenbergMarquardt{Steps: steps, Tol: 1e-3})
				if ctx.Err() != nil {
					return nil, ctx.Err()
				}
				if errors.Is(err, optim.ErrNonFinite) {
					continue
				}
				if err != nil {
					return nil, err
				}
				f.evaluations += res.Evaluations + res.Jacobians*f.cost
				d.x, d.loss = res.X, res.Loss
				next = append(next, d)
			}
		}
		if len(next) == 0 {
			return nil, nil
		}
		slices.SortStableFunc(next, func(a, b dived) int { return cmp.Compare(a.loss, b.loss) })
		states = next[:min(kept, len(next))]
	}
	var points [][]int
	for _, s := range states {
		loss, err := f.problem.loss(ctx, g.At(s.levels))
		if err == nil && loss+f.penalty(g.At(s.levels)) < below {
			points = append(points, s.levels)
		}
	}
	return points, nil
}
