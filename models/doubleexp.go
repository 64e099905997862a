package models

import (
	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
)

// DoubleExp is a layer of synapses whose current rises and falls exponentially, of unit charge per
// unit of input:
//
//	d[t] = β d[t-1] + x[t]                 β = exp(-dt/TauDecay)
//	r[t] = γ r[t-1] + x[t]                 γ = exp(-dt/TauRise)
//	i[t] = (d[t] - r[t]) (1-β) (1-γ) / (β-γ)            1-β and 1-γ by expm1
//
// The sum of i over all steps after an input of 1 is 1. As TauRise comes near to TauDecay it is the
// alpha synapse ([AlphaSynapse]), but the two must differ. States: d, r. Parameters, where they are
// learned: name/log_tau_decay, name/log_tau_rise.
//
// Rotter and Diesmann 1999, doi:10.1007/s004220050570.
type DoubleExp struct {
	TauDecay Value // s; default Fixed(5e-3)
	TauRise  Value // s, another one; default Fixed(1e-3)
	// Initial is the state before the first step, nodes [B, N]: d, r. Nil leaves it to the program.
	Initial []*G.Node
}

// Currents is what a layer of synapses gives out.
type Currents struct {
	Isyn  *G.Node   // [T, B, N]
	Final []*G.Node // state after the last step, each [B, N], in the order of Initial
}

// Apply adds the layer for a sequence x [T, B, N].
func (l DoubleExp) Apply(b *graph.Builder, name string, x *G.Node) Currents {
	n := width(b, "DoubleExp", name, x)
	slow, _ := l.TauDecay.or(5e-3).leakOf(b, name, "tau_decay", n, true)
	fast, _ := l.TauRise.or(1e-3).leakOf(b, name, "tau_rise", n, true)
	p := []*G.Node{slow, fast}
	f := newFormula(len(p), 2, "gain_decay", "gain_rise")
	left := func(part, state term) term { return f.add(state, f.sub(f.x(), f.mul(part, state))) }
	d, r := left(f.param(0), f.state(0)), left(f.param(1), f.state(1))
	i := f.div(f.mul(f.sub(d, r), f.mul(f.param(0), f.param(1))), f.sub(f.param(1), f.param(0)))
	f.end([]term{i}, d, r)
	c := formulaCell{kind: "double_exp", n: n, f: f, states: []string{"d", "r"}, outputs: []string{"isyn"}}
	out, final := c.apply(b, name, x, p, l.Initial)
	return Currents{Isyn: out[0], Final: final}
}
