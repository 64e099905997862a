package models

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/surrogate"
)

// Reset says what a spike does to the membrane voltage.
type Reset int

const (
	// SubtractThreshold lowers the voltage by the threshold.
	SubtractThreshold Reset = iota
	// ToValue sets the voltage to VReset.
	ToValue
)

// LIF is a layer of leaky integrate-and-fire neurons, in discrete time with the
// exact decay of the exponentials. With the current x[t] of the step, voltage v and
// synaptic current i of the neuron:
//
//	x'[t] = x[t] + s[t-1]·w_rec                     (if Recurrent)
//	delta synapse (TauSyn not set):
//	  v⁻[t] = α v[t-1] + x'[t]                       α = exp(-dt/TauMem)
//	current-based synapse (TauSyn set):
//	  i[t]  = β i[t-1] + c x'[t]                     β = exp(-dt/TauSyn)
//	  v⁻[t] = v[t-1] + (1-α) (i[t] - v[t-1])         1-α by expm1
//	  c = 1 with Hold, else that of ops.HeldCurrent
//	s[t]  = H(v⁻[t] - VTh)
//	v[t]  = v⁻[t] - VTh s[t]                         (SubtractThreshold)
//	      = v⁻[t] + s[t] (VReset - v⁻[t])            (ToValue)
//
// x'[t] is a current, or charge, that arrives at the beginning of step t. With a synaptic current
// v⁻ is, at the end of the step, that of package eventprop for spikes on the grid: (1-α) c is the
// exact propagator from the current to the voltage, and the state isyn is the current that would do
// the same if it were held for the step, c times that at its beginning. With Hold the current does
// not decay within a step, as in most simulators: the largest voltage after one spike is 10 %
// larger for 20 ms, 5 ms and steps of 1 ms.
//
// H(0) is 0: a neuron spikes above the threshold, see package surrogate.
//
// The leak is to 0. H is differentiated by the surrogate. States: vmem, and isyn and
// spikes where they exist. Source of the equations: Neftci, Mostafa & Zenke 2019,
// doi:10.1109/MSP.2019.2931595.
//
// Parameters, where they are learned: name/log_tau_mem, name/log_tau_syn, name/log_v_th (natural
// logarithms), name/v_reset, name/w_rec.
type LIF struct {
	TauMem Value // membrane time constant, s; default Fixed(20e-3); Fixed(+Inf): no leak, without TauSyn
	TauSyn Value // synaptic time constant, s; zero value: delta synapse
	// Hold holds the synaptic current over a step, c = 1.
	Hold   bool
	VTh    Value // threshold; default Fixed(1)
	Reset  Reset
	VReset Value // voltage after a spike with ToValue; default Fixed(0)
	// DetachReset stops the gradient that flows through the spikes in the reset.
	DetachReset bool
	// Refractory is the absolute refractory time after a spike in s, a whole number of steps, in
	// which the voltage stays and nothing is fired; it adds the state refractory, the steps that
	// are left, behind vmem. Zero: none.
	Refractory float64
	// Recurrent adds weights w_rec [N, N] from the spikes of the step before,
	// w_rec[pre][post].
	Recurrent bool
	// RecInit initialises w_rec; nil means FanIn(0, 0.5).
	RecInit graph.Init
	// RecMask, where it is not nil, holds a 0 or 1 for each element of w_rec.
	RecMask []float64
	// Initial is the state before the first step, nodes [B, N] in the order vmem,
	// isyn, spikes of those that exist. Nil leaves it to the program: rest, or
	// what graph.Program.SetState says.
	Initial []*G.Node
	// Surrogate stands in for the derivative of the spike; nil means
	// surrogate.FastSigmoid{}.
	Surrogate surrogate.Surrogate
	// Sharpness, where it is not nil, is a node [N] of positive factors of x in the surrogate,
	// ds/dx := k S'(k x), which changes no spike: an input, which the program sets before each run,
	// anneals the width (wide at first, narrow at last), and a parameter is learned, for example
	// ops.Exp of one, so that it stays positive.
	Sharpness *G.Node
}

// Neurons is what a layer of spiking neurons gives out.
type Neurons struct {
	Spikes *G.Node   // [T, B, N], 0 or 1
	Vmem   *G.Node   // [T, B, N], voltage before the reset, v⁻
	Final  []*G.Node // state after the last step, each [B, N], in the order of Initial
}

// Apply adds the layer for a current x [T, B, N].
func (l LIF) Apply(b *graph.Builder, name string, x *G.Node) Neurons {
	if x.Dims() != 3 {
		b.Fail(fmt.Errorf("%w: LIF %q: current of shape %v, want [T, B, N]", ErrParameter, name, x.Shape()))
	}
	if l.Refractory != 0 || l.Sharpness != nil {
		return l.formula(b, name, x)
	}
	c, p, held := l.build(b, name, x.Shape()[2])
	if held != nil {
		x = b.Check(ops.ScaleUnits(x, held))
	}
	out, final := b.Scan(name, c, []*G.Node{x}, p)
	return l.result(out, final)
}

// cell returns the cell of n neurons and its parameters, for [Couple].
func (l LIF) cell(b *graph.Builder, name string, n int) (graph.Fused, []*G.Node) {
	if l.Refractory != 0 || l.Sharpness != nil {
		b.Fail(fmt.Errorf("%w: LIF %q: coupled to synapses, it has no Refractory and no Sharpness", ErrParameter, name))
	}
	c, p, held := l.build(b, name, n)
	if held != nil {
		b.Fail(fmt.Errorf("%w: LIF %q: coupled to synapses, TauSyn needs Hold", ErrParameter, name))
	}
	return c, p
}

// build returns the cell of n neurons, its parameters, and the factor of the current where it is
// not held over a step.
func (l LIF) build(b *graph.Builder, name string, n int) (c lifCell, p []*G.Node, held *G.Node) {
	c = lifCell{
		n:         n,
		synapse:   !l.TauSyn.IsZero(),
		toValue:   l.Reset == ToValue,
		detach:    l.DetachReset,
		recurrent: l.Recurrent,
		surrogate: l.Surrogate,
	}
	if c.surrogate == nil {
		c.surrogate = surrogate.FastSigmoid{}
	}
	if err := surrogate.Check(c.surrogate); err != nil {
		b.Fail(fmt.Errorf("%w: LIF %q: %w", ErrParameter, name, err))
	}
	leak, logMem := l.TauMem.or(20e-3).leakOf(b, name, "tau_mem", n, c.synapse)
	p = []*G.Node{leak, l.VTh.or(1).positive(b, name, "v_th", n)}
	if c.synapse {
		beta, logSyn := l.TauSyn.decayOf(b, name, "tau_syn", n)
		p = append(p, beta)
		if !l.Hold {
			held = heldCurrent(b, name, n, l.TauMem.or(20e-3), l.TauSyn, logMem, logSyn)
		}
	} else if l.Hold {
		b.Fail(fmt.Errorf("%w: LIF %q: Hold without TauSyn has no effect", ErrParameter, name))
	}
	if c.toValue {
		p = append(p, l.VReset.or(0).real(b, name+"/v_reset", n))
	} else if !l.VReset.IsZero() {
		b.Fail(fmt.Errorf("%w: LIF %q: VReset without Reset: ToValue has no effect", ErrParameter, name))
	}
	if c.recurrent {
		init := l.RecInit
		if init == nil {
			init = FanIn(0, 0.5)
		}
		w := weights(b, name+"/w_rec", init, l.RecMask, n, n)
		if held != nil {
			w = b.Check(ops.ScaleUnits(w, held))
		}
		p = append(p, w)
	} else if l.RecInit != nil || l.RecMask != nil {
		b.Fail(fmt.Errorf("%w: LIF %q: RecInit or RecMask without Recurrent has no effect", ErrParameter, name))
	}
	c.initial = initial(b, name, l.Initial, c.State())
	return c, p, held
}

// leaked adds the voltage after a step without spikes: it decays by the factor leak and takes the
// current in, or goes the part leak of the way to the synaptic current i, if there is one.
func leaked(b *graph.Builder, leak, v, i, current *G.Node) *G.Node {
	if i == nil {
		return b.Check(G.Add(b.Check(G.HadamardProd(leak, v)), current))
	}
	return b.Check(G.Add(v, b.Check(G.HadamardProd(leak, b.Check(G.Sub(i, v))))))
}

func (LIF) result(out, final []*G.Node) Neurons {
	return Neurons{Spikes: out[0], Vmem: out[1], Final: final}
}

// initial checks that there is one initial state per state variable, or none.
func initial(b *graph.Builder, name string, given []*G.Node, specs []graph.StateSpec) []*G.Node {
	if given != nil && len(given) != len(specs) {
		b.Fail(fmt.Errorf("%w: %q: %d initial states, want %d", ErrParameter, name, len(given), len(specs)))
	}
	return given
}

// states describes state variables [B, n] with these names.
func states(n int, initial []*G.Node, names ...string) []graph.StateSpec {
	s := make([]graph.StateSpec, len(names))
	for i, name := range names {
		s[i] = graph.StateSpec{Name: name, Width: n}
		if initial != nil {
			s[i].Initial = initial[i]
		}
	}
	return s
}

// lifCell is one step of LIF. Its parameters are, in this order: alpha, or 1 - alpha where there is
// a synaptic current, v_th, and where they exist beta, v_reset, w_rec; its states vmem, and where
// they exist isyn, spikes.
type lifCell struct {
	n                                   int
	synapse, toValue, detach, recurrent bool
	initial                             []*G.Node
	surrogate                           surrogate.Surrogate
}

func (lifCell) Kind() string      { return "lif" }
func (lifCell) Outputs() []string { return []string{"spikes", "vmem"} }

func (c lifCell) State() []graph.StateSpec {
	names := []string{"vmem"}
	if c.synapse {
		names = append(names, "isyn")
	}
	if c.recurrent {
		names = append(names, "spikes")
	}
	return states(c.n, c.initial, names...)
}

func (c lifCell) Step(b *graph.Builder, x, params, state []*G.Node) (out, next []*G.Node) {
	take := func(list *[]*G.Node, have bool) *G.Node {
		if !have {
			return nil
		}
		n := (*list)[0]
		*list = (*list)[1:]
		return n
	}
	leak, vth := take(&params, true), take(&params, true)
	beta, vreset, wrec := take(&params, c.synapse), take(&params, c.toValue), take(&params, c.recurrent)
	v, i, s := take(&state, true), take(&state, c.synapse), take(&state, c.recurrent)

	current := x[0]
	if c.recurrent {
		current = b.Check(G.Add(current, b.Check(G.Mul(s, wrec))))
	}
	if c.synapse {
		i = b.Check(G.Add(b.Check(G.HadamardProd(beta, i)), current))
	}
	v = leaked(b, leak, v, i, current)
	spikes := Spike(b, b.Check(G.Sub(v, vth)), c.surrogate)
	reset := spikes
	if c.detach {
		reset = b.Check(ops.Detach(spikes))
	}
	var after *G.Node
	if c.toValue {
		after = b.Check(G.Add(v, b.Check(G.HadamardProd(reset, b.Check(G.Sub(vreset, v))))))
	} else {
		after = b.Check(G.Sub(v, b.Check(G.HadamardProd(vth, reset))))
	}
	next = []*G.Node{after}
	if c.synapse {
		next = append(next, i)
	}
	if c.recurrent {
		next = append(next, spikes)
	}
	return []*G.Node{spikes, v}, next
}

// Spike adds the spikes of neurons that stand at x above threshold: [ops.Spike], or
// [ops.SmoothSpike] in a program that is a smoothed twin. Cells use it so that
// finite differences can check them.
func Spike(b *graph.Builder, x *G.Node, s surrogate.Surrogate) *G.Node {
	if b.Twin() {
		return b.Check(ops.SmoothSpike(x, s))
	}
	return b.Check(ops.Spike(x, s))
}
