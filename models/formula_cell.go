package models

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/ops"
)

// formulaCell is a layer of n neurons of a formula. Where recurrent is set, the last parameter is
// w_rec [N, N] and the last state the spikes of the step before, of which the formula knows
// nothing: they meet the weights outside of it, and it sees the sum as its input. Its first output
// is the spikes.
type formulaCell struct {
	kind      string
	n         int
	f         *formula
	states    []string
	outputs   []string
	recurrent bool
	initial   []*G.Node
}

func (c formulaCell) Kind() string      { return c.kind }
func (c formulaCell) Outputs() []string { return c.outputs }

func (c formulaCell) State() []graph.StateSpec {
	names := c.states
	if c.recurrent {
		names = append(append([]string{}, names...), "spikes")
	}
	return states(c.n, c.initial, names...)
}

func (c formulaCell) Step(b *graph.Builder, x, params, state []*G.Node) (out, next []*G.Node) {
	current := x[0]
	if c.recurrent {
		last, w := len(state)-1, len(params)-1
		current = b.Check(G.Add(current, b.Check(G.Mul(state[last], params[w]))))
		state, params = state[:last], params[:w]
	}
	v := c.f.nodes(b, current, params, state)
	for _, t := range c.f.outputs {
		out = append(out, v[t])
	}
	for _, t := range c.f.next {
		next = append(next, v[t])
	}
	if c.recurrent {
		next = append(next, v[c.f.feedback])
	}
	return out, next
}

func (c formulaCell) Kernel(b *graph.Builder) ops.Kernels {
	return ops.Kernels{
		Float32: &formulaKernel[float32]{formulaCell: c, twin: b.Twin()},
		Float64: &formulaKernel[float64]{formulaCell: c, twin: b.Twin()},
	}
}

// recurrence adds the weights of a recurrent layer to its parameters.
func recurrence(b *graph.Builder, kind, name string, recurrent bool, init graph.Init, mask []float64, n int, p []*G.Node) []*G.Node {
	if !recurrent {
		if init != nil || mask != nil {
			b.Fail(fmt.Errorf("%w: %s %q: RecInit or RecMask without Recurrent has no effect", ErrParameter, kind, name))
		}
		return p
	}
	if init == nil {
		init = FanIn(0, 0.5)
	}
	return append(p, weights(b, name+"/w_rec", init, mask, n, n))
}

// apply adds the layer to a sequence x [T, B, N].
func (c formulaCell) apply(b *graph.Builder, name string, x *G.Node, p []*G.Node, given []*G.Node) (out, final []*G.Node) {
	c.initial = initial(b, name, given, c.State())
	return b.Scan(name, c, []*G.Node{x}, p)
}

// width returns N of a sequence [T, B, N], or ends the build.
func width(b *graph.Builder, kind, name string, x *G.Node) int {
	if x == nil || x.Dims() != 3 {
		b.Fail(fmt.Errorf("%w: %s %q: want a current [T, B, N]", ErrParameter, kind, name))
	}
	return x.Shape()[2]
}
