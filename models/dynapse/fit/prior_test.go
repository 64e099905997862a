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
)

// TestPrior: a current that the recording says nothing about is its prior, and one that it
// determines is not moved by more than a prior weighs.
func TestPrior(t *testing.T) {
	t.Parallel()
	if race.Detector {
		t.Skip("the numbers of a fit: other tests run what is concurrent in it")
	}
	e, truth := draw(t, 3, 1, 400, 1, Core, false)
	x := e.Recordings[0].Target[Imem]
	rng := rand.New(rand.NewPCG(2, 1))
	silent := []float64{0} // the AHP does nothing, and its time constant neither
	e.Space.Network.Params[dynapse.IwAHP], truth.Params[dynapse.IwAHP] = silent, silent
	e.Space.Params = append(slices.Clone(e.Space.Params), dynapse.ItauAHP)
	run, err := truth.Simulate(dynapse.Input{T: 400, B: 1, Counts: e.Recordings[0].Input})
	if err != nil {
		t.Fatal(err)
	}
	e.Recordings[0].Target[Spikes] = run.Spikes
	for i := range x {
		x[i] = run.Imem[i] * math.Exp(defaultNoise*rng.NormFloat64())
	}
	without, err := Run(context.Background(), e, Settings{Starts: 3})
	if err != nil {
		t.Fatal(err)
	}
	tau := truth.Params[dynapse.ItauMem][0]
	e.Space.Priors[dynapse.ItauAHP] = Prior{Mean: 3e-11, SD: 0.2}
	e.Space.Priors[dynapse.ItauMem] = Prior{Mean: 1.5 * tau, SD: 0.05}
	res, err := Run(context.Background(), e, Settings{Starts: 3})
	if err != nil {
		t.Fatal(err)
	}
	if got := res.Parameter("Itau_ahp").Value; math.Abs(got/3e-11-1) > 1e-6 { // no other term acts on it
		t.Errorf("Itau_ahp = %v, want its prior", got)
	}
	for i, want := range []float64{math.Exp(-1.96 * 0.2), math.Exp(1.96 * 0.2)} {
		if got := res.Parameter("Itau_ahp").Interval[i] / 3e-11; math.Abs(got/want-1) > 0.02 { // 1.96 and the quantile of what the fit takes
			t.Errorf("interval of Itau_ahp ends at %v times the prior, want %v", got, want)
		}
	}
	free, got := without.Parameter("Itau_mem").Value/tau, res.Parameter("Itau_mem").Value/tau
	if got <= free || got > 1.5 {
		t.Errorf("Itau_mem is %v of the truth with a prior of 1.5, and %v without", got, free)
	}
	// The point is a minimum of the posterior: no neighbour is better.
	p := compile(t, e)
	best := point(p, res.Network)
	least, err := p.loss(context.Background(), best)
	if err != nil {
		t.Fatal(err)
	}
	least += p.penalty(best)
	if math.Abs(least-res.Loss) > 1e-9*least {
		t.Errorf("loss %v, want %v", res.Loss, least)
	}
	for k, c := range p.coords {
		if c.steps() {
			continue
		}
		for _, h := range []float64{-0.003, 0.003} {
			y := slices.Clone(best)
			y[k] += h
			l, err := p.loss(context.Background(), y)
			if err != nil {
				t.Fatal(err)
			}
			if l += p.penalty(y); l < least {
				t.Errorf("%s: loss %v at %+v, and %v at the answer", c.name, l, h, least)
			}
		}
	}
}

// TestSillyPriors: what is no distribution is an error.
func TestSillyPriors(t *testing.T) {
	for want, change := range map[string]func(*Experiment){
		"not fitted": func(e *Experiment) { e.Space.Priors[dynapse.IwAHP] = Prior{1e-9, 0.1} },
		"the mean 0": func(e *Experiment) { e.Space.Priors[dynapse.ItauMem] = Prior{0, 0.1} },
		"noise":      func(e *Experiment) { e.Noise = -1 },
	} {
		e, _ := draw(t, 3, 1, 50, 1, Core, false)
		change(&e)
		if err := Check(e, Settings{}); !errors.Is(err, ErrExperiment) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
}
