package fit

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/optim/identify"
	"github.com/surge-snn/surge/optim/minimize"
)

// With several steps in a bin and noise, spikes in those steps that leave the least squares follow
// the noise, and a spike a step earlier, a refractory time that is a step longer and a threshold
// that is lower do nearly the same. So the answer is looked for once more with spikes that are free
// within their bins (released.go), and what is said of thresholds and refractory times is where the
// profile likelihood has them (see profile.go), with all others and the times of the spikes fitted
// anew.

// around are coordinates z around the point x: of the smooth ones in standard deviations, of
// thresholds in units of unsure, beside what moves them with the membrane, and of refractory times
// in steps.
type around struct {
	*session
	x      []float64
	smooth []int
	found  *identify.Identification
	unit   float64     // of the loss, where it is half of S
	follow [][]float64 // d ln Ispkthr / dx, for each coordinate of Ispkthr
	held   []int       // coordinates that stay
}

// unsure is a step of ln Ispkthr.
const unsure = 0.01

func (s *timings) around(ctx context.Context, x []float64, held ...int) (*around, error) {
	steps, err := s.r.steps(x)
	if err != nil {
		return nil, err
	}
	f := s.session
	p := s.r.stepped(steps)
	a := &around{session: f, x: x, smooth: f.smooths(), held: held}
	seen, err := p.sensitivities(ctx, x, a.smooth)
	if err != nil {
		return nil, err
	}
	most := 0.0
	for k := range f.recordings {
		r := &f.recordings[k]
		for q := range Spikes {
			if r.Use[q] {
				most = max(most, r.scale(q)/float64(r.samples()))
			}
		}
	}
	a.found, a.unit = seen.found, math.Sqrt(2*most)*seen.noise*seen.lengthening()
	brackets, err := p.thresholds(ctx, x)
	if err != nil {
		return nil, err
	}
	a.follow = make([][]float64, len(brackets))
	for _, k := range a.smooth {
		y := slices.Clone(x)
		y[k] += float64(step * f.coords[k].relative(x[k]))
		moved, err := p.thresholds(ctx, y)
		if err != nil {
			return nil, err
		}
		for i, b := range brackets {
			g := fmath.Log(moved[i].Low/b.Low*moved[i].High/b.High) / 2 / (y[k] - x[k])
			if g-g != 0 { // no spikes, or nothing but spikes
				g = 0
			}
			a.follow[i] = append(a.follow[i], g)
		}
	}
	return a, nil
}

// point returns the point at z.
func (a *around) point(z []float64) []float64 {
	y := slices.Clone(a.x)
	for k, v := range a.found.Singular {
		for i, at := range a.smooth {
			y[at] += float64(z[a.smooth[k]] / max(v, leastSeen) * a.found.Vectors.At(i, k) * a.coords[at].relative(a.x[at]))
		}
	}
	for j, k := range a.index(dynapse.Ispkthr) {
		y[k] += float64(unsure * z[k])
		for i, at := range a.smooth {
			y[k] += float64(a.follow[j][i] * (y[at] - a.x[at]))
		}
	}
	for _, k := range a.index(dynapse.Iref) {
		y[k] = a.lnIref(k, max(float64(a.bins(k, a.x[k]))-0.5+z[k], 0.5))
	}
	for _, k := range a.held {
		y[k] = a.x[k]
	}
	a.box.Project(y)
	return y
}

// timed is a point with its loss, which has what its membrane is on the wrong side of the threshold
// by in it.
type timed struct {
	x    []float64
	loss float64
}

// timings is the search of the least loss with spikes that are free within their bins.
type timings struct {
	*session
	r    *released
	root float64 // of the weight of the residuals of bins
	unit float64 // see around
	best timed
	free timed   // the best of those with nothing on the wrong side
	seen []timed // where searches ended
}

// hold is the weight of the squares of residuals of bins: a membrane on the wrong side by 1e-4
// costs as much as an error of 3 % in a sample of the trace.
const hold = 1e5

// evaluate stores the residuals of points, and returns their losses.
func (s *timings) evaluate(ctx context.Context, rs, xs [][]float64) ([]float64, error) {
	s.evaluations += len(xs)
	if err := s.r.residuals(ctx, rs, xs); err != nil {
		return nil, err
	}
	losses := make([]float64, len(xs))
	for i, list := range rs {
		first := len(s.r.traces.samples)
		outside := false
		for j := first; j < len(list); j++ {
			outside = outside || list[j] != 0
			list[j] *= s.root
		}
		losses[i] = s.penalty(xs[i])
		for _, d := range list {
			losses[i] += float64(d * d / 2)
		}
		if losses[i] < s.best.loss {
			s.best = timed{xs[i], losses[i]}
		}
		if !outside && losses[i] < s.free.loss {
			s.free = timed{xs[i], losses[i]}
		}
	}
	return losses, nil
}

func (s *timings) lists(n int) [][]float64 {
	rs := make([][]float64, n)
	for i := range rs {
		rs[i] = make([]float64, s.r.size())
	}
	return rs
}

// descend goes down from x by least squares whose derivatives are quotients over a standard
// deviation, h times: a spike moves from step to step in it.
func (s *timings) descend(ctx context.Context, x []float64, h float64, steps int, held ...int) (t timed, err error) {
	a, err := s.around(ctx, x, held...)
	if errors.Is(err, optim.ErrNonFinite) || err == nil && a.found == nil {
		return timed{x, math.Inf(1)}, nil
	}
	if err != nil {
		return t, err
	}
	t.loss = math.Inf(1)
	keep := func(xs [][]float64, losses []float64) {
		for i, l := range losses {
			if l < t.loss {
				t = timed{xs[i], l}
			}
		}
	}
	n := len(x)
	box := minimize.Box{Lower: slices.Repeat([]float64{-mostApart}, n), Upper: slices.Repeat([]float64{mostApart}, n)}
	for _, k := range held {
		box.Lower[k], box.Upper[k] = 0, 0
	}
	p := minimize.Problem{Names: s.names(), Box: box, NumResiduals: s.r.size(), Residuals: func(ctx context.Context, list, z []float64) error {
		xs := [][]float64{a.point(z)}
		losses, err := s.evaluate(ctx, [][]float64{list}, xs)
		keep(xs, losses)
		return err
	}, Jacobian: func(ctx context.Context, list []float64, jac *mat.Dense, z []float64) error {
		xs := [][]float64{a.point(z)}
		for k := range z {
			for _, side := range []float64{h, -h} {
				y := slices.Clone(z)
				y[k] += side
				xs = append(xs, a.point(y))
			}
		}
		rs := append([][]float64{list}, s.lists(2*n)...)
		losses, err := s.evaluate(ctx, rs, xs)
		if err != nil {
			return err
		}
		keep(xs, losses)
		for m := range list {
			for k := range z {
				jac.Set(m, k, (rs[1+2*k][m]-rs[2+2*k][m])/(2*h))
			}
		}
		return nil
	}}
	_, err = minimize.Fit(ctx, p, make([]float64, n), &minimize.Settings{}, minimize.LevenbergMarquardt{Steps: steps, Tol: 1e-3})
	if ctx.Err() != nil {
		return t, ctx.Err()
	}
	if errors.Is(err, optim.ErrNonFinite) {
		err = nil
	}
	if t.x == nil {
		t.x = x
	}
	return t, err
}

// mostApart bounds a search, in standard deviations.
const mostApart = 50

// moves of ln Ispkthr from which a search with another refractory time begins.
var thresholdMoves = [...]float64{0, 0.01, 0.02, 0.05, 0.1, 0.2, -0.01, -0.02, -0.05, -0.1, -0.2}

// walk looks at refractory times of more and fewer steps than the best point has, until they are
// too many.
func (s *timings) walk(ctx context.Context, k int) error {
	const (
		giveUp = 3  // times in a row
		most   = 16 // of a side
	)
	from := s.best
	was := s.bins(k, from.x[k])
	for _, side := range []int{1, -1} {
		x, over, by, last := from.x, 0, 0, 0
		for i := 0; i < most && over < giveUp; i++ {
			by += max(1, by/4)
			y := slices.Clone(x)
			y[k] = s.lnIref(k, float64(was+side*by)-0.5)
			if lo, hi := s.box.At(k); was+side*by < 1 || y[k] < lo || y[k] > hi {
				break
			}
			shifted, err := s.shifted(ctx, x, y, k, side*by-last)
			if errors.Is(err, optim.ErrNonFinite) {
				break
			}
			if err != nil {
				return err
			}
			last = side * by
			starts := [][]float64{shifted}
			for _, d := range thresholdMoves {
				z := slices.Clone(y)
				for _, j := range s.index(dynapse.Ispkthr) {
					z[j] += d
				}
				s.box.Project(z)
				starts = append(starts, z)
			}
			losses, err := s.evaluate(ctx, s.lists(len(starts)), starts)
			if errors.Is(err, optim.ErrNonFinite) {
				break
			}
			if err != nil {
				return err
			}
			t, err := s.descend(ctx, starts[slices.Index(losses, slices.Min(losses))], 1, 4, k)
			if err != nil {
				return err
			}
			if err := s.note(t); err != nil {
				return err
			}
			if x = t.x; s.possible(t) {
				over = 0
			} else {
				over++
			}
		}
	}
	return nil
}

// shifted returns y with thresholds in the middle of what the spikes at x allow when those of the
// neurons of coordinate k are earlier by so many steps.
func (s *timings) shifted(ctx context.Context, x, y []float64, k, by int) ([]float64, error) {
	steps, err := s.r.steps(x)
	if err != nil {
		return nil, err
	}
	for i := range steps {
		for bin := range steps[i] {
			if s.spikes[i][bin] == 1 && slices.Contains(s.coords[k].neurons, bin%s.Network.N) {
				steps[i][bin] = min(max(steps[i][bin]-by, 0), s.Network.Substeps-1)
			}
		}
	}
	return s.r.stepped(steps).centre(ctx, y)
}

// note keeps where a search ended.
func (s *timings) note(t timed) error {
	s.seen = append(s.seen, t)
	return s.report(Progress{Phase: timingPhase, Step: len(s.seen), Loss: s.best.loss, Best: s.session.best.loss, Evaluations: s.evaluations, Gradients: s.gradients}, nil)
}

const timingPhase = "free spikes"

// possible says whether a point is within what the noise leaves open.
func (s *timings) possible(t timed) bool {
	return t.loss-s.best.loss <= profileLevel*s.unit*s.unit
}

// end goes on from the possible point with the largest or least threshold k, by ever more, as long
// as points are possible.
func (s *timings) end(ctx context.Context, k int, side float64) error {
	const most = 12
	at := timed{}
	for _, t := range s.seen {
		if s.possible(t) && (at.x == nil || side*(t.x[k]-at.x[k]) > 0) {
			at = t
		}
	}
	if at.x == nil {
		return nil
	}
	by, growing := unsure/2, true
	for range most {
		y := slices.Clone(at.x)
		y[k] += float64(side * by)
		if lo, hi := s.box.At(k); y[k] < lo || y[k] > hi {
			return nil
		}
		losses, err := s.evaluate(ctx, s.lists(1), [][]float64{y})
		if errors.Is(err, optim.ErrNonFinite) {
			return nil
		}
		if err != nil {
			return err
		}
		t := timed{y, losses[0]}
		if !s.possible(t) {
			if t, err = s.descend(ctx, y, 1, 6, k); err != nil {
				return err
			}
		}
		if err := s.note(t); err != nil {
			return err
		}
		switch ok := s.possible(t); {
		case ok && growing:
			at, by = t, 2*by
		case ok:
			at = t
		default:
			growing, by = false, by/2
		}
		if by < unsure/8 {
			break
		}
	}
	return nil
}

// search looks for the best point, and then for all that is possible.
func (s *timings) search(ctx context.Context, from [][]float64) error {
	const rounds = 4
	if _, err := s.evaluate(ctx, s.lists(len(from)), from); err != nil {
		return err
	}
	for range rounds {
		for _, h := range []float64{1, 0.5} {
			t, err := s.descend(ctx, s.best.x, h, 10)
			if err != nil {
				return err
			}
			if err := s.note(t); err != nil {
				return err
			}
		}
		a, err := s.around(ctx, s.best.x)
		if err != nil || a.found == nil {
			return err
		}
		s.unit = a.unit
		before := s.best
		for _, k := range s.index(dynapse.Iref) {
			if err := s.walk(ctx, k); err != nil {
				return err
			}
		}
		for _, k := range s.index(dynapse.Ispkthr) {
			for _, side := range []float64{1, -1} {
				if err := s.end(ctx, k, side); err != nil {
					return err
				}
			}
		}
		if s.possible(before) && before.loss-s.best.loss < profileLevel/10*s.unit*s.unit {
			break
		}
	}
	return nil
}

// freeTimings looks for the answer with spikes that are free within their bins, and for what of
// thresholds and refractory times is possible.
func freeTimings(ctx context.Context, f *session) error {
	if f.best.x == nil || f.best.errors != nil || !f.placeable() || f.best.loss <= nearlyExact {
		return nil
	}
	o, err := f.memoize(timingPhase, func(*optim.State) (outcome, error) {
		before := f.evaluations
		s := &timings{session: f, r: stepping{f.problem}.released(), best: timed{loss: math.Inf(1)}, free: timed{loss: math.Inf(1)}}
		for i := range f.recordings {
			s.root = max(s.root, math.Sqrt(2*hold/float64(f.recordings[i].samples())))
		}
		from := [][]float64{f.best.x}
		if f.found != nil {
			from = append(from, f.found)
		}
		err := s.search(ctx, from)
		work := f.evaluations - before
		f.evaluations = before
		if s.free.x == nil {
			s.free = s.best
		}
		switch {
		case errors.Is(err, optim.ErrNonFinite) && ctx.Err() == nil: // with spikes as recorded the states leave the finite numbers
			return outcome{}, nil
		case err != nil && s.free.x != nil && ctx.Err() != nil:
			return outcome{}, cmp.Or(f.offer(context.WithoutCancel(ctx), s.free.x), err)
		case err != nil:
			return outcome{}, err
		}
		low, high := slices.Clone(s.best.x), slices.Clone(s.best.x)
		for _, t := range s.seen {
			if s.possible(t) {
				for k, v := range t.x {
					low[k], high[k] = min(low[k], v), max(high[k], v)
				}
			}
		}
		for _, k := range f.index(dynapse.Iref) {
			low[k], high[k] = f.lnIref(k, float64(f.bins(k, low[k]))), f.lnIref(k, max(float64(f.bins(k, high[k])-1), 1e-3))
		}
		return outcome{minimize.Converged, work, 0, [][]float64{s.best.x, {s.best.loss}, s.free.x, low, high}}, nil
	})
	if err != nil {
		return err
	}
	if len(o.values) == 0 {
		return nil
	}
	if len(o.values) != 5 {
		return errCheckpoint
	}
	f.possible = [2][]float64{o.values[3], o.values[4]}
	for _, x := range [][]float64{o.values[2], o.values[0]} {
		if err := f.offer(ctx, x); err != nil {
			return err
		}
	}
	return nil
}
