package experiment_test

import (
	"testing"

	"github.com/surge-snn/surge/internal/hostile"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/chip"
	"github.com/surge-snn/surge/models/dynapse/experiment"
)

// TestNoPanic calls everything that is exported with arguments that nobody means.
func TestNoPanic(t *testing.T) {
	t.Chdir(t.TempDir())
	hostile.API{
		Functions: map[string]any{
			"ReadInput": experiment.ReadInput, "Read": experiment.Read, "Parse": experiment.Parse, "ReadNetwork": experiment.ReadNetwork, "ReadSimulation": experiment.ReadSimulation, "ParseNetwork": experiment.ParseNetwork, "ReadRecording": experiment.ReadRecording, "ParseRecording": experiment.ParseRecording, "Text": experiment.Text, "ReadStages": experiment.ReadStages,
		},
		Pool: hostile.Of(dynapse.Network{N: 2}, chip.Weights{Pre: 1, Post: 2, W: []float64{1, 2}}, ".", "[network]\nneurons = 1\n", []byte("imem\n1e-12\n")),
	}.Test(t)
}
