package models

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/ops"
)

// Neuron is a layer that synapses can be coupled to: [LIF], which gives [Neurons], and
// [WTASCell], which gives [Winners]. The first state of its cell is the voltage.
type Neuron[R any] interface {
	cell(b *graph.Builder, name string, n int) (graph.Fused, []*G.Node)
	result(out, final []*G.Node) R
}

// Couple adds alpha synapses together with the layer that they drive, where the current of
// the synapses depends on the voltage of that layer. In each step the synapses see the
// voltage after the step before:
//
//	i[t] = -ResistScale·g[t]·(v[t-1] - SynRest) + bias
//	s[t], v[t] = post(i[t])
//
// x is the input of the synapses, [T, B, in]; s.SynRest must be set and s.V not.
// Parameters are those of both layers, the synapses' under name/syn, the neurons' under
// name; so are the states. Both engines exist: the fused one runs the kernels of the two
// layers by turns, step by step, and keeps the states of all steps.
func Couple[R any](b *graph.Builder, name string, s AlphaSynapse, x *G.Node, post Neuron[R]) (AlphaCurrents, R) {
	if s.SynRest.IsZero() || s.V != nil {
		b.Fail(fmt.Errorf("%w: Couple %q: want synapses with SynRest and without V", ErrParameter, name))
	}
	drive := s.drive(b, name+"/syn", x)
	syn, p := s.cell(b, name+"/syn")
	neuron, q := post.cell(b, name, s.Out)
	c := coupledCell{syn: syn, post: neuron, params: len(p)}
	out, final := b.Scan(name, c, []*G.Node{drive}, append(p, q...))
	outs, states := len(syn.Outputs()), len(syn.State())
	return syn.result(out[:outs], final[:states]), post.result(out[outs:], final[states:])
}

// coupledCell is one step of synapses and their neurons. Inputs, parameters, outputs and
// states are those of the synapses and then those of the neurons; what goes from one to
// the other is inside.
type coupledCell struct {
	syn    alphaCell
	post   graph.Fused
	params int // of syn
}

func (c coupledCell) Kind() string      { return c.syn.Kind() + "+" + c.post.Kind() }
func (c coupledCell) Outputs() []string { return append(c.syn.Outputs(), c.post.Outputs()...) }

func (c coupledCell) State() []graph.StateSpec {
	specs := c.syn.State()
	for i := range specs {
		specs[i].Name = "syn/" + specs[i].Name
	}
	return append(specs, c.post.State()...)
}

func (c coupledCell) Step(b *graph.Builder, x, params, state []*G.Node) (out, next []*G.Node) {
	k := len(c.syn.State())
	out, next = c.syn.Step(b, []*G.Node{x[0], state[k]}, params[:c.params], state[:k])
	s, after := c.post.Step(b, out[:1], params[c.params:], state[k:])
	return append(out, s...), append(next, after...)
}

func (c coupledCell) Kernel(b *graph.Builder) ops.Kernels {
	return ops.Kernels{
		Float32: &coupledKernel[float32]{coupledCell: c, make: func() (x, y ops.Kernel[float32]) { return c.syn.Kernel(b).Float32, c.post.Kernel(b).Float32 }},
		Float64: &coupledKernel[float64]{coupledCell: c, make: func() (x, y ops.Kernel[float64]) { return c.syn.Kernel(b).Float64, c.post.Kernel(b).Float64 }},
	}
}
