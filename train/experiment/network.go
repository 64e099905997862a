package experiment

import (
	"context"

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
	Predict(ctx context.Context, set data.Batches, each func(*train.Prediction) error) error
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
	Label     int
	Predicted int // -1: the network gave no answer
	Duration  float64
	Layers    []plot.RasterLayer // the input first
	// Readout is what the output neurons do, at steps of Dt, s; nil where there are no time steps.
	Readout []plot.Trace
	Dt      float64
}

// Build returns the network, with the parameters that the seed gives, for a number of input channels and
// classes. It takes whole batches; [Experiment.BuildShards] makes what is trained.
func (e *Experiment) Build(channels, classes int) (Network, error) {
	return e.build(graph.NewParams(e.Seed), channels, classes)
}

func (e *Experiment) build(params *graph.Params, channels, classes int) (Network, error) {
	if e.events() {
		return e.buildEvents(params, channels, classes)
	}
	return e.buildSteps(params, channels, classes)
}
