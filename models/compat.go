package models

import (
	"fmt"
	"slices"
	"strings"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/surrogate"
)

// PeerNeuron is a layer of neurons that does in each step what the neuron of another library does:
// its order of decay, input and reset, its convention for decays, its delay of spikes that come
// back, and its surrogate. Spikes and voltages are equal to the library's step by step, up to
// rounding. Voltages and states are those after the step, as libraries record them, so that Vmem is
// the voltage after the reset where the library resets in the same step. It is for checks, and for
// networks that were trained there; [LIF] and the others of the package are faster, and their
// parameters are learned.
type PeerNeuron struct {
	// Name is what [Compat] knows it by.
	Name string
	// Doc says what is particular about it, Source where it was read.
	Doc, Source string
	// Equations are the lines of a step, in the order in which the library computes them and with
	// its names: x is the current and s the spikes, whose gradient is the slope of the surrogate.
	// H(0) is 0, Θ(0) is 1; what is not given at -1 is 0 before the first step.
	Equations string
	// Params are its parameters in the order of Compat.
	Params []PeerParam
	// Recurrent adds weights w_rec [N, N] from the neurons' own spikes, w_rec[pre][post], to the
	// current: those of the step before, as the recurrent layers of the library have them. Those of
	// spyx act in the step in which they are given out, which is one late already.
	Recurrent bool
	// RecInit initialises w_rec; nil means FanIn(0, 0.5).
	RecInit graph.Init
	// RecMask, where it is not nil, holds a 0 or 1 for each element of w_rec.
	RecMask []float64
	// Initial is the state before the first step, nodes [B, N]. Nil leaves it to the program: zeros
	// are where the library starts.
	Initial []*G.Node
	// Surrogate stands in for the derivative of the spike; nil means the library's default.
	Surrogate surrogate.Surrogate
	// Sharpness, where it is not nil, is a node [N] of positive factors of x in the surrogate,
	// learned or set from run to run, see [LIF].
	Sharpness *G.Node

	states []string
	slope  string // the library's default, of surrogate.Compat
	// slopeOf, where it is not nil, returns the parameters of slope that depend on those of the
	// neuron.
	slopeOf func(p []PeerParam) []float64
	step    peerStep
	firing  ops.Firing
	// recurrent, where it is not nil, is the step of the library's recurrent layer, which differs.
	recurrent peerStep
	// ahead, where it is not nil, returns the spikes of the states after the step, which come back
	// in place of those that the step gives out.
	ahead func(f *formula, p, next []term, fire func(x term) term) term
}

// peerStep adds the lines of a step.
type peerStep func(f *formula, p []term, fire func(x term) term) (spikes, vmem term, next []term)

// PeerParam is a parameter of a [PeerNeuron].
type PeerParam struct {
	Name  string
	Value float64 // at first the library's default
}

// Compat returns the neuron of another library, with its parameters in the order of [PeerNeurons];
// those that are left out have the library's defaults:
//
//	models.Compat("snntorch/Leaky", 0.9)             // beta
//	models.Compat("norse/LIF-1.1.0", 1e-3)           // dt in s
//
// Where versions of a library differ, their names have the version behind them. Errors wrap
// [ErrParameter].
func Compat(name string, params ...float64) (PeerNeuron, error) {
	for _, n := range PeerNeurons() {
		if n.Name != name {
			continue
		}
		if len(params) > len(n.Params) {
			return n, fmt.Errorf("%w: %s: found %d parameters, want at most %d (%s)", ErrParameter, name, len(params), len(n.Params), n.paramNames())
		}
		for i, v := range params {
			if v-v != 0 {
				return n, fmt.Errorf("%w: %s: %s is %v, want a finite number", ErrParameter, name, n.Params[i].Name, v)
			}
			n.Params[i].Value = v
		}
		return n, nil
	}
	var names []string
	for _, n := range PeerNeurons() {
		names = append(names, n.Name)
	}
	return PeerNeuron{}, fmt.Errorf("%w: no neuron %q, want one of %s", ErrParameter, name, strings.Join(names, ", "))
}

// PeerNeurons returns the neurons that [Compat] knows, with default parameters.
func PeerNeurons() []PeerNeuron {
	all := slices.Concat(snntorchNeurons, norseNeurons, spikingjellyNeurons, sinabsNeurons, spyxNeurons, rockpoolNeurons)
	for i := range all {
		all[i].Params = slices.Clone(all[i].Params)
	}
	return all
}

func (l PeerNeuron) paramNames() string {
	var names []string
	for _, p := range l.Params {
		names = append(names, p.Name)
	}
	return strings.Join(names, ", ")
}

// Apply adds the layer for a current x [T, B, N].
func (l PeerNeuron) Apply(b *graph.Builder, name string, x *G.Node) Neurons {
	n := width(b, "PeerNeuron", name, x)
	if l.step == nil {
		b.Fail(fmt.Errorf("%w: PeerNeuron %q: want one that Compat returns", ErrParameter, name))
	}
	slope := l.Surrogate
	if slope == nil {
		var err error
		var params []float64
		if l.slopeOf != nil {
			params = l.slopeOf(l.Params)
		}
		if slope, err = surrogate.Compat(l.slope, params...); err != nil {
			b.Fail(fmt.Errorf("%w: %s: %w", ErrParameter, l.Name, err))
		}
	}
	s := spiking{
		kind: l.Name, name: name, surrogate: slope, given: l.Initial,
		recurrent: l.Recurrent, recInit: l.RecInit, recMask: l.RecMask, firing: l.firing, sharpness: l.Sharpness,
	}
	var p []*G.Node
	for _, param := range l.Params {
		p = append(p, Fixed(param.Value).real(b, name+"/"+param.Name, n))
	}
	p = s.widened(b, n, p)
	f := newFormula(len(p), len(l.states))
	terms := make([]term, len(l.Params))
	for i := range terms {
		terms[i] = f.param(i)
	}
	fire := func(x term) term { return s.fire(b, f, x) }
	step := l.step
	if l.Recurrent && l.recurrent != nil {
		step = l.recurrent
	}
	spikes, vmem, next := step(f, terms, fire)
	f.end([]term{spikes, vmem}, next...)
	if l.Recurrent && l.ahead != nil {
		f.feedback = l.ahead(f, terms, f.next, fire)
	}
	return s.apply(b, x, f, p, l.states...)
}
