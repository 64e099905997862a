// Package event holds networks of LIF neurons from event to event for the gradient benchmark, with
// the exact gradients of package eventprop, and the same weights in discrete time.
package event

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/surge-snn/surge/bench/gradbench"
	"github.com/surge-snn/surge/bench/gradbench/lif"
	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/eventprop/equation"
	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/internal/random"
)

// Net is a stack of layers of LIF neurons with exponential currents and reset to 0, that learns to
// spike as the same network with other weights: a [gradbench.Network]. Every draw is another input
// of Poisson spikes on a grid of 1 ms. Its parameters are those of Layout: weights, and ln TauMem,
// ln TauSyn and VTh of each layer; with a Model, the weights alone.
type Net struct {
	Title  string
	Sizes  []int   // channels, then the neurons of each layer
	TauMem float64 // s
	TauSyn float64 // s
	End    float64 // s, length of an input
	Rate   float64 // Hz, of each channel
	Tau    float64 // s, of the loss
	Seed   uint64
	// Model, where it is not nil, stands in place of LIF, with the values of its parameters.
	Model     *equation.Model
	Constants map[string][]float64
	P         []float64 // parameters
	Target    []float64 // parameters of the target
}

const grid = 1e-3 // s, of the input

// New returns a network with weights from N(mean/in, (gain²)/in) whose target has every weight
// larger by a quarter of its size. One that cannot be made, as with a layer without neurons, has no
// parameters, and its methods say so.
func New(n Net, mean, gain float64) *Net {
	layout := n.Layout(grid)
	if len(layout.Classes) == 0 {
		n.P, n.Target = nil, nil
		return &n
	}
	layout.Init(n.Seed, mean, gain, 0)
	if n.P = layout.Params; n.Model != nil {
		n.P = n.P[:layout.Weights]
	}
	n.Target = append([]float64(nil), n.P...)
	for k, w := range n.Target[:layout.Weights] {
		n.Target[k] += 0.25 * math.Abs(w)
	}
	return &n
}

// errNet is the error of a network that New has not made, or whose fields make no sense.
var errNet = errors.New("event: no such network, want one of New")

// check returns an error unless there is a network with these parameters.
func (n *Net) check(p []float64) error {
	size := len(n.Params())
	if n == nil || len(n.Sizes) < 2 || size == 0 || len(n.Target) != size || size != n.size() || !(n.End > 0) || !(n.End <= 1e6*grid) || !(n.Tau > 0) {
		return errNet
	}
	if len(p) != size {
		return fmt.Errorf("event: %d parameters, want %d", len(p), size)
	}
	return nil
}

// size is the number of parameters of the layers.
func (n *Net) size() int {
	layout := n.Layout(grid)
	if n.Model != nil {
		return layout.Weights
	}
	return len(layout.Params)
}

// Layout returns the network in steps of dt, with the places of the parameters; without layers if
// there is no network.
func (n *Net) Layout(dt float64) *lif.Net {
	if n == nil || len(n.Sizes) < 2 {
		return &lif.Net{Dt: dt}
	}
	var specs []lif.Spec
	for _, size := range n.Sizes[1:] {
		specs = append(specs, lif.Spec{N: size, TauMem: n.TauMem, TauSyn: n.TauSyn, VTh: 1, Zero: true})
	}
	return lif.New(dt, n.Sizes[0], specs...)
}

// Name returns the title.
func (n *Net) Name() string {
	if n == nil {
		return ""
	}
	return n.Title
}

// Classes returns the groups of parameters.
func (n *Net) Classes() []gradbench.Class {
	classes := n.Layout(grid).Classes
	if n != nil && n.Model != nil && len(classes) > 0 {
		classes = classes[:len(n.Sizes)-1]
	}
	return classes
}

// Params returns the parameters.
func (n *Net) Params() []float64 {
	if n == nil {
		return nil
	}
	return n.P
}

// Inputs returns 1: every draw is another input.
func (n *Net) Inputs() int { return 1 }

// input draws the spikes of the channels.
func (n *Net) input(draw uint64) []eventprop.Spike {
	rng := random.New(n.Seed, "gradbench/event/input", draw)
	var spikes []eventprop.Spike
	for t := range int(math.Round(n.End / grid)) {
		for c := range n.Sizes[0] {
			if rng.Float64() < n.Rate*grid {
				spikes = append(spikes, eventprop.Spike{Time: float64(t) * grid, Neuron: c})
			}
		}
	}
	return spikes
}

// layers returns the network for parameters p.
func (n *Net) layers(p []float64) []*eventprop.Layer {
	var all []*eventprop.Layer
	at := 0
	for l, size := range n.Sizes[1:] {
		in := eventprop.NewDense(n.Sizes[l], size)
		copy(in.Weight, p[at:])
		at += len(in.Weight)
		all = append(all, &eventprop.Layer{In: in})
	}
	for _, l := range all {
		if n.Model != nil {
			l.Neuron = equation.Neurons{Model: n.Model, Params: n.Constants}
			continue
		}
		l.Params = eventprop.LIFParameters{
			TauMem: []float64{fmath.Exp(p[at])}, TauSyn: []float64{fmath.Exp(p[at+1])}, VTh: []float64{p[at+2]},
		}
		at += 3
	}
	return all
}

// run is a pass through all layers.
type run struct {
	layers []*eventprop.Layer
	tapes  []eventprop.Tape
}

// forward simulates the network in the memory of r.
func (n *Net) forward(r *run, p []float64, input []eventprop.Spike) (*run, error) {
	if err := n.check(p); err != nil {
		return nil, err
	}
	r.layers = n.layers(p)
	if r.tapes == nil {
		r.tapes = make([]eventprop.Tape, len(r.layers))
	}
	for l, layer := range r.layers {
		if err := r.tapes[l].Forward(layer, input, n.End); err != nil {
			return nil, err
		}
		input = r.tapes[l].Spikes
	}
	return r, nil
}

// last returns the spikes of the last layer.
func (r *run) last() []eventprop.Spike { return r.tapes[len(r.tapes)-1].Spikes }

// signature returns a number that differs where another neuron spikes between two arrivals, or
// another number of times. Where it stays, no spike has appeared, vanished, or jumped from one
// arrival to behind the next; a spike that moves past an arrival without a jump changes it, too.
func (r *run) signature(input []eventprop.Spike) uint64 {
	const offset, prime = 14695981039346656037, 1099511628211 // FNV-1a
	h := uint64(offset)
	for l := range r.tapes {
		spikes := r.tapes[l].Spikes
		next := 0
		order := make([]uint64, 0, len(spikes))
		for _, s := range spikes {
			for next < len(input) && input[next].Time < s.Time {
				next++
			}
			order = append(order, uint64(s.Neuron)<<32|uint64(next))
		}
		// Spikes of two neurons between the same arrivals may change their order.
		slices.Sort(order)
		for _, x := range order {
			h = (h ^ x) * prime
		}
		h = (h ^ uint64(l)) * prime
		input = spikes
	}
	return h
}

// byNeuron returns the times of each of n neurons.
func byNeuron(spikes []eventprop.Spike, n int) [][]float64 {
	times := make([][]float64, n)
	for _, s := range spikes {
		times[s.Neuron] = append(times[s.Neuron], s.Time)
	}
	return times
}

// outputs is the number of neurons of the last layer.
func (n *Net) outputs() int { return n.Sizes[len(n.Sizes)-1] }

// sample is an input with its target.
type sample struct {
	input  []eventprop.Spike
	target [][]float64
}

func (n *Net) sample(draw uint64) (sample, error) {
	if err := n.check(n.Params()); err != nil {
		return sample{}, err
	}
	s := sample{input: n.input(draw)}
	r, err := n.forward(new(run), n.Target, s.input)
	if err != nil {
		return s, err
	}
	s.target = byNeuron(r.last(), n.outputs())
	return s, nil
}

// loss returns the loss of a run, the mean over the output neurons, and unless grad is nil its
// derivatives by the times of the last layer's spikes.
func (n *Net) loss(r *run, s sample, grad []float64) float64 {
	d := distance{n.Tau, n.End}
	loss := 0.0
	for j, times := range byNeuron(r.last(), n.outputs()) {
		var g []float64
		if grad != nil {
			g = make([]float64, len(times))
		}
		loss += d.of(times, s.target[j], g) / float64(n.outputs())
		k := 0
		for i, spike := range r.last() {
			if grad != nil && spike.Neuron == j {
				grad[i] = g[k] / float64(n.outputs())
				k++
			}
		}
	}
	return loss
}

// Loss simulates the input of one draw.
func (n *Net) Loss(p []float64, _ int, draw uint64) (gradbench.Outcome, error) {
	s, err := n.sample(draw)
	if err != nil {
		return gradbench.Outcome{}, err
	}
	return n.lossOf(new(run), p, s)
}

func (n *Net) lossOf(r *run, p []float64, s sample) (gradbench.Outcome, error) {
	r, err := n.forward(r, p, s.input)
	if err != nil {
		return gradbench.Outcome{}, err
	}
	return gradbench.Outcome{Loss: n.loss(r, s, nil), Spikes: r.signature(s.input)}, nil
}

// Differences is [gradbench.Differences], with the target of a draw computed once.
func (n *Net) Differences(h float64) gradbench.Estimator {
	e := gradbench.Differences(n, h)
	e.Gradient = func(g, p []float64, _ int, draw uint64) error {
		s, err := n.sample(draw)
		if err != nil {
			return err
		}
		return gradbench.Differences(fixed{n, s, new(run)}, h).Gradient(g, p, 0, 0)
	}
	return e
}

// fixed is a network with one sample.
type fixed struct {
	*Net
	s sample
	r *run
}

func (f fixed) Loss(p []float64, _ int, _ uint64) (gradbench.Outcome, error) {
	return f.lossOf(f.r, p, f.s)
}
