package fit

import (
	"testing"

	detector "github.com/surge-snn/surge/internal/race"
)

// TestMet: the part that is judged is the smaller one of counts and rates, of all neurons.
func TestMet(t *testing.T) {
	outcome := func(neurons, counts, rates float64) Outcome {
		return Outcome{Numbers: map[string]float64{"neurons": neurons, "counts": counts, "rates": rates}}
	}
	for _, test := range []struct {
		outcomes []Outcome
		part     float64
		met      bool
	}{
		{[]Outcome{outcome(10, 10, 9), outcome(10, 10, 10)}, 95, true}, {[]Outcome{outcome(2, 1, 2), outcome(2, 2, 2)}, 75, false}, {[]Outcome{outcome(2, 0, 0)}, 0, false},
	} {
		if part, met := met(test.outcomes); part != test.part || met != test.met {
			t.Errorf("%v, %v; want %+v", part, met, test)
		}
	}
}

// TestStaged: the neuron of a hidden chip behaves as the model that the procedure ends with.
func TestStaged(t *testing.T) {
	if detector.Detector {
		t.Skip("the numbers of a fit: the tests of package protocol run what is concurrent in it")
	}
	p, err := staged.draw(101)
	if err != nil {
		t.Fatal(err)
	}
	o := Outcome{Numbers: map[string]float64{}}
	if err := measured(t.Context(), p, 1, &o); err != nil || !o.Passed || o.Numbers["neurons"] != 1 || o.Numbers["counts"] != 1 || o.Numbers["rates"] != 1 {
		t.Errorf("%+v, %v", o, err)
	}
}

// TestChosen: every benchmark answers one of the three questions of the command.
func TestChosen(t *testing.T) {
	rest, coverage, procedure := Chosen(false, false), Chosen(true, false), Chosen(false, true)
	if len(procedure) != 1 || procedure[0].Name != ProtocolName || len(coverage) != len(noiseKinds) || len(rest)+len(coverage)+1 != len(All()) {
		t.Errorf("%d, %d and %d of %d", len(rest), len(coverage), len(procedure), len(All()))
	}
}
