package fit

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/surge-snn/surge/internal/race"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/optim/minimize"
)

var fitted = []dynapse.Param{dynapse.ItauMem, dynapse.IgainMem, dynapse.ItauSyn, dynapse.IgainSyn, dynapse.Ispkthr, dynapse.Iref}

// adapting are the parameters of a neuron with a refractory time of 5 bins whose AHP acts.
func adapting() (p dynapse.Params) {
	for q := range p {
		p[q] = []float64{dynapse.Param(q).Default()}
	}
	p[dynapse.Iref], p[dynapse.IpulseAHP], p[dynapse.IwAHP] = []float64{2.3e-10}, []float64{3.5e-9}, []float64{2e-9}
	return p
}

// failer is what tests and properties have in common.
type failer interface {
	Helper()
	Fatal(args ...any)
}

// draw makes a problem: a network whose fitted currents differ by up to e^±0.5 from those of
// adapting, and a recording of it; the start differs from the truth by up to a decade.
func draw(t failer, seed uint64, n, steps, rows int, tie Tie, recurrent bool) (e Experiment, truth dynapse.Network) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 7))
	for range 1000 {
		truth = dynapse.Network{N: n, Params: adapting()}
		start := truth
		vary(rng, &truth, &start, fitted, tie)
		if recurrent {
			truth.WRec, start.WRec = make([]float64, n*n), make([]float64, n*n)
			for i := range truth.WRec {
				if i/n != i%n {
					truth.WRec[i], start.WRec[i] = rng.Float64()-0.3, 0.2
				}
			}
		}
		r := Recording{Name: "recording", T: steps, B: rows, Input: make([]float64, steps*rows*n)}
		for i := range r.Input {
			if rng.Float64() < 0.04 {
				r.Input[i] = 1
			}
		}
		run, err := truth.Simulate(dynapse.Input{T: steps, B: rows, Counts: r.Input})
		if err != nil {
			t.Fatal(err)
		}
		least, most := slices.Min(countsOf(run.Spikes, n)), slices.Max(countsOf(run.Spikes, n))
		if least < float64(steps*rows)/150 || most > float64(steps*rows)/10 {
			continue
		}
		r.Target[Imem], r.Target[Spikes] = run.Imem, run.Spikes
		r.Use[Imem], r.Use[Spikes] = true, true
		return Experiment{Space: Space{Network: start, Params: fitted, Tie: tie, Weights: recurrent}, Recordings: []Recording{r}}, truth
	}
	t.Fatal("no network that spikes")
	return e, truth
}

// vary moves currents by up to e^±0.5, and their start from there by up to a decade.
func vary(rng *rand.Rand, truth, start *dynapse.Network, params []dynapse.Param, tie Tie) {
	groups := 1
	if tie == Neuron {
		groups = truth.N
	}
	for _, p := range params {
		v := truth.Params[p][0]
		truth.Params[p], start.Params[p] = nil, nil
		for range groups {
			x := v * math.Exp(rng.Float64()-0.5)
			truth.Params[p] = append(truth.Params[p], x)
			start.Params[p] = append(start.Params[p], x*math.Pow(10, 2*rng.Float64()-1))
		}
	}
}

// countsOf returns the number of spikes of each neuron.
func countsOf(spikes []float64, n int) []float64 {
	c := make([]float64, n)
	for i, s := range spikes {
		c[i%n] += s
	}
	return c
}

func compile(t testing.TB, e Experiment) *problem {
	t.Helper()
	p, err := e.compile()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// point returns the coordinates of a network.
func point(p *problem, n dynapse.Network) []float64 {
	x := make([]float64, len(p.coords))
	for k, c := range p.coords {
		switch q := c.quantity.(type) {
		case weight:
			x[k] = n.WRec[q.index] / q.largest
		case current:
			v := n.Params[q.param]
			x[k] = math.Log(v[c.neurons[0]%len(v)])
		}
	}
	return x
}

// seeds is how many problems a test solves: all of them, or with -short one.
func seeds(all uint64) uint64 {
	if testing.Short() {
		return 1
	}
	return all
}

// TestLoss computes the loss by its definition, with sums over all earlier bins in place of a
// filter, for all quantities, with weights, missing samples and scales.
func TestLoss(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	e, _ := draw(t, 1, 2, 60, 2, All, false)
	r := &e.Recordings[0]
	r.Weight = make([]float64, len(r.Input))
	for i := range r.Weight {
		r.Weight[i] = float64(rng.IntN(3)) / 2
	}
	for q := range Quantity(numQuantities) {
		r.Use[q], r.Scale[q] = true, 0.5+float64(q)
		r.Target[q] = make([]float64, len(r.Input))
		for i := range r.Input {
			switch q {
			case Vmem:
				r.Target[q][i] = rng.Float64() * 0.3
			case Spikes:
				r.Target[q][i] = float64(rng.IntN(2))
			default:
				r.Target[q][i] = 1e-12 * math.Exp(5*rng.Float64())
			}
			if r.Weight[i] == 0 {
				r.Target[q][i] = math.NaN()
			}
		}
	}
	r.TauSpikes = 7e-3
	p := compile(t, e)
	got, err := p.loss(context.Background(), p.x)
	if err != nil {
		t.Fatal(err)
	}
	run, err := p.network(p.x).Simulate(dynapse.Input{T: r.T, B: r.B, Counts: r.Input})
	if err != nil {
		t.Fatal(err)
	}
	m, want := 0.0, 0.0
	for i, w := range r.Weight {
		if w == 0 {
			continue
		}
		m++
		square := func(x float64) float64 { return w * x * x }
		want += 0.5 * square(math.Log(run.Imem[i])-math.Log(r.Target[Imem][i]))
		want += 1.5 * square(math.Log(run.Isyn[i])-math.Log(r.Target[Isyn][i]))
		want += 2.5 * square(math.Log(run.Iahp[i])-math.Log(r.Target[Iahp][i]))
		want += 3.5 * square((run.Vmem[i]-r.Target[Vmem][i])/0.025)
		d := 0.0
		for k := i; k >= 0; k -= 4 { // 2 rows of 2 neurons
			if r.Weight[k] > 0 {
				d += math.Exp(-float64((i-k)/4)*1e-3/7e-3) * (run.Spikes[k] - r.Target[Spikes][k])
			}
		}
		want += 4.5 * square(d) / 7
	}
	if want /= m; math.Abs(got-want) > 1e-12*want { // rounding of 240 terms
		t.Errorf("loss %v, want %v", got, want)
	}
}

// TestCotangents compares the derivatives of the loss by the records with differences of the loss
// of records that are changed.
func TestCotangents(t *testing.T) {
	e, _ := draw(t, 3, 2, 40, 2, All, false)
	r := &e.Recordings[0]
	run, err := e.Space.Network.Simulate(dynapse.Input{T: r.T, B: r.B, Counts: r.Input})
	if err != nil {
		t.Fatal(err)
	}
	for q, x := range map[Quantity][]float64{Isyn: run.Isyn, Iahp: run.Iahp, Vmem: run.Vmem} {
		r.Use[q], r.Target[q] = true, make([]float64, len(x))
		for i, v := range x {
			r.Target[q][i] = v*1.3 + 1e-15
		}
	}
	p := compile(t, e)
	c := new(dynapse.Cotangents)
	net := p.system(p.x)
	p.recordingLoss(make([]float64, 1), &net, 0, run, c)
	for _, record := range []struct {
		name    string
		x, d    []float64
		log     bool
		step    float64
		atLeast float64
	}{
		{"imem", run.Imem, c.LnImem, true, 1e-5, 1}, {"isyn", run.Isyn, c.Isyn, false, 0, 0}, {"iahp", run.Iahp, c.Iahp, false, 0, 0},
		{"vmem", run.Vmem, c.Vmem, false, 1e-6, 0}, {"spikes", run.Spikes, c.Spikes, false, 1e-4, 0},
	} {
		for i := 0; i < len(record.x); i += 7 {
			old, h := record.x[i], record.step
			if h == 0 {
				h = 1e-5 * old
			}
			var l [2]float64
			for k, sign := range []float64{1, -1} {
				if record.log {
					record.x[i] = old * math.Exp(sign*h)
				} else {
					record.x[i] = old + sign*h
				}
				p.recordingLoss(l[k:k+1], &net, 0, run, nil)
			}
			record.x[i] = old
			// The loss is of order 10: rounding of 1e-15 over h, and h² of the third derivative.
			if want := (l[0] - l[1]) / (2 * h); math.Abs(record.d[i]-want) > 1e-6*math.Abs(want)+3e-14/h {
				t.Fatalf("%s[%d]: %v, want %v", record.name, i, record.d[i], want)
			}
		}
	}
}

// TestJacobian checks the Jacobian, which moves all neurons at once, against differences with one
// coordinate at a time.
func TestJacobian(t *testing.T) {
	for _, tie := range []Tie{All, Neuron} {
		e, truth := draw(t, 5, 3, 60, 2, tie, true)
		p := compile(t, e)
		f := p.forced(1, 0)
		x := point(p, truth)
		for k := range x {
			x[k] += 0.01 * float64(k%3)
		}
		// Difference quotients of the same step on both sides: rounding alone, of residuals of
		// order 1 over 1e-5, and the growth of errors in the runaway before a spike.
		bad, err := minimize.Check(context.Background(), f.optim(), x, step, 1e-5)
		if err != nil || len(bad) > 0 {
			t.Errorf("%v: %v %v", tie, err, bad)
		}
	}
}

// TestForcedEqualsFree: at the truth the forced network does what the free one does, all bounds
// hold, and the true threshold lies between those that are allowed.
func TestForcedEqualsFree(t *testing.T) {
	if race.Detector {
		t.Skip("the numbers of a fit: other tests run what is concurrent in it")
	}
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64Range(0, 1000).Draw(t, "seed")
		recurrent := rapid.Bool().Draw(t, "recurrent")
		e, truth := draw(t, seed, 2, 150, 2, All, recurrent)
		p, err := e.compile()
		if err != nil {
			t.Fatal(err)
		}
		x := point(p, truth)
		free, err := p.loss(context.Background(), x)
		if err != nil {
			t.Fatal(err)
		}
		forced, err := p.forced(1, 0).loss(context.Background(), x)
		if err != nil {
			t.Fatal(err)
		}
		b, err := p.thresholds(context.Background(), x)
		if err != nil {
			t.Fatal(err)
		}
		if free > 1e-20 || forced > 1e-20 { // squares of rounding of ln I through the logarithm of the coordinates
			t.Errorf("free %v, forced %v", free, forced)
		}
		if v := truth.Params[dynapse.Ispkthr][0]; v < b[0].Low || v > b[0].High {
			t.Errorf("threshold %v is not in %v", v, b[0])
		}
	})
}

// TestGradients compares the gradient of the free network with differences, for a loss of isyn,
// which does not depend on spikes.
func TestGradients(t *testing.T) {
	e, _ := draw(t, 6, 2, 60, 2, Neuron, false)
	r := &e.Recordings[0]
	run, err := e.Space.Network.Simulate(dynapse.Input{T: r.T, B: r.B, Counts: r.Input})
	if err != nil {
		t.Fatal(err)
	}
	r.Use = [numQuantities]bool{Isyn: true}
	r.Target[Isyn] = slices.Clone(run.Isyn)
	for i := range r.Target[Isyn] {
		r.Target[Isyn][i] *= 1.5
	}
	p := compile(t, e)
	f := newSession(p, Settings{})
	// Differences of 1e-5 of x, of size 25: third derivatives times 1e-8.
	if bad, err := minimize.Check(context.Background(), f.free(dynapse.SurgeT), p.x, 1e-5, 1e-6); err != nil || len(bad) > 0 {
		t.Errorf("%v %v", err, bad)
	}
}

// TestSilly: input that nothing can be learned from is an error that says so.
func TestSilly(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(e *Experiment, r *Recording)
		want   string
	}{
		{"too short", func(_ *Experiment, r *Recording) { r.T = 3 }, "too short"},
		{"constant", func(_ *Experiment, r *Recording) {
			for i := range r.Target[Imem] {
				r.Target[Imem][i] = 5e-13
			}
		}, "constant"},
		{"constant adaptation alone", func(_ *Experiment, r *Recording) {
			r.Use = [numQuantities]bool{Iahp: true}
			r.Target[Iahp] = slices.Repeat([]float64{5e-13}, len(r.Input))
		}, "iahp is constant"},
		{"negative input", func(_ *Experiment, r *Recording) { r.Input[7] = -1 }, "input of row 1, step 3, neuron 0 is -1"},
		{"unit too large", func(_ *Experiment, r *Recording) { scale(r.Target[Imem], 1e9) }, "unit"},
		{"unit too small", func(_ *Experiment, r *Recording) { scale(r.Target[Imem], 1e-9) }, "unit"},
		{"NaN", func(_ *Experiment, r *Recording) { r.Target[Imem][41] = math.NaN() }, "row 1, step 20, neuron 0 is NaN"},
		{"half a spike", func(_ *Experiment, r *Recording) { r.Target[Spikes][3] = 0.5 }, "whole number"},
		{"no weight", func(_ *Experiment, r *Recording) { r.Weight = make([]float64, len(r.Input)) }, "no sample"},
		{"nothing used", func(_ *Experiment, r *Recording) { r.Use = [numQuantities]bool{} }, "nothing of it is used"},
		{"no spikes", func(_ *Experiment, r *Recording) {
			r.Use[Imem] = false
			clear(r.Target[Spikes])
		}, "not one spike"},
		{"not fitted", func(e *Experiment, _ *Recording) { e.Space.Params = []dynapse.Param{dynapse.CMem} }, "C_mem cannot be fitted"},
		{"no target", func(e *Experiment, _ *Recording) { e.Recordings = nil }, "no target"},
		{"bounds", func(e *Experiment, _ *Recording) { e.Space.Bounds[dynapse.ItauMem] = Range{1, 0.5} }, "bounds of Itau_mem"},
	} {
		e, _ := draw(t, 1, 1, 60, 2, Core, false)
		test.change(&e, &e.Recordings[0])
		_, err := Run(context.Background(), e, Settings{})
		if !errors.Is(err, ErrExperiment) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func scale(x []float64, factor float64) {
	for i := range x {
		x[i] *= factor
	}
}
