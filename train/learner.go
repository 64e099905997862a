package train

import (
	"errors"
	"fmt"
	"slices"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/train/data"
)

// ErrSettings signifies settings of a run that make no sense.
var ErrSettings = errors.New("train: invalid settings")

// Learner is a network with a way to its gradient: what [Run] trains. [Network], which
// steps through time, is one; [EventNetwork], which goes from event to event, is another.
//
// A Learner takes batch k of an epoch from the set itself, as time steps
// ([data.Batches.Fill]) or as events ([data.Batches.FillEvents]). Rows of a short
// last batch that hold no sample have no influence on anything.
type Learner interface {
	// Params returns all parameters. Run changes their values.
	Params() *graph.Params
	// Grads returns the arrays that Gradient writes to, one leaf for each trained parameter, named
	// as in Params. They are the same in all calls; the caller may change the content.
	Grads() optim.Tree
	// Gradient computes the gradient of the mean loss of a batch at the present
	// parameters.
	Gradient(set data.Batches, epoch uint64, k int) (Sums, error)
	// Evaluate computes the loss alone.
	Evaluate(set data.Batches, epoch uint64, k int) (Sums, error)
}

// Sums is what one or more batches gave, as sums over samples, so that batches of
// different size add up.
type Sums struct {
	Rows    int     `json:"rows"`    // samples
	Correct int     `json:"correct"` // samples whose largest logit is that of their class, and of it alone
	Loss    float64 `json:"loss"`    // mean loss of each batch times its samples
	Spikes  float64 `json:"spikes"`  // spikes per sample and spiking neuron; 0 where they are not counted
	// Metrics are sums over the samples, one for each [Metric].
	Metrics []Measured `json:"metrics,omitempty"`

	// Of networks that go from event to event, counts over samples and neurons:
	Silent  int `json:"silent,omitzero"`  // neurons without a spike
	Grazing int `json:"grazing,omitzero"` // spikes that only just reach threshold, see eventprop.Report
	Clipped int `json:"clipped,omitzero"` // spikes whose gradient eventprop.Settings.MinSlope bounds

	// Skipped are batches that were not learned, see Settings.OnNonFinite.
	Skipped int `json:"skipped,omitzero"`

	// Layers are the spikes of each spiking layer; of an evaluation alone.
	Layers []LayerSpikes `json:"-"`
}

// LayerSpikes is what a layer did in one or more batches.
type LayerSpikes struct {
	Name    string
	Spikes  float64   // of all neurons in all samples
	Neurons []float64 // of each neuron in all samples
	Steps   float64   // of all samples; 0 where there are none
}

// Shares returns the share of neurons that did not spike at all, and of those that spiked in at
// least half of all time steps.
func (l LayerSpikes) Shares() (silent, saturated float64) {
	for _, n := range l.Neurons {
		switch {
		case n == 0:
			silent++
		case l.Steps > 0 && n >= l.Steps/2:
			saturated++
		}
	}
	n := float64(max(len(l.Neurons), 1))
	return silent / n, saturated / n
}

func (l *LayerSpikes) add(m LayerSpikes) {
	l.Spikes += m.Spikes
	l.Steps += m.Steps
	for i, n := range m.Neurons {
		l.Neurons[i] += n
	}
}

func (s *Sums) add(t Sums) {
	s.Rows += t.Rows
	s.Correct += t.Correct
	s.Loss += t.Loss
	s.Spikes += t.Spikes
	if s.Metrics == nil {
		s.Metrics = slices.Clone(t.Metrics)
	} else {
		for i, m := range t.Metrics {
			s.Metrics[i].Sum += m.Sum
		}
	}
	s.Silent += t.Silent
	s.Grazing += t.Grazing
	s.Clipped += t.Clipped
	s.Skipped += t.Skipped
	if s.Layers == nil {
		s.Layers = slices.Clone(t.Layers)
		for i := range s.Layers {
			s.Layers[i].Neurons = slices.Clone(s.Layers[i].Neurons)
		}
		return
	}
	for i, l := range t.Layers {
		s.Layers[i].add(l)
	}
}

// SilentLayers returns the names of the layers without a single spike.
func (s Sums) SilentLayers() []string {
	var names []string
	for _, l := range s.Layers {
		if l.Spikes == 0 && s.Rows > 0 {
			names = append(names, l.Name)
		}
	}
	return names
}

// Measured is the sum of a [Metric] over samples.
type Measured struct {
	Name string  `json:"name"`
	Sum  float64 `json:"sum"`
}

// Score returns the means. Without samples it is zero.
func (s Sums) Score() Score {
	n := float64(max(s.Rows, 1))
	score := Score{Loss: s.Loss / n, Accuracy: float64(s.Correct) / n, Spikes: s.Spikes / n}
	for _, m := range s.Metrics {
		if score.Metrics == nil {
			score.Metrics = map[string]float64{}
		}
		score.Metrics[m.Name] = m.Sum / n
	}
	return score
}

// Score is how well a network does on a set.
type Score struct {
	Loss     float64            // mean over the samples
	Accuracy float64            // correct samples / samples
	Spikes   float64            // mean over samples and spiking neurons of the number of spikes
	Metrics  map[string]float64 // means over the samples, by the name of the [Metric]; nil without
}

// Tree returns the parameters with these names as leaves that share the memory of the
// parameters: what transforms of package optim change, the network sees. A name
// without a parameter is an error that wraps graph.ErrParam.
func Tree(params *graph.Params, names []string) (optim.Tree, error) {
	t := make(optim.Tree, len(names))
	for i, name := range names {
		v := params.Value(name)
		if v == nil {
			return nil, fmt.Errorf("%w: no parameter %q", graph.ErrParam, name)
		}
		t[i] = leaf(name, v)
	}
	return t, nil
}

func leaf(name string, v *tensor.Dense) optim.Leaf {
	if v.Dtype() == tensor.Float32 {
		return optim.Leaf{Name: name, F32: v.Float32s()}
	}
	return optim.Leaf{Name: name, F64: v.Float64s()}
}
