package models

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/ops"
)

// formula adds a layer of [LIF] whose neurons are refractory after a spike, or whose surrogate has
// a width of its own: for Refractory/dt steps r the voltage stays where the reset left it, whatever
// comes, while the synaptic current goes on:
//
//	v⁻[t] = v[t-1]  where r[t-1] > 0, else that of LIF
//	s[t]  = 0       where r[t-1] > 0, else H(v⁻[t] - VTh)
//	r[t]  = max(r[t-1] - 1, 0) + s[t] Refractory/dt
//
// as in NEST's iaf_psc_exp (Rotter and Diesmann 1999, doi:10.1007/s004220050570). It is 1 +
// Refractory/dt steps from a spike to the next at least.
func (l LIF) formula(b *graph.Builder, name string, x *G.Node) Neurons {
	n := width(b, "LIF", name, x)
	k := wholeSteps(b, "LIF", name, "Refractory", l.Refractory)
	s := spiking{"lif, refractory", name, l.Recurrent, l.RecInit, l.RecMask, l.Initial, l.Surrogate, ops.Firing{}, l.Sharpness}
	synapse := !l.TauSyn.IsZero()
	membrane, logMem := l.TauMem.or(20e-3).leakOf(b, name, "tau_mem", n, synapse)
	p := []*G.Node{membrane, l.VTh.or(1).positive(b, name, "v_th", n), resetValue(b, "LIF", name, l.Reset, l.VReset, n)}
	states, names := []string{"vmem", "refractory"}, []string{"alpha", "v_th", "v_reset"}
	if synapse {
		names[0] = "gain_mem"
		beta, logSyn := l.TauSyn.decayOf(b, name, "tau_syn", n)
		p, states, names = append(p, beta), append(states, "isyn"), append(names, "beta")
		if !l.Hold {
			if l.Recurrent {
				b.Fail(fmt.Errorf("%w: LIF %q: recurrent with TauSyn, Refractory or Sharpness needs Hold", ErrParameter, name))
			}
			x = b.Check(ops.ScaleUnits(x, heldCurrent(b, name, n, l.TauMem.or(20e-3), l.TauSyn, logMem, logSyn)))
		}
	} else if l.Hold {
		b.Fail(fmt.Errorf("%w: LIF %q: Hold without TauSyn has no effect", ErrParameter, name))
	}
	p = s.widened(b, n, p)
	f := s.newFormula(p, len(states), names...)
	leak, vth := f.param(0), f.param(1)
	resting := f.atLeast(f.state(1), 0.5)
	isyn, v := term(0), term(0)
	if synapse {
		isyn = f.add(f.mul(f.param(3), f.state(2)), f.x())
		v = f.add(f.state(0), f.mul(leak, f.sub(isyn, f.state(0))))
	} else {
		v = f.add(f.mul(leak, f.state(0)), f.x())
	}
	v = f.mix(resting, v, f.state(0))
	spikes := f.mul(f.not(resting), s.fire(b, f, f.sub(v, vth)))
	after := f.reset(v, spikes, vth, f.param(2), l.Reset, l.DetachReset)
	left := f.add(f.max(f.affine(f.state(1), 1, -1), 0), f.affine(spikes, k, 0))
	next := []term{after, left}
	if synapse {
		next = append(next, isyn)
	}
	f.end([]term{spikes, v}, next...)
	return s.apply(b, x, f, p, states...)
}
