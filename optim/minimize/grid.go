package minimize

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/surge-snn/surge/optim"
)

// Grid is what parameters can be set to, such as the currents that a bias generator
// has. A point of the grid is an index into each of Levels.
type Grid struct {
	// Levels are the values of each parameter in increasing order, [n][any number]: a
	// table of codes that is not monotone is to be sorted by its values.
	Levels [][]float64
	// Neighbours returns the levels to try next to a level of parameter i, in the order
	// to try them. Nil means the one above and the one below.
	Neighbours func(i, level int) []int
}

// RefineSettings are settings of [RefineGrid]; nil is the zero value.
type RefineSettings struct {
	// Beam is the number of points that are kept; zero means 1, a coordinate search.
	Beam int
	// Pairs tries moves of two parameters at once too, which valleys need where
	// parameters act as a product: n² moves in place of n.
	Pairs bool
	// Budget is the largest number of evaluations; zero means no limit.
	Budget int
}

// GridResult is what a search on a grid found.
type GridResult struct {
	// Status is Converged if no move from the points kept is better.
	Status Status
	// Levels are the indices of the best point, X its values, Loss its loss.
	Levels []int
	X      []float64
	Loss   float64
	// Evaluations counts points, NonFinite those that were rejected.
	Evaluations, NonFinite int
}

// check returns an error unless g is a grid for n parameters.
func (g Grid) check(n int) error {
	if len(g.Levels) != n {
		return fmt.Errorf("%w: grid: levels of %d parameters, want %d", ErrProblem, len(g.Levels), n)
	}
	for i, levels := range g.Levels {
		if len(levels) == 0 {
			return fmt.Errorf("%w: grid: parameter %d has no levels", ErrProblem, i)
		}
		if k := nonFinite(levels); k >= 0 {
			return fmt.Errorf("%w: grid: level %d of parameter %d is %v", optim.ErrNonFinite, k, i, levels[k])
		}
		if !slices.IsSorted(levels) {
			return fmt.Errorf("%w: grid: levels of parameter %d do not increase", ErrProblem, i)
		}
	}
	return nil
}

// At returns the values of a point; NaN where the grid has no such level.
func (g Grid) At(levels []int) []float64 {
	x := make([]float64, len(levels))
	for i, l := range levels {
		x[i] = math.NaN()
		if i < len(g.Levels) && l >= 0 && l < len(g.Levels[i]) {
			x[i] = g.Levels[i][l]
		}
	}
	return x
}

// Nearest returns the point whose values are nearest to x, each by itself; of two that
// are as near, the lower.
func (g Grid) Nearest(x []float64) ([]int, error) {
	if err := g.check(len(x)); err != nil {
		return nil, err
	}
	if i := nonFinite(x); i >= 0 {
		return nil, fmt.Errorf("%w: grid: x[%d] is %v", optim.ErrNonFinite, i, x[i])
	}
	point := make([]int, len(x))
	for i, v := range x {
		point[i] = nearest(g.Levels[i], v)
	}
	return point, nil
}

func nearest(levels []float64, v float64) int {
	k, _ := slices.BinarySearch(levels, v)
	if k == len(levels) || (k > 0 && v-levels[k-1] <= levels[k]-v) {
		return k - 1
	}
	return k
}

// mostReach is how many levels Round looks at on either side of the one that makes up
// best for those before.
const mostReach = 16

// Round returns up to keep points of the grid near x with the least loss by the
// linearization there, best first:
//
//	½ |R (y - x) + Q|²  over y on the grid
//
// With R made triangular again for another order of the parameters, they are decided from
// the last to the first, each to make up for the rounding of those after it; the keep best
// beginnings are carried on (the M algorithm, with keep = 1 Babai's nearest plane). The
// order puts first, to be decided last, what matters least by itself, over its level
// spacing (the sorted QR decomposition). A parameter that the linearization does not see is
// rounded to the nearest. No evaluations.
//
// Babai (1986), doi:10.1007/BF02579403; Wübben, Böhnke, Rinas, Kühn and Kammeyer (2001),
// doi:10.1049/el:20010899 (order).
func (g Grid) Round(x []float64, l Linearization, keep int) ([][]int, error) {
	n := len(x)
	if _, err := g.Nearest(x); err != nil {
		return nil, err
	}
	if n == 0 || l.R == nil || len(l.Q) != n || keep < 1 {
		return nil, fmt.Errorf("%w: grid: rounding of %d parameters with a linearization of %d, and %d points to keep", ErrProblem, n, len(l.Q), keep)
	}
	if r, c := l.R.Dims(); r != n || c != n || nonFinite(l.R.RawMatrix().Data) >= 0 || nonFinite(l.Q) >= 0 {
		return nil, fmt.Errorf("%w: grid: R is [%d, %d], want [%d, %d] and finite", ErrProblem, r, c, n, n)
	}
	order := g.order(x, l)
	g, x, l = g.reorder(x, l, order)
	type partial struct {
		point []int // decided from the end on
		cost  float64
	}
	const rounding = 1e-10 // of the largest entry of R: rounding of a Jacobian, not information
	none := rounding * maxAbs(l.R.RawMatrix().Data)
	beam := []partial{{point: make([]int, n)}}
	for k := n - 1; k >= 0; k-- {
		row := l.R.RawRowView(k)
		var next []partial
		for _, b := range beam {
			rest := l.Q[k] // of row k without parameter k
			for j := k + 1; j < n; j++ {
				rest += float64(row[j] * (g.Levels[j][b.point[j]] - x[j]))
			}
			centre, reach := x[k], min(keep, mostReach)
			if seen := x[k] - rest/row[k]; isFinite(seen) && math.Abs(row[k]) > none {
				centre = seen
			} else if maxAbs(mat.Col(nil, k, l.R)) <= none {
				reach = 0
			}
			at := nearest(g.Levels[k], centre)
			for level := max(at-reach, 0); level <= min(at+reach, len(g.Levels[k])-1); level++ {
				off := rest + float64(row[k]*(g.Levels[k][level]-x[k]))
				point := slices.Clone(b.point)
				point[k] = level
				next = append(next, partial{point, b.cost + float64(off*off)})
			}
		}
		// Nearer levels first where costs are equal.
		slices.SortStableFunc(next, func(a, b partial) int {
			near := func(p partial) float64 { return math.Abs(g.Levels[k][p.point[k]] - x[k]) }
			return cmp.Or(cmp.Compare(a.cost, b.cost), cmp.Compare(near(a), near(b)))
		})
		beam = next[:min(len(next), keep)]
	}
	points := make([][]int, len(beam))
	for k, b := range beam {
		points[k] = make([]int, n)
		for i, from := range order {
			points[k][from] = b.point[i]
		}
	}
	return points, nil
}

// order returns the parameters so that each is the one with the least change of the outputs
// per level that those before it cannot make up for.
func (g Grid) order(x []float64, l Linearization) []int {
	n := len(x)
	columns := make([][]float64, n) // of R times the spacing, without what those in order can make up for
	for k := range columns {
		levels := g.Levels[k]
		at := nearest(levels, x[k])
		low, high := max(at-1, 0), min(at+1, len(levels)-1)
		spacing := 1.0
		if high > low {
			spacing = (levels[high] - levels[low]) / float64(high-low)
		}
		columns[k] = mat.Col(nil, k, l.R)
		for i := range columns[k] {
			columns[k][i] *= spacing
		}
	}
	order, left := make([]int, 0, n), make([]int, n)
	for k := range left {
		left[k] = k
	}
	for len(left) > 0 {
		best := 0
		for i, k := range left {
			if b := columns[left[best]]; dot(columns[k], columns[k]) < dot(b, b) {
				best = i
			}
		}
		k := left[best]
		order, left = append(order, k), slices.Delete(left, best, best+1)
		square := dot(columns[k], columns[k])
		if square == 0 {
			continue
		}
		for _, other := range left {
			part := dot(columns[k], columns[other]) / square
			for i, v := range columns[k] {
				columns[other][i] -= float64(part * v)
			}
		}
	}
	return order
}

// reorder returns grid, point and linearization for another order of the parameters.
func (g Grid) reorder(x []float64, l Linearization, order []int) (Grid, []float64, Linearization) {
	n := len(order)
	h, y := Grid{Levels: make([][]float64, n)}, make([]float64, n)
	a := mat.NewDense(n+1, n+1, nil)
	for k, from := range order {
		h.Levels[k], y[k] = g.Levels[from], x[from]
		for i := range n {
			a.Set(i, k, l.R.At(i, from))
		}
		a.Set(k, n, l.Q[k])
	}
	return h, y, reduce(a, l.Loss)
}

// RefineGrid looks for the point of a grid with the least loss of p, priors included,
// from the points in starts: it evaluates all neighbours of the Beam best points and
// goes on from the Beam best of all, until none is left whose neighbours have not been
// seen. No point is evaluated twice, and points out of the bounds not at all. The
// loss is the problem's own, evaluated with Batch.
//
// The search is deterministic; of points with equal loss the one that was seen first
// counts as the better. As [Fit], it returns the best point together with errors, and
// budget, deadline and cancellation are no errors.
func RefineGrid(ctx context.Context, p Problem, g Grid, starts [][]int, s *RefineSettings) (*GridResult, error) {
	ctx, p = orBackground(ctx), p.guarded()
	if s == nil {
		s = &RefineSettings{}
	}
	if s.Beam < 0 || s.Budget < 0 {
		return nil, fmt.Errorf("%w: grid: Beam %d, Budget %d, want at least 0", optim.ErrSettings, s.Beam, s.Budget)
	}
	if len(starts) == 0 {
		return nil, fmt.Errorf("%w: grid: no point to start from", ErrProblem)
	}
	n := len(starts[0])
	if err := p.check(n); err != nil {
		return nil, fmt.Errorf("grid: %w", err)
	}
	if err := g.check(n); err != nil {
		return nil, err
	}
	for k, start := range starts {
		if err := g.on(start); err != nil {
			return nil, fmt.Errorf("start %d: %w", k, err)
		}
		if err := p.checkPoint("grid", g.At(start)); err != nil {
			return nil, err
		}
	}
	limit := s.Budget
	if limit == 0 {
		limit = math.MaxInt
	}
	r := &refinement{g: g, e: newEvaluator(ctx, &p, n, limit), pairs: s.Pairs, seen: map[string]bool{}}
	err := r.search(starts, max(s.Beam, 1))
	if r.e.counts.evaluations == 0 {
		return nil, fmt.Errorf("grid: nothing was evaluated: %w", err)
	}
	res := &GridResult{Status: Converged, Evaluations: r.e.counts.evaluations, NonFinite: r.e.counts.nonFinite, Loss: r.e.loss}
	if len(r.beam) > 0 && !math.IsInf(r.e.loss, 1) {
		res.Levels = r.beam[0].point
		res.X = g.At(res.Levels)
	} else if err == nil {
		err = fmt.Errorf("%w: grid: no finite loss at any of %d points", optim.ErrNonFinite, r.e.counts.nonFinite)
	}
	switch {
	case errors.Is(err, errBudget) || errors.Is(err, context.DeadlineExceeded):
		res.Status, err = BudgetReached, nil
	case errors.Is(err, context.Canceled):
		res.Status, err = Interrupted, nil
	case err != nil:
		res.Status = NoProgress
	}
	return res, err
}

// on returns an error unless point is on the grid.
func (g Grid) on(point []int) error {
	if len(point) != len(g.Levels) {
		return fmt.Errorf("%w: grid: point of %d parameters, want %d", ErrProblem, len(point), len(g.Levels))
	}
	for i, l := range point {
		if l < 0 || l >= len(g.Levels[i]) {
			return fmt.Errorf("%w: grid: level %d of parameter %d, want 0 to %d", ErrBounds, l, i, len(g.Levels[i])-1)
		}
	}
	return nil
}

// refinement is a beam search at work.
type refinement struct {
	g     Grid
	e     *Evaluator
	pairs bool
	seen  map[string]bool
	beam  []scored
}

// scored is a point with its loss.
type scored struct {
	point    []int
	loss     float64
	expanded bool
}

func (r *refinement) search(starts [][]int, width int) error {
	if err := r.evaluate(r.unseen(starts), width); err != nil {
		return err
	}
	for {
		var next [][]int
		for k := range r.beam {
			if b := &r.beam[k]; !b.expanded {
				b.expanded = true
				moves, err := r.moves(b.point)
				if err != nil {
					return err
				}
				next = append(next, r.unseen(moves)...)
			}
		}
		if len(next) == 0 {
			return nil
		}
		if err := r.evaluate(next, width); err != nil {
			return err
		}
	}
}

// moves returns the neighbours of a point.
func (r *refinement) moves(point []int) ([][]int, error) {
	var single []move
	for i, level := range point {
		levels := []int{level + 1, level - 1}
		if r.g.Neighbours != nil {
			levels = r.g.Neighbours(i, level)
		}
		for _, l := range levels {
			switch count := len(r.g.Levels[i]); {
			case l >= 0 && l < count:
				single = append(single, move{i, l})
			case r.g.Neighbours != nil:
				return nil, fmt.Errorf("%w: grid: neighbour %d of level %d of parameter %d, want 0 to %d", ErrBounds, l, level, i, count-1)
			}
		}
	}
	var moves [][]int
	for _, m := range single {
		moves = append(moves, m.from(point))
	}
	if r.pairs {
		for k, a := range single {
			for _, b := range single[k+1:] {
				if a.i != b.i {
					moves = append(moves, b.from(a.from(point)))
				}
			}
		}
	}
	return moves, nil
}

// move sets parameter i to a level.
type move struct{ i, level int }

func (m move) from(point []int) []int {
	to := slices.Clone(point)
	to[m.i] = m.level
	return to
}

// unseen returns the points that are new and within the bounds, and notes them.
func (r *refinement) unseen(points [][]int) [][]int {
	var fresh [][]int
	for _, p := range points {
		var key []byte
		for _, l := range p {
			key = binary.AppendUvarint(key, uint64(l))
		}
		if !r.seen[string(key)] && r.e.p.Box.Outside(r.g.At(p)) < 0 {
			r.seen[string(key)] = true
			fresh = append(fresh, p)
		}
	}
	return fresh
}

// evaluate adds the points to the beam and keeps the best. Where the budget ends
// within them, the first ones count.
func (r *refinement) evaluate(points [][]int, width int) error {
	var stopped error
	if left := r.e.Left(); left < len(points) {
		points, stopped = points[:left], errBudget
	}
	xs, losses := make([][]float64, len(points)), make([]float64, len(points))
	for k, p := range points {
		xs[k] = r.g.At(p)
		losses[k] = math.Inf(1)
	}
	if err := r.e.Losses(losses, xs); err != nil {
		stopped = err
	}
	for k, p := range points {
		if !math.IsInf(losses[k], 1) {
			r.beam = append(r.beam, scored{p, losses[k], false})
		}
	}
	slices.SortStableFunc(r.beam, func(a, b scored) int { return cmp.Compare(a.loss, b.loss) })
	r.beam = r.beam[:min(len(r.beam), width)]
	return stopped
}
