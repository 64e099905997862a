package fit

import (
	"context"
	"testing"
)

// TestCovered: the part that is judged is that of all intervals, not of the problems.
func TestCovered(t *testing.T) {
	outcome := func(claimed, held float64) Outcome {
		return Outcome{Numbers: map[string]float64{"claimed": claimed, "held": held}}
	}
	for _, test := range []struct {
		outcomes []Outcome
		share    float64
		met      bool
	}{
		{[]Outcome{outcome(8, 8), outcome(12, 11)}, 95, true}, {[]Outcome{outcome(10, 10)}, 100, false}, {[]Outcome{outcome(0, 0)}, 0, false},
	} {
		if share, met := covered(test.outcomes); share != test.share || met != test.met {
			t.Errorf("%v, %v; want %+v", share, met, test)
		}
	}
}

// TestCoverage: of a problem with each kind of noise some currents are determined.
func TestCoverage(t *testing.T) {
	for _, b := range coverages() {
		outcomes, err := Run(context.Background(), b, []uint64{2}, 1, func(Outcome) {})
		if err != nil || outcomes[0].Numbers["claimed"] < 1 {
			t.Errorf("%s: %+v, %v", b.Name, outcomes, err)
		}
	}
}
