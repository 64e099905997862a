package fit

import (
	"context"
	"math"
	"sync/atomic"
	"testing"

	"github.com/surge-snn/surge/internal/race"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/optim/minimize"
)

// TestApart: where neurons that share their currents differ, what is found is the mean of theirs,
// which is known here, and the codes are those next to it.
func TestApart(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a fit of each of three neurons")
	}
	e, truth := draw(t, 1, 3, 200, 2, Neuron, false)
	e.Space.Tie = Core
	for _, p := range fitted { // the start of a network of equal neurons
		e.Space.Network.Params[p] = []float64{e.Space.Network.Params[p][0]}
	}
	res, err := Run(context.Background(), e, Settings{DAC: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range fitted {
		want, got := 1.0, res.Parameter(p.String()).Value
		for _, v := range truth.Params[p] {
			want *= math.Pow(v, 1/float64(len(truth.Params[p])))
		}
		if p == dynapse.Ispkthr || p == dynapse.Iref {
			if in := res.Parameter(p.String()).Interval; want < in[0] || want > in[1] || res.Parameter(p.String()).Verdict != SetOnly {
				t.Errorf("%v: %v is not in %v, %s", p, want, in, res.Parameter(p.String()).Verdict)
			}
			continue
		}
		if math.Abs(math.Log(got/want)) > 0.01 { // the bar for a single neuron is 1 %, that of clean traces
			t.Errorf("%v: %v, want %v", p, got, want)
		}
	}
	for _, c := range res.Codes() { // neighbouring currents of the bias generator differ by some percent
		if v := res.Parameter(c.Name).Value; math.Abs(math.Log(c.Current/v)) > 0.05 {
			t.Errorf("%s: code %d:%d of %v A for %v A", c.Name, c.Coarse, c.Fine, c.Current, v)
		}
	}
}

// late is a context whose time is over once somebody says so.
type late struct {
	context.Context
	over atomic.Bool
}

func (c *late) Err() error {
	if c.over.Load() {
		return context.DeadlineExceeded
	}
	return c.Context.Err()
}

// TestLate: neurons that were fitted before the time was over are the answer, with a note, and the
// end of the time is no end of the fit.
func TestLate(t *testing.T) {
	t.Parallel()
	if testing.Short() || race.Detector {
		t.Skip("fits of three neurons")
	}
	e, _ := mismatched(t, 4, scouts+1, 0.15)
	p, s := compile(t, e), Settings{Infer: true, Starts: 1}
	if err := s.check(p); err != nil {
		t.Fatal(err)
	}
	f := newSession(p, s)
	ctx := &late{Context: t.Context()}
	f.ledger.record = func(p Progress) error {
		ctx.over.Store(p.Phase == "neurons")
		return nil
	}
	if err := f.offer(ctx, f.start); err != nil {
		t.Fatal(err)
	}
	start := f.best.loss
	if err := f.ended(infer(ctx, f)); err != nil || f.status != minimize.BudgetReached {
		t.Fatalf("%v, status %v", err, f.status)
	}
	for k, h := range f.best.hierarchies {
		if len(h.value) != scouts || math.IsInf(h.se, 1) {
			t.Errorf("%s: of %d neurons, with an error of %v, want %d", f.coords[k].name, len(h.value), h.se, scouts)
		}
	}
	if len(f.best.hierarchies) != len(f.coords) || !(f.best.loss < start) || len(f.notes) != 2 {
		t.Errorf("%d means, loss %v from %v, notes %q", len(f.best.hierarchies), f.best.loss, start, f.notes)
	}
}

// TestAlone: the experiment of one neuron is the column of that neuron.
func TestAlone(t *testing.T) {
	e, truth := draw(t, 2, 3, 60, 2, Neuron, false)
	e.Space.Tie = Core
	p := compile(t, e)
	one := ofNeuron(p, 1, p.x)
	net := one.Space.Network
	for _, q := range fitted {
		net.Params[q] = []float64{truth.Params[q][1]}
	}
	one.Space.Network = net
	sub := compile(t, one)
	if loss, err := sub.loss(context.Background(), sub.x); err != nil || loss > 1e-20 { // rounding of ln I, as in TestForcedEqualsFree
		t.Errorf("loss %v, %v", loss, err)
	}
}
