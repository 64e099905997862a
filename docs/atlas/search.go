package main

import (
	"cmp"
	"context"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/surge-snn/surge/models/dynapse/chip"
	"github.com/surge-snn/surge/optim/minimize"
)

// entry is what was found for a pattern.
type entry struct {
	Letter string      `json:"letter"`
	Wiring int         `json:"wiring"` // index into wirings
	Codes  []chip.Code `json:"codes"`  // of the currents, in their order
}

// box bounds ln I of the currents.
func box() (b minimize.Box) {
	for _, c := range currents {
		b.Lower, b.Upper = append(b.Lower, math.Log(c.lo)), append(b.Upper, math.Log(c.hi))
	}
	return b
}

// problem is what is missing, and with samples the mean of mismatched chips beside it.
func problem(p *pattern, w wiring, samples int) minimize.Problem {
	var m minimize.Problem
	for _, c := range currents {
		m.Names = append(m.Names, c.String())
	}
	m.Box = box()
	m.Batch = func(ctx context.Context, losses []float64, xs [][]float64) error {
		if err := missing(p, w, losses, xs); err != nil || samples == 0 {
			return err
		}
		for k, x := range xs {
			if err := ctx.Err(); err != nil {
				return err
			}
			_, lack, err := share(p, w, x, samples, 1)
			if err != nil {
				return err
			}
			losses[k] += lack
		}
		return nil
	}
	return m
}

// effort is how much is looked for.
type effort struct{ points, starts, budget, robust, samples int }

// search looks for currents of one wiring that show a pattern: random points, evolution from the
// best of them, and then for many chips.
func search(ctx context.Context, p *pattern, w wiring, seed uint64, e effort) (x []float64, least float64, err error) {
	m := problem(p, w, 0)
	rng := rand.New(rand.NewPCG(seed, uint64(p.letter[0])))
	points, losses := make([][]float64, e.points), make([]float64, e.points)
	for k := range points {
		for i := range currents {
			lo, hi := m.Box.At(i)
			points[k] = append(points[k], lo+float64((hi-lo)*rng.Float64()))
		}
	}
	if err := m.Batch(ctx, losses, points); err != nil {
		return nil, 0, err
	}
	order := make([]int, e.points)
	for k := range order {
		order[k] = k
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(losses[a], losses[b]) })
	least = math.Inf(1)
	for s := 0; s < e.starts && least > 0; s++ {
		k := order[s]
		res, err := minimize.Fit(ctx, m, points[k], &minimize.Settings{Budget: e.budget, Record: stopAt(0)}, minimize.CMAES{Sigma: 0.4, Population: 16, Seed: seed})
		if res == nil || res.X == nil {
			return nil, 0, err
		}
		if res.Loss < least {
			x, least = res.X, res.Loss
		}
	}
	if least > 0 {
		return x, least, nil
	}
	res, err := minimize.Fit(ctx, problem(p, w, e.samples), x, &minimize.Settings{Budget: e.robust}, minimize.CMAES{Sigma: 0.2, Population: 12, Seed: seed})
	if err != nil {
		return nil, 0, err
	}
	return res.X, 0, nil
}

// errEnough ends a search.
type errEnough struct{}

func (errEnough) Error() string { return "found" }

func stopAt(least float64) func(minimize.Progress) error {
	return func(p minimize.Progress) error {
		if p.Best <= least {
			return errEnough{}
		}
		return nil
	}
}

// codes are the settings next to a point, and those around them with which more chips show the
// pattern.
func codes(ctx context.Context, p *pattern, w wiring, x []float64, e effort) ([]chip.Code, error) {
	var g minimize.Grid
	var settings [][]chip.Setting
	b := box()
	for i, c := range currents {
		s, err := bias(c.Param)
		if err != nil {
			return nil, err
		}
		levels, of, err := s.Levels(b.At(i))
		if err != nil {
			return nil, err
		}
		g.Levels, settings = append(g.Levels, levels), append(settings, of)
	}
	start, err := g.Nearest(x)
	if err != nil {
		return nil, err
	}
	res, err := minimize.RefineGrid(ctx, problem(p, w, e.samples), g, [][]int{start}, &minimize.RefineSettings{Budget: e.robust / 4})
	if err != nil {
		return nil, err
	}
	var list []chip.Code
	for i, l := range res.Levels {
		list = append(list, settings[i][l].Code)
	}
	return list, nil
}

// find looks for a pattern with one wiring after the other, and takes the first that shows it, or
// that with the least missing.
func find(ctx context.Context, p *pattern, seed uint64, e effort) (entry, error) {
	best, least := entry{}, math.Inf(1)
	var at []float64
	for i, w := range wirings {
		x, l, err := search(ctx, p, w, seed, e)
		if err != nil {
			return best, err
		}
		if l < least {
			best, least, at = entry{Letter: p.letter, Wiring: i}, l, x
		}
		if least == 0 {
			break
		}
	}
	list, err := codes(ctx, p, wirings[best.Wiring], at, e)
	best.Codes = list
	return best, err
}
