package fit

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/surge-snn/surge/internal/race"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/chip"
)

// dendritic is a recording of two neurons with four synapse types, whose input comes from six
// channels, and the truth; the start has other currents.
func dendritic(t *testing.T) (e Experiment, truth dynapse.Network) {
	t.Helper()
	const steps, channels, n, types = 400, 6, 2, dynapse.SynapseTypes
	rng := rand.New(rand.NewPCG(11, 3))
	in := chip.Weights{Pre: channels, Post: n * types, W: make([]float64, channels*n*types)}
	for c := range channels {
		for j := range n {
			in.W[(c*n+j)*types+[]int{0, 0, 0, 1, 2, 3}[c]] = []float64{1, 1, 0.5, 0.5, 1, 0.5}[c]
		}
	}
	counts := make([]float64, steps*channels)
	for i := range counts {
		if rng.Float64() < []float64{0.12, 0.12, 0.12, 0.02, 0.05, 0.02}[i%channels] {
			counts[i] = 1
		}
	}
	r := Recording{Name: "recording", T: steps, B: 1, Input: make([]float64, steps*n*types), Channels: counts}
	spread(r.Input, counts, in.W, n*types)
	truth = dynapse.Network{N: n, FourSynapses: true}
	params := []dynapse.Param{dynapse.ItauMem, dynapse.ItauGABA, dynapse.IgainGABA, dynapse.ItauNMDA, dynapse.Ispkthr}
	start := truth
	for _, p := range params {
		x := p.Default() * math.Exp(0.6*rng.Float64()-0.3)
		truth.Params[p], start.Params[p] = []float64{x}, []float64{x * math.Exp(0.8*rng.Float64()-0.4)}
	}
	run, err := truth.Simulate(dynapse.Input{T: steps, B: 1, Counts: r.Input})
	if err != nil {
		t.Fatal(err)
	}
	if slices.Min(countsOf(run.Spikes, n)) < 3 {
		t.Fatalf("spikes %v, want some", countsOf(run.Spikes, n))
	}
	r.Target[Imem], r.Target[Spikes] = run.Imem, run.Spikes
	r.Use[Imem] = true
	return Experiment{Space: Space{Network: start, Params: params}, Recordings: []Recording{r}, In: &in}, truth
}

// TestFourSynapses: the currents of the dendrites come back from a recording, and the file for the
// chip, simulated with its four dendrites, does what the codes are said to.
func TestFourSynapses(t *testing.T) {
	t.Parallel()
	if race.Detector {
		t.Skip("the numbers of a fit: other tests run what is concurrent in it")
	}
	e, truth := dendritic(t)
	res, err := Run(t.Context(), e, Settings{DAC: true, Starts: 1})
	if err != nil {
		t.Fatal(err)
	}
	if res.Loss > exact || len(res.Warnings) > 0 {
		t.Errorf("%s at a loss of %v, %q", res.Status, res.Loss, res.Warnings)
	}
	for _, p := range e.Space.Params {
		got, want := res.Parameter(p.String()), truth.Params[p][0]
		if p != dynapse.Ispkthr && math.Abs(got.Value/want-1) > 1e-5 || p == dynapse.Ispkthr && math.Abs(got.Value/want-1) > 0.2 { // the threshold lies between two peaks
			t.Errorf("%v = %v (%s), want %v", p, got.Value, got.Verdict, want)
		}
	}
	d, err := res.Deploy(t.Context(), e, 1)
	if err != nil {
		t.Fatal(err)
	}
	set, in, err := d.Device.FourSynapses()
	if err != nil {
		t.Fatal(err)
	}
	r := e.Recordings[0]
	counts := make([]float64, len(r.Input))
	spread(counts, r.Channels, in.W, len(r.Input)/r.T)
	run, err := set.Simulate(dynapse.Input{T: r.T, B: r.B, Counts: counts})
	if err != nil {
		t.Fatal(err)
	}
	loss, mean := 0.0, float64(len(run.Imem))
	for i, x := range run.Imem {
		loss += math.Pow(math.Log(x/r.Target[Imem][i]), 2) / mean
	}
	if math.Abs(d.Loss / *res.LossDAC - 1) > 1e-9 || math.Abs(d.Loss/loss-1) > 1e-9 { // logarithms and back, and the order of the sums
		t.Errorf("loss of the file %v, simulated by hand %v, with codes %v", d.Loss, loss, *res.LossDAC)
	}
}

// TestFourSynapsesApart: what a fit of neurons with four synapse types does not do is an error.
func TestFourSynapsesApart(t *testing.T) {
	e, _ := dendritic(t)
	for name, change := range map[string]func(e *Experiment){
		"input of one synapse": func(e *Experiment) { e.Recordings[0].Input = e.Recordings[0].Input[:len(e.Recordings[0].Input)/4] },
		"negative weight":      func(e *Experiment) { e.Recordings[0].Input[3] = -1 },
		"fitted weights": func(e *Experiment) {
			e.Space.Weights, e.Space.Network.WRec = true, make([]float64, 16)
		},
	} {
		c := e
		c.Recordings = slices.Clone(e.Recordings)
		c.Recordings[0].Input = slices.Clone(c.Recordings[0].Input)
		change(&c)
		if err := Check(c, Settings{}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	c := e
	c.Space.Network.FourSynapses = false
	c.Space.Params = []dynapse.Param{dynapse.ItauGABA}
	if err := Check(c, Settings{}); err == nil {
		t.Error("a current of GABA of a single synapse: no error")
	}
}
