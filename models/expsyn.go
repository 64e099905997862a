package models

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/ops"
)

// ExpSyn is a layer of exponential synapses, one per channel. The input of a step is
// added first, with its noise, and decays with the current in its own step already:
//
//	i[t] = β (i[t-1] + x[t] + σ sqrt(dt) ζ[t])        β = exp(-dt/TauSyn)
//
// ζ are independent standard normal numbers: without input and decay, σ would be the
// standard deviation of i after 1 s. They are an input of the program (see Noise), and the
// gradient with respect to σ is that for given ζ (reparameterised). State: isyn. Source:
// ExpSynJax of Rockpool 3.1, whose code, other than its documentation, adds the noise
// before the decay.
//
// Parameters, where they are learned: name/log_tau_syn and name/log_noise_std (natural
// logarithms: both stay positive).
type ExpSyn struct {
	TauSyn   Value // synaptic time constant, s; default Fixed(10e-3)
	NoiseStd Value // σ, in units of the input per sqrt(s), > 0; zero value: no noise
	// Noise is ζ [T, B, N], an input of the program that is filled before each run
	// ([DrawNormal]), or any other node. It goes with NoiseStd: one without
	// the other is an error.
	Noise *G.Node
	// Initial is the state before the first step, one node [B, N]: isyn. Nil leaves it to the
	// program: zeros, or what graph.Program.SetState says.
	Initial []*G.Node
}

// Synapses is what a layer of exponential synapses gives out.
type Synapses struct {
	Isyn  *G.Node   // [T, B, N], after the decay
	Final []*G.Node // isyn after the last step, [B, N], of every row of the batch
}

// Apply adds the layer for an input x [T, B, N].
func (l ExpSyn) Apply(b *graph.Builder, name string, x *G.Node) Synapses {
	if x.Dims() != 3 {
		b.Fail(fmt.Errorf("%w: ExpSyn %q: input of shape %v, want [T, B, N]", ErrParameter, name, x.Shape()))
	}
	n := x.Shape()[2]
	c := expSynCell{n: n, noise: !l.NoiseStd.IsZero()}
	xs, p := []*G.Node{x}, []*G.Node{l.TauSyn.or(10e-3).decay(b, name, "tau_syn", n)}
	if c.noise != (l.Noise != nil) {
		b.Fail(fmt.Errorf("%w: ExpSyn %q: NoiseStd and Noise go together, found one without the other", ErrParameter, name))
	}
	if c.noise {
		if !l.Noise.Shape().Eq(x.Shape()) {
			b.Fail(fmt.Errorf("%w: ExpSyn %q: noise of shape %v, want %v as the input", ErrParameter, name, l.Noise.Shape(), x.Shape()))
		}
		xs = append(xs, l.Noise)
		p = append(p, b.Check(ops.Affine(l.NoiseStd.positive(b, name, "noise_std", n), math.Sqrt(b.Dt()), 0)))
	}
	c.initial = initial(b, name, l.Initial, c.State())
	out, final := b.Scan(name, c, xs, p)
	return Synapses{Isyn: out[0], Final: final}
}

// expSynCell is one step of ExpSyn. Its inputs are x and perhaps ζ, its parameters β and
// perhaps σ sqrt(dt).
type expSynCell struct {
	n       int
	noise   bool
	initial []*G.Node
}

func (expSynCell) Kind() string               { return "expsyn" }
func (expSynCell) Outputs() []string          { return []string{"isyn"} }
func (c expSynCell) State() []graph.StateSpec { return states(c.n, c.initial, "isyn") }

func (c expSynCell) Step(b *graph.Builder, x, params, state []*G.Node) (out, next []*G.Node) {
	input := x[0]
	if c.noise {
		input = b.Check(G.Add(input, b.Check(G.HadamardProd(params[1], x[1]))))
	}
	i := b.Check(G.HadamardProd(b.Check(G.Add(state[0], input)), params[0]))
	return []*G.Node{i}, []*G.Node{i}
}
