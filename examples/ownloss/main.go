// Command ownloss trains a regression with a loss of its own, the mean fourth power of the error,
// which minds large errors more than the squares do: once with time steps and surrogate gradients,
// where a loss is any node of outputs and targets, and once from event to event with exact
// gradients, where it is any function of spike times and voltages.
//
//	go run ./examples/ownloss
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"math"
	"math/rand/v2"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/surrogate"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/data"
)

const (
	features = 5
	steps    = 30 // of 1 ms
	batch    = 25
)

// fourth is the loss with time steps.
func fourth(b *graph.Builder, o train.Outputs, t train.Targets) *G.Node {
	square := b.Check(G.Square(b.Check(G.Sub(o.Y, t.Y))))
	return b.Check(ops.Affine(b.Check(G.Sum(b.Check(G.Square(square)))), 1/float64(t.Y.Shape().TotalSize()), 0))
}

// model is a hidden layer of LIF neurons, and the mean voltage of a leaky integrator.
func model(b *graph.Builder, x *G.Node) train.Outputs {
	current := models.Linear{Out: 60, Init: models.FanIn(0, 4)}.Apply(b, "hidden/w", x)
	hidden := models.LIF{Surrogate: surrogate.FastSigmoid{Sharpness: 5}}.Apply(b, "hidden", current)
	out := models.LI{}.Apply(b, "out", models.Linear{Out: 1}.Apply(b, "out/w", hidden.Spikes))
	return train.Outputs{
		Trace: out.Vmem, Readout: ops.MeanUntil,
		Layers: []train.Layer{{Name: "hidden", Spikes: hidden.Spikes}},
	}
}

// peak is the loss from event to event: of the largest voltage of the output neuron.
func peak(want train.Answer, t *eventprop.Tape, c *eventprop.Cotangent) (float64, error) {
	p, err := t.Max(0)
	if err != nil {
		return 0, err
	}
	d := p.Value - want.Y[0]
	c.AddPeak(p, 4*d*d*d)
	return d * d * d * d, nil
}

// events is a hidden layer of LIF neurons, and an integrator that never spikes.
func events(channels int) (m train.EventProp, err error) {
	hidden := eventprop.Layer{In: eventprop.NewDense(channels, 60), Params: eventprop.LIFParameters{TauMem: []float64{20e-3}, TauSyn: []float64{10e-3}, VReset: []float64{-1000}}}
	out := eventprop.Layer{In: eventprop.NewDense(60, 1), Params: eventprop.LIFParameters{VTh: []float64{math.Inf(1)}, TauMem: []float64{20e-3}, TauSyn: []float64{10e-3}}}
	rng := rand.New(rand.NewPCG(1, 0))
	if err := hidden.In.Init(eventprop.Normal{Mean: 0.25, Std: 0.5}, 1, rng); err != nil {
		return m, err
	}
	if err := out.In.Init(eventprop.Normal{Mean: 0.02, Std: 0.13}, 1, rng); err != nil {
		return m, err
	}
	return train.EventProp{
		Layers:  []train.EventLayer{{Name: "hidden", Layer: hidden}, {Name: "out", Layer: out}},
		Readout: eventprop.Max{}, Scale: 1, Tape: peak,
	}, nil
}

// fit trains a network and returns its mean absolute error on the test set.
func fit(net train.Learner, parts data.Parts, encoder data.Encoder, epochs int) (float64, error) {
	batches := func(d data.Dataset) data.Batches {
		return data.Batches{Data: d, Encoder: encoder, Steps: steps, Duration: steps * 1e-3, Size: batch, Seed: 1}
	}
	learn := batches(parts.Train)
	rate := optim.Cosine{Init: 1e-2, Steps: uint64(epochs * learn.Len())}
	result, err := train.Run(context.Background(), net,
		train.Data{Train: learn, Valid: batches(parts.Valid), Test: batches(parts.Test)},
		train.Settings{Epochs: epochs, Optimizer: optim.Adam{LR: rate}})
	if err != nil {
		return 0, err
	}
	return result.Test.Metrics["mae"], nil
}

// run returns the errors with time steps and from event to event.
func run(epochs int) (bySteps, byEvents float64, err error) {
	source := data.Friedman{Train: 1000, Valid: 250, Test: 250, Features: features}
	parts, err := source.Load()
	if err != nil {
		return 0, 0, err
	}
	encoder := data.Population{}
	shape := train.Shape{Steps: steps, Batch: batch, Channels: encoder.Channels(features)}
	metrics, target := []train.Metric{train.MAE()}, source.Form().Target

	stepping, err := train.BPTT{Model: model, Loss: fourth, Target: target, Metrics: metrics}.Build(graph.NewParams(1), shape)
	if err != nil {
		return 0, 0, err
	}
	defer stepping.Close()
	if bySteps, err = fit(stepping, parts, encoder, epochs); err != nil {
		return 0, 0, err
	}

	method, err := events(shape.Channels)
	if err != nil {
		return 0, 0, err
	}
	method.Target, method.Metrics = target, metrics
	jumping, err := method.Build(graph.NewParams(1))
	if err != nil {
		return 0, 0, err
	}
	byEvents, err = fit(jumping, parts, encoder, epochs)
	return bySteps, byEvents, err
}

func main() {
	epochs := flag.Int("epochs", 15, "how often the training set is learned")
	flag.Parse()
	bySteps, byEvents, err := run(*epochs)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("mean absolute error: %.3f with time steps, %.3f from event to event\n", bySteps, byEvents)
}
