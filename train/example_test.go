package train_test

import (
	"context"
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/data"
)

// sines are pairs of numbers whose target is the sine of their difference.
type sines int

func (s sines) Len() int { return int(s) }

func (s sines) Form() data.Form {
	return data.Form{Channels: 2, Target: data.Target{Kind: data.VectorTarget, Size: 1}}
}

func (s sines) Sample(dst *data.Sample, i int) error {
	x := dst.Features(2)
	x[0], x[1] = float64(i%8)/8, float64(i/8%8)/8
	dst.Y = append(dst.Y[:0], math.Sin(x[0]-x[1]))
	return nil
}

// A spiking network learns a number, not a class, with a loss of one's own: the mean of
// sqrt(1 + d²) - 1, which grows like |d| far from the target (Charbonnier et al. 1994).
func ExampleRun() {
	charbonnier := func(b *graph.Builder, o train.Outputs, t train.Targets) *G.Node {
		d := b.Check(G.Square(b.Check(G.Sub(o.Y, t.Y))))
		return b.Check(ops.Affine(b.Check(G.Mean(b.Check(G.Sqrt(b.Check(ops.Affine(d, 1, 1)))))), 1, -1))
	}
	model := func(b *graph.Builder, x *G.Node) train.Outputs {
		h := models.LIF{}.Apply(b, "hidden", models.Linear{Out: 16, Init: models.FanIn(0.5, 1)}.Apply(b, "hidden/w", x))
		v := models.LI{}.Apply(b, "out", models.Linear{Out: 1}.Apply(b, "out/w", h.Spikes)).Vmem
		return train.Outputs{
			Y:      b.Check(ops.MeanOverTime(v)),
			Layers: []train.Layer{{Name: "hidden", Spikes: h.Spikes}},
		}
	}
	method := train.BPTT{
		Model: model, Target: sines(0).Form().Target, Loss: charbonnier, Metrics: []train.Metric{train.MAE()},
		Graph: graph.Settings{DType: tensor.Float64},
	}
	net, err := method.Build(graph.NewParams(1), train.Shape{Steps: 20, Batch: 16, Channels: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer net.Close()

	set := data.Batches{Data: sines(64), Encoder: data.Current{}, Size: 16, Steps: 20, Dt: 1e-3, Seed: 1}
	var first train.Epoch
	result, err := train.Run(context.Background(), net, train.Data{Train: set, Valid: set}, train.Settings{
		Epochs: 20, Optimizer: optim.Adam{LR: optim.Constant(5e-3)},
		AfterEpoch: func(e train.Epoch) error {
			if e.Epoch == 1 {
				first = e
			}
			return nil
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("the mean absolute error is half of what it was, or less:", result.Best.ValidMetrics["mae"] < first.ValidMetrics["mae"]/2)
	// Output: the mean absolute error is half of what it was, or less: true
}
