package ensemble_test

import (
	"testing"

	"github.com/surge-snn/surge/internal/hostile"
	"github.com/surge-snn/surge/optim/ensemble"
)

// TestNoPanic calls everything that is exported with arguments that nobody means.
func TestNoPanic(t *testing.T) {
	hostile.API{
		Functions: map[string]any{
			"Sample": ensemble.Sample,
		},
		Types: []any{
			new(ensemble.Chain),
		},
		Pool: hostile.Of(),
	}.Test(t)
}
