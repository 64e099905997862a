package experiment_test

import (
	"io"
	"log/slog"
	"testing"

	"github.com/surge-snn/surge/internal/hostile"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/experiment"
)

// TestNoPanic calls everything that is exported with arguments that nobody means, of the
// experiments below too.
func TestNoPanic(t *testing.T) {
	t.Chdir(t.TempDir())
	pool := hostile.Of(t.Context(), slog.New(slog.NewTextHandler(io.Discard, nil)), &train.Result{Test: &train.Score{}}, "npz", "c", "nir")
	for _, text := range []string{stepsText, eventsText} {
		e, err := experiment.Parse("e.toml", text, "")
		if err != nil {
			t.Fatal(err)
		}
		sets, target, err := e.Load()
		if err != nil {
			t.Fatal(err)
		}
		net, err := e.Build(sets.Train.Channels(), target)
		if err != nil {
			t.Fatal(err)
		}
		defer net.Close()
		trained := experiment.Trained{Experiment: e, Net: net, Sets: sets, Target: target}
		pool = append(pool, hostile.Of(e, *e, sets, sets.Test, target, net, net.Params(), trained, text)...)
	}
	hostile.API{
		Functions: map[string]any{
			"Curves": experiment.Curves, "Difference": experiment.Difference, "Methods": experiment.Methods, "ReadNetwork": experiment.ReadNetwork, "Help": experiment.Help,
			"NewOutcome": experiment.NewOutcome, "ScoreText": experiment.ScoreText, "Restore": experiment.Restore, "Read": experiment.Read, "Parse": experiment.Parse,
			"ReadRun": experiment.ReadRun, "FilesOf": experiment.FilesOf, "Begun": experiment.Begun,
		},
		Types: []any{
			new(experiment.Experiment), new(experiment.Data), new(experiment.Encode), new(experiment.Loss), new(experiment.Model), new(experiment.Train),
			new(experiment.LayerSpec), new(experiment.Memory), new(experiment.Cells), new(experiment.Trained), new(experiment.Form),
		},
		Pool: pool,
	}.Test(t)
}

const stepsText = `name = "steps"
[data]
set = "yinyang"
train = 6
valid = 3
test = 3
[encode]
kind = "rate"
steps = 4
[model]
hidden = [3]
[train]
batch = 3
epochs = 1
`

const eventsText = `name = "events"
[data]
set = "yinyang"
train = 6
valid = 3
test = 3
[model]
hidden = [3]
[train]
method = "eventprop"
batch = 3
epochs = 1
`
