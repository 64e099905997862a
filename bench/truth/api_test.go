package truth_test

import (
	"context"
	"io"
	"testing"

	"github.com/surge-snn/surge/bench/truth"
	"github.com/surge-snn/surge/internal/hostile"
)

// TestNoPanic calls everything that is exported with arguments that nobody means.
func TestNoPanic(t *testing.T) {
	stopped, cancel := context.WithCancel(t.Context())
	cancel() // what a measurement costs is not tested here
	hostile.API{
		Functions: map[string]any{"Measure": truth.Measure},
		Types:     []any{new(truth.Report)},
		Pool:      hostile.Of(stopped, io.Discard, "count"),
	}.Test(t)
}
