package surrogate_test

import (
	"testing"

	"github.com/surge-snn/surge/internal/hostile"
	"github.com/surge-snn/surge/surrogate"
)

// TestNoPanic calls everything that is exported with arguments that nobody means.
func TestNoPanic(t *testing.T) {
	pool := hostile.Of(surrogate.ATan{}, surrogate.Triangle{}, surrogate.Boxcar{}, surrogate.FastSigmoid{}, surrogate.Gaussian{}, surrogate.Sigmoid{}, surrogate.StepPWL{})
	functions := map[string]any{
		"Names": surrogate.Names, "Inside": surrogate.Inside, "Parse": surrogate.Parse, "Catalogue": surrogate.Catalogue, "Peers": surrogate.Peers, "Compat": surrogate.Compat, "Support": surrogate.Support, "Check": surrogate.Check, "Deviation": surrogate.Deviation, "Wrong": surrogate.Wrong,
		"Slopes": surrogate.Slopes[float64], "Antiderivatives": surrogate.Antiderivatives[float32],
	}
	hostile.API{Functions: functions, Pool: pool, Types: []any{
		surrogate.ATan{}, surrogate.Triangle{}, surrogate.Boxcar{}, surrogate.FastSigmoid{}, surrogate.Gaussian{}, surrogate.Sigmoid{}, surrogate.StepPWL{}, surrogate.Erfc{}, surrogate.SingleExponential{}, surrogate.PiecewiseExponential{}, surrogate.SLAYER{}, surrogate.PeriodicExponential{}, surrogate.LogStepPWL{}, surrogate.MultiGaussian{}, surrogate.PiecewiseQuadratic{}, surrogate.LeakyStraightThrough{}, surrogate.QPseudoSpike{}, surrogate.SparseFastSigmoid{}, surrogate.Staircase{}, surrogate.Tanh{}, surrogate.Row{},
	}}.Test(t)
}
