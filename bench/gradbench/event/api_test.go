package event_test

import (
	"testing"

	"github.com/surge-snn/surge/bench/gradbench/event"
	"github.com/surge-snn/surge/internal/hostile"
	"github.com/surge-snn/surge/surrogate"
)

// TestNoPanic calls everything that is exported with arguments that nobody means.
func TestNoPanic(t *testing.T) {
	good := event.New(event.Net{Title: "small", Sizes: []int{2, 3}, TauMem: 20e-3, TauSyn: 10e-3, End: 20e-3, Rate: 100, Tau: 10e-3, Seed: 1}, 1, 1)
	line, err := good.Line(1, 1)
	if err != nil {
		t.Fatal(err)
	}
	hostile.API{
		Functions: map[string]any{
			"New": event.New,
			"Net.Exact": func(n *event.Net, g, p []float64, input int, draw uint64) error {
				return n.Exact(0).Gradient(g, p, input, draw)
			},
			"Net.Steps": func(n *event.Net, perMs int, s surrogate.Surrogate, scale float64, g, p []float64, draw uint64) error {
				return n.Steps(perMs, s, scale, false).Gradient(g, p, 0, draw)
			},
		},
		Types: []any{new(event.Net), new(event.Line)},
		Pool:  hostile.Of(good, *good, line, *line, good.P, surrogate.Sigmoid{Sharpness: 5}),
	}.Test(t)
}
