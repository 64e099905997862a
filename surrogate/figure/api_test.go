package figure_test

import (
	"testing"

	"github.com/surge-snn/surge/internal/hostile"
	"github.com/surge-snn/surge/surrogate/figure"
)

// TestNoPanic calls everything that is exported with arguments that nobody means.
func TestNoPanic(t *testing.T) {
	hostile.API{
		Functions: map[string]any{
			"Surrogates": figure.Surrogates, "Rows": figure.Rows,
		},
		Types: []any{},
		Pool:  hostile.Of(),
	}.Test(t)
}
