// Command mixed puts surge's layers and Gorgonia's own operations into one graph: spiking
// neurons count their spikes, and a perceptron with one hidden layer, written in plain
// Gorgonia, reads the counts. Its weights are kept small by a term of the loss.
//
//	go run ./examples/mixed
package main

import (
	"context"
	"flag"
	"fmt"
	"log"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/surrogate"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/data"
)

func model(b *graph.Builder, x *G.Node) train.Outputs {
	// surge: currents into spiking neurons, spikes into counts.
	current := models.Linear{Out: 60, Bias: true, Init: models.FanIn(0.2, 0.5)}.Apply(b, "hidden/w", x)
	hidden := models.LIF{TauMem: models.Learned(10e-3).PerNeuron(), Surrogate: surrogate.ATan{}}.Apply(b, "hidden", current)
	count := b.Check(ops.SumOverTime(hidden.Spikes)) // [B, 60]

	// Gorgonia: a perceptron on the counts.
	w1 := b.Param("head/w1", models.FanIn(0, 1), 60, 30)
	w2 := b.Param("head/w2", models.FanIn(0, 1), 30, 3)
	h := b.Check(G.Tanh(b.Check(G.Mul(count, w1))))
	logits := b.Check(G.Mul(h, w2))

	// A term of the loss in Gorgonia's operations, 1e-4 Σ w1², and one of surge's.
	decay := b.Check(ops.Affine(b.Check(G.Sum(b.Check(G.Square(w1)))), 1e-4, 0))
	rate := b.Check(ops.RateBounds{Lower: 0.5, Upper: 10}.Apply(hidden.Spikes))
	return train.Outputs{Logits: logits, Loss: b.Check(G.Add(decay, rate)), Layers: []train.Layer{{Name: "hidden", Spikes: hidden.Spikes}}}
}

func main() {
	epochs := flag.Int("epochs", 12, "how often the training set is learned")
	flag.Parse()
	accuracy, err := run(*epochs)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("test accuracy %.1f %%\n", 100*accuracy)
}

func run(epochs int) (accuracy float64, err error) {
	const steps, batch = 25, 50
	net, err := train.BPTT{Model: model}.Build(graph.NewParams(1), train.Shape{Steps: steps, Batch: batch, Channels: 4})
	if err != nil {
		return 0, err
	}
	defer net.Close()
	batches := data.Batches{Encoder: data.Current{}, Steps: steps, Size: batch, Seed: 1}
	sets := train.Data{Train: batches, Valid: batches, Test: batches}
	sets.Train.Data, sets.Valid.Data, sets.Test.Data = data.StandardYinYang()
	result, err := train.Run(context.Background(), net, sets, train.Settings{
		Epochs:    epochs,
		Optimizer: optim.Adam{LR: optim.Cosine{Init: 5e-3, Steps: uint64(epochs * sets.Train.Len())}},
		AfterEpoch: func(e train.Epoch) error {
			fmt.Printf("epoch %2d  loss %.3f  validation accuracy %.1f %%  %.1f spikes per neuron\n", e.Epoch, e.TrainLoss, 100*e.ValidAccuracy, e.Spikes)
			return nil
		},
	})
	if err != nil {
		return 0, err
	}
	return result.Test.Accuracy, nil
}
