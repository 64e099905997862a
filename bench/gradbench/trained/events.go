package trained

import (
	"fmt"
	"math"
	"runtime"
	"slices"

	"github.com/surge-snn/surge/bench/gradbench"
	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/given"
	"github.com/surge-snn/surge/internal/random"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/train/data"
	"github.com/surge-snn/surge/train/experiment"
)

// perLeaf is how many parameters of each array are compared at most: a difference costs two
// simulations for each.
const perLeaf = 32

// Events is the network of an experiment that goes from event to event, on the first samples of its
// training set, as a [gradbench.Network]. Every draw adds normal noise to all parameters, of a
// standard deviation of width times the root mean square of their array: the mean of the loss over
// it is smooth, although the loss jumps where a spike appears or vanishes. Parameters are in units
// of that deviation, and of each array a random choice is compared. Regularisers are left out.
type Events struct {
	title   string
	seed    uint64
	inputs  int
	set     data.Batches
	classes []gradbench.Class
	params  []float64
	places  []place
	scale   []float64   // of each array
	base    [][]float64 // of each array, all parameters
	free    chan experiment.Network
}

// place is that of a parameter in the arrays.
type place struct{ leaf, index int }

// NewEvents returns the network of an experiment whose method is no surrogate gradient. params are
// those of a run; nil: those that the seed of the experiment gives. Close releases it.
func NewEvents(e *experiment.Experiment, params *graph.Params, samples int, width float64, seed uint64) (*Events, error) {
	if err := given.Need("e", e); err != nil {
		return nil, fmt.Errorf("trained: %w", err)
	}
	if samples < 1 || !(width > 0) || math.IsInf(width, 1) {
		return nil, fmt.Errorf("trained: %d samples and noise of the width %g, want at least 1 and a finite number > 0", samples, width)
	}
	if e.Train.Method == experiment.Surrogate {
		return nil, &exit.BadInput{File: e.Name, Member: "train.method", Expected: "a method that goes from event to event", Found: e.Train.Method}
	}
	sets, target, err := e.Load()
	if err != nil {
		return nil, err
	}
	set := sets.Train
	n := &Events{title: e.Name, seed: seed, inputs: min(samples, set.Data.Len()), free: make(chan experiment.Network, runtime.GOMAXPROCS(0))}
	set.Size, set.Sequential, set.Augment = 1, true, nil
	n.set = set
	own := *e
	own.Loss.Silence, own.Loss.SilenceOut, own.Loss.Existence = 0, 0, 0
	for range cap(n.free) {
		net, err := own.Build(set.Channels(), target)
		if err != nil {
			n.Close()
			return nil, err
		}
		n.free <- net
		if params != nil {
			if err := net.Params().CopyFrom(params); err != nil {
				n.Close()
				return nil, err
			}
		}
	}
	net := <-n.free
	defer func() { n.free <- net }()
	for l, leaf := range net.Grads() {
		x := slices.Clone(net.Params().Value(leaf.Name).Float64s())
		square := 0.0
		for _, v := range x {
			square += v * v / float64(len(x))
		}
		if square == 0 {
			return nil, fmt.Errorf("trained: all of %q are 0: noise has no size", leaf.Name)
		}
		n.base, n.scale = append(n.base, x), append(n.scale, width*math.Sqrt(square))
		chosen := random.New(seed, "gradbench/parameters", uint64(l)).Perm(len(x))
		chosen = chosen[:min(perLeaf, len(chosen))]
		slices.Sort(chosen)
		from := len(n.params)
		for _, i := range chosen {
			n.places = append(n.places, place{l, i})
			n.params = append(n.params, x[i]/n.scale[l])
		}
		n.classes = append(n.classes, gradbench.Class{Name: leaf.Name, From: from, To: len(n.params)})
	}
	return n, nil
}

// Close releases the networks.
func (n *Events) Close() {
	if n == nil {
		return
	}
	for len(n.free) > 0 {
		(<-n.free).Close()
	}
}

// Name returns the name of the experiment.
func (n *Events) Name() string { return n.made().title }

// made is n, or what is empty where there is none.
func (n *Events) made() *Events {
	if n == nil {
		return &Events{}
	}
	return n
}

// Classes returns the arrays.
func (n *Events) Classes() []gradbench.Class { return n.made().classes }

// Params returns the parameters that are compared, in units of the noise.
func (n *Events) Params() []float64 { return n.made().params }

// Inputs returns the number of samples.
func (n *Events) Inputs() int { return n.made().inputs }

// with calls f with a network that has parameters p and the noise of a draw.
func (n *Events) with(p []float64, draw uint64, f func(net experiment.Network) error) error {
	if n == nil || n.free == nil || len(p) != len(n.params) {
		return fmt.Errorf("trained: %d parameters for %d of a network of NewEvents", len(p), len(n.Params()))
	}
	net := <-n.free
	defer func() { n.free <- net }()
	rng := random.New(n.seed, "gradbench/noise", draw)
	leaves := make([][]float64, len(n.base))
	for l, leaf := range net.Grads() {
		leaves[l] = net.Params().Value(leaf.Name).Float64s()
		for i, x := range n.base[l] {
			leaves[l][i] = x + n.scale[l]*random.Normal(rng)
		}
	}
	for k, at := range n.places {
		leaves[at.leaf][at.index] += n.scale[at.leaf] * (p[k] - n.params[k])
	}
	return f(net)
}

// Loss simulates a sample. Outcome.Spikes differs where another number of spikes came.
func (n *Events) Loss(p []float64, input int, draw uint64) (o gradbench.Outcome, err error) {
	err = n.with(p, draw, func(net experiment.Network) error {
		sums, err := net.Evaluate(n.set, 0, input)
		o = gradbench.Outcome{Loss: sums.Loss, Spikes: math.Float64bits(sums.Spikes)}
		return err
	})
	return o, err
}

// Exact is the gradient by the method of the experiment.
func (n *Events) Exact() gradbench.Estimator {
	return gradbench.Estimator{Name: "eventprop", Random: true, Gradient: func(g, p []float64, input int, draw uint64) error {
		if len(g) != len(p) {
			return fmt.Errorf("trained: a gradient of %d numbers for %d parameters", len(g), len(p))
		}
		return n.with(p, draw, func(net experiment.Network) error {
			if _, err := net.Gradient(n.set, 0, input); err != nil {
				return err
			}
			var grads optim.Tree = net.Grads()
			for k, at := range n.places {
				g[k] += n.scale[at.leaf] * grads[at.leaf].F64[at.index]
			}
			return nil
		})
	}}
}
