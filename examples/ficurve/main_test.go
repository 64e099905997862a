package main

import (
	"math"
	"testing"

	"github.com/surge-snn/surge/internal/race"
)

// TestRun: with other input than that of the fit, every rate is that of the target up to the noise
// of both, and of the fit's input. That is Poisson in 100, 100 and 3 s, where refractory neurons
// are more regular: no more than 3 standard deviations.
func TestRun(t *testing.T) {
	if race.Detector {
		t.Skip("the numbers of a fit: the tests of package fit run what is concurrent in it")
	}
	res, _, got, err := run(3)
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Codes()) != 4 {
		t.Errorf("codes %v", res.Codes())
	}
	for i, want := range curve.Rate {
		if limit := 3 * math.Sqrt(want*(1/100.+1/100.+1/3.)); math.Abs(got[i]-want) > limit {
			t.Errorf("%v Hz: %v Hz, want %v ± %v", curve.InputRate[i], got[i], want, limit)
		}
	}
}
