package fit_test

import (
	"context"
	"testing"

	"github.com/surge-snn/surge/internal/hostile"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/chip"
	"github.com/surge-snn/surge/models/dynapse/fit"
)

// TestNoPanic calls everything that is exported with arguments that nobody means.
func TestNoPanic(t *testing.T) {
	network := dynapse.Network{N: 1}
	space := fit.Space{Network: network, Params: []dynapse.Param{dynapse.ItauMem}}
	curve := fit.Curve{InputRate: []float64{0, 50}, Rate: []float64{0, 20}, Seconds: 0.05}
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	hostile.API{
		Functions: map[string]any{
			"Rates": fit.Rates, "Coincidence": fit.Coincidence, "Coincidences": fit.Coincidences[float64], "Methods": fit.Methods, "Check": fit.Check, "ParseTie": fit.ParseTie, "StatisticNames": fit.StatisticNames, "ParseStatistic": fit.ParseStatistic, "ParseQuantity": fit.ParseQuantity,
			// a fit that is stopped: what a search costs is not tested here
			"Run": func(e fit.Experiment, s fit.Settings) (*fit.Result, error) { return fit.Run(stopped, e, s) },
		},
		Types: []any{new(fit.Experiment), new(fit.Result), new(fit.Tie), new(fit.Statistic), new(fit.Statistics), new(fit.Error), new(fit.Quantity), new(fit.Task), new(fit.Verdict)},
		Pool:  hostile.Of(t.Context(), stopped, network, space, curve, fit.Experiment{Space: space, Curves: []fit.Curve{curve}}, chip.Weights{Pre: 1, Post: 1, W: []float64{1}}),
	}.Test(t)
}
