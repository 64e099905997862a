package train

import (
	"context"
	"math"
	"testing"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/train/data"
)

// TestAccumulateIsABigBatch: batches whose gradients are added up give the parameters of one batch
// of all their samples, where the last of them is short, too.
func TestAccumulateIsABigBatch(t *testing.T) {
	const samples = 17
	after := func(size int, every uint64) *graph.Params {
		net, err := BPTT{Model: small, Graph: graph.Settings{DType: tensor.Float64}}.Build(graph.NewParams(1), Shape{Steps: 40, Batch: size, Channels: 5})
		if err != nil {
			t.Fatal(err)
		}
		defer net.Close()
		set := data.Batches{Data: yinYang(t, samples, 1), Encoder: data.TTFSBias{}, Size: size, Steps: 40}
		s := Settings{Epochs: 2, Optimizer: optim.Accumulate{Inner: optim.SGD{LR: optim.Constant(0.1)}, Every: every}}
		epochs := 0
		s.AfterEpoch = func(Epoch) error { epochs++; return nil }
		if _, err := Run(context.Background(), net, Data{Train: set, Valid: set}, s); err != nil {
			t.Fatal(err)
		}
		return net.Params()
	}
	want := after(samples, 1)
	got := after(samples-5, 2) // 12 and 5 samples
	start := after(samples, 100)
	for _, name := range want.Names() {
		g, w, s := got.Value(name).Float64s(), want.Value(name).Float64s(), start.Value(name).Float64s()
		moved := 0.0
		for i := range w {
			moved = max(moved, math.Abs(w[i]-s[i]))
		}
		for i := range w {
			if d := math.Abs(g[i] - w[i]); d > 1e-9*moved { // sums of some hundred numbers in another order
				t.Errorf("%s[%d]: %v, in one batch %v, which moved by %v", name, i, g[i], w[i], moved)
			}
		}
	}
}
