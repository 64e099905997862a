package models

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/surrogate"
)

// spiking is what layers of formulas have in common.
type spiking struct {
	kind, name string
	recurrent  bool
	recInit    graph.Init
	recMask    []float64
	given      []*G.Node
	surrogate  surrogate.Surrogate
	firing     ops.Firing
	sharpness  *G.Node
}

// slope returns the surrogate, which it checks.
func (s spiking) slope(b *graph.Builder) surrogate.Surrogate {
	if err := s.firing.Check(); err != nil {
		b.Fail(fmt.Errorf("%w: %s %q: %w", ErrParameter, s.kind, s.name, err))
	}
	if s.surrogate == nil {
		return surrogate.FastSigmoid{}
	}
	if err := surrogate.Check(s.surrogate); err != nil {
		b.Fail(fmt.Errorf("%w: %s %q: %w", ErrParameter, s.kind, s.name, err))
	}
	return s.surrogate
}

// widened returns the parameters of the formula, with the sharpness of the surrogate as the last,
// where there is one.
func (s spiking) widened(b *graph.Builder, n int, p []*G.Node) []*G.Node {
	if s.sharpness == nil {
		return p
	}
	if s.firing.Max > 1 {
		b.Fail(fmt.Errorf("%w: %s %q: Sharpness of neurons that fire up to %v spikes in a step would move the steps", ErrParameter, s.kind, s.name, s.firing.Max))
	}
	checkSharpness(b, s.kind, s.name, s.sharpness, n)
	return append(p, s.sharpness)
}

func checkSharpness(b *graph.Builder, kind, name string, k *G.Node, n int) {
	if k.Dims() != 1 || k.Shape()[0] != n {
		b.Fail(fmt.Errorf("%w: %s %q: Sharpness of shape %v, want [%d]", ErrParameter, kind, name, k.Shape(), n))
	}
}

// newFormula returns a formula of parameters that widened returned. names are those before the
// sharpness.
func (s spiking) newFormula(p []*G.Node, states int, names ...string) *formula {
	if s.sharpness != nil {
		names = append(names, "sharpness")
	}
	return newFormula(len(p), states, names...)
}

// fire returns the spikes of neurons at above, as a line of a formula with the parameters that
// widened returned.
func (s spiking) fire(b *graph.Builder, f *formula, above term) term {
	if s.sharpness != nil {
		above = f.mul(f.param(f.params-1), above)
	}
	return f.fire(above, s.firing, s.slope(b))
}

// apply adds a layer whose formula gives spikes and the voltage before the reset.
func (s spiking) apply(b *graph.Builder, x *G.Node, f *formula, p []*G.Node, states ...string) Neurons {
	n := x.Shape()[2]
	c := formulaCell{kind: s.kind, n: n, f: f, states: states, outputs: []string{"spikes", "vmem"}, recurrent: s.recurrent}
	p = recurrence(b, s.kind, s.name, s.recurrent, s.recInit, s.recMask, n, p)
	out, final := c.apply(b, s.name, x, p, s.given)
	return Neurons{Spikes: out[0], Vmem: out[1], Final: final}
}

// reset returns the voltage after spikes: v - vth s, or v + s (vreset - v).
func (f *formula) reset(v, s, vth, vreset term, to Reset, detached bool) term {
	if detached {
		s = f.detach(s)
	}
	if to == ToValue {
		return f.mix(s, v, vreset)
	}
	return f.sub(v, f.mul(vth, s))
}

// resetValue returns the node of VReset [n], which has no effect with SubtractThreshold.
func resetValue(b *graph.Builder, kind, name string, to Reset, v Value, n int) *G.Node {
	if to != ToValue && !v.IsZero() {
		b.Fail(fmt.Errorf("%w: %s %q: VReset without Reset: ToValue has no effect", ErrParameter, kind, name))
	}
	return v.or(0).real(b, name+"/v_reset", n)
}

// wholeSteps returns a time in whole steps, at least 1 for a time that is not 0.
func wholeSteps(b *graph.Builder, kind, name, field string, seconds float64) float64 {
	k := seconds / b.Dt()
	whole := float64(int(k + 0.5))
	if !(k >= 0 && k < 1e9) || k > 0 && (whole < 1 || abs(k-whole) > 1e-6*whole) {
		b.Fail(fmt.Errorf("%w: %s %q: %s is %v s, want a whole number of time steps of %v s", ErrParameter, kind, name, field, seconds, b.Dt()))
	}
	return whole
}

func abs(x float64) float64 {
	if x < 0 {
		return -x
	}
	return x
}
