package plot_test

import (
	"testing"

	"github.com/surge-snn/surge/internal/hostile"
	"github.com/surge-snn/surge/plot"
)

// TestNoPanic calls everything that is exported with arguments that nobody means.
func TestNoPanic(t *testing.T) {
	t.Chdir(t.TempDir())
	functions := map[string]any{"DenseLayer": plot.DenseLayer[float64]}
	pool := hostile.Of("x.svg", plot.Line{Name: "a", X: []float64{0, 1}, Y: []float64{1, 2}})
	hostile.API{Functions: functions, Pool: pool, Types: []any{plot.Curves{}, plot.Raster{}, plot.Traces{}, plot.Matrix{}, plot.Corner{}}}.Test(t)
}
