package trained_test

import (
	"testing"

	"github.com/surge-snn/surge/bench/gradbench/trained"
	"github.com/surge-snn/surge/internal/hostile"
	"github.com/surge-snn/surge/train/experiment"
)

// TestNoPanic calls everything that is exported with arguments that nobody means.
func TestNoPanic(t *testing.T) {
	var pool []any
	for _, method := range []string{"", "eventprop"} {
		e, err := experiment.Parse("e.toml", "name = \"e\"\n[data]\nset = \"yinyang\"\ntrain = 4\nvalid = 2\ntest = 2\n[model]\nhidden = [3]\n", method)
		if err != nil {
			t.Fatal(err)
		}
		pool = append(pool, e)
		if method != "" {
			n, err := trained.NewEvents(e, nil, 2, 0.05, 1)
			if err != nil {
				t.Fatal(err)
			}
			defer n.Close()
			pool = append(pool, n, n.Params())
		}
	}
	hostile.API{
		Functions: map[string]any{
			"Problem": trained.Problem, "NewEvents": trained.NewEvents,
			"Events.Close": func() { (*trained.Events)(nil).Close(); new(trained.Events).Close() }, // the one above lasts
			"Events.Exact": func(n *trained.Events, g, p []float64, input int, draw uint64) error {
				return n.Exact().Gradient(g, p, input, draw)
			},
		},
		Types: []any{new(trained.Events)},
		Pool:  hostile.Of(pool...),
	}.Test(t)
}
