package evaluate_test

import (
	"io"
	"testing"

	"github.com/surge-snn/surge/internal/hostile"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/data"
	"github.com/surge-snn/surge/train/evaluate"
	"github.com/surge-snn/surge/train/experiment"
)

// TestNoPanic calls everything that is exported with arguments that nobody means.
func TestNoPanic(t *testing.T) {
	t.Chdir(t.TempDir())
	trained := &experiment.Trained{Experiment: &experiment.Experiment{}, Target: data.Target{Kind: data.ClassTarget, Size: 2, Names: []string{"a", "b"}}}
	good := evaluate.New(trained, trained.Target)
	prediction := &train.Prediction{Class: 1, Out: []float64{0, 1}, Counts: [][]float64{{1, 2}}, Layers: []string{"out"}}
	hostile.API{
		Functions: map[string]any{"New": evaluate.New, "ClassName": evaluate.ClassName},
		Types:     []any{new(evaluate.Predictions), new(evaluate.Summary)},
		Pool:      hostile.Of(io.Discard, trained, good, *good, prediction, "x.npz", "x.csv", "x.png"),
	}.Test(t)
}
