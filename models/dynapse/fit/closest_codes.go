package fit

import (
	"context"
	"errors"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/optim/minimize"
)

// Rounding to codes with forced spikes. The traces are smooth then, and their loss near its minimum
// is a quadratic form, whose least value on a grid is a closest vector problem. Of its solutions,
// best first, the one is taken at which the spikes leave room for a threshold: there the free
// network does what the forced one does, and the loss is the true one. Neurons that share no
// current are independent of each other, as their spikes are given.

// Numbers of points of the grid: those that are kept while parameters are decided one by one, and
// those that are simulated at once.
const (
	roundings     = 2048
	roundingsOnce = 128
)

// nearby is how far from the minimum, in ln I, the quadratic form is used.
const nearby = 0.5

// part is the rounding of the currents of neurons that share them.
type part struct {
	neurons   []int
	coords    []int   // of f
	threshold int     // the coordinate of Ispkthr, or -1
	points    [][]int // levels of coords, best first
	best      []int   // levels of coords
	loss      float64 // there: least of those with room for a threshold; +Inf if there is none
	gap       float64 // of best where there is none, ln(Low/High)
}

// rounding is a search for the point of a grid near x.
type rounding struct {
	*forced
	grid  minimize.Grid
	near  []int // the levels nearest to x
	x, r  []float64
	jac   *mat.Dense // of the residuals r, at x
	parts []*part
	of    []int // the part of a neuron
	work  int   // simulations
}

// rounded returns a point of the grid near x, whether all neurons spike as they should there, and
// how many simulations that took. It is nil where nothing can be said.
func (p *problem) rounded(ctx context.Context, grid minimize.Grid, near []int, x []float64) (point []int, good bool, work int, err error) {
	s := &rounding{forced: p.forced(0, 0), grid: grid, near: near, x: x, parts: partsOf(p.space), of: make([]int, p.Network.N)}
	if len(s.samples) == 0 {
		return nil, false, 0, nil
	}
	s.r, s.jac = make([]float64, len(s.samples)), mat.NewDense(len(s.samples), len(x), nil)
	err = s.jacobian(ctx, s.r, s.jac, x)
	if err == nil {
		good, err = s.search(ctx)
	}
	if errors.Is(err, optim.ErrNonFinite) || errors.Is(err, minimize.ErrProblem) {
		return nil, false, s.work, nil
	}
	if err != nil {
		return nil, false, s.work, err
	}
	point = slices.Clone(near)
	for _, p := range s.parts {
		for k, l := range p.best {
			point[p.coords[k]] = l
		}
	}
	return point, good, s.work, nil
}

// search finds the best levels of all parts, and says whether all neurons spike as they should.
func (s *rounding) search(ctx context.Context) (good bool, err error) {
	most := 0
	for i, p := range s.parts {
		for _, j := range p.neurons {
			s.of[j] = i
		}
		if err := s.candidates(ctx, p); err != nil {
			return false, err
		}
		most = max(most, len(p.points))
	}
	once := max(min(mostElements/s.elements(), roundingsOnce), 1)
	for first := 0; first < most && !good && ctx.Err() == nil; first += once {
		levels := make([][]int, min(once, most-first))
		for i := range levels {
			levels[i] = slices.Clone(s.near)
			for _, p := range s.parts {
				for k, l := range p.points[min(first+i, len(p.points)-1)] {
					levels[i][p.coords[k]] = l
				}
			}
		}
		s.work += len(levels)
		if err := s.judge(ctx, levels); err != nil {
			if errors.Is(err, optim.ErrNonFinite) {
				continue
			}
			return false, err
		}
		good = !slices.ContainsFunc(s.parts, func(p *part) bool { return math.IsInf(p.loss, 1) })
	}
	return good, nil
}

// partsOf returns the sets of neurons that share currents.
func partsOf(f *space) (list []*part) {
	group := f.groups()
	labels := slices.Compact(slices.Sorted(slices.Values(group)))
	for _, label := range labels {
		p := &part{threshold: -1, loss: math.Inf(1), gap: math.Inf(1)}
		for j, g := range group {
			if g == label {
				p.neurons = append(p.neurons, j)
			}
		}
		for k, c := range f.coords {
			if group[c.neurons[0]] == label {
				p.coords = append(p.coords, k)
				if c.is(dynapse.Ispkthr) {
					p.threshold = k
				}
			}
		}
		list = append(list, p)
	}
	return list
}

// candidates stores the points of a part. Currents that the traces do not see are the nearest, of
// Iref with the same number of bins.
func (f *rounding) candidates(ctx context.Context, p *part) error {
	near, x, jac := f.near, f.x, f.jac
	rest := make([]int, len(p.coords))
	for i, k := range p.coords {
		if rest[i] = near[k]; f.coords[k].is(dynapse.Iref) {
			rest[i] = f.sameBins(k)
		}
	}
	p.points, p.best = [][]int{rest}, rest
	var rows []int
	for m, s := range f.samples {
		if slices.Contains(p.neurons, s.at%f.Network.N) {
			rows = append(rows, m)
		}
	}
	var seen []int // indices in p.coords
	sub := minimize.Grid{}
	var at []float64
	var names []string
	lowest := make([]int, 0, len(p.coords))
	for i, k := range p.coords {
		acts := slices.ContainsFunc(rows, func(m int) bool { return jac.At(m, k) != 0 })
		if _, settable := f.coords[k].bias(); !acts || !settable {
			continue
		}
		levels := f.grid.Levels[k]
		low, _ := slices.BinarySearch(levels, x[k]-nearby)
		high, _ := slices.BinarySearch(levels, x[k]+nearby)
		low, high = min(low, near[k]), max(high, near[k]+1)
		seen, lowest = append(seen, i), append(lowest, low)
		sub.Levels = append(sub.Levels, levels[low:high])
		at, names = append(at, x[k]), append(names, f.coords[k].name)
	}
	if len(seen) == 0 {
		return nil
	}
	l, err := minimize.Linearize(ctx, minimize.Problem{Names: names, NumResiduals: len(rows),
		Residuals: func(_ context.Context, out, _ []float64) error {
			for i, m := range rows {
				out[i] = f.r[m]
			}
			return nil
		},
		Jacobian: func(_ context.Context, out []float64, d *mat.Dense, _ []float64) error {
			for i, m := range rows {
				out[i] = f.r[m]
				for j, k := range seen {
					d.Set(i, j, jac.At(m, p.coords[k]))
				}
			}
			return nil
		}}, at)
	if err != nil {
		return err
	}
	found, err := sub.Round(at, l, roundings)
	if err != nil {
		return err
	}
	p.points = p.points[:0]
	for _, levels := range found {
		point := slices.Clone(rest)
		for j, level := range levels {
			point[seen[j]] = lowest[j] + level
		}
		p.points = append(p.points, point)
	}
	p.best = p.points[0]
	return nil
}

// sameBins returns the level nearest to near with which a refractory time has as many bins as with
// x; near, if there is none.
func (f *rounding) sameBins(k int) int {
	g, near, want := f.grid, f.near[k], f.bins(k, f.x[k])
	for d := range len(g.Levels[k]) {
		for _, l := range []int{near - d, near + d} {
			if l >= 0 && l < len(g.Levels[k]) && f.bins(k, g.Levels[k][l]) == want {
				return l
			}
		}
	}
	return near
}

// judge simulates points with forced spikes and keeps the best of each part, with its threshold in
// the middle of what the spikes allow.
func (f *rounding) judge(ctx context.Context, levels [][]int) error {
	n, m := f.Network.N, len(levels)
	xs := make([][]float64, m)
	for i := range xs {
		xs[i] = f.grid.At(levels[i])
	}
	rs := make([][]float64, m)
	for i := range rs {
		rs[i] = make([]float64, len(f.samples))
	}
	net := f.system(xs...)
	runs, err := f.runs(ctx, net)
	if err != nil {
		return err
	}
	f.differences(rs, net, runs)
	allowed, membranes := f.allowedThresholds(net.Network, runs), f.membranes(net.Network)
	losses := make([]float64, len(f.parts))
	for i := range m {
		clear(losses)
		for k, s := range f.samples {
			losses[f.of[s.at%n]] += float64(rs[i][k] * rs[i][k] / 2)
		}
		for q, p := range f.parts {
			all := Range{0, math.Inf(1)}
			good := true
			for _, j := range p.neurons {
				room := allowed[i*n+j]
				all.Low, all.High = max(all.Low, room.Low), min(all.High, room.High)
				v := fmath.Exp(membranes.spikes[i*n+j]) * membranes.io[i*n+j]
				good = good && room.Low <= v && v < room.High
			}
			level := -1
			if p.threshold >= 0 {
				level, good = within(f.grid.Levels[p.threshold], all)
			}
			gap := 0.0
			if !good {
				gap = fmath.Log(all.Low / all.High)
			}
			if good && losses[q] < p.loss || !good && math.IsInf(p.loss, 1) && gap < p.gap {
				p.best = p.best[:0:0]
				for _, k := range p.coords {
					l := levels[i][k]
					if k == p.threshold && level >= 0 {
						l = level
					}
					p.best = append(p.best, l)
				}
				if p.gap = gap; good {
					p.loss = losses[q]
				}
			}
		}
	}
	return nil
}

// within returns the level nearest to the middle of a range in amperes, and whether it lies within.
func within(levels []float64, r Range) (level int, inside bool) {
	lo, hi := levels[0], levels[len(levels)-1]
	if r.Low > 0 {
		lo = fmath.Log(r.Low)
	}
	if !math.IsInf(r.High, 1) {
		hi = fmath.Log(r.High)
	}
	middle := (lo + hi) / 2
	level, _ = slices.BinarySearch(levels, middle)
	if level == len(levels) || level > 0 && middle-levels[level-1] < levels[level]-middle {
		level--
	}
	return level, lo <= levels[level] && levels[level] < hi
}
