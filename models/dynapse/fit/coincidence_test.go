package fit

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestCoincidence: trains of which the factor is known by hand, one of chance, and one that has as
// many spikes as the window holds.
func TestCoincidence(t *testing.T) {
	recorded := []float64{0.1, 0.2, 0.3, 0.4}
	for _, c := range []struct {
		name  string
		model []float64
		want  float64
	}{
		{"equal", recorded, 1},
		{"moved within the window", []float64{0.101, 0.199, 0.3015, 0.3985}, 1},
		// 4 spikes a second: 2 ν Δ = 0.016
		{"moved out of the window", []float64{0.11, 0.21, 0.31, 0.41}, -0.016 / (1 - 0.016)},
		{"one partner for one spike", []float64{0.1, 0.1005, 0.1010, 0.1015}, (1 - 0.016*4) / 4 / (1 - 0.016)},
		{"half of them", []float64{0.1, 0.3}, (2 - 0.008*4) / 3 / (1 - 0.008)},
		{"silent", nil, 0},
		{"as dense as the window", make([]float64, 250), math.NaN()},
	} {
		got := Coincidence(recorded, c.model, 1, 2e-3)
		if math.IsNaN(c.want) != math.IsNaN(got) || math.Abs(got-c.want) > 1e-12 { // rounding
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	if got := Coincidence(nil, nil, 1, 2e-3); got == got {
		t.Errorf("without any spikes: %v, want NaN", got)
	}

	// Poisson trains of 50 and 20 Hz over 1000 s: n has a standard deviation of at most √n, some 60
	// of 35000 spikes; pairs that are one to one leave a little out.
	r := rand.New(rand.NewPCG(1, 2))
	train := func(rate float64) (times []float64) {
		for at := r.ExpFloat64() / rate; at < 1000; at += r.ExpFloat64() / rate {
			times = append(times, at)
		}
		return times
	}
	if got := Coincidence(train(50), train(20), 1000, 2e-3); math.Abs(got) > 0.02 {
		t.Errorf("chance: %v, want 0", got)
	}
}

// TestWindowOf: a window of whole bins covers no more than 2 ms on either side, and one bin more
// would.
func TestWindowOf(t *testing.T) {
	for dt, want := range map[float64]float64{1e-4: 19, 2.5e-4: 7, 5e-4: 3, 1e-3: 1, 2e-3: 0, 1e-2: 0} {
		bins, window := windowOf(dt)
		if bins != want || math.Abs(window-(want+0.5)*dt) > 1e-15 || bins > 0 && window > precision || window+dt < precision {
			t.Errorf("bins of %v s: %v bins, %v s", dt, bins, window)
		}
	}
}
