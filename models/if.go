package models

import (
	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/surrogate"
)

// IF is a layer of integrate-and-fire neurons without leak. With the current x[t] of the step:
//
//	v⁻[t] = v[t-1] + x[t] + s[t-1]·w_rec            (w_rec if Recurrent)
//	s[t]  = H(v⁻[t] - VTh)
//	v[t]  = v⁻[t] - VTh s[t]                         (SubtractThreshold)
//	      = v⁻[t] + s[t] (VReset - v⁻[t])            (ToValue)
//
// It is [LIF] with an infinite TauMem. With Max it fires several spikes in a step, one for each
// multiple of the threshold below v⁻, as neurons converted from artificial networks do (see
// [ops.Firing]). States: vmem, and spikes where Recurrent. Parameters, where they are learned:
// name/log_v_th, name/v_reset, name/w_rec.
//
// Lapicque 1907, translated in doi:10.1007/s00422-007-0189-6.
type IF struct {
	VTh    Value // threshold; default Fixed(1)
	Reset  Reset
	VReset Value // voltage after a spike with ToValue; default Fixed(0)
	// DetachReset stops the gradient that flows through the spikes in the reset.
	DetachReset bool
	// Max is the largest number of spikes in a step; 0 means 1. The surrogate sees (v⁻ - VTh)/VTh
	// where it is not.
	Max float64
	// Recurrent adds weights w_rec [N, N] from the spikes of the step before, w_rec[pre][post].
	Recurrent bool
	// RecInit initialises w_rec; nil means FanIn(0, 0.5).
	RecInit graph.Init
	// RecMask, where it is not nil, holds a 0 or 1 for each element of w_rec.
	RecMask []float64
	// Initial is the state before the first step, nodes [B, N] in the order of the states above,
	// then the spikes where they are one. Nil leaves it to the program: zeros, or what
	// graph.Program.SetState says.
	Initial []*G.Node
	// Surrogate stands in for the derivative of the spike; nil means surrogate.FastSigmoid{}.
	Surrogate surrogate.Surrogate
	// Sharpness, where it is not nil, is a node [N] of positive factors of x in the surrogate,
	// learned or set from run to run, see [LIF]. Not with Max: it
	// would move the steps.
	Sharpness *G.Node
}

// Apply adds the layer for a current x [T, B, N].
func (l IF) Apply(b *graph.Builder, name string, x *G.Node) Neurons {
	n := width(b, "IF", name, x)
	s := spiking{"if", name, l.Recurrent, l.RecInit, l.RecMask, l.Initial, l.Surrogate, ops.Firing{Max: l.Max}, l.Sharpness}
	p := s.widened(b, n, []*G.Node{l.VTh.or(1).positive(b, name, "v_th", n), resetValue(b, "IF", name, l.Reset, l.VReset, n)})
	f := s.newFormula(p, 1, "v_th", "v_reset")
	vth := f.param(0)
	v := f.add(f.state(0), f.x())
	above := f.sub(v, vth)
	if l.Max > 1 {
		above = f.div(above, vth)
	}
	spikes := s.fire(b, f, above)
	f.end([]term{spikes, v}, f.reset(v, spikes, vth, f.param(1), l.Reset, l.DetachReset))
	return s.apply(b, x, f, p, "vmem")
}
