// Command ownneuron trains a neuron that is given by its equations, with exact gradients of its
// spike times: a quadratic neuron with a slow adaptation current, on the Yin-Yang data set.
//
//	go run ./examples/ownneuron
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"math/rand/v2"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/eventprop/equation"
	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/data"
)

// own is the neuron: repelled above v_c, and held back by A, which each of its spikes raises.
const own = `
dV/dt = (V*(V - v_c) + I - A)/tau_mem
dI/dt = -I/tau_syn
dA/dt = -A/tau_adapt
threshold: V - v_th
reset: V = 0
reset: A = A + b
input: I = I + w`

// network is 30 of these neurons, and three LIF neurons of which the first to spike is the answer.
func network() (train.EventProp, error) {
	model, err := equation.Parse(own)
	if err != nil {
		return train.EventProp{}, err
	}
	hidden := eventprop.Layer{In: eventprop.NewDense(5, 30), Neuron: equation.Neurons{Model: model, Params: map[string][]float64{
		"v_c": {0.5}, "v_th": {3}, "b": {0.2}, "tau_mem": {5e-3}, "tau_syn": {5e-3}, "tau_adapt": {30e-3},
	}}}
	out := eventprop.Layer{In: eventprop.NewDense(30, 3)}
	rng := rand.New(rand.NewPCG(1, 0))
	if err := hidden.In.Init(eventprop.Normal{Mean: 1, Std: 0.8}, 1, rng); err != nil {
		return train.EventProp{}, err
	}
	if err := out.In.Init(eventprop.Normal{Mean: 0.4, Std: 0.3}, 1, rng); err != nil {
		return train.EventProp{}, err
	}
	return train.EventProp{Scale: -1 / 2e-3, Layers: []train.EventLayer{
		{Name: "hidden", Layer: hidden, Learn: []train.EventParam{"tau_mem", "v_c", "b"}, PerNeuron: true},
		{Name: "out", Layer: out, Silence: 1},
	}}, nil
}

func run(epochs int) (accuracy float64, err error) {
	learn, valid, test := data.StandardYinYang()
	batches := func(d data.Dataset) data.Batches {
		return data.Batches{Data: d, Encoder: data.TTFSBias{TLate: 10e-3}, Duration: 30e-3, Size: 50, Seed: 1}
	}
	method, err := network()
	if err != nil {
		return 0, err
	}
	net, err := method.Build(graph.NewParams(1))
	if err != nil {
		return 0, err
	}
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
	epochs := flag.Int("epochs", 5, "how often the training set is learned")
	flag.Parse()
	accuracy, err := run(*epochs)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("test accuracy %.1f %%\n", 100*accuracy)
}
