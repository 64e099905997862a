package identify_test

import (
	"context"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/surge-snn/surge/internal/hostile"
	"github.com/surge-snn/surge/optim/identify"
)

// TestNoPanic calls everything that is exported with arguments that nobody means.
func TestNoPanic(t *testing.T) {
	hostile.API{
		Functions: map[string]any{"Analyze": identify.Analyze, "FeasibleInterval": identify.FeasibleInterval},
		Types:     []any{new(identify.Verdict)},
		Pool: hostile.Of(t.Context(), mat.NewDense(2, 2, []float64{1, 2, 3, 4}), new(mat.Dense), []float64{1, 2}, []string{"a", "b"},
			func(_ context.Context, x float64) (bool, error) { return x > 0, nil }),
	}.Test(t)
}
