package fit

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/optim/minimize"
)

// TestSubsteps: a recording of a simulation with steps shorter than a bin gives its currents back.
func TestSubsteps(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a fit in four times as many steps")
	}
	e, truth := draw(t, 11, 1, 250, 1, Core, false)
	truth.Substeps, e.Space.Network.Substeps = 4, 4
	run, err := truth.Simulate(dynapse.Input{T: 250, B: 1, Counts: e.Recordings[0].Input})
	if err != nil {
		t.Fatal(err)
	}
	e.Recordings[0].Target[Imem], e.Recordings[0].Target[Spikes] = run.Imem, run.Spikes
	res, err := Run(context.Background(), e, Settings{Starts: 2})
	if err != nil {
		t.Fatal(err)
	}
	// The steps of the spikes are found with the currents, one after another: where the adaptation
	// current bends the trace by them, near and not exactly.
	if res.Loss > 1e-3 {
		t.Errorf("loss %v (%v at the start), %q", res.Loss, res.LossStart, res.Warnings)
	}
	if got, want := res.Parameter("Itau_mem").Value, truth.Params[dynapse.ItauMem][0]; math.Abs(got/want-1) > 0.03 {
		t.Errorf("Itau_mem = %v, want %v", got, want)
	}
}

// TestPlace: at the true currents spikes are placed in the steps in which they are, but for those
// after which the trace says nothing of them; then nothing is left of the traces.
func TestPlace(t *testing.T) {
	const substeps = 5
	e, truth := draw(t, 3, 2, 200, 2, All, false)
	truth.Params[dynapse.IwAHP], e.Space.Network.Params[dynapse.IwAHP] = []float64{0}, []float64{0}
	truth.Substeps, e.Space.Network.Substeps = substeps, substeps
	r := &e.Recordings[0]
	run, err := truth.Simulate(dynapse.Input{T: r.T, B: r.B, Counts: r.Input})
	if err != nil {
		t.Fatal(err)
	}
	r.Target[Imem], r.Target[Spikes] = run.Imem, run.Spikes
	p := compile(t, e)
	x := point(p, truth)
	steps, err := stepping{p}.place(context.Background(), x, nil)
	if err != nil {
		t.Fatal(err)
	}
	loss, err := stepping{p}.stepped(steps).forced(0, 0).loss(context.Background(), x)
	if late, _ := (stepping{p}).stepped(nil).forced(0, 0).loss(context.Background(), x); err != nil || loss > 1e-6 || late < 1e-4 { // a spike whose trace is that of rest may be anywhere
		t.Errorf("loss %v, with all spikes in the last step %v, %v", loss, late, err)
	}
	free := stepping{p}.stepped(nil)
	fine, err := free.network(x).Simulate(dynapse.Input{T: free.recordings[0].T, B: r.B, Counts: free.recordings[0].Input})
	if err != nil {
		t.Fatal(err)
	}
	right, all := 0, 0
	for bin, count := range r.Target[Spikes] {
		if count == 1 {
			all++
			if fine.Spikes[(stepping{p}).inStep(0, bin, steps[0][bin])] == 1 {
				right++
			}
		}
	}
	if all < 8 || right < all*9/10 {
		t.Errorf("%d of %d spikes are in their steps", right, all)
	}
}

// noisySteps is an experiment with several steps in a bin and a trace with noise, that has so much
// of the one in the bin before, and its truth.
func noisySteps(t *testing.T, noise, kept float64) (Experiment, dynapse.Network) {
	t.Helper()
	e, truth := draw(t, 3, 1, 200, 1, All, false)
	truth.Params[dynapse.IwAHP], e.Space.Network.Params[dynapse.IwAHP] = []float64{0}, []float64{0}
	truth.Substeps, e.Space.Network.Substeps = 4, 4
	r := &e.Recordings[0]
	run, err := truth.Simulate(dynapse.Input{T: r.T, B: r.B, Counts: r.Input})
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	r.Target[Imem], r.Target[Spikes] = run.Imem, run.Spikes
	last := rng.NormFloat64()
	for i := range run.Imem {
		last = kept*last + math.Sqrt(1-kept*kept)*rng.NormFloat64()
		r.Target[Imem][i] *= math.Exp(noise * last)
	}
	return e, truth
}

// TestForcing: the spikes that are forced are in the steps in which the best point has them, also
// when it is another one than the fit in steps ended at.
func TestForcing(t *testing.T) {
	ctx := context.Background()
	e, truth := noisySteps(t, 0, 0)
	f := newSession(compile(t, e), Settings{})
	best := point(f.problem, truth)
	other := slices.Clone(best)
	other[f.index(dynapse.ItauMem)[0]] += 0.02
	moved := false
	var before []float64
	for _, x := range [][]float64{best, other} {
		f.best.x = x
		p, err := f.forcing(ctx)
		if err != nil {
			t.Fatal(err)
		}
		free, err := stepping{f.problem}.stepped(nil).network(x).Simulate(dynapse.Input{T: p.recordings[0].T, B: 1, Counts: p.recordings[0].Input})
		if err != nil {
			t.Fatal(err)
		}
		for bin, count := range f.spikes[0] {
			sum := 0.0
			for s := range f.Network.Substeps {
				sum += free.Spikes[stepping{f.problem}.inStep(0, bin, s)]
			}
			for s := range f.Network.Substeps {
				if at := (stepping{f.problem}).inStep(0, bin, s); count == 1 && sum == 1 && p.spikes[0][at] != free.Spikes[at] {
					t.Errorf("step %d: %v spikes are forced, the network has %v", at, p.spikes[0][at], free.Spikes[at])
				}
			}
		}
		moved = moved || before != nil && !slices.Equal(before, p.spikes[0])
		before = p.spikes[0]
	}
	if !moved {
		t.Error("both points have the same spikes: the test says nothing")
	}
}

// TestStepsRepeat: with noise, which leaves a loss whatever is done, the search in steps ends when
// it comes back to spikes with which a round began.
func TestStepsRepeat(t *testing.T) {
	e, truth := noisySteps(t, 0.03, 0)
	f := newSession(compile(t, e), Settings{})
	ctx := context.Background()
	rounds := 0
	f.note = func(string, minimize.Status, float64) { rounds++ }
	for range 2 { // the second has nothing left to find
		rounds = 0
		x := point(f.problem, truth)
		if f.best.x != nil {
			x = f.best.x
		}
		if err := withinBins(ctx, f, x); err != nil {
			t.Fatal(err)
		}
	}
	if rounds >= 2*crossRounds || f.best.loss > 0.01 {
		t.Errorf("%d fits in steps, loss %v", rounds, f.best.loss)
	}
}
