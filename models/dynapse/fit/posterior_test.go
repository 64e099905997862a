package fit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/surge-snn/surge/internal/race"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/optim/ensemble"
	"github.com/surge-snn/surge/optim/minimize"
)

// noisyOne is a drawn problem with 5 % white noise on imem, of which two currents are fitted, from
// the truth.
func noisyOne(t *testing.T) Experiment {
	t.Helper()
	e, truth := draw(t, 2, 1, 100, 2, Core, false)
	rng := rand.New(rand.NewPCG(5, 6))
	r := &e.Recordings[0]
	r.Target[Imem] = slices.Clone(r.Target[Imem])
	for i := range r.Target[Imem] {
		r.Target[Imem][i] *= math.Exp(0.05 * rng.NormFloat64())
	}
	e.Space.Network, e.Space.Params = truth, []dynapse.Param{dynapse.ItauMem, dynapse.IgainMem}
	return e
}

// TestPosterior: of two currents that the traces determine, the posterior is nearly normal, and its
// interval is that of the sensitivities: both ends within 0.4 standard deviations, some three
// standard errors of a quantile of 2.5 % from 400 samples. Samples that are cut and go on are those
// of a sampling that was not.
func TestPosterior(t *testing.T) {
	t.Parallel()
	if race.Detector || testing.Short() {
		t.Skip("the numbers of two samplings: other tests run what is concurrent in a fit")
	}
	e, s := noisyOne(t), Settings{Starts: 1, Method: MCMC}
	plain, err := Run(context.Background(), e, Settings{Starts: 1})
	if err != nil {
		t.Fatal(err)
	}
	res, err := Run(context.Background(), e, s)
	if err != nil {
		t.Fatal(err)
	}
	p := res.Posterior
	if p == nil || !p.Enough || len(p.Samples) != 2 || len(p.LogDensity) != len(p.Samples[0]) {
		t.Fatalf("%+v", p)
	}
	for i, m := range p.Parameters {
		want, got := plain.Parameters[i], res.Parameters[i]
		sd := math.Log(want.Interval[1]/want.Interval[0]) / (2 * 1.96)
		if got.Verdict != want.Verdict || got.Interval != m.Interval || m.RHat > 1.05 || m.ESS < 400 {
			t.Errorf("%+v: %v, want %v", m, got.Verdict, want.Verdict)
		}
		for end := range 2 {
			if d := math.Log(got.Interval[end] / want.Interval[end]); math.Abs(d) > 0.4*sd {
				t.Errorf("%s: %v, sensitivities %v", m.Name, got.Interval, want.Interval)
			}
		}
	}

	ctx, cancel := context.WithCancel(context.Background())
	cut := s
	cut.Record = func(p Progress) error {
		if p.Phase == "posterior" {
			cancel()
		}
		return nil
	}
	part, err := Run(ctx, e, cut)
	if err != nil {
		t.Fatal(err)
	}
	s.Resume = &part.Checkpoint
	again, err := Run(context.Background(), e, s)
	if err != nil || again.Posterior == nil || !slices.Equal(again.Posterior.LogDensity, p.LogDensity) {
		t.Errorf("%v, %+v", err, again.Posterior)
	}
	curve := Experiment{Space: e.Space, Curves: []Curve{{InputRate: []float64{10}, Rate: []float64{5}}}}
	if _, err := Run(context.Background(), curve, Settings{Method: MCMC}); !errors.Is(err, ErrExperiment) {
		t.Error(err)
	}
}

// TestPosteriorCut: of a sampling that was stopped the samples that there are say what they can:
// intervals, but no current that is determined, and a warning with their numbers. Of a few steps
// nothing is said.
func TestPosteriorCut(t *testing.T) {
	if race.Detector {
		t.Skip("the numbers of a fit: other tests run what is concurrent in it")
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	res, err := Run(ctx, noisyOne(t), Settings{Starts: 1, Method: MCMC, Record: func(p Progress) error {
		if p.Phase == "posterior" {
			cancel()
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	p := res.Posterior
	if res.Status != minimize.Interrupted || p == nil || p.Enough || p.Steps < 50 || len(p.Samples) != 2 {
		t.Fatalf("%v, %+v", res.Status, p)
	}
	for i, m := range p.Parameters {
		if got := res.Parameters[i]; got.Verdict != SetOnly || got.Interval != m.Interval || !(m.ESS > 0) || !(m.Interval[0] < got.Value && got.Value < m.Interval[1]) {
			t.Errorf("%+v: %v", m, got.Verdict)
		}
	}
	if len(res.Unidentifiable) > 0 || !slices.ContainsFunc(res.Warnings, func(w string) bool { return strings.Contains(w, fmt.Sprintf("too few after %d steps", p.Steps)) }) {
		t.Errorf("%v, %q", res.Unidentifiable, res.Warnings)
	}
	if _, err := json.Marshal(res); err != nil {
		t.Error(err)
	}
	s := &session{problem: &problem{}, chain: &ensemble.Chain{Steps: fewestSteps - 1}}
	if p := s.sampled(&identification{}); p != nil {
		t.Errorf("%+v of %d steps", p, fewestSteps-1)
	}
}
