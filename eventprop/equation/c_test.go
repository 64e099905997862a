package equation

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/surge-snn/surge/eventprop"
)

// TestC: every function may be in equations.
func TestC(t *testing.T) {
	const rest = "\nthreshold: V - 1\nreset: V = 0\n"
	for _, text := range []string{
		Theta, "dV/dt = 1 - sin(V)" + rest, "dV/dt = 1 - V*cos(a)" + rest, "dV/dt = exp(-V)\nstart: V = sin(a)" + rest,
	} {
		m, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		n := Neurons{Model: m, Params: map[string][]float64{}}
		for _, name := range m.Params {
			n.Params[name] = []float64{-0.5}
		}
		var w strings.Builder
		alike, err := n.C(&w, "hidden", &eventprop.Layer{In: eventprop.NewDense(2, 3), Neuron: n})
		if err != nil || !alike || !strings.Contains(w.String(), "hidden_model") {
			t.Errorf("%s: %v, %q", text, err, w.String())
		}
		n.Params["none"] = []float64{1}
		if _, err := n.C(io.Discard, "hidden", &eventprop.Layer{In: eventprop.NewDense(2, 3), Neuron: n}); !errors.Is(err, eventprop.ErrParameter) {
			t.Errorf("another parameter: %v", err)
		}
	}
}
