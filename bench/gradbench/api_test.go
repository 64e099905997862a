package gradbench_test

import (
	"testing"

	"github.com/surge-snn/surge/bench/gradbench"
	"github.com/surge-snn/surge/internal/hostile"
)

// bowl is a network whose loss is the square of its two parameters.
type bowl struct{}

func (bowl) Name() string               { return "bowl" }
func (bowl) Classes() []gradbench.Class { return []gradbench.Class{{Name: "all", To: 2}} }
func (bowl) Params() []float64          { return []float64{1, 2} }
func (bowl) Inputs() int                { return 1 }
func (bowl) Loss(p []float64, _ int, _ uint64) (gradbench.Outcome, error) {
	return gradbench.Outcome{Loss: p[0]*p[0] + p[1]*p[1]}, nil
}

// TestNoPanic calls everything that is exported with arguments that nobody means.
func TestNoPanic(t *testing.T) {
	slope := func(g, p []float64, _ int, _ uint64) error {
		for k, x := range p {
			g[k] += 2 * x
		}
		return nil
	}
	blocks := &gradbench.Blocks{Mean: [][]float64{{1, 2}, {2, 1}}, Draws: 1}
	hostile.API{
		Functions: map[string]any{
			"Lead": gradbench.Lead, "Settle": gradbench.Settle, "Compare": gradbench.Compare, "Cost": gradbench.Cost, "Differences": gradbench.Differences, "Sample": gradbench.Sample, "Until": gradbench.Until, "Step": gradbench.Step, "Predict": gradbench.Predict, "Mean": gradbench.Mean,
		},
		Types: []any{new(gradbench.Estimate), new(gradbench.Blocks)},
		Pool:  hostile.Of(t.Context(), bowl{}, gradbench.Estimator{Name: "exact", Random: true, Gradient: slope}, blocks, gradbench.Class{Name: "all", To: 2}, []float64{1, 2}),
	}.Test(t)
}
