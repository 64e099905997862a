package fit

import (
	"errors"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/chip"
)

// TestDeploy: the device of a result is its settable network with the input weights of the
// experiment, and the loss is that of a simulation of the device, made by hand from its channels.
func TestDeploy(t *testing.T) {
	const steps, channels, n = 120, 3, 2
	in := chip.Weights{Pre: channels, Post: n, W: []float64{1, 0, 0.5, 2, 0, -0.7}}
	counts := make([]float64, steps*channels)
	for i := range counts {
		counts[i] = float64(i * 7 % 5 / 3)
	}
	weighted := func(w chip.Weights) []float64 {
		x := make([]float64, steps*n)
		for s := range steps {
			for c := range channels {
				for j := range n {
					x[s*n+j] += counts[s*channels+c] * w.W[c*n+j]
				}
			}
		}
		return x
	}
	net := dynapse.Network{N: n, WRec: []float64{0, 0.4, -0.3, 0}}
	net.Params[dynapse.Ispkthr] = []float64{3e-8}
	run, err := net.Simulate(dynapse.Input{T: steps, B: 1, Counts: weighted(in)})
	if err != nil {
		t.Fatal(err)
	}
	r := Recording{Name: "r", T: steps, B: 1, Input: weighted(in), Channels: counts}
	r.Target[Imem], r.Use[Imem] = run.Imem, true
	r.Target[Spikes] = run.Spikes
	e := Experiment{Space: Space{Network: net, Params: []dynapse.Param{dynapse.ItauMem}}, Recordings: []Recording{r}, In: &in}
	res := &Result{Network: net, Settable: net}
	d, err := res.Deploy(t.Context(), e, 1)
	if err != nil {
		t.Fatal(err)
	}
	set, w, err := d.Device.Network()
	if err != nil || !slices.Equal(w.W, d.In.W) || !slices.Equal(set.WRec, d.Network.WRec) || w.Pre != channels {
		t.Fatalf("%v, weights %v, want those of the device, %v", err, d.In, w)
	}
	for i, x := range in.W { // five magnitudes from four base currents of one core: within a tenth
		if math.Abs(x-w.W[i]) > 0.1 {
			t.Errorf("input weights %v, want %v", w.W, in.W)
			break
		}
	}
	got, err := set.Simulate(dynapse.Input{T: steps, B: 1, Counts: weighted(w)})
	if err != nil {
		t.Fatal(err)
	}
	want := 0.0
	for i, x := range got.Imem {
		want += math.Pow(math.Log(x/run.Imem[i]), 2) / float64(steps*n)
	}
	if !(want > 1e-6) || math.Abs(d.Loss/want-1) > 1e-9 { // the order of the sums
		t.Errorf("loss %v, want %v", d.Loss, want)
	}
	zero, err := e.LossOf(t.Context(), net, in)
	if err != nil || zero != 0 {
		t.Errorf("loss of the network itself: %v, %v", zero, err)
	}
	if _, err := e.LossOf(t.Context(), net, chip.Weights{Pre: 2, Post: n, W: make([]float64, 4)}); !errors.Is(err, ErrExperiment) {
		t.Errorf("weights of other channels: %v", err)
	}
	list, err := e.Compare(d.Network, &d.In)
	if err != nil || len(list) != n {
		t.Fatalf("%d neurons, %v", len(list), err)
	}
	squares := 0.0
	for j, b := range list {
		spikes, wanted := 0.0, 0.0
		for s := range steps {
			spikes += got.Spikes[s*n+j]
			wanted += run.Spikes[s*n+j]
		}
		if b.Neuron != j || b.Spikes != spikes || b.Wanted != wanted || b.RMS[Vmem] == b.RMS[Vmem] {
			t.Errorf("%+v, want %v spikes and %v", b, spikes, wanted)
		}
		squares += b.RMS[Imem] * b.RMS[Imem] / n
	}
	if math.Abs(squares/want-1) > 1e-9 {
		t.Errorf("mean squared error %v, want %v", squares, want)
	}
	same, err := e.Compare(net, nil)
	if err != nil || same[0].Met != 1 || same[0].Wanted == 0 || same[0].RMS[Imem] != 0 {
		t.Errorf("%+v, %v", same, err)
	}
}

// TestPartners: the greedy pairing of two trains is the largest there is, as one by exhaustion
// finds.
func TestPartners(t *testing.T) {
	var best func(a, b []int) int
	best = func(a, b []int) int {
		if len(a) == 0 {
			return 0
		}
		n := best(a[1:], b)
		for k, x := range b {
			if d := a[0] - x; d >= -1 && d <= 1 {
				n = max(n, 1+best(a[1:], slices.Delete(slices.Clone(b), k, k+1)))
			}
		}
		return n
	}
	rapid.Check(t, func(t *rapid.T) {
		train := rapid.SliceOfN(rapid.IntRange(0, 9), 0, 5)
		a, b := train.Draw(t, "a"), train.Draw(t, "b")
		slices.Sort(a)
		slices.Sort(b)
		if got, want := Coincidences(a, b, 1), best(a, b); got != want {
			t.Fatalf("%d pairs, want %d", got, want)
		}
	})
}
