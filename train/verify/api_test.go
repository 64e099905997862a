package verify_test

import (
	"io"
	"testing"

	"github.com/surge-snn/surge/internal/hostile"
	"github.com/surge-snn/surge/train/verify"
)

// TestNoPanic calls everything that is exported with arguments that nobody means.
func TestNoPanic(t *testing.T) {
	t.Chdir(t.TempDir())
	hostile.API{
		Functions: map[string]any{"Run": verify.Run},
		Types:     []any{new(verify.Result)},
		Pool:      hostile.Of(t.Context(), io.Discard, "."),
	}.Test(t)
}
