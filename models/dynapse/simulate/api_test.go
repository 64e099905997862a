package simulate_test

import (
	"testing"

	"github.com/surge-snn/surge/internal/hostile"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/chip"
	"github.com/surge-snn/surge/models/dynapse/experiment"
	"github.com/surge-snn/surge/models/dynapse/simulate"
)

// TestNoPanic calls everything that is exported with arguments that nobody means.
func TestNoPanic(t *testing.T) {
	t.Chdir(t.TempDir())
	s := simulate.Simulation{Network: dynapse.Network{N: 1}, Dt: 1e-3, Input: &experiment.Input{T: 3, B: 2, Counts: make([]float64, 6)}}
	run, err := s.Run()
	if err != nil {
		t.Fatal(err)
	}
	hostile.API{
		Functions: map[string]any{"New": simulate.New, "Of": simulate.Of, "ReadDevice": simulate.ReadDevice},
		Types:     []any{new(simulate.Simulation)},
		Pool:      hostile.Of(s, run, s.Input, s.Network, chip.Weights{Pre: 1, Post: 1, W: []float64{1}}, "."),
	}.Test(t)
}
