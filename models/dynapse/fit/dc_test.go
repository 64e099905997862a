package fit

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/surge-snn/surge/models/dynapse"
)

// stepped is a recording of neurons that are driven by steps of their constant current alone, and
// its experiment, which starts up to 20 % from the truth; Idc is one of what is fitted.
func stepped(t *testing.T, n, substeps int, params ...dynapse.Param) (Experiment, dynapse.Network) {
	t.Helper()
	const steps, rows, idc = 240, 3, 2e-11
	rng := rand.New(rand.NewPCG(11, 5))
	truth := dynapse.Network{N: n, Substeps: substeps}
	truth.Params[dynapse.Idc] = slices.Repeat([]float64{idc}, n)
	start := truth
	for _, p := range params {
		truth.Params[p], start.Params[p] = make([]float64, n), make([]float64, n)
		for j := range n {
			start.Params[p][j] = p.Default()
			if p == dynapse.Idc {
				start.Params[p][j] = idc
			}
			truth.Params[p][j] = start.Params[p][j] * math.Exp(0.2*(2*rng.Float64()-1))
		}
	}
	r := Recording{Name: "steps", T: steps, B: rows, Input: make([]float64, steps*rows*n)}
	for step := range steps {
		for row := range rows {
			level := 0.1
			if at := step / 40; at%2 == 1 {
				level = float64(1 + 3*row + at)
			}
			r.DC = append(r.DC, slices.Repeat([]float64{level}, n)...)
		}
	}
	run, err := truth.Simulate(dynapse.Input{T: steps, B: rows, Counts: r.Input, DC: r.DC})
	if err != nil {
		t.Fatal(err)
	}
	if slices.Max(run.Spikes) == 0 { // some do
		t.Fatal("no spike")
	}
	r.Target[Vmem], r.Target[Spikes] = run.Vmem, run.Spikes
	r.Use[Vmem], r.Use[Spikes] = true, true
	return Experiment{Space: Space{Network: start, Params: params, Tie: Neuron}, Recordings: []Recording{r}}, truth
}

// TestFitDC: currents come back from steps of the constant current, of which Idc is a multiple: of
// one neuron, of neurons by themselves, and with steps in a bin.
func TestFitDC(t *testing.T) {
	params := []dynapse.Param{dynapse.ItauMem, dynapse.IgainMem, dynapse.Idc, dynapse.Ispkthr}
	for _, c := range []struct{ n, substeps int }{{1, 1}, {3, 1}, {1, 3}} {
		e, truth := stepped(t, c.n, c.substeps, params...)
		res, err := Run(context.Background(), e, Settings{Starts: 1})
		if err != nil {
			t.Fatal(err)
		}
		if res.Loss > 1e-8 {
			t.Errorf("%d neurons, %d substeps: loss %v, warnings %v", c.n, c.substeps, res.Loss, res.Warnings)
		}
		for _, p := range params[:3] {
			for j, want := range truth.Params[p] {
				if got := res.Network.Params[p][j]; math.Abs(got/want-1) > 1e-3 {
					t.Errorf("%d neurons, %d substeps: %v of neuron %d is %v, want %v", c.n, c.substeps, p, j, got, want)
				}
			}
		}
		got, err := e.Compare(truth, nil)
		if err != nil || slices.ContainsFunc(got, func(b Behaviour) bool { return b.Met != 1 || b.RMS[Vmem] != 0 }) {
			t.Errorf("%d neurons, %d substeps: %v, %v", c.n, c.substeps, got, err)
		}
	}
}

// TestBadFactors: factors of Idc that are none are errors of their recording.
func TestBadFactors(t *testing.T) {
	for _, change := range []func(r *Recording){
		func(r *Recording) { r.DC = r.DC[1:] },
		func(r *Recording) { r.DC[3] = -1 },
		func(r *Recording) { r.DC[3] = math.NaN() },
		func(r *Recording) { r.DC[3] = math.Inf(1) },
	} {
		e, _ := stepped(t, 1, 1, dynapse.Idc)
		change(&e.Recordings[0])
		if err := Check(e, Settings{}); !errors.Is(err, ErrExperiment) {
			t.Error(err)
		}
	}
}
