package models

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/ops"
)

// LI is a layer of leaky integrators that do not spike, the usual readout:
//
//	delta synapse (TauSyn not set):   v[t] = α v[t-1] + x[t]             α = exp(-dt/TauMem)
//	current-based (TauSyn set):       i[t] = β i[t-1] + c x[t]           β = exp(-dt/TauSyn)
//	                                  v[t] = v[t-1] + (1-α) (i[t] - v[t-1])    1-α by expm1
//	                                  c = 1 with Hold, else that of ops.HeldCurrent
//
// States: vmem, and isyn where it exists. Parameters, where they are learned:
// name/log_tau_mem, name/log_tau_syn. Source: the equations of [LIF] below the threshold, Neftci,
// Mostafa & Zenke 2019, doi:10.1109/MSP.2019.2931595.
type LI struct {
	TauMem Value // membrane time constant, s; default Fixed(20e-3)
	TauSyn Value // synaptic time constant, s; zero value: delta synapse
	// Hold holds the synaptic current over a step, as in [LIF].
	Hold bool
	// Initial is the state before the first step, nodes [B, N]: vmem, and isyn where
	// it exists. Nil leaves it to the program, as in [LIF].
	Initial []*G.Node
}

// Readout is what a layer of leaky integrators gives out.
type Readout struct {
	Vmem  *G.Node   // [T, B, N]
	Final []*G.Node // state after the last step, each [B, N], in the order of Initial
}

// Apply adds the layer for a current x [T, B, N].
func (l LI) Apply(b *graph.Builder, name string, x *G.Node) Readout {
	if x.Dims() != 3 {
		b.Fail(fmt.Errorf("%w: LI %q: current of shape %v, want [T, B, N]", ErrParameter, name, x.Shape()))
	}
	n := x.Shape()[2]
	c := liCell{n: n, synapse: !l.TauSyn.IsZero()}
	leak, logMem := l.TauMem.or(20e-3).leakOf(b, name, "tau_mem", n, c.synapse)
	p := []*G.Node{leak}
	if c.synapse {
		beta, logSyn := l.TauSyn.decayOf(b, name, "tau_syn", n)
		p = append(p, beta)
		if !l.Hold {
			x = b.Check(ops.ScaleUnits(x, heldCurrent(b, name, n, l.TauMem.or(20e-3), l.TauSyn, logMem, logSyn)))
		}
	}
	c.initial = initial(b, name, l.Initial, c.State())
	out, final := b.Scan(name, c, []*G.Node{x}, p)
	return Readout{Vmem: out[0], Final: final}
}

type liCell struct {
	n       int
	synapse bool
	initial []*G.Node
}

func (liCell) Kind() string      { return "li" }
func (liCell) Outputs() []string { return []string{"vmem"} }

func (c liCell) State() []graph.StateSpec {
	if c.synapse {
		return states(c.n, c.initial, "vmem", "isyn")
	}
	return states(c.n, c.initial, "vmem")
}

func (c liCell) Step(b *graph.Builder, x, params, state []*G.Node) (out, next []*G.Node) {
	var i *G.Node
	if c.synapse {
		i = b.Check(G.Add(b.Check(G.HadamardProd(params[1], state[1])), x[0]))
		next = append(next, i)
	}
	v := leaked(b, params[0], state[0], i, x[0])
	return []*G.Node{v}, append([]*G.Node{v}, next...)
}

func (c liCell) Kernel(*graph.Builder) ops.Kernels {
	return ops.Kernels{Float32: &liKernel[float32]{liCell: c}, Float64: &liKernel[float64]{liCell: c}}
}
