package equation_test

import (
	"testing"

	"github.com/surge-snn/surge/eventprop/equation"
	"github.com/surge-snn/surge/internal/hostile"
)

// TestNoPanic calls everything that is exported with arguments that nobody means.
func TestNoPanic(t *testing.T) {
	hostile.API{
		Functions: map[string]any{
			"Evaluate": equation.Evaluate[float64], "Parse": equation.Parse, "Builtin": equation.Builtin, "Builtins": equation.Builtins,
		},
		Types: []any{
			new(equation.Run), new(equation.Model), new(equation.Layer), new(equation.Neurons), new(equation.Pass), new(equation.Serial),
		},
		Pool: hostile.Of(),
	}.Test(t)
}
