package fit

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/fit"
)

// TestDraw: problems are what Draw says of them, and the truth has no loss.
func TestDraw(t *testing.T) {
	for seed := range uint64(20) {
		p, err := Draw(seed)
		if err != nil {
			t.Fatal(err)
		}
		if loss, err := p.Experiment.Loss(context.Background(), p.Truth); err != nil || loss != 0 {
			t.Errorf("problem %d: the truth has the loss %v, %v", seed, loss, err)
		}
		for _, n := range counts(p.Experiment.Recordings[0].Target[fit.Spikes], p.Truth.N) {
			if n < 4 || n > 60 { // 7 to 100 Hz in 0.6 s
				t.Errorf("problem %d: %v spikes", seed, n)
			}
		}
		for _, c := range p.Currents() {
			start, truth := p.Experiment.Space.Network.Params[c.Param][c.Neurons[0]], p.Truth.Params[c.Param][c.Neurons[0]]
			if r := math.Abs(math.Log10(start / truth)); !(r <= 1) {
				t.Errorf("problem %d: %s starts at %v, truth %v", seed, c.Name, start, truth)
			}
		}
	}
}

// TestEffect: a current in a product alone acts as the other does, and one that multiplies nothing
// does not act.
func TestEffect(t *testing.T) {
	p, err := Draw(1)
	if err != nil {
		t.Fatal(err)
	}
	all := Current{Neurons: make([]int, p.Truth.N)}
	for j := range all.Neurons {
		all.Neurons[j] = j
	}
	for q := range p.Truth.Params {
		if len(p.Truth.Params[q]) == 0 {
			p.Truth.Params[q] = []float64{dynapse.Param(q).Default()}
		}
		if len(p.Truth.Params[q]) == 1 {
			p.Truth.Params[q] = slices.Repeat(p.Truth.Params[q], p.Truth.N)
		}
	}
	effect := func(q dynapse.Param) float64 {
		all.Param = q
		e, err := p.Effect(all)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	if a, b := effect(dynapse.Iscale), effect(dynapse.IgainSyn); math.Abs(a/b-1) > 0.02 { // the pulse is short against tau_syn, up to a few parts in a thousand
		t.Errorf("Iscale acts by %v, Igain_syn by %v", a, b)
	}
	if e := effect(dynapse.IgainGABA); e != 0 { // no synapse of this kind has an input
		t.Errorf("the gain of a synapse without input acts by %v", e)
	}
}

// stub is a benchmark whose problems pass where their seed is even.
func stub(fail uint64) Benchmark {
	return Benchmark{Name: "stub", judge: share(0.5), format: "%.0f %%", solve: func(ctx context.Context, p Problem, o *Outcome) error {
		if p.Seed == fail {
			return errors.ErrUnsupported
		}
		o.Passed, o.Numbers["seed"] = p.Seed%2 == 0, float64(p.Seed)
		return nil
	}}
}

// TestRun: outcomes come in the order of the seeds for any number of workers, and an error or a
// cancellation keeps those before it.
func TestRun(t *testing.T) {
	seeds := []uint64{4, 1, 2, 6, 3}
	for _, workers := range []int{1, 3, 9} {
		var seen []uint64
		outcomes, err := Run(context.Background(), stub(0), seeds, Share{Workers: workers}, func(o Outcome) { seen = append(seen, o.Seed) })
		if err != nil || !slices.Equal(seen, seeds) || len(outcomes) != len(seeds) {
			t.Fatalf("%d workers: %v, %v", workers, seen, err)
		}
		s := stub(0).Summarise(outcomes)
		if s.Value != 60 || !s.Met || !slices.Equal(s.Failed, []uint64{1, 3}) || s.Quantiles["seed"] != [5]float64{1, 1.4, 3, 5.2, 6} {
			t.Errorf("%+v", s)
		}
	}
	if _, err := Run(context.Background(), stub(6), seeds, Share{}, func(Outcome) {}); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	endless := stub(0)
	endless.solve = func(ctx context.Context, p Problem, o *Outcome) error {
		if p.Seed == 2 { // the one after that whose report cancels
			<-ctx.Done()
			return ctx.Err()
		}
		return stub(0).solve(ctx, p, o)
	}
	outcomes, err := Run(ctx, endless, seeds, Share{}, func(o Outcome) {
		if o.Seed == 1 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || len(outcomes) != 2 {
		t.Errorf("cancelled: %d outcomes, %v", len(outcomes), err)
	}
}

// TestClean: what a benchmark finds does not depend on the workers.
func TestClean(t *testing.T) {
	var all [2][]Outcome
	for i, workers := range []int{1, 2} {
		outcomes, err := Run(context.Background(), clean, []uint64{2, 3}, Share{Workers: workers}, func(Outcome) {})
		if err != nil {
			t.Fatal(err)
		}
		all[i] = outcomes
	}
	for k, a := range all[0] {
		b := all[1][k]
		if !a.Passed || a.Numbers["error"] != b.Numbers["error"] || a.Numbers["loss"] != b.Numbers["loss"] || a.Evaluations != b.Evaluations {
			t.Errorf("one worker %+v, two %+v", a, b)
		}
	}
}
