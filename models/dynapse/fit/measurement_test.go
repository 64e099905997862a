package fit

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/surge-snn/surge/internal/race"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/optim/minimize"
)

// scoped is a recording of vmem with gain, offset, drift and white noise, V, of a neuron whose
// currents are known.
func scoped(t *testing.T, seed uint64, steps int, gain, offset, drift, noise float64) (Experiment, dynapse.Network) {
	t.Helper()
	e, truth := draw(t, seed, 1, steps, 4, Core, false)
	r := &e.Recordings[0]
	run, err := truth.Simulate(dynapse.Input{T: r.T, B: r.B, Counts: r.Input})
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(seed, 3))
	r.Target, r.Use = [numQuantities][]float64{}, [numQuantities]bool{Vmem: true}
	for i, v := range run.Vmem {
		r.Target[Vmem] = append(r.Target[Vmem], gain*v+offset+drift*float64(i/r.B)/float64(r.T)+noise*rng.NormFloat64())
	}
	return e, truth
}

// TestMeasured: gain, offset, drift and latency of a clean trace come back with the currents, and
// without noise exactly.
func TestMeasured(t *testing.T) {
	t.Parallel()
	if race.Detector {
		t.Skip("the numbers of a fit: other tests run what is concurrent in it")
	}
	e, truth := scoped(t, 3, 300, 1.03, 4e-3, -3e-3, 0)
	r := &e.Recordings[0]
	r.Gain.Fit, r.Offset.Fit, r.Drift.Fit, r.Latency = true, true, true, Nuisance{Fit: true, Mean: 1.5e-3, SD: 2e-3}
	const late = 2 // bins
	r.Input = append(slices.Clone(r.Input[late*r.B:]), make([]float64, late*r.B)...)
	res, err := Run(context.Background(), e, Settings{})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{"gain": 1.03, "offset": 4e-3, "drift": -3e-3, "latency": late * 1e-3} {
		p := res.Parameter("target[0]." + name)
		if math.Abs(p.Value-want) > 2e-3*math.Abs(want) || p.Interval[0] > want || p.Interval[1] < want { // the priors pull, by their part in the squares
			t.Errorf("%s = %v in %v, want %v", name, p.Value, p.Interval, want)
		}
	}
	for _, q := range []dynapse.Param{dynapse.ItauMem, dynapse.IgainMem, dynapse.ItauSyn, dynapse.IgainSyn} {
		if p := res.Parameter(q.String()); p.Verdict != Identified || math.Abs(p.Value/truth.Params[q][0]-1) > 2e-3 {
			t.Errorf("%v = %v (%v), want %v", q, p.Value, p.Verdict, truth.Params[q][0])
		}
	}
}

// TestMeasuredDerivatives compares derivatives with respect to nuisances, of the forced and of the
// free network, with differences.
func TestMeasuredDerivatives(t *testing.T) {
	for _, q := range []Quantity{Isyn, Imem, Vmem} {
		e, truth := draw(t, 6, 2, 60, 2, Neuron, false)
		r := &e.Recordings[0]
		run, err := truth.Simulate(dynapse.Input{T: r.T, B: r.B, Counts: r.Input})
		if err != nil {
			t.Fatal(err)
		}
		r.Target[Isyn], r.Target[Vmem] = run.Isyn, run.Vmem
		r.Use = [numQuantities]bool{}
		r.Use[q] = true
		r.Gain, r.Offset, r.Drift, r.Latency = Nuisance{Fit: true}, Nuisance{Fit: true}, Nuisance{Fit: true}, Nuisance{Fit: true, Mean: 2.3e-3, SD: 1e-3}
		r.Start = true
		p := compile(t, e)
		x := slices.Clone(p.x)
		for k := range x {
			x[k] += 0.1 * float64(k%3-1)
		}
		if bad, err := minimize.Check(context.Background(), p.forced(1, 0).optim(), x, step, 1e-4); err != nil || len(bad) > 0 { // difference quotients on both sides
			t.Errorf("%v, forced: %v %v", q, err, bad)
		}
		if q != Isyn { // the others jump where spikes do
			continue
		}
		if bad, err := minimize.Check(context.Background(), newSession(p, Settings{}).free(dynapse.SurgeT), x, 1e-5, 1e-5); err != nil || len(bad) > 0 {
			t.Errorf("%v, free: %v %v", q, err, bad)
		}
	}
}

// TestStart: where a recording begins in mid activity, the state there comes back with the
// currents.
func TestStart(t *testing.T) {
	if race.Detector {
		t.Skip("the numbers of a fit: other tests run what is concurrent in it")
	}
	e, truth := draw(t, 3, 1, 400, 2, Core, false)
	truth.Params[dynapse.IwAHP], e.Space.Network.Params[dynapse.IwAHP] = []float64{0}, []float64{0}
	r := &e.Recordings[0]
	run, err := truth.Simulate(dynapse.Input{T: r.T, B: r.B, Counts: r.Input})
	if err != nil {
		t.Fatal(err)
	}
	cut := 100
	for slices.Max(run.Spikes[(cut-10)*r.B:cut*r.B]) > 0 { // not in a refractory time
		cut++
	}
	at := cut * r.B
	isyn := run.Isyn[at-r.B : at]
	r.T -= cut
	r.Input, r.Target[Imem], r.Target[Spikes] = r.Input[at:], run.Imem[at:], run.Spikes[at:]
	r.Start = true
	res, err := Run(context.Background(), e, Settings{})
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []dynapse.Param{dynapse.ItauMem, dynapse.IgainMem, dynapse.ItauSyn, dynapse.IgainSyn} {
		if p := res.Parameter(q.String()); math.Abs(p.Value/truth.Params[q][0]-1) > 1e-3 {
			t.Errorf("%v = %v, want %v", q, p.Value, truth.Params[q][0])
		}
	}
	for b, want := range isyn {
		p := res.Parameter([]string{"target[0].start_isyn[0][0]", "target[0].start_isyn[1][0]"}[b])
		if want > 1e-11 && math.Abs(math.Log(p.Value/want)) > 0.02 {
			t.Errorf("Isyn of row %d begins at %v, want %v", b, p.Value, want)
		}
	}
}

// TestSillyMeasurements: what cannot be said of a measurement is an error.
func TestSillyMeasurements(t *testing.T) {
	for want, change := range map[string]func(*Recording){
		"one trace":          func(r *Recording) { r.Use[Isyn], r.Target[Isyn] = true, r.Target[Imem]; r.Gain.Fit = true },
		"the gain is -1":     func(r *Recording) { r.Gain = Nuisance{Mean: -1} },
		"the latency is 9":   func(r *Recording) { r.Latency = Nuisance{Mean: 9} },
		"deviation of the o": func(r *Recording) { r.Offset = Nuisance{Fit: true, Mean: 1e-13, SD: -1} },
	} {
		e, _ := draw(t, 1, 1, 60, 2, Core, false)
		change(&e.Recordings[0])
		if err := Check(e, Settings{}); !errors.Is(err, ErrExperiment) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
}
