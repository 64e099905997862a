// Command wta classifies digits of MNIST with a layer in which units compete for every spike:
//
//	Poisson input ──► alpha synapses ──► winner-take-all cell ──► leaky readout
//
// Weights, the time constants of the synapses and the thresholds of the units are learned through
// time. It prints the accuracy and draws the spikes of one test sample.
//
//	go run ./examples/wta
//	go run ./examples/wta -mnist data/mnist -train 5000 -epochs 10 -raster wta.png
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
	"github.com/surge-snn/surge/plot"
	"github.com/surge-snn/surge/surrogate"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/data"
)

func main() {
	var e experiment
	flag.StringVar(&e.folder, "mnist", "train/data/testdata/mnist-slice", "folder with the four files of MNIST")
	flag.IntVar(&e.train, "train", 160, "samples to learn from; those that follow, a quarter of them, choose the best epoch")
	flag.IntVar(&e.epochs, "epochs", 20, "how often the training set is learned")
	flag.StringVar(&e.raster, "raster", "", "file for the spikes of a test sample, .png or .svg")
	flag.Parse()
	accuracy, err := e.run()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("test accuracy %.1f %%\n", 100*accuracy)
}

const (
	steps, batch = 40, 20 // T and B
	units        = 60
	dt           = 1e-3 // s
)

// model is a layer of competing units behind alpha synapses, and a readout of its spikes.
func model(b *graph.Builder, x *G.Node) train.Outputs {
	synapses := models.AlphaSynapse{
		Out:      units,
		Rule:     models.AlphaExact,
		TauDecay: models.Learned(5e-3).PerNeuron(),
		Init:     models.FanIn(0, 2),
	}.Apply(b, "synapses", x)
	wta := models.WTASCell{
		Thr:       models.Learned(0.1),
		ThrJitter: 0.02,
		ThrGain:   models.Fixed(0.005),
		Surrogate: surrogate.FastSigmoid{Sharpness: 10},
	}.Apply(b, "wta", synapses.Isyn)
	out := models.LI{}.Apply(b, "out", models.Linear{Out: 10}.Apply(b, "out/w", wta.Spikes))
	return train.Outputs{
		Logits: b.Check(ops.MeanOverTime(out.Vmem)),
		Layers: []train.Layer{{Name: "wta", Spikes: wta.Spikes}},
	}
}

// experiment says what is learned from and what is drawn.
type experiment struct {
	folder        string
	train, epochs int
	raster        string
}

func (e experiment) run() (accuracy float64, err error) {
	learn, test, err := data.LoadMNIST(e.folder)
	if err != nil {
		return 0, err
	}
	parts, err := data.Split(learn, 1, e.train, e.train/4)
	if err != nil {
		return 0, err
	}
	method := train.BPTT{Model: model, Graph: graph.Settings{Dt: dt}}
	net, err := method.Build(graph.NewParams(1), train.Shape{Steps: steps, Batch: batch, Channels: learn.Form().Channels})
	if err != nil {
		return 0, err
	}
	defer net.Close()
	batches := data.Batches{Encoder: data.Rate{}, Dt: dt, Steps: steps, Size: batch, Seed: 1}
	sets := train.Data{Train: batches, Valid: batches, Test: batches}
	sets.Train.Data, sets.Valid.Data, sets.Test.Data = parts[0], parts[1], test
	result, err := train.Run(context.Background(), net, sets, train.Settings{
		Epochs:    e.epochs,
		Optimizer: optim.Adam{LR: optim.Cosine{Init: 1e-2, Steps: uint64(e.epochs * sets.Train.Len())}},
		AfterEpoch: func(e train.Epoch) error {
			fmt.Printf("epoch %2d  loss %.3f  validation accuracy %.1f %%  %.2f spikes per unit\n", e.Epoch, e.TrainLoss, 100*e.ValidAccuracy, e.Spikes)
			return nil
		},
	})
	if err != nil {
		return 0, err
	}
	if e.raster != "" {
		if err := draw(e.raster, method, net.Params(), sets.Test); err != nil {
			return 0, err
		}
	}
	return result.Test.Accuracy, nil
}

// draw draws the input and the winners for the first test sample.
func draw(path string, method train.BPTT, params *graph.Params, test data.Batches) error {
	test.Size, test.Sequential = 1, true
	var b data.Batch
	if err := test.Fill(&b, 0, 0); err != nil {
		return err
	}
	trace, err := method.Trace(params, &b)
	if err != nil {
		return err
	}
	input, err := plot.DenseLayer("input", b.Input, steps, b.Channels, dt)
	if err != nil {
		return err
	}
	wta := trace.Layers[0]
	winners, err := plot.DenseLayer("winners", wta.Spikes, steps, wta.Neurons, dt)
	if err != nil {
		return err
	}
	return plot.Raster{
		Title:    fmt.Sprintf("a %d taken for a %d", b.Labels[0], trace.Predicted[0]),
		Layers:   []plot.RasterLayer{input, winners},
		Duration: steps * dt,
	}.Write(path)
}
