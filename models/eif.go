package models

import (
	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/surrogate"
)

// mostExponent bounds the argument of the exponential of [EIF] and [AdEx]: the voltage of such a
// neuron is beyond every peak by then, and without the bound the smoothed twin could overflow.
const mostExponent = 20

// EIF is a layer of exponential integrate-and-fire neurons, by Euler's method. With the current
// I[t] of the step:
//
//	v⁻ = v + dt/TauMem (EL - v + DeltaT exp((v - VT)/DeltaT) + R I)
//	s  = H(v⁻ - VPeak),  v <- v⁻ + s (VReset - v⁻)
//
// It is [AdEx] without adaptation. The exponent is at most 20. The surrogate sees (v⁻ -
// VPeak)/DeltaT. The step must be short against TauMem DeltaT/(v - VT): 0.1 ms for the defaults.
// States: vmem, which is v - EL, so that zero is rest, and spikes where Recurrent. Parameters,
// where they are learned: name/log_tau_mem, name/log_delta_t, name/log_r, name/el, name/vt,
// name/v_peak, name/v_reset, name/w_rec.
//
// Fourcaud-Trocmé et al. 2003, doi:10.1523/JNEUROSCI.23-37-11628.2003.
type EIF struct {
	TauMem Value // membrane time constant, s; default Fixed(9.37e-3)
	R      Value // resistance, Ohm; default Fixed(33.3e6)
	EL     Value // leak reversal, V; default Fixed(-70.6e-3)
	VT     Value // rheobase threshold, V; default Fixed(-50.4e-3)
	DeltaT Value // slope factor, V; default Fixed(2e-3)
	VPeak  Value // voltage of a spike, V; default Fixed(0)
	VReset Value // voltage after it, V; default Fixed(-70.6e-3)
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

// Apply adds the layer for a current x [T, B, N], in A.
func (l EIF) Apply(b *graph.Builder, name string, x *G.Node) Neurons {
	n := width(b, "EIF", name, x)
	s := spiking{"eif", name, l.Recurrent, l.RecInit, l.RecMask, l.Initial, l.Surrogate, ops.Firing{}, l.Sharpness}
	p := []*G.Node{
		l.TauMem.or(9.37e-3).positive(b, name, "tau_mem", n), l.R.or(33.3e6).positive(b, name, "r", n),
		l.EL.or(-70.6e-3).real(b, name+"/el", n), l.VT.or(-50.4e-3).real(b, name+"/vt", n),
		l.DeltaT.or(2e-3).positive(b, name, "delta_t", n), l.VPeak.or(0).real(b, name+"/v_peak", n),
		l.VReset.or(-70.6e-3).real(b, name+"/v_reset", n),
	}
	p = s.widened(b, n, p)
	f := s.newFormula(p, 1, "tau_mem", "r", "el", "vt", "delta_t", "v_peak", "v_reset")
	el, delta := f.param(2), f.param(4)
	v := f.add(f.state(0), el)
	exponential := f.mul(delta, f.exp(f.min(f.div(f.sub(v, f.param(3)), delta), mostExponent)))
	drive := f.add(f.sub(exponential, f.state(0)), f.mul(f.param(1), f.x()))
	before := f.add(v, f.affine(f.div(drive, f.param(0)), b.Dt(), 0))
	spikes := s.fire(b, f, f.div(f.sub(before, f.param(5)), delta))
	after := f.mix(spikes, before, f.param(6))
	f.end([]term{spikes, before}, f.sub(after, el))
	return s.apply(b, x, f, p, "vmem")
}

// AdEx is a layer of adaptive exponential integrate-and-fire neurons, by Euler's method. With the
// current I[t] of the step:
//
//	v⁻ = v + dt/C (GL (EL - v + DeltaT exp((v - VT)/DeltaT)) - w + I)
//	w⁻ = w + dt/TauW (A (v - EL) - w)
//	s  = H(v⁻ - VPeak),  v <- v⁻ + s (VReset - v⁻),  w <- w⁻ + B s
//
// The exponent is at most 20. The surrogate sees (v⁻ - VPeak)/DeltaT. A step of 0.1 ms suits the
// defaults, which are those of the paper. States: vmem, which is v - EL, w in A, both zero at rest,
// and spikes where Recurrent. Parameters, where they are learned: name/log_c, name/log_gl,
// name/log_tau_w, name/log_delta_t, name/el, name/vt, name/a, name/b, name/v_peak, name/v_reset,
// name/w_rec.
//
// Brette and Gerstner 2005, doi:10.1152/jn.00686.2005.
type AdEx struct {
	C      Value // capacitance, F; default Fixed(281e-12)
	GL     Value // leak conductance, S; default Fixed(30e-9)
	EL     Value // leak reversal, V; default Fixed(-70.6e-3)
	VT     Value // threshold, V; default Fixed(-50.4e-3)
	DeltaT Value // slope factor, V; default Fixed(2e-3)
	TauW   Value // time constant of the adaptation, s; default Fixed(144e-3)
	A      Value // adaptation below threshold, S; default Fixed(4e-9)
	B      Value // adaptation of a spike, A; default Fixed(80.5e-12)
	VPeak  Value // voltage of a spike, V; default Fixed(0)
	VReset Value // voltage after it, V; default Fixed(-70.6e-3)
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

// Apply adds the layer for a current x [T, B, N], in A.
func (l AdEx) Apply(b *graph.Builder, name string, x *G.Node) Neurons {
	n := width(b, "AdEx", name, x)
	s := spiking{"adex", name, l.Recurrent, l.RecInit, l.RecMask, l.Initial, l.Surrogate, ops.Firing{}, l.Sharpness}
	p := []*G.Node{
		l.C.or(281e-12).positive(b, name, "c", n), l.GL.or(30e-9).positive(b, name, "gl", n),
		l.EL.or(-70.6e-3).real(b, name+"/el", n), l.VT.or(-50.4e-3).real(b, name+"/vt", n),
		l.DeltaT.or(2e-3).positive(b, name, "delta_t", n), l.TauW.or(144e-3).positive(b, name, "tau_w", n),
		l.A.or(4e-9).real(b, name+"/a", n), l.B.or(80.5e-12).real(b, name+"/b", n),
		l.VPeak.or(0).real(b, name+"/v_peak", n), l.VReset.or(-70.6e-3).real(b, name+"/v_reset", n),
	}
	p = s.widened(b, n, p)
	f := s.newFormula(p, 2, "c", "gl", "el", "vt", "delta_t", "tau_w", "a", "b", "v_peak", "v_reset")
	el, delta := f.param(2), f.param(4)
	v := f.add(f.state(0), el)
	exponential := f.mul(delta, f.exp(f.min(f.div(f.sub(v, f.param(3)), delta), mostExponent)))
	drive := f.add(f.mul(f.param(1), f.sub(exponential, f.state(0))), f.sub(f.x(), f.state(1)))
	before := f.add(v, f.affine(f.div(drive, f.param(0)), b.Dt(), 0))
	pull := f.sub(f.mul(f.param(6), f.state(0)), f.state(1))
	w := f.add(f.state(1), f.affine(f.div(pull, f.param(5)), b.Dt(), 0))
	spikes := s.fire(b, f, f.div(f.sub(before, f.param(8)), delta))
	after := f.mix(spikes, before, f.param(9))
	f.end([]term{spikes, before}, f.sub(after, el), f.add(w, f.mul(f.param(7), spikes)))
	return s.apply(b, x, f, p, "vmem", "w")
}
