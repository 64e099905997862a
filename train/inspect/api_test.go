package inspect_test

import (
	"io"
	"testing"

	"github.com/surge-snn/surge/internal/hostile"
	"github.com/surge-snn/surge/train/experiment"
	"github.com/surge-snn/surge/train/inspect"
)

// TestNoPanic calls everything that is exported with arguments that nobody means.
func TestNoPanic(t *testing.T) {
	t.Chdir(t.TempDir())
	hostile.API{
		Functions: map[string]any{"ReadFile": inspect.ReadFile, "Describe": inspect.Describe},
		Types:     []any{new(inspect.File), new(inspect.Program)},
		Pool:      hostile.Of(io.Discard, &experiment.Experiment{}, "."),
	}.Test(t)
}
