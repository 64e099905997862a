package fit

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/surge-snn/surge/internal/race"
	"github.com/surge-snn/surge/models/dynapse"
)

// onlySpikes is a drawn problem of which the spikes alone are known, and of which some currents are
// fitted, from the truth.
func onlySpikes(t *testing.T, params ...dynapse.Param) (Experiment, dynapse.Network) {
	t.Helper()
	e, truth := draw(t, 2, 1, 200, 4, Core, false)
	r := &e.Recordings[0]
	r.Target[Imem], r.Use[Imem] = nil, false
	e.Space.Network, e.Space.Params = truth, params
	return e, truth
}

// TestProfileOfOne: with one current, the profile is the misfit itself: at the ends it is the
// level, to what it changes by within the tolerance of the ends.
func TestProfileOfOne(t *testing.T) {
	if race.Detector {
		t.Skip("the numbers of a fit: other tests run what is concurrent in it")
	}
	ctx := context.Background()
	e, truth := onlySpikes(t, dynapse.ItauSyn)
	res, err := Run(ctx, e, Settings{Starts: 1})
	if err != nil {
		t.Fatal(err)
	}
	got := res.Parameter("Itau_syn")
	if v := truth.Params[dynapse.ItauSyn][0]; got.Verdict != SetOnly || v < got.Interval[0] || v > got.Interval[1] || got.Interval[1] > 2*got.Interval[0] {
		t.Fatalf("%v in %v, %v; want %v", got.Value, got.Interval, got.Verdict, v)
	}
	p := compile(t, e)
	m, err := p.misfit(ctx, p.x, 0)
	if err != nil {
		t.Fatal(err)
	}
	half := func(x float64) float64 {
		r := make([]float64, len(m.samples))
		if err := m.residuals(ctx, [][]float64{r}, [][]float64{{x}}); err != nil {
			t.Fatal(err)
		}
		return m.half(r, []float64{x})
	}
	for i, inwards := range []float64{profileTol, -profileTol} {
		x := math.Log(got.Interval[i])
		if out, in := half(x), half(x+1.001*inwards); out < profileLevel || in > profileLevel {
			t.Errorf("end %d: half of S is %v, and %v further in; want %v between", i, out, in, profileLevel)
		}
	}
}

// TestProfileIsWider: an interval in which another current is fitted anew holds that in which it is
// not.
func TestProfileIsWider(t *testing.T) {
	if testing.Short() || race.Detector {
		t.Skip("some hundred fits")
	}
	var in [2][2]float64
	for i, params := range [][]dynapse.Param{{dynapse.ItauSyn}, {dynapse.ItauSyn, dynapse.IgainSyn}} {
		e, _ := onlySpikes(t, params...)
		res, err := Run(context.Background(), e, Settings{Starts: 1})
		if err != nil {
			t.Fatal(err)
		}
		in[i] = res.Parameter("Itau_syn").Interval
	}
	if in[1][0] > in[0][0]*math.Exp(profileTol) || in[1][1] < in[0][1]*math.Exp(-profileTol) {
		t.Errorf("%v with Igain_syn fitted, %v without", in[1], in[0])
	}
}

// TestProfileWithoutTime: where the time is over before a profile has begun, nothing is known that
// was not, and it is no error.
func TestProfileWithoutTime(t *testing.T) {
	e, _ := onlySpikes(t, dynapse.ItauSyn)
	p := compile(t, e)
	s := Settings{}
	if err := s.check(p); err != nil {
		t.Fatal(err)
	}
	f := newSession(p, s)
	if err := f.offer(context.Background(), p.x); err != nil {
		t.Fatal(err)
	}
	over, cancel := context.WithCancel(context.Background())
	cancel()
	id := f.unassessed()
	if err := f.profile(over, p.x, &id); err != nil || id.verdict["Itau_syn"] != Unidentified {
		t.Errorf("%v, %v", id.verdict, err)
	}
}

// TestBetterPointIsTheAnswer: where the profile of a current finds a point that does better than
// the answer, that point, fitted, is the answer, and its simulations are counted.
func TestBetterPointIsTheAnswer(t *testing.T) {
	if race.Detector {
		t.Skip("the numbers of a fit: other tests run what is concurrent in it")
	}
	ctx := context.Background()
	e, truth := onlySpikes(t, dynapse.ItauSyn, dynapse.Iref)
	p := compile(t, e)
	s := Settings{Starts: 1}
	if err := s.check(p); err != nil {
		t.Fatal(err)
	}
	f := newSession(p, s)
	f.experiment = e
	k := f.index(dynapse.Iref)[0]
	worse := slices.Clone(p.x)
	worse[k] = f.lnIref(k, float64(f.bins(k, p.x[k]))+0.5) // a bin more
	if err := f.offer(ctx, worse); err != nil {
		t.Fatal(err)
	}
	before := f.best.loss
	res, err := f.result(schedule{ctx, ctx, ctx}, before)
	if err != nil {
		t.Fatal(err)
	}
	least, err := e.Loss(ctx, truth)
	if err != nil {
		t.Fatal(err)
	}
	if res.Loss >= before || res.Loss > least || f.followed != 1 || res.Evaluations != f.evaluations {
		t.Errorf("loss %v after %d better points, %d simulations of %d; want that of the truth, %v, and less than %v", res.Loss, f.followed, res.Evaluations, f.evaluations, least, before)
	}
}
