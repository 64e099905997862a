package equation

import (
	"errors"
	"strings"
	"testing"

	"github.com/surge-snn/surge/eventprop"
)

// TestVerify: all neurons pass, and equations without finite values or derivatives are errors.
func TestVerify(t *testing.T) {
	neurons := func(text string, params map[string]float64) Neurons {
		l := one(t, text, params)
		return Neurons{Model: l.Model, Params: l.Params}
	}
	for _, x := range examples {
		if err := neurons(x.text, x.params).Verify(); err != nil {
			t.Errorf("%s: %v", x.name, err)
		}
	}
	// at 0 the difference of a root of V² is not its derivative
	const rest = "\nthreshold: V - 1\nreset: V = 0\ninput: V = V + w"
	if err := neurons("dV/dt = sqrt(V*V)*0 + sqrt(-1 - V*V)"+rest, nil).Verify(); !errors.Is(err, ErrDerivative) {
		t.Errorf("a root of negative numbers: %v", err)
	}
	if err := neurons("dV/dt = log(-1 - a*a) + V"+rest, map[string]float64{"a": 2}).Verify(); !errors.Is(err, ErrDerivative) {
		t.Errorf("no finite values: %v", err)
	}
	// values in SI units are far from 1
	membrane := "dV/dt = (g*(0 - V) + G*(0.1 - V))/c\ndG/dt = -G/tau\nthreshold: V - 0.02\nreset: V = r\ninput: G = G + w"
	si := map[string]float64{"g": 1e-8, "c": 1e-10, "tau": 5e-3, "r": 0}
	if err := neurons(membrane, si).Verify(); err != nil {
		t.Errorf("a membrane of 100 pF: %v", err)
	}
	si["r"] = 0.03
	if err := neurons(membrane, si).Verify(); !errors.Is(err, eventprop.ErrParameter) {
		t.Errorf("a reset above the threshold: %v", err)
	}
	for _, text := range []string{"dV/dt = -V\nthreshold: V - 1\nreset: V = 0", "dV/dt = -V\ndA/dt = -A\nthreshold: V - 1\nreset: A = 0\ninput: V = V + w"} {
		if err := neurons(text, nil).Verify(); !errors.Is(err, ErrEquation) {
			t.Errorf("without input or reset: %v", err)
		}
	}
}

// TestStuck: where equations cannot be followed, the error has the state and its slope, also where
// nothing but rest comes after.
func TestStuck(t *testing.T) {
	for text, want := range map[string]string{
		"1/V":        "neuron 0 at 0 s, where dV/dt is +Inf at V = 0",
		"log(V)":     "neuron 0 at 0 s, where dV/dt is -Inf at V = 0",
		"V/V":        "neuron 0 at 0 s, where dV/dt is NaN at V = 0",
		"1 + V^0.5":  "neuron 0 at 0 s, where dV/dt = 1 has no derivative",
		"(V + 1)^40": "where dV/dt is ", // goes to infinity
	} {
		l := one(t, "dV/dt = "+text+"\nthreshold: V - 1e9\nreset: V = 0\ninput: V = V + w", nil)
		for _, rec := range []*eventprop.Synapses{nil, {Pre: 1, Post: 1, Weight: []float64{0}}} {
			l.Rec = rec
			var run Run
			if err := run.Forward(l, nil, 1); !errors.Is(err, ErrStep) || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", text, err, want)
			}
		}
	}
}
