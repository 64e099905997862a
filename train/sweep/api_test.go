package sweep_test

import (
	"context"
	"io"
	"testing"

	"github.com/surge-snn/surge/internal/hostile"
	"github.com/surge-snn/surge/train/sweep"
)

const hostileSweep = `recipe = "yinyang"
seeds = [3, 1]
[keys]
"train.lr" = [1e-3, 1e-2]
`

// TestNoPanic calls everything that is exported with arguments that nobody means.
func TestNoPanic(t *testing.T) {
	t.Chdir(t.TempDir())
	good, err := sweep.Parse("s.toml", hostileSweep)
	if err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	hostile.API{
		Functions: map[string]any{"Text": sweep.Text, "Read": sweep.Read, "Parse": sweep.Parse, "ArrayIndex": sweep.ArrayIndex},
		Types:     []any{new(sweep.Sweep), new(sweep.Runner)},
		Pool: hostile.Of(io.Discard, cancelled, good, *good, good.All(), good.All()[0], sweep.Result{Seed: 1, Numbers: map[string]float64{"valid_accuracy": 1}},
			sweep.Point{Values: []any{0.1}}, hostileSweep, "out"),
	}.Test(t)
}
