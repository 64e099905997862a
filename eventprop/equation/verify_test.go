package equation

import (
	"errors"
	"testing"
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
	if err := neurons("dV/dt = sqrt(V*V)*0 + sqrt(-1 - V*V)\nthreshold: V - 1", nil).Verify(); !errors.Is(err, ErrDerivative) {
		t.Errorf("a root of negative numbers: %v", err)
	}
	if err := neurons("dV/dt = log(-1 - a*a) + V\nthreshold: V - 1", map[string]float64{"a": 2}).Verify(); !errors.Is(err, ErrDerivative) {
		t.Errorf("no finite values: %v", err)
	}
}
