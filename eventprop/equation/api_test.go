package equation_test

import (
	"testing"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/eventprop/equation"
	"github.com/surge-snn/surge/internal/hostile"
)

// TestNoPanic calls everything that is exported with arguments that nobody means.
func TestNoPanic(t *testing.T) {
	model, err := equation.Parse(equation.QIF)
	if err != nil {
		t.Fatal(err)
	}
	params := map[string][]float64{"tau_mem": {10e-3}, "tau_syn": {5e-3}, "i_ext": {0.1}, "v_th": {10}, "v_reset": {-10}, "v_init": {0}}
	layer := &equation.Layer{Model: model, Params: params, In: eventprop.NewDense(2, 3)}
	input := []eventprop.Spike{{Time: 1e-3, Neuron: 1}}
	run := new(equation.Run)
	if err := run.Forward(layer, input, 0.01); err != nil {
		t.Fatal(err)
	}
	evaluate := func(m *equation.Model, part equation.Part, a equation.Arithmetic[float64], w float64, states, params []float64) ([]float64, error) {
		return equation.Evaluate(m, part, a, w, states, params)
	}
	hostile.API{
		Functions: map[string]any{"Evaluate": evaluate, "Parse": equation.Parse, "Builtin": equation.Builtin, "Builtins": equation.Builtins},
		Types:     []any{new(equation.Layer), new(equation.Model), new(equation.Neurons), new(equation.Pass), new(equation.Run), new(equation.Serial)},
		Pool:      hostile.Of(model, params, layer, input, run, equation.Serial{layer}, equation.Neurons{Model: model, Params: params}, equation.LIF),
	}.Test(t)
}
