package own_test

import (
	"testing"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/eventprop/own"
	"github.com/surge-snn/surge/internal/hostile"
)

// TestNoPanic calls everything that is exported with arguments that nobody means.
func TestNoPanic(t *testing.T) {
	n := own.Neurons{Cell: conductance{}, Params: conductanceParams}
	layer := &eventprop.Layer{In: eventprop.NewDense(2, 3), Neuron: n}
	prepared, err := n.Prepare(layer)
	if err != nil {
		t.Fatal(err)
	}
	// passes of a short time: a long one takes as many steps as it has time constants
	forward := func(l eventprop.NeuronLayer, input []eventprop.Spike, end float64) ([]eventprop.Spike, error) {
		return prepared.NewPass().Forward(l, input, min(end, 0.1))
	}
	backward := func(g *eventprop.Gradients, input []eventprop.Spike, time, inputTime []float64, fresh bool) error {
		pass := prepared.NewPass()
		if !fresh {
			if _, err := pass.Forward(prepared, input, 0.02); err != nil {
				return err
			}
		}
		return pass.Backward(g, time, inputTime)
	}
	hostile.API{
		Functions: map[string]any{"Forward": forward, "Backward": backward},
		Types:     []any{new(own.Neurons)},
		Pool: hostile.Of(
			n, layer, *layer, []eventprop.Spike{{Time: 1e-3, Neuron: 1}}, conductance{}, lif{}, panics{}, (*lif)(nil), wrongCell{which: "slope"},
			prepared, conductanceParams, layer.NewGradients(),
		),
	}.Test(t)
}
