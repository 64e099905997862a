package train

import (
	"context"
	"errors"
	"reflect"
	"testing"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/hostile"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/train/data"
)

// TestNoPanic calls what is exported with arguments that nobody means: nothing, networks that were
// never built, sets without data.
func TestNoPanic(t *testing.T) {
	params := graph.NewParams(1)
	tape := new(eventprop.Tape)
	if err := tape.Forward(&eventprop.Layer{In: eventprop.NewDense(1, 1)}, []eventprop.Spike{{}}, 1); err != nil {
		t.Fatal(err)
	}
	cotangent := new(eventprop.Cotangent)
	cotangent.Reset(tape)
	t.Chdir(t.TempDir())
	pool := hostile.Of(params, &Network{}, &EventNetwork{}, &Sharded{}, t.Context(), Model(small), tape, cotangent, "x")
	functions := map[string]any{
		"Run": func(ctx context.Context, net Learner, sets Data) {
			sets.Train.Workers, sets.Valid.Workers = 0, 0
			if r, err := Run(ctx, net, sets, Settings{Epochs: 1}); err == nil || r != nil {
				panic("a run of nothing")
			}
		},
		"Tree": Tree, "SaveParams": SaveParams, "ReadParams": ReadParams, "ReadMetrics": ReadMetrics, "ReadCheckpoint": ReadCheckpoint,
		"PeekCheckpoint": PeekCheckpoint, "ReadOneCheckpoint": ReadOneCheckpoint, "KeptCheckpoint": KeptCheckpoint, "KeptCheckpoints": KeptCheckpoints,
		"ReadReceipt": ReadReceipt, "Replay": Replay, "Shard": Shard, "EventParams": EventParams,
		"VictorPurpura": VictorPurpura, "VanRossumDistance": VanRossumDistance,
		"SpikeDistance": func(q float64, channels int, out []data.Spike, want Answer) float64 {
			return SpikeDistance(q, channels).OfSpikes(out, want)
		},
		"FilteredDistance": func(tau float64, channels int, out []data.Spike, want Answer) float64 {
			return FilteredDistance(tau, channels).OfSpikes(out, want)
		},
		"TrainDistance": func(tau float64, channels int, want Answer, t *eventprop.Tape, c *eventprop.Cotangent) (float64, error) {
			return TrainDistance(tau, channels)(want, t, c)
		},
		"MAE":     func(out []float64, want Answer) float64 { return MAE().Of(out, want) },
		"MSE":     func(out []float64, want Answer) float64 { return MSE().Of(out, want) },
		"Lengths": Lengths, "CrossEntropy": CrossEntropy, "MeanSquares": MeanSquares,
		"VanRossum":        func(b *graph.Builder, tau float64, o Outputs, t Targets) *G.Node { return VanRossum(tau)(b, o, t) },
		"RateCrossEntropy": RateCrossEntropy,
		"CountSquares": func(b *graph.Builder, right, wrong float64, o Outputs, t Targets) *G.Node {
			return CountSquares(right, wrong)(b, o, t)
		},
		"FirstSpikeSquares": func(b *graph.Builder, unit float64, o Outputs, t Targets) *G.Node {
			return FirstSpikeSquares(unit)(b, o, t)
		},
		"BPTT.Build": func(m Model, p *graph.Params, s Shape) error {
			n, err := BPTT{Model: m}.Build(p, s)
			if err == nil {
				return n.Close()
			}
			return err
		},
		"EventProp.Build": func(p *graph.Params, m EventProp) error { _, err := m.Build(p); return err },
	}
	inBuild := func(call func(values ...any) []reflect.Value) {
		p, err := graph.Build(graph.NewParams(1), graph.Settings{}, func(b *graph.Builder) {
			for _, y := range call(b, b.Input("x", 2, 2, 3), b.Input("y", 2, 3), b.Input("z", 2)) {
				if node, ok := y.Interface().(*G.Node); ok && node != nil {
					b.Loss(node)
				}
			}
		})
		if err == nil {
			p.Run()
			p.Close()
		}
	}
	hostile.API{
		Inside:    map[reflect.Type]func(func(...any) []reflect.Value){reflect.TypeFor[*graph.Builder](): inBuild},
		Functions: functions, Pool: pool,
		Types: []any{Sums{}, &Network{}, &EventNetwork{}, &Sharded{}, BPTT{}, EventProp{}, &Checkpoint{}, LayerSpikes{}, Outputs{}, Data{}, Answer{}, &Epoch{}},
	}.Test(t)
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
