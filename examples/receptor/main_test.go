package main

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/surge-snn/surge/internal/race"
	"github.com/surge-snn/surge/models/dynapse/fit"
	"github.com/surge-snn/surge/train/data"
)

// hearing is a second of sound, and a neuron of the chip that hears it.
func hearing(t *testing.T) (sound, []float64) {
	t.Helper()
	r := &data.Receptor{Step: 1e-4, Level: loudest}
	g := rand.New(rand.NewPCG(1, 2))
	level := 0.0
	for range 10000 {
		level += -level*0.02 + g.NormFloat64()*1.2 // dB, of 6 dB
		r.Envelope = append(r.Envelope, min(0.1*math.Pow(10, level/20), 1))
	}
	s := encode(r)
	truth := []float64{2e-9, 2e-8, 5e-11, 1e-8, 1e-12, 1e-7, 3.5e-10, 1e-12, 5e-9}
	for i, x := range truth {
		truth[i] = math.Log(x)
	}
	truth = append(truth, 6.6)
	trains, err := simulate(s, [][]float64{truth})
	if err != nil {
		t.Fatal(err)
	}
	s.spikes = trains[0]
	return s, truth
}

// TestEncode: as many events are sent as the energy of the sound has, of one at the reference
// level; 10 dB more are ten times as many.
func TestEncode(t *testing.T) {
	r := &data.Receptor{Step: 1e-4, Level: loudest, Spikes: []float64{0.1}}
	for range 10000 {
		r.Envelope = append(r.Envelope, math.Sqrt(0.0413))
	}
	for level, want := range map[float64]float64{loudest: eventRate, loudest + 10: 10 * eventRate} {
		r.Level = level
		s := encode(r)
		sum := 0.0
		for _, x := range s.counts {
			sum += x
		}
		if math.Abs(sum-want) > 1 || len(s.counts) != 2000 || math.Abs(s.counts[7]-want*dt) > 1 { // one event on the way
			t.Errorf("%v dB: %v events in %d bins, %v in one; want %v", level, sum, len(s.counts), s.counts[7], want)
		}
	}
}

// TestLoss: it is 0 for what the cell did, and 1 for spikes as many that are elsewhere.
func TestLoss(t *testing.T) {
	s := sound{seconds: 1, spikes: []float64{0.1, 0.2, 0.6, 0.7}}
	if got := loss(s, s.spikes); math.Abs(got) > 1e-15 {
		t.Errorf("of itself: %v", got)
	}
	if got := loss(s, []float64{0.15, 0.25, 0.65, 0.75}); got != 1 {
		t.Errorf("of others: %v", got)
	}
}

// TestFit: of a neuron of the chip a short search finds, from nowhere, one that does most of what
// it did, as codes.
func TestFit(t *testing.T) {
	if race.Detector {
		t.Skip("the numbers of a fit: the tests of package minimize run what is concurrent in it")
	}
	s, truth := hearing(t)
	p := problem(s)
	var l [1]float64
	if err := p.Batch(context.Background(), l[:], [][]float64{truth}); err != nil || l[0] > 1e-12 { // rounding
		t.Fatalf("loss %v at the truth, %v", l, err)
	}
	res, err := fitTo(context.Background(), s, 1, 8, 1200)
	if err != nil {
		t.Fatal(err)
	}
	x, list, err := codes(context.Background(), p, res.X)
	if err != nil {
		t.Fatal(err)
	}
	trains, err := simulate(s, [][]float64{x})
	if err != nil {
		t.Fatal(err)
	}
	gamma := fit.Coincidence(s.spikes, trains[0], s.seconds, precision)
	t.Logf("%d spikes, loss %.3f, with codes %d spikes and a coincidence factor of %.3f", len(s.spikes), res.Loss, len(trains[0]), gamma)
	if gamma < 0.5 || len(list) != len(currents) {
		t.Errorf("coincidence factor %v, %d codes", gamma, len(list))
	}
}
