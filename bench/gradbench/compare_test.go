package gradbench

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/surge-snn/surge/internal/random"
)

// quadratic has the loss ℓ = Σ (p - c)²/2 + noise·p, and a kink: beyond p[0] = limit it counts as
// another spike.
type quadratic struct {
	p, c  []float64
	noise float64
	limit float64
}

func (q quadratic) Name() string      { return "quadratic" }
func (q quadratic) Classes() []Class  { return []Class{{"a", 0, 2}, {"b", 2, len(q.p)}} }
func (q quadratic) Params() []float64 { return q.p }
func (q quadratic) Inputs() int       { return 1 }
func (q quadratic) Loss(p []float64, input int, draw uint64) (Outcome, error) {
	o := Outcome{}
	rng := random.New(1, "noise", draw)
	for k, x := range p {
		o.Loss += (x-q.c[k])*(x-q.c[k])/2 + q.noise*random.Normal(rng)*x
	}
	if p[0] > q.limit {
		o.Spikes, o.Loss = 1, o.Loss+1
	}
	return o, nil
}

func (q quadratic) gradient() []float64 {
	g := make([]float64, len(q.p))
	for k := range g {
		g[k] = q.p[k] - q.c[k]
	}
	return g
}

func newQuadratic() quadratic {
	return quadratic{p: []float64{1, 2, 3, 4}, c: []float64{0, 0, 5, 2}, limit: 10}
}

func TestDifferences(t *testing.T) {
	q := newQuadratic()
	g := make([]float64, 4)
	if err := Differences(q, 0.1).Gradient(g, q.p, 0, 0); err != nil {
		t.Fatal(err)
	}
	for k, want := range q.gradient() {
		if math.Abs(g[k]-want) > 1e-12 {
			t.Errorf("parameter %d: %v, want %v", k, g[k], want)
		}
	}
}

// TestCompare: of known vectors the numbers are known; noise of known size is taken out of cosine
// and norms.
func TestCompare(t *testing.T) {
	q := newQuadratic()
	truth := &Blocks{Mean: [][]float64{q.gradient()}}
	twice := &Blocks{Mean: [][]float64{{2, 4, -4, -4}}} // the last has the wrong sign
	rows := Compare(twice, truth, q.Classes())
	if r := rows[0]; math.Abs(r.Cosine.Value-(2+8+8-8)/math.Sqrt(52*13)) > 1e-12 || math.Abs(r.Ratio.Value-2) > 1e-12 || r.Signs != 0.75 || r.Counted != 4 ||
		math.Abs(r.Bias.Value-math.Sqrt((1.0+4+4+36)/13)) > 1e-12 || r.Cosine.SE != 0 {
		t.Errorf("%+v", r)
	}
	if a := rows[1]; a.Class != "a" || math.Abs(a.Cosine.Value-1) > 1e-12 || a.Signs != 1 {
		t.Errorf("%+v", a)
	}
	// Means of independent noise: the raw cosine would be about |g|/√(|g|² + 4 σ²/n) squared, 0.76;
	// the corrected one is 1 within a few of its errors.
	noisy := func(name string, sd float64) *Blocks {
		b := &Blocks{}
		for i := range 16 {
			rng := random.New(7, name, uint64(i))
			g := q.gradient()
			for k := range g {
				g[k] += sd * random.Normal(rng)
			}
			b.Mean = append(b.Mean, g)
		}
		return b
	}
	r := Compare(noisy("a", 4), noisy("b", 4), nil)[0]
	if !(math.Abs(r.Cosine.Value-1) < 4*r.Cosine.SE) || !(r.Cosine.SE < 0.4) || !(math.Abs(r.Ratio.Value-1) < 4*r.Ratio.SE) {
		t.Errorf("%+v", r)
	}
}

func TestSample(t *testing.T) {
	q := newQuadratic()
	q.noise = 2
	e := Differences(q, 0.1)
	b, err := Until(t.Context(), q, e, 0, 8, 0.1, 256)
	if err != nil {
		t.Fatal(err)
	}
	// One draw has variance 4 q.noise² = 16 of all parameters together; 1/10 of the norm √13 needs
	// 16/(13/100) = 123 draws, in 16 blocks of 8 there are 128, in 32 twice as many.
	if n := len(b.Mean); n != 16 && n != 32 || b.Error() > 0.1 || math.Abs(b.Spread/16-1) > 0.4 {
		t.Errorf("%d blocks, error %v, spread %v", len(b.Mean), b.Error(), b.Spread)
	}
	broken := Estimator{Name: "broken", Gradient: func(g, _ []float64, _ int, _ uint64) error { g[1] = math.NaN(); return nil }}
	if _, err := Sample(t.Context(), q, broken, 0, 1, 1); err == nil {
		t.Error("a NaN is no error")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Sample(ctx, q, e, 0, 4, 4); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestStep: along the gradient of a quadratic the best step is its norm, and takes the loss to 0.
func TestStep(t *testing.T) {
	q := newQuadratic()
	d, err := Step(t.Context(), q, q.gradient(), 0, 1, 6, 4*math.Sqrt(13))
	if err != nil || math.Abs(d.Length-math.Sqrt(13)) > 1e-12 || math.Abs(d.Change.Value+1) > 1e-12 {
		t.Errorf("%+v, %v", d, err)
	}
}

// TestPredict: a quadratic loss is predicted exactly by the slope in the middle of the step; where
// the spike appears the jump of 1 is missed.
func TestPredict(t *testing.T) {
	q := newQuadratic()
	e := Differences(q, 1e-3)
	for _, limit := range []float64{10, 1.002} {
		q.limit = limit
		r, err := Predict(t.Context(), q, e, []float64{1, 0, 0, 0}, 0, 1, 0.01)
		if err != nil {
			t.Fatal(err)
		}
		want := [6]float64{0.01, 0.01, 0}
		if limit < 10 {
			want = [6]float64{3: 0.01, 4: 1.01, 5: 1}
		}
		got := [6]float64{r.Same.Predicted.Value, r.Same.Real.Value, r.Same.Missed.Value, r.Changed.Predicted.Value, r.Changed.Real.Value, r.Changed.Missed.Value}
		for k := range got {
			if math.Abs(got[k]-want[k]) > 1e-9 {
				t.Errorf("limit %v: %v, want %v", limit, got, want)
			}
		}
	}
}

// TestCost: a gradient is computed as often as was asked for, and an error ends it.
func TestCost(t *testing.T) {
	q := newQuadratic()
	calls := 0
	e := Estimator{Name: "counted", Gradient: func(g, _ []float64, _ int, draw uint64) error {
		if calls++; draw > 5 {
			return errors.New("enough")
		}
		return nil
	}}
	if _, _, err := Cost(q, e, 5); err != nil || calls != 5 {
		t.Errorf("%d calls, %v", calls, err)
	}
	if _, _, err := Cost(q, e, 8); err == nil {
		t.Error("no error")
	}
}

// TestLead: two noisy averages of the same draws differ by what is not noise, with an error far
// below those of their cosines; of independent draws the errors add up.
func TestLead(t *testing.T) {
	q := newQuadratic()
	of := func(name string, sd, turn float64) *Blocks {
		b := &Blocks{}
		for i := range 32 {
			rng := random.New(7, name, uint64(i))
			g := q.gradient()
			for k := range g {
				g[k] += sd * random.Normal(rng)
			}
			g[0] += turn
			b.Mean = append(b.Mean, g)
		}
		return b
	}
	truth := of("truth", 0.3, 0)
	all := Class{All, 0, 4}
	want := 1 - 12.8/math.Sqrt(13*12.64) // the first entry of the second is 0.8
	paired := Lead(of("a", 1, 0), of("a", 1, -0.2), truth, all)
	apart := Lead(of("a", 1, 0), of("b", 1, -0.2), truth, all)
	if !(math.Abs(paired.Value-want) < 4*paired.SE) || !(paired.SE < apart.SE/2) || !(math.Abs(apart.Value-want) < 4*apart.SE) {
		t.Errorf("%v and %v, want %v", paired, apart, want)
	}
	if same := Lead(of("a", 1, 0), of("a", 1, 0), truth, all); same != (Estimate{}) {
		t.Errorf("of one average with itself: %v", same)
	}
	exact := &Blocks{Mean: [][]float64{q.gradient()}}
	if e := Lead(exact, of("a", 1, -0.2), exact, all); !(e.SE > 0) || !(math.Abs(e.Value-want) < 4*e.SE) {
		t.Errorf("%v, want %v", e, want)
	}
}

// TestSettle: draws are added until a lead is known to a part of it, and no longer; a lead of 0
// ends with the most blocks.
func TestSettle(t *testing.T) {
	q := newQuadratic()
	q.noise = 2
	e := Differences(q, 0.1)
	turned := Estimator{Name: "turned", Random: true, Gradient: func(g, p []float64, input int, draw uint64) error {
		err := e.Gradient(g, p, input, draw)
		g[0] = -g[0]
		return err
	}}
	for _, other := range []Estimator{turned, e} {
		var list []Average
		for _, one := range []Estimator{e, other} {
			b, err := Sample(t.Context(), q, one, 1, 16, 1)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, Average{one, b})
		}
		b, err := Sample(t.Context(), q, e, 0, 16, 1)
		if err != nil {
			t.Fatal(err)
		}
		truth := Average{e, b}
		if err := Settle(t.Context(), q, truth, list, 1, Class{All, 0, 4}, 1./3, 1024); err != nil {
			t.Fatal(err)
		}
		lead := Lead(list[0].Blocks, list[1].Blocks, truth.Blocks, Class{All, 0, 4})
		if len(list[0].Mean) != len(truth.Mean) || len(list[1].Mean) != len(truth.Mean) {
			t.Errorf("%d, %d and %d blocks", len(list[0].Mean), len(list[1].Mean), len(truth.Mean))
		}
		switch n := len(truth.Mean); other.Name {
		case "turned":
			if !(lead.SE <= lead.Value/3) || n == 1024 {
				t.Errorf("%v after %d blocks", lead, n)
			}
		default:
			if n != 16 || lead != (Estimate{}) { // nothing is claimed: the two are one
				t.Errorf("%v after %d blocks", lead, n)
			}
		}
	}
}
