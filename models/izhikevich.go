package models

import (
	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/surrogate"
)

// Izhikevich is a layer of Izhikevich's neurons, by Euler's method with h = dt / 1 ms. With the
// current I[t] of the step, and v and u as in the paper, v in mV:
//
//	v⁻ = v + h (0.04 v² + 5 v + 140 - u + I)
//	u⁻ = u + h A (B v - u)
//	s  = H(v⁻ - VPeak),  v <- v⁻ + s (C - v⁻),  u <- u⁻ + D s
//
// The paper's own program takes two steps of half the length for v. The surrogate sees (v⁻ -
// VPeak)/10 mV. v⁻ is bounded by 1000 mV below the square, which only a smoothed twin would pass.
// States: vmem, which is v + 65, and u + 65 B, zero where the paper's program starts, and spikes
// where Recurrent. Parameters, where they are learned: name/a, name/b, name/c, name/d, name/v_peak,
// name/w_rec.
//
// Izhikevich 2003, doi:10.1109/TNN.2003.820440.
type Izhikevich struct {
	A     Value // rate of the recovery, 1/ms; default Fixed(0.02)
	B     Value // its sensitivity; default Fixed(0.2)
	C     Value // v after a spike, mV; default Fixed(-65)
	D     Value // u of a spike; default Fixed(8)
	VPeak Value // v of a spike, mV; default Fixed(30)
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
func (l Izhikevich) Apply(b *graph.Builder, name string, x *G.Node) Neurons {
	n := width(b, "Izhikevich", name, x)
	s := spiking{"izhikevich", name, l.Recurrent, l.RecInit, l.RecMask, l.Initial, l.Surrogate, ops.Firing{}, l.Sharpness}
	p := []*G.Node{
		l.A.or(0.02).real(b, name+"/a", n), l.B.or(0.2).real(b, name+"/b", n), l.C.or(-65).real(b, name+"/c", n),
		l.D.or(8).real(b, name+"/d", n), l.VPeak.or(30).real(b, name+"/v_peak", n),
	}
	h := b.Dt() / 1e-3
	p = s.widened(b, n, p)
	f := s.newFormula(p, 2, "a", "b", "c", "d", "v_peak")
	v := f.affine(f.state(0), 1, -65)
	rest := f.affine(f.param(1), -65, 0) // u at rest
	u := f.add(f.state(1), rest)
	bounded := f.min(v, 1000)
	quadratic := f.affine(f.mul(bounded, f.affine(bounded, 0.04, 5)), 1, 140)
	before := f.add(v, f.affine(f.add(f.sub(quadratic, u), f.x()), h, 0))
	recovery := f.add(u, f.affine(f.mul(f.param(0), f.sub(f.mul(f.param(1), v), u)), h, 0))
	spikes := s.fire(b, f, f.affine(f.sub(before, f.param(4)), 0.1, 0))
	after := f.mix(spikes, before, f.param(2))
	f.end([]term{spikes, before}, f.affine(after, 1, 65), f.sub(f.add(recovery, f.mul(f.param(3), spikes)), rest))
	return s.apply(b, x, f, p, "vmem", "u")
}
