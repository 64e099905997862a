package suite_test

import (
	"context"
	"testing"

	"github.com/surge-snn/surge/bench/gradbench/lif"
	"github.com/surge-snn/surge/bench/gradbench/suite"
	"github.com/surge-snn/surge/internal/hostile"
	"github.com/surge-snn/surge/surrogate"
)

// TestNoPanic calls everything that is exported with arguments that nobody means.
func TestNoPanic(t *testing.T) {
	t.Chdir(t.TempDir())
	stopped, cancel := context.WithCancel(t.Context())
	cancel() // what a run costs is not tested here
	hostile.API{
		Functions: map[string]any{"Costs": suite.Costs, "Do": suite.Do, "All": suite.All, "Names": suite.Names, "Runs": suite.Runs, "Catalogue": suite.Catalogue, "Wrong": suite.Wrong, "Of": suite.Of, "OfEvents": suite.OfEvents, "Rank": suite.Rank, "Distance": suite.Distance},
		Pool:      hostile.Of(stopped, &lif.Problem{Title: "none"}, surrogate.Sigmoid{Sharpness: 5}, "depth", "."),
	}.Test(t)
}
