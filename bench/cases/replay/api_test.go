package replay_test

import (
	"io"
	"testing"

	"github.com/surge-snn/surge/bench/cases/replay"
	"github.com/surge-snn/surge/internal/hostile"
)

// TestNoPanic calls everything that is exported with arguments that nobody means.
func TestNoPanic(t *testing.T) {
	t.Chdir(t.TempDir())
	hostile.API{
		Functions: map[string]any{"Help": replay.Help},
		Types:     []any{new(replay.Options), new(replay.Replay)},
		Pool:      hostile.Of(t.Context(), io.Discard),
	}.Test(t)
}
