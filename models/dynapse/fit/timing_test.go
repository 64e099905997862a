package fit

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/surge-snn/surge/models/dynapse"
)

// TestReleased: where the free network spikes in the bins of the recording, spikes that are free
// within their bins are those of the free network, and so is the loss; where it does not, the
// residual of that bin says so. Points are simulated side by side as each by itself.
func TestReleased(t *testing.T) {
	e, truth := noisySteps(t, 0.01, 0)
	p := compile(t, e)
	ctx := context.Background()
	r := stepping{p}.released()
	x := point(p, truth)
	near, far := slices.Clone(x), slices.Clone(x)
	near[p.index(dynapse.ItauMem)[0]] += 1e-3
	far[p.index(dynapse.Ispkthr)[0]] += 1
	points := [][]float64{x, near, far}
	rs := make([][]float64, len(points))
	for i := range rs {
		rs[i] = make([]float64, r.size())
	}
	if err := r.residuals(ctx, rs, points); err != nil {
		t.Fatal(err)
	}
	traces := len(r.traces.samples)
	for i, y := range points {
		loss := 0.0
		for _, d := range rs[i][:traces] {
			loss += d * d / 2
		}
		free, err := p.loss(ctx, y)
		if err != nil {
			t.Fatal(err)
		}
		outside := slices.ContainsFunc(rs[i][traces:], func(d float64) bool { return d != 0 })
		if (i == 2) != outside || !outside && math.Abs(loss-free) > 1e-12*free { // the same sums in another order
			t.Errorf("point %d: loss %v, of the free network %v; on the wrong side of the threshold: %v", i, loss, free, outside)
		}
		alone := [][]float64{make([]float64, r.size())}
		if err := r.residuals(ctx, alone, [][]float64{y}); err != nil || !slices.Equal(alone[0], rs[i]) {
			t.Errorf("point %d by itself has other residuals, %v", i, err)
		}
	}
	steps, err := r.steps(x)
	if err != nil {
		t.Fatal(err)
	}
	fine, err := stepping{p}.stepped(nil).network(x).Simulate(dynapse.Input{T: r.fine.recordings[0].T, B: 1, Counts: r.fine.recordings[0].Input})
	if err != nil {
		t.Fatal(err)
	}
	for bin, count := range p.spikes[0] {
		if count == 1 && fine.Spikes[r.inStep(0, bin, steps[0][bin])] != 1 {
			t.Errorf("the spike of bin %d is in step %d, where the free network has none", bin, steps[0][bin])
		}
	}
}

// TestFreeTimings: what does as well as the noise can tell is in the intervals: the truth, from
// which the search began, and refractory times of a step more or less, with spikes that are as much
// earlier or later. The answer is never worse than where the search began.
func TestFreeTimings(t *testing.T) {
	if testing.Short() {
		t.Skip("some thousand simulations in steps")
	}
	e, truth := noisySteps(t, 0.03, 0)
	f := newSession(compile(t, e), Settings{})
	ctx := context.Background()
	x := point(f.problem, truth)
	if err := f.offer(ctx, x); err != nil {
		t.Fatal(err)
	}
	before := f.best.loss
	if err := freeTimings(ctx, f); err != nil {
		t.Fatal(err)
	}
	if f.best.loss > before || f.possible[0] == nil {
		t.Fatalf("loss %v, of the truth %v", f.best.loss, before)
	}
	s := &timings{session: f, r: stepping{f.problem}.released(), best: timed{loss: math.Inf(1)}, free: timed{loss: math.Inf(1)}}
	if _, err := s.evaluate(ctx, s.lists(1), [][]float64{f.best.x}); err != nil {
		t.Fatal(err)
	}
	a, err := s.around(ctx, f.best.x)
	if err != nil {
		t.Fatal(err)
	}
	s.unit = a.unit
	k := f.index(dynapse.Iref)[0]
	points := [][]float64{x}
	for _, by := range []int{-1, 1} {
		y := slices.Clone(f.best.x)
		y[k] = f.lnIref(k, float64(f.bins(k, y[k])+by)-0.5)
		if y, err = s.shifted(ctx, f.best.x, y, k, by); err != nil {
			t.Fatal(err)
		}
		points = append(points, y)
	}
	losses, err := s.evaluate(ctx, s.lists(len(points)), points)
	if err != nil {
		t.Fatal(err)
	}
	for i, y := range points {
		if !s.possible(timed{y, losses[i]}) {
			continue
		}
		for _, k := range append(f.index(dynapse.Iref), f.index(dynapse.Ispkthr)...) {
			if slack := unsure / 8; y[k] < f.possible[0][k]-slack || y[k] > f.possible[1][k]+slack { // as near as ends are looked for
				t.Errorf("point %d: %s = %v is possible, and not between %v and %v", i, f.coords[k].name, y[k], f.possible[0][k], f.possible[1][k])
			}
		}
	}
}
