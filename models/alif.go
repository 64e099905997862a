package models

import (
	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/surrogate"
)

// ALIF is a layer of leaky integrate-and-fire neurons that adapt to their own spikes, by a
// threshold that they raise and by a current that they draw. With the current x[t] of the step:
//
//	x'[t] = x[t] + s[t-1]·w_rec                      (w_rec if Recurrent)
//	v⁻[t] = α v[t-1] + x'[t] - w[t-1]                α = exp(-dt/TauMem)
//	θ[t]  = VTh + Beta a[t-1]
//	s[t]  = H(v⁻[t] - θ[t])
//	v[t]  = v⁻[t] - θ[t] s[t]                        (SubtractThreshold)
//	      = v⁻[t] + s[t] (VReset - v⁻[t])            (ToValue)
//	a[t]  = ρ a[t-1] + s[t]                          ρ = exp(-dt/TauAdapt)
//	w[t]  = κ w[t-1] + B s[t]                        κ = exp(-dt/TauW)
//
// The two adaptations are independent; one with Beta, or B, of zero has no effect. Beta and B may
// be negative: neurons that facilitate. States: vmem, a, w, and spikes where Recurrent. Parameters,
// where they are learned: name/log_tau_mem, name/log_tau_adapt, name/log_tau_w, name/log_v_th,
// name/beta, name/b, name/v_reset, name/w_rec.
//
// Bellec et al. 2018, arXiv:1803.09574 (threshold); Benda and Herz 2003,
// doi:10.1162/089976603322385063 (current).
type ALIF struct {
	TauMem   Value // membrane time constant, s; default Fixed(20e-3)
	TauAdapt Value // of the threshold, s; default Fixed(200e-3)
	TauW     Value // of the adaptation current, s; default Fixed(200e-3)
	VTh      Value // threshold at rest; default Fixed(1)
	Beta     Value // by which a spike raises the threshold; default Fixed(0.2)
	B        Value // by which a spike raises the adaptation current; default Fixed(0)
	Reset    Reset
	VReset   Value // voltage after a spike with ToValue; default Fixed(0)
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
func (l ALIF) Apply(b *graph.Builder, name string, x *G.Node) Neurons {
	n := width(b, "ALIF", name, x)
	s := spiking{"alif", name, l.Recurrent, l.RecInit, l.RecMask, l.Initial, l.Surrogate, ops.Firing{}, l.Sharpness}
	p := []*G.Node{
		l.TauMem.or(20e-3).decay(b, name, "tau_mem", n), l.TauAdapt.or(200e-3).decay(b, name, "tau_adapt", n),
		l.TauW.or(200e-3).decay(b, name, "tau_w", n), l.VTh.or(1).positive(b, name, "v_th", n),
		l.Beta.or(0.2).real(b, name+"/beta", n), l.B.or(0).real(b, name+"/b", n),
		resetValue(b, "ALIF", name, l.Reset, l.VReset, n),
	}
	p = s.widened(b, n, p)
	f := s.newFormula(p, 3, "alpha", "rho", "kappa", "v_th", "beta", "b", "v_reset")
	v := f.add(f.mul(f.param(0), f.state(0)), f.sub(f.x(), f.state(2)))
	theta := f.add(f.param(3), f.mul(f.param(4), f.state(1)))
	spikes := s.fire(b, f, f.sub(v, theta))
	f.end([]term{spikes, v},
		f.reset(v, spikes, theta, f.param(6), l.Reset, l.DetachReset),
		f.add(f.mul(f.param(1), f.state(1)), spikes),
		f.add(f.mul(f.param(2), f.state(2)), f.mul(f.param(5), spikes)))
	return s.apply(b, x, f, p, "vmem", "a", "w")
}
