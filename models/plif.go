package models

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/surrogate"
)

// PLIF is a layer of leaky integrate-and-fire neurons whose decay is learned as it is in the
// literature under this name: the share of the voltage that is replaced in a step is a sigmoid of
// the parameter w,
//
//	k     = 1 / (1 + exp(-w)),  at first 1/InitTau    (dt/TauMem of Euler's step)
//	v⁻[t] = v[t-1] + k (x[t] - v[t-1])
//	s[t]  = H(v⁻[t] - VTh)
//	v[t]  = v⁻[t] + s[t] (VReset - v⁻[t])      (ToValue, which is its default here too: see Soft)
//
// [LIF] with a TauMem that is Learned keeps the logarithm of the time constant instead, which does
// not change with the time step. States: vmem, and spikes where Recurrent. Parameters: name/decay
// (w), one for the layer or one per neuron, name/log_v_th where it is learned, name/w_rec.
//
// Fang et al. 2021, doi:10.1109/ICCV48922.2021.00266.
type PLIF struct {
	// InitTau is the time constant at first, in steps, > 1; zero means 2.
	InitTau float64
	// PerNeuron gives each neuron a decay of its own.
	PerNeuron bool
	VTh       Value // threshold; default Fixed(1)
	VReset    Value // voltage after a spike; default Fixed(0)
	// Soft subtracts the threshold instead.
	Soft bool
	// DetachReset stops the gradient that flows through the spikes in the reset.
	DetachReset bool
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
	// learned or set from run to run, see [LIF].
	Sharpness *G.Node
}

// Apply adds the layer for a current x [T, B, N].
func (l PLIF) Apply(b *graph.Builder, name string, x *G.Node) Neurons {
	n := width(b, "PLIF", name, x)
	s := spiking{"plif", name, l.Recurrent, l.RecInit, l.RecMask, l.Initial, l.Surrogate, ops.Firing{}, l.Sharpness}
	tau := l.InitTau
	if tau == 0 {
		tau = 2
	}
	if !(tau > 1 && tau < 1e9) {
		b.Fail(fmt.Errorf("%w: PLIF %q: InitTau is %v steps, want > 1", ErrParameter, name, l.InitTau))
	}
	w := Value{v: []float64{-fmath.Log(tau - 1)}, learned: true, perNeuron: l.PerNeuron}
	reset := ToValue
	if l.Soft {
		reset = SubtractThreshold
	}
	p := []*G.Node{
		w.real(b, name+"/decay", n), l.VTh.or(1).positive(b, name, "v_th", n), resetValue(b, "PLIF", name, reset, l.VReset, n),
	}
	p = s.widened(b, n, p)
	f := s.newFormula(p, 1, "decay", "v_th", "v_reset")
	one := f.affine(f.param(0), 0, 1)
	k := f.div(one, f.affine(f.exp(f.affine(f.param(0), -1, 0)), 1, 1))
	v := f.mix(k, f.state(0), f.x())
	spikes := s.fire(b, f, f.sub(v, f.param(1)))
	f.end([]term{spikes, v}, f.reset(v, spikes, f.param(1), f.param(2), reset, l.DetachReset))
	return s.apply(b, x, f, p, "vmem")
}
