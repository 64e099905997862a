package models

import (
	"fmt"
	"math"
	"slices"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/ops"
)

// Value is a parameter of the neurons of a layer: one number for all or one for
// each, fixed or learned. The zero value stands for the default of the field.
type Value struct {
	v         []float64
	learned   bool
	perNeuron bool
}

// Fixed returns a parameter that is not trained. One number is shared by all neurons;
// otherwise there must be one for each.
func Fixed(v ...float64) Value { return Value{v: v} }

// Learned returns a parameter that is trained from the given start. One number is
// learned as one parameter that all neurons share (see [Value.PerNeuron]); otherwise
// there must be one for each.
func Learned(v ...float64) Value { return Value{v: v, learned: true} }

// PerNeuron returns v with a parameter of its own for each neuron, all starting at the
// same number.
func (v Value) PerNeuron() Value {
	v.perNeuron = true
	return v
}

// IsZero says whether v is the zero value.
func (v Value) IsZero() bool { return len(v.v) == 0 }

func (v Value) or(def float64) Value {
	if v.IsZero() {
		return Value{v: []float64{def}, learned: v.learned, perNeuron: v.perNeuron}
	}
	return v
}

// spread returns one number per neuron.
func (v Value) spread(b *graph.Builder, name string, n int) []float64 {
	if len(v.v) != 1 && len(v.v) != n {
		b.Fail(fmt.Errorf("%w: %s has %d values, want 1 or %d, one per neuron", ErrParameter, name, len(v.v), n))
	}
	if len(v.v) == n {
		return v.v
	}
	s := make([]float64, n)
	for i := range s {
		s[i] = v.v[0]
	}
	return s
}

// real returns the parameter as a node [n]; it may have any finite value.
func (v Value) real(b *graph.Builder, name string, n int) *G.Node {
	for i, x := range v.v {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			b.Fail(fmt.Errorf("%w: %s[%d] = %v, want a finite number", ErrParameter, name, i, x))
		}
	}
	if !v.learned {
		return b.Const(name, v.spread(b, name, n), n)
	}
	return v.param(b, name, n, v.v)
}

// positive returns the parameter as a node [n]; learned, it is kept as a logarithm, and is the
// number that it starts with until it is trained.
func (v Value) positive(b *graph.Builder, layer, name string, n int) *G.Node {
	v.checkPositive(b, layer+"/"+name)
	if !v.learned {
		return b.Const(layer+"/"+name, v.spread(b, layer+"/"+name, n), n)
	}
	return b.Check(ops.ExpFrom(v.param(b, layer+"/log_"+name, n, logs(v.v)), v.spread(b, layer+"/"+name, n)))
}

// decay returns exp(-dt/tau) of a time constant in seconds as a node [n]; learned, ln(tau) is
// the parameter.
func (v Value) decay(b *graph.Builder, layer, name string, n int) *G.Node {
	d, _ := v.decayOf(b, layer, name, n)
	return d
}

// decayOf is decay with the node of ln(tau), where that is the parameter; else nil. A time constant
// that is not learned may be infinite: nothing decays.
func (v Value) decayOf(b *graph.Builder, layer, name string, n int) (decay, log *G.Node) {
	full := layer + "/" + name
	if v.learned {
		v.checkPositive(b, full)
		log = v.param(b, layer+"/log_"+name, n, logs(v.v))
		return b.Check(ops.Decay(log, b.Dt())), log
	}
	for i, x := range v.v {
		if !(x > 0) {
			b.Fail(fmt.Errorf("%w: %s[%d] = %v, want a positive number", ErrParameter, full, i, x))
		}
	}
	tau := v.spread(b, full, n)
	a := make([]float64, n)
	for i, t := range tau {
		a[i] = fmath.Exp(-b.Dt() / t)
	}
	return b.Const(full, a, n), nil
}

// leakOf is decayOf of a membrane, or, where a synaptic current drives it, 1 - exp(-dt/tau): the
// part of the way to the current that the voltage goes in a step. Such a membrane must have a leak,
// as the current acts through dt/tau alone.
func (v Value) leakOf(b *graph.Builder, layer, name string, n int, synapse bool) (leak, log *G.Node) {
	if !synapse {
		return v.decayOf(b, layer, name, n)
	}
	full := layer + "/" + name
	if slices.ContainsFunc(v.v, func(tau float64) bool { return math.IsInf(tau, 1) }) {
		b.Fail(fmt.Errorf("%w: %s = +Inf, want a finite number: what drives it acts by dt/tau, which is 0 (without a synaptic current +Inf is allowed)", ErrParameter, full))
	}
	v.checkPositive(b, full)
	if v.learned {
		log = v.param(b, layer+"/log_"+name, n, logs(v.v))
		return b.Check(ops.Approach(log, b.Dt())), log
	}
	gain := slices.Clone(v.spread(b, full, n))
	for i, tau := range gain {
		gain[i] = -fmath.Expm1(-b.Dt() / tau)
	}
	return b.Const(full, gain, n), nil
}

// heldCurrent returns the factor of ops.HeldCurrent for n neurons with these time constants, of
// which log are the nodes of those that are learned.
func heldCurrent(b *graph.Builder, layer string, n int, mem, syn Value, logMem, logSyn *G.Node) *G.Node {
	constant := func(v Value, name string, log *G.Node) *G.Node {
		if log != nil {
			return log
		}
		v.checkPositive(b, layer+"/"+name)
		return b.Const(layer+"/log_"+name, logs(v.spread(b, layer+"/"+name, n)), n)
	}
	return b.Check(ops.HeldCurrent(constant(mem, "tau_mem", logMem), constant(syn, "tau_syn", logSyn), b.Dt()))
}

// param adds the trained parameter, with the values start, and spreads it to [n].
func (v Value) param(b *graph.Builder, name string, n int, start []float64) *G.Node {
	if v.perNeuron || len(start) == n {
		start = Value{v: start}.spread(b, name, n)
		return b.Param(name, Values(start), n)
	}
	if len(start) != 1 {
		v.spread(b, name, n) // fails with the numbers
	}
	return b.Check(ops.Spread(b.Param(name, Values(start), 1), n))
}

func (v Value) checkPositive(b *graph.Builder, name string) {
	for i, x := range v.v {
		if !(x > 0) || math.IsInf(x, 0) {
			b.Fail(fmt.Errorf("%w: %s[%d] = %v, want a positive number", ErrParameter, name, i, x))
		}
	}
}

func logs(v []float64) []float64 {
	l := make([]float64, len(v))
	for i, x := range v {
		l[i] = fmath.Log(x)
	}
	return l
}
