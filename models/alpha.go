package models

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/ops"
)

// AlphaRule says how the equations of an alpha synapse are taken from continuous time
// to steps of dt. All rules are of one form,
//
//	h[t] = a h[t-1] + GSynBar·o[t]
//	g[t] = a g[t-1] + c h'             h' = h[t], or h[t-1] with AlphaExact
//
// where o[t] is the sum of the weighted pulses of the step.
type AlphaRule int

const (
	// AlphaEulerDt is the rule of ngc-learn's code, Euler's with h/dt in the equation of g,
	//
	//	a = 1 - dt/τ,   c = 1
	//
	// so that g grows by all of h in each step: the peak after one pulse, about GSynBar·τ/(e·dt),
	// depends on dt.
	AlphaEulerDt AlphaRule = iota
	// AlphaEulerTau is Euler's rule for the equations that ngc-learn documents,
	//
	//	τ dh/dt = -h + τ·GSynBar·Σ δ,   τ dg/dt = -g + h
	//	a = 1 - dt/τ,   c = dt/τ
	//
	// The peak after one pulse is about GSynBar/e for dt much smaller than τ.
	AlphaEulerTau
	// AlphaExact solves the documented equations exactly, with the pulses of step t at its time:
	//
	//	a = exp(-dt/τ),   c = a dt/τ,   h' = h[t-1]
	//
	// k steps after a single pulse g = GSynBar (k dt/τ) exp(-k dt/τ), whatever dt is.
	AlphaExact
)

// AlphaSynapse connects in inputs to Out neurons by synapses whose conductance follows an alpha
// function. With the weights W [in, Out] and the input x[t]:
//
//	o[t] = x[t]·W
//	h[t] = (1 - dt/τ) h[t-1] + GSynBar·o[t]             (or another Rule)
//	g[t] = (1 - dt/τ) g[t-1] + h[t]
//	i[t] = -ResistScale·g[t]                            (SynRest not set)
//	     = -ResistScale·g[t]·(v[t] - SynRest)           (SynRest set)
//	y[t] = i[t] + bias
//
// with τ = TauDecay, v[t] the voltage of the post-synaptic neuron that the synapse sees in
// this step. Without SynRest a pulse over a positive weight gives a negative current.
// States: h_syn, g_syn. Source: AlphaSynapse of ngc-learn 3.2, which counts time in
// milliseconds; surge counts it in seconds. Only dt/τ matters. For τ < dt/2 Euler's rules
// diverge.
//
// In ngc-learn, biases have no effect, and non-plastic synapses, its default, forget their mask.
//
// Parameters: name/w, and where they exist name/bias; where they are learned
// name/log_tau_decay (natural logarithm), name/g_syn_bar, name/resist_scale,
// name/syn_rest, one for each of the Out neurons.
type AlphaSynapse struct {
	Out         int       // post-synaptic neurons
	TauDecay    Value     // time constant τ of h and g, s; default Fixed(5e-3)
	GSynBar     Value     // conductance that a pulse adds to h; default Fixed(1)
	ResistScale Value     // factor of the current; default Fixed(1)
	SynRest     Value     // reversal potential, in units of v; zero value: the current does not depend on v
	Rule        AlphaRule // discretisation

	// V is the post-synaptic voltage, a node [T, B, Out]. It goes with SynRest. For the
	// voltage of a layer that the synapses drive themselves, use [Couple].
	V *G.Node

	// Nonplastic makes W a constant matrix of ones (times Mask), and no parameter.
	Nonplastic bool
	// Init initialises W; nil means FanIn(0, 1).
	Init graph.Init
	// Mask, where it is not nil, holds a 0 or 1 for each element of W, row-major: connections
	// that do not exist and that learning never revives. ngc-learn's p_conn is [SparseMask].
	Mask []float64
	// Bias adds a learned bias [Out], zero at first, to the current.
	Bias bool

	// Initial is the state before the first step, two nodes [B, Out]: h_syn, g_syn. Nil
	// leaves it to the program: zeros, or what graph.Program.SetState says.
	Initial []*G.Node
}

// AlphaCurrents is what a layer of alpha synapses gives out.
type AlphaCurrents struct {
	Isyn  *G.Node   // [T, B, Out], the current with its bias
	G     *G.Node   // [T, B, Out], conductance
	H     *G.Node   // [T, B, Out], its intermediate variable
	Final []*G.Node // state after the last step, each [B, Out], in the order of Initial
}

// Apply adds the layer for an input x [T, B, in].
func (l AlphaSynapse) Apply(b *graph.Builder, name string, x *G.Node) AlphaCurrents {
	xs := []*G.Node{l.drive(b, name, x)}
	c, p := l.cell(b, name)
	if c.rest != (l.V != nil) {
		b.Fail(fmt.Errorf("%w: AlphaSynapse %q: SynRest and V go together, found one without the other", ErrParameter, name))
	}
	if c.rest {
		if !l.V.Shape().Eq(xs[0].Shape()) {
			b.Fail(fmt.Errorf("%w: AlphaSynapse %q: voltage of shape %v, want %v", ErrParameter, name, l.V.Shape(), xs[0].Shape()))
		}
		xs = append(xs, l.V)
	}
	out, final := b.Scan(name, c, xs, p)
	return c.result(out, final)
}

// drive adds the weighted sum o of the input.
func (l AlphaSynapse) drive(b *graph.Builder, name string, x *G.Node) *G.Node {
	if !l.Nonplastic {
		return Linear{Out: l.Out, Init: l.Init, Mask: l.Mask}.Apply(b, name+"/w", x)
	}
	if x.Dims() != 3 || l.Out <= 0 {
		b.Fail(fmt.Errorf("%w: AlphaSynapse %q: input of shape %v to %d outputs, want [T, B, N] and a positive number", ErrParameter, name, x.Shape(), l.Out))
	}
	if l.Init != nil {
		b.Fail(fmt.Errorf("%w: AlphaSynapse %q: Init of Nonplastic synapses has no effect", ErrParameter, name))
	}
	in := x.Shape()[2]
	ones := make([]float64, in*l.Out)
	for i := range ones {
		ones[i] = 1
	}
	w := b.Const(name+"/w", ones, in, l.Out)
	if l.Mask != nil {
		checkMask(b, name+"/w", l.Mask, in*l.Out)
		w = masked(b, name+"/w", l.Mask, w)
	}
	out, _ := b.Scan(name+"/w", linearCell{}, []*G.Node{x}, []*G.Node{w})
	return out[0]
}

// cell returns the cell of the synapses and its parameters.
func (l AlphaSynapse) cell(b *graph.Builder, name string) (alphaCell, []*G.Node) {
	if l.Rule < AlphaEulerDt || l.Rule > AlphaExact {
		b.Fail(fmt.Errorf("%w: AlphaSynapse %q: Rule %d, want 0..%d", ErrParameter, name, l.Rule, AlphaExact))
	}
	c := alphaCell{n: l.Out, rule: l.Rule, rest: !l.SynRest.IsZero(), bias: l.Bias}
	rate := l.TauDecay.or(5e-3).rate(b, name, "tau_decay", c.n)
	var p []*G.Node
	switch l.Rule {
	case AlphaEulerDt:
		p = append(p, b.Check(ops.Affine(rate, -1, 1)))
	case AlphaEulerTau:
		p = append(p, b.Check(ops.Affine(rate, -1, 1)), rate)
	case AlphaExact:
		a := b.Check(ops.Exp(b.Check(ops.Affine(rate, -1, 0))))
		p = append(p, a, b.Check(G.HadamardProd(a, rate)))
	}
	p = append(p, l.GSynBar.or(1).real(b, name+"/g_syn_bar", c.n), l.ResistScale.or(1).real(b, name+"/resist_scale", c.n))
	if c.rest {
		p = append(p, l.SynRest.real(b, name+"/syn_rest", c.n))
	}
	if c.bias {
		p = append(p, b.Param(name+"/bias", Constant(0), c.n))
	}
	c.initial = initial(b, name, l.Initial, c.State())
	return c, p
}

// rate returns dt/tau of a time constant in seconds as a node [n]; learned, ln(tau) is the
// parameter.
func (v Value) rate(b *graph.Builder, layer, name string, n int) *G.Node {
	full := layer + "/" + name
	v.checkPositive(b, full)
	if v.learned {
		log := v.param(b, layer+"/log_"+name, n, logs(v.v))
		return b.Check(ops.Exp(b.Check(ops.Affine(log, -1, fmath.Log(b.Dt())))))
	}
	r := make([]float64, n)
	for i, tau := range v.spread(b, full, n) {
		r[i] = b.Dt() / tau
	}
	return b.Const(full, r, n)
}

// alphaCell is one step of AlphaSynapse behind its weights. Its inputs are o and perhaps
// v; its parameters, in this order: a, c unless it is 1, g_syn_bar, resist_scale, and
// where they exist syn_rest, bias.
type alphaCell struct {
	n          int
	rule       AlphaRule
	rest, bias bool
	initial    []*G.Node
}

func (alphaCell) Kind() string               { return "alpha" }
func (alphaCell) Outputs() []string          { return []string{"isyn", "g_syn", "h_syn"} }
func (c alphaCell) State() []graph.StateSpec { return states(c.n, c.initial, "h_syn", "g_syn") }

func (alphaCell) result(out, final []*G.Node) AlphaCurrents {
	return AlphaCurrents{Isyn: out[0], G: out[1], H: out[2], Final: final}
}

// alphaIn names the inputs of a step, and those of the kernel.
type alphaIn[T any] struct{ o, v, a, c, gbar, scale, rest, bias, h0, g0 T }

func splitAlpha[T any](c alphaCell, in []T) (a alphaIn[T]) {
	next := func(have bool) (v T) {
		if have {
			v, in = in[0], in[1:]
		}
		return v
	}
	a.o, a.v = next(true), next(c.rest)
	a.a, a.c = next(true), next(c.rule != AlphaEulerDt)
	a.gbar, a.scale, a.rest, a.bias = next(true), next(true), next(c.rest), next(c.bias)
	a.h0, a.g0 = next(true), next(true)
	return a
}

func (c alphaCell) Step(b *graph.Builder, x, params, state []*G.Node) (out, next []*G.Node) {
	n := splitAlpha(c, append(append(append([]*G.Node{}, x...), params...), state...))
	mul := func(x, y *G.Node) *G.Node { return b.Check(G.HadamardProd(x, y)) }
	add := func(x, y *G.Node) *G.Node { return b.Check(G.Add(x, y)) }

	h := add(mul(n.a, n.h0), mul(n.gbar, n.o))
	rise := h
	if c.rule == AlphaExact {
		rise = n.h0
	}
	if c.rule != AlphaEulerDt {
		rise = mul(n.c, rise)
	}
	g := add(mul(n.a, n.g0), rise)
	i := b.Check(ops.Affine(mul(g, n.scale), -1, 0))
	if c.rest {
		i = mul(i, b.Check(G.Sub(n.v, n.rest)))
	}
	if c.bias {
		i = add(i, n.bias)
	}
	return []*G.Node{i, g, h}, []*G.Node{h, g}
}
