package fit

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/surge-snn/surge/internal/race"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/optim/minimize"
)

// TestNoise: with noise on the traces of 5 %, the free network does as well as the true one, and no
// worse than by a hundredth of its loss.
func TestNoise(t *testing.T) {
	t.Parallel()
	if race.Detector {
		t.Skip("the numbers of a fit: other tests run what is concurrent in it")
	}
	for seed := range seeds(4) {
		e, truth := draw(t, 40+seed, 2, 300, 1, Core, false)
		rng := rand.New(rand.NewPCG(seed, 1))
		x := e.Recordings[0].Target[Imem]
		for i := range x {
			x[i] *= math.Exp(0.05 * rng.NormFloat64())
		}
		p := compile(t, e)
		least, err := p.loss(context.Background(), point(p, truth))
		if err != nil {
			t.Fatal(err)
		}
		res, err := Run(context.Background(), e, Settings{Starts: 4})
		if err != nil {
			t.Fatal(err)
		}
		if res.Loss > 1.01*least || len(res.Warnings) > 0 {
			t.Errorf("seed %d: loss %v, that of the truth %v; %v", seed, res.Loss, least, res.Warnings)
		}
	}
}

// TestWarnings: a trace that no currents follow is not one that determines them.
func TestWarnings(t *testing.T) {
	if race.Detector {
		t.Skip("the numbers of a fit: other tests run what is concurrent in it")
	}
	e, _ := draw(t, 3, 1, 200, 1, Core, false)
	x := e.Recordings[0].Target[Imem]
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(x), func(i, j int) { x[i], x[j] = x[j], x[i] })
	res, err := Run(context.Background(), e, Settings{Starts: 2})
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Warnings) == 0 || res.Status == minimize.Converged {
		t.Errorf("%s, warnings %q at a loss of %v", res.Status, res.Warnings, res.Loss)
	}
	for _, p := range res.Parameters {
		if p.Verdict == Identified {
			t.Errorf("%s is called determined", p.Name)
		}
	}
}

// TestGroups: a parameter of several groups has the range of all of them under its own name.
func TestGroups(t *testing.T) {
	e, _ := draw(t, 5, 2, 200, 1, Neuron, false)
	res, err := Run(context.Background(), e, Settings{Starts: 2})
	if err != nil {
		t.Fatal(err)
	}
	rep := res.Report()
	for _, p := range e.Space.Params {
		name := p.String()
		a, b, all := rep.Interval[name+"[0]"], rep.Interval[name+"[1]"], rep.Interval[name]
		if all[0] != min(a[0], b[0]) || all[1] != max(a[1], b[1]) {
			t.Errorf("%s: %v and %v together are %v", name, a, b, all)
		}
		if v := rep.Identified[name]; v == Identified && (rep.Identified[name+"[0]"] != v || rep.Identified[name+"[1]"] != v) {
			t.Errorf("%s is %v", name, v)
		}
	}
	if _, ok := rep.Interval[dynapse.Dt.String()]; ok {
		t.Error("dt has an interval")
	}
}
