package live_test

import (
	"context"
	"testing"

	"github.com/surge-snn/surge/internal/hostile"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/fit"
	"github.com/surge-snn/surge/models/dynapse/live"
)

// TestNoPanic calls everything that is exported with arguments that nobody means.
func TestNoPanic(t *testing.T) {
	space := fit.Space{Network: dynapse.Network{N: 1}, Params: []dynapse.Param{dynapse.ItauMem}}
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	hostile.API{
		Functions: map[string]any{
			"Serve": live.Serve,
			// a fit that is stopped: what a search costs is not tested here
			"Tune": func(c live.Chip, e fit.Experiment, r *fit.Result, s live.Settings) (*live.Tuned, error) {
				return live.Tune(stopped, c, e, r, s)
			},
		},
		Types: []any{new(live.Software), new(live.Pipe), new(live.Round)},
		Pool: hostile.Of(t.Context(), stopped, device(t), fit.Experiment{Space: space}, live.Chip(new(live.Software)),
			live.Stimulus{Dt: 1e-3, T: 3, B: 1, Counts: []float64{1, 0, 0}, Want: []fit.Quantity{fit.Vmem}}),
	}.Test(t)
}
