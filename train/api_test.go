package train

import (
	"context"
	"errors"
	"testing"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/hostile"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/train/data"
)

// TestNoPanic calls what is exported with arguments that nobody means: nothing, networks that were
// never built, sets without data.
func TestNoPanic(t *testing.T) {
	params := graph.NewParams(1)
	pool := hostile.Of(params, &Network{}, &EventNetwork{}, context.Background(), Model(small))
	functions := map[string]any{
		"Run": func(net Learner, sets Data) {
			sets.Train.Workers, sets.Valid.Workers = 0, 0
			if r, err := Run(context.Background(), net, sets, Settings{Epochs: 1}); err == nil || r != nil {
				panic("a run of nothing")
			}
		},
		"Tree": Tree, "SaveParams": func(p *graph.Params) error { return SaveParams(t.TempDir()+"/p", p) },
		"ReadParams": ReadParams, "ReadMetrics": ReadMetrics, "ReadCheckpoint": ReadCheckpoint, "PeekCheckpoint": PeekCheckpoint,
		"BPTT.Build": func(m Model, p *graph.Params, s Shape) error {
			n, err := BPTT{Model: m}.Build(p, s)
			if err == nil {
				return n.Close()
			}
			return err
		},
		"EventProp.Build": func(p *graph.Params, m EventProp) error { _, err := m.Build(p); return err },
	}
	skip := map[string]string{}
	for _, name := range []string{"ReadOneCheckpoint", "VictorPurpura", "VanRossumDistance", "SpikeDistance", "FilteredDistance", "EventParams", "TrainDistance", "KeptCheckpoint", "KeptCheckpoints", "ReadReceipt", "Replay", "Shard", "CrossEntropy", "MeanSquares", "VanRossum", "MAE", "MSE", "Lengths"} {
		skip[name] = "not called yet"
	}
	hostile.API{Skip: skip, NilReceivers: true, FunctionsOnly: true, Functions: functions, Pool: pool, Types: []any{Sums{}, Epoch{}}}.Test(t)
	var zero Network
	for name, net := range map[string]Learner{"nil Network": (*Network)(nil), "zero Network": &zero, "nil EventNetwork": (*EventNetwork)(nil), "zero EventNetwork": &EventNetwork{}} {
		if _, err := net.Gradient(data.Batches{}, 0, 0); !errors.Is(err, ErrSettings) {
			t.Errorf("%s: Gradient: error %v", name, err)
		}
		if _, err := net.Evaluate(data.Batches{}, 0, 0); !errors.Is(err, ErrSettings) {
			t.Errorf("%s: Evaluate: error %v", name, err)
		}
		if net.Params() != nil || net.Grads() != nil {
			t.Errorf("%s: has parameters", name)
		}
	}
	if zero.Program() != nil || zero.Report().Nodes != 0 || zero.Close() != nil {
		t.Error("a network that was never built has a program")
	}
	if _, err := Run(context.Background(), nil, Data{}, Settings{Optimizer: optim.SGD{}}); !errors.Is(err, ErrSettings) {
		t.Errorf("run of nothing: error %v", err)
	}
}
