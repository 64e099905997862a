package speed_test

import (
	"context"
	"io"
	"testing"

	"github.com/surge-snn/surge/bench/speed"
	"github.com/surge-snn/surge/internal/hostile"
)

// TestNoPanic calls everything that is exported with arguments that nobody means.
func TestNoPanic(t *testing.T) {
	t.Chdir(t.TempDir())
	stopped, cancel := context.WithCancel(t.Context())
	cancel() // what a measurement costs is not tested here
	hostile.API{
		Functions: map[string]any{"Crossover": speed.Crossover, "Measure": speed.Measure, "Beside": speed.Beside, "WriteCrossover": speed.WriteCrossover, "All": speed.All, "Compared": speed.Compared, "Find": speed.Find},
		Types:     []any{new(speed.Point), new(speed.PeerResult), new(speed.Result), new(speed.Size)},
		Pool:      hostile.Of(stopped, io.Discard, speed.Point{N: 1, Active: 0.1, Seconds: 1, Dense: 2}, &speed.Result{}, func(speed.Point) error { return nil }, "x.svg"),
	}.Test(t)
}
