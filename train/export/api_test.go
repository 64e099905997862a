package export_test

import (
	"io"
	"testing"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/internal/hostile"
	"github.com/surge-snn/surge/train/export"
)

// TestNoPanic calls everything that is exported with arguments that nobody means.
func TestNoPanic(t *testing.T) {
	network := &export.Network{Name: "n", Dt: 1e-3, Steps: 2, Inputs: 1, Readout: "count", Layers: []export.Layer{
		{Name: "out", N: 1, Map: &export.Linear{W: []float64{1}}, Spikes: true, Alpha: []float64{0.9}, VTh: []float64{1}},
	}}
	events := &export.Events{Net: eventprop.Serial{{In: eventprop.NewDense(1, 1)}}, Layers: []string{"out"}, Readout: eventprop.First{}}
	hostile.API{
		Functions: map[string]any{},
		Types:     []any{new(export.Network), new(export.Events), new(export.Layer)},
		Pool:      hostile.Of(io.Discard, network, &export.Formula{}, *network, network.Layers[0], network.Layers[0].Map, events, *events, events.Net[0], eventprop.NewDense(1, 1)),
	}.Test(t)
}
