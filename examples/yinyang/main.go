// Command yinyang trains 120 spiking neurons on the Yin-Yang data set: the whole way from samples
// to a trained network.
//
//	go run ./examples/yinyang
package main

import (
	"context"
	"flag"
	"fmt"
	"log"

	"gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/surrogate"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/data"
)

// model is a hidden layer of LIF neurons with a learned time constant, and a readout
// that does not spike.
func model(b *graph.Builder, x *gorgonia.Node) train.Outputs {
	current := models.Linear{Out: 120, Init: models.FanIn(0.8, 1.2)}.Apply(b, "hidden/w", x)
	hidden := models.LIF{
		TauMem:    models.Learned(20e-3),
		Surrogate: surrogate.FastSigmoid{Sharpness: 20},
	}.Apply(b, "hidden", current)
	out := models.LI{}.Apply(b, "out", models.Linear{Out: 3}.Apply(b, "out/w", hidden.Spikes))
	return train.Outputs{Logits: b.Check(ops.MaxOverTime(out.Vmem))}
}

func run(epochs int) (accuracy float64, err error) {
	learn, valid, test := data.StandardYinYang()
	batches := func(d data.Dataset) data.Batches {
		return data.Batches{Data: d, Encoder: data.TTFSBias{TLate: 40e-3}, Steps: 60, Size: 50, Seed: 1}
	}
	net, err := train.BPTT{Model: model}.Build(graph.NewParams(1), train.Shape{Steps: 60, Batch: 50, Channels: 5})
	if err != nil {
		return 0, err
	}
	defer net.Close()
	result, err := train.Run(context.Background(), net,
		train.Data{Train: batches(learn), Valid: batches(valid), Test: batches(test)},
		train.Settings{
			Epochs:    epochs,
			Optimizer: optim.Adam{LR: optim.Constant(5e-3)},
			AfterEpoch: func(e train.Epoch) error {
				fmt.Printf("epoch %2d  loss %.3f  validation %.1f %%\n", e.Epoch, e.TrainLoss, 100*e.ValidAccuracy)
				return nil
			},
		})
	if err != nil {
		return 0, err
	}
	return result.Test.Accuracy, nil
}

func main() {
	epochs := flag.Int("epochs", 8, "how often the training set is learned")
	flag.Parse()
	accuracy, err := run(*epochs)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("test accuracy %.1f %%\n", 100*accuracy)
}
