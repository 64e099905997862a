package node

import (
	"fmt"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/ops"
)

// Inputs are the nodes that a [Layer] depends on. All but the first three may be nil: there are
// then no recurrent weights and no delays, and the parameters of neurons are the numbers of
// Layer.Params, which a node replaces. Nodes of parameters of neurons hold one number for all
// neurons, [1], or one for each, [N].
type Inputs struct {
	Times, Mask *G.Node // [B, sources, J]: spikes in any order, in seconds; those with mask 0 are not there
	WIn         *G.Node // [sources, N]
	WRec        *G.Node // [N, N]

	DelayIn  *G.Node // [sources, N], s, >= 0
	DelayRec *G.Node // [N, N], s, >= 0, with WRec

	TauMem, TauSyn *G.Node // s, > 0
	VTh, VLeak     *G.Node
	VReset         *G.Node // < VTh
	VInit, IInit   *G.Node // V and I at time 0
}

// span is what a slot has numbers of.
type span int

const (
	feedForward span = iota // synapses of inputs
	recurrent               // synapses between neurons
	neurons
)

// slot is one kind of parameter: its node, and its place in a layer and in gradients.
type slot struct {
	name  string
	node  *G.Node
	of    span
	value func(*eventprop.Layer) *[]float64
	grad  func(*eventprop.Gradients) *[]float64
}

// slots are all parameters; weights come before their delays.
func (in Inputs) slots() []slot {
	type layer = *eventprop.Layer
	type grads = *eventprop.Gradients
	return []slot{
		{"WIn", in.WIn, feedForward, func(l layer) *[]float64 { return &l.In.Weight }, func(g grads) *[]float64 { return &g.In }},
		{"WRec", in.WRec, recurrent, func(l layer) *[]float64 { return &l.Rec.Weight }, func(g grads) *[]float64 { return &g.Rec }},
		{"DelayIn", in.DelayIn, feedForward, func(l layer) *[]float64 { return &l.In.Delay }, func(g grads) *[]float64 { return &g.InDelay }},
		{"DelayRec", in.DelayRec, recurrent, func(l layer) *[]float64 { return &l.Rec.Delay }, func(g grads) *[]float64 { return &g.RecDelay }},
		{"TauMem", in.TauMem, neurons, func(l layer) *[]float64 { return &l.Params.TauMem }, func(g grads) *[]float64 { return &g.TauMem }},
		{"TauSyn", in.TauSyn, neurons, func(l layer) *[]float64 { return &l.Params.TauSyn }, func(g grads) *[]float64 { return &g.TauSyn }},
		{"VTh", in.VTh, neurons, func(l layer) *[]float64 { return &l.Params.VTh }, func(g grads) *[]float64 { return &g.VTh }},
		{"VLeak", in.VLeak, neurons, func(l layer) *[]float64 { return &l.Params.VLeak }, func(g grads) *[]float64 { return &g.VLeak }},
		{"VReset", in.VReset, neurons, func(l layer) *[]float64 { return &l.Params.VReset }, func(g grads) *[]float64 { return &g.VReset }},
		{"VInit", in.VInit, neurons, func(l layer) *[]float64 { return &l.Params.VInit }, func(g grads) *[]float64 { return &g.VInit }},
		{"IInit", in.IInit, neurons, func(l layer) *[]float64 { return &l.Params.IInit }, func(g grads) *[]float64 { return &g.IInit }},
	}
}

// check returns an error (ops.ErrShape) unless the node of a slot has the shape that it must have.
func (s slot) check(shape tensor.Shape, sources, n int, hasRec bool) error {
	want := tensor.Shape{n}
	switch s.of {
	case feedForward:
		want = tensor.Shape{sources, n}
	case recurrent:
		want = tensor.Shape{n, n}
	}
	switch {
	case s.name == "DelayRec" && !hasRec:
		return fmt.Errorf("%w: event LIF with DelayRec, but without WRec", ops.ErrShape)
	case s.of == neurons && len(shape) == 1 && shape[0] == 1:
	case !slices.Equal(shape, want):
		return fmt.Errorf("%w: event LIF with %s of shape %v, want %v", ops.ErrShape, s.name, shape, want)
	}
	return nil
}
