package experiment

import (
	"context"
	"errors"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/plot"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/data"
)

// Network is the network of an experiment, whatever its method.
type Network interface {
	train.Learner
	// Report says what runs it.
	Report() Report
	// Sample runs it once on the first sample of a set.
	Sample(set data.Batches) (*Sample, error)
	// Predict runs it on all samples of a set, see [train.BPTT.Predict].
	Predict(ctx context.Context, set data.Batches, each func(*train.Prediction) error, record ...string) error
	// Close releases what it holds.
	Close() error
}

// Report says what runs a network.
type Report struct {
	Nodes  int // of the graph, gradient included; 0 where there is none
	Layers []Layer
}

// Layer says what runs a layer.
type Layer struct {
	Name, Kind, Engine string
	Fallback           bool // there is no kernel for the engine that was asked for
}

// Sample is what a network does with one sample.
type Sample struct {
	Label     int // of a target of classes
	Predicted int // -1: the network gave no answer, or the target are no classes
	Duration  float64
	Layers    []plot.RasterLayer // the input first
	// Readout is what the output neurons do, at steps of Dt, s; nil where there are no time steps.
	Readout []plot.Trace
	Dt      float64
}

// addTarget adds the spikes that the target has, where it has some.
func (s *Sample) addTarget(target data.Target, spikes []data.Spike) {
	if target.Kind != data.SpikeTarget {
		return
	}
	l := plot.RasterLayer{Name: "target", Neurons: target.Size}
	for _, x := range spikes {
		l.Spikes = append(l.Spikes, plot.Spike{Time: x.Time, Neuron: x.Channel})
	}
	s.Layers = append(s.Layers, l)
}

// Build returns the network, with the parameters that the seed gives, for a number of input
// channels and a target, as data.Classes(3). It takes whole batches; [Experiment.BuildShards] makes
// what is trained.
func (e *Experiment) Build(channels int, target data.Target) (Network, error) {
	if err := e.usable(); err != nil {
		return nil, err
	}
	return e.build(graph.NewParams(e.Seed), channels, target)
}

func (e *Experiment) build(params *graph.Params, channels int, target data.Target) (Network, error) {
	build := overSteps{e}.buildSteps
	if e.events() {
		build = overEvents{e}.buildEvents
	}
	n, err := build(params, channels, target)
	if err != nil {
		return nil, err
	}
	var learned []string
	for _, g := range n.Grads() {
		learned = append(learned, g.Name)
	}
	if err := (checks{e}).checkGroups(params, learned); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n, nil
}
