package graph

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/ops"
)

// Cell is one time step of a recurrent layer as a pure function: inputs, parameters
// and state go in, outputs and the next state come out. Written with Gorgonia's
// operations, it needs nothing more to be trained.
type Cell interface {
	// Kind names the model, as "lif"; it appears in reports and errors.
	Kind() string
	// State lists the state variables.
	State() []StateSpec
	// Outputs names what Step returns as out, as "spikes".
	Outputs() []string
	// Step adds the nodes of one time step. x are the inputs of this step, each
	// [B, N] for a sequence [T, B, N]; params are those given to [Builder.Scan],
	// a vector [N] as [B, N], anything else as it is; state are [B, Width].
	Step(b *Builder, x, params, state []*G.Node) (out, next []*G.Node)
}

// StateSpec describes one state variable of a cell.
type StateSpec struct {
	Name  string // as "vmem"
	Width int    // columns: the state has shape [B, Width]
	// Initial is the state before the first step, [B, Width]. Nil means an input
	// of the program: zeros, or what [Program.SetState] says.
	Initial *G.Node
}

// Fused is a Cell that also has a kernel for the whole sequence.
type Fused interface {
	Cell
	// Kernel returns the kernel. Its inputs are the sequences [T, B, N], the
	// parameters as they were given to Scan, and the initial states [B, Width], in this
	// order; its outputs are the output sequences [T, B, N] and the final
	// states [B, Width].
	Kernel(b *Builder) ops.Kernels
}

// Scan repeats the cell over the first axis of the sequences xs, each [T, B, ...] with
// the same T and B, and returns the outputs as sequences [T, B, ...] and the states
// after the last step, [B, Width]. params are handed to every step. The name must be
// unique in the program; the states are known as name/state.
//
// The graph has a handful of nodes with the fused engine; with the unrolled one,
// T times the nodes of a step, and about twice that for the gradient. A single step that is
// trained is always unrolled: a parameter of which only the next step would see something, as
// the voltage after a spike, has no gradient then, with either engine.
func (b *Builder) Scan(name string, c Cell, xs, params []*G.Node) (out, final []*G.Node) {
	b.claim("layer", name)
	if len(xs) == 0 {
		b.Failf("layer %q has no input", name)
	}
	s := xs[0].Shape()
	for i, x := range xs {
		if x.Dims() < 2 || x.Shape()[0] != s[0] || x.Shape()[1] != s[1] {
			b.Fail(fmt.Errorf("%w: layer %q: input %d has shape %v, want [T, B, ...] like input 0 with %v", ErrShape, name, i, x.Shape(), s))
		}
		if x.Dtype() != b.DType() {
			b.Fail(fmt.Errorf("%w: layer %q: input %d is %v in a program of %v", ErrShape, name, i, x.Dtype(), b.DType()))
		}
	}
	if b.settings.Scanned != nil {
		b.settings.Scanned(b, name, c, xs, params)
	}
	specs := c.State()
	state := make([]*G.Node, len(specs))
	slots := make([]stateSlot, len(specs))
	for i, spec := range specs {
		full := name + "/" + spec.Name
		b.claim("state", full)
		slots[i].final = &slot{name: full}
		if spec.Width <= 0 {
			b.Fail(fmt.Errorf("%w: state %q has width %d, want a positive number", ErrShape, full, spec.Width))
		}
		want := tensor.Shape{s[1], spec.Width}
		if spec.Initial != nil {
			if !sameShape(spec.Initial.Shape(), want) {
				b.Fail(fmt.Errorf("%w: initial state %q has shape %v, want %v", ErrShape, full, spec.Initial.Shape(), want))
			}
			state[i] = spec.Initial
			continue
		}
		in := &slot{name: full, value: zeros(b.DType(), want)}
		in.node = b.leaf(inputLeaf, full, in.value)
		slots[i].initial, state[i] = in, in.node
	}

	f, fused := c.(Fused)
	used := b.settings.Engine
	switch k := b.settings.Checkpoint; {
	case used == FusedEngine && fused && (s[0] > 1 || b.settings.NoGrad):
		out, final = b.fuse(name, f, xs, params, state)
	case k > 0 && k < s[0]:
		used = UnrolledEngine
		out, final = b.cut(name, c, xs, params, state)
	default:
		used = UnrolledEngine
		out, final = b.unroll(name, c, xs, params, state)
	}
	for i := range slots {
		b.checkState(slots[i].final.name, final[i], state[i].Shape())
		slots[i].final.node = final[i]
	}
	b.states = append(b.states, slots...)
	b.layers = append(b.layers, LayerReport{Name: name, Kind: c.Kind(), Steps: s[0], Engine: used, Fallback: used != b.settings.Engine})
	return out, final
}

func (b *Builder) fuse(name string, c Fused, xs, params, state []*G.Node) (out, final []*G.Node) {
	in := append(append(append([]*G.Node{}, xs...), params...), state...)
	wrt := make([]bool, len(in))
	for i, n := range in {
		wrt[i] = b.needsGrad(n)
	}
	b.enter(region{scan: len(b.layers), step: everyStep})
	all, err := ops.Apply(c.Kernel(b), wrt, in...)
	b.enter(region{scan: outside})
	if err != nil {
		b.Fail(fmt.Errorf("%w: layer %q: %w", ErrBuild, name, err))
	}
	n := len(c.Outputs())
	if len(all) != n+len(state) {
		b.Failf("layer %q: kernel has %d outputs, want %d outputs and %d final states", name, len(all), n, len(state))
	}
	b.fused[name] = all[0]
	return all[:n], all[n:]
}

func (b *Builder) unroll(name string, c Cell, xs, params, state []*G.Node) (out, final []*G.Node) {
	steps := make([][]*G.Node, len(xs))
	for i, x := range xs {
		steps[i] = b.Steps(x)
	}
	p := b.asRows(params, xs[0].Shape()[1])
	outputs := make([][]*G.Node, len(c.Outputs()))
	x := make([]*G.Node, len(xs))
	scan := len(b.layers)
	b.rehearse(scan, c, xs, p, state)
	for t := range steps[0] {
		for i := range xs {
			x[i] = steps[i][t]
		}
		b.enter(region{scan: scan, step: t})
		var o []*G.Node
		o, state = b.step(name, c, x, p, state)
		for i := range o {
			outputs[i] = append(outputs[i], o[i])
		}
	}
	b.enter(region{scan: outside})
	for _, s := range outputs {
		out = append(out, b.StackSteps(s))
	}
	return out, state
}

// asRows returns params with every vector [N] as [B, N].
func (b *Builder) asRows(params []*G.Node, rows int) []*G.Node {
	p := make([]*G.Node, len(params))
	for i, n := range params {
		p[i] = n
		if n.Dims() == 1 {
			p[i] = b.Check(ops.Rows(n, rows, n.Shape()[0]))
		}
	}
	return p
}

// step adds one time step and checks what the cell returns.
func (b *Builder) step(name string, c Cell, x, params, state []*G.Node) (out, next []*G.Node) {
	out, next = c.Step(b, x, params, state)
	if len(out) != len(c.Outputs()) || len(next) != len(state) {
		b.Failf("layer %q: step gave %d outputs and %d states, want %d and %d", name, len(out), len(next), len(c.Outputs()), len(state))
	}
	for i, n := range out {
		if n == nil {
			b.Failf("layer %q: output %q of a step is nil", name, c.Outputs()[i])
		}
	}
	for i, spec := range c.State() {
		b.checkState(name+"/"+spec.Name, next[i], state[i].Shape())
	}
	return out, next
}

// rehearse adds the nodes that are the same in every time step, those that depend on
// parameters alone: it makes a step with inputs that nobody reads, and the steps that
// follow find these nodes in the graph.
func (b *Builder) rehearse(scan int, c Cell, xs, params, state []*G.Node) {
	rows := func(n *G.Node) tensor.Shape { return n.Shape()[1:] }
	b.rehearseStep(scan, c, shapes(xs, rows), params, shapes(state, (*G.Node).Shape))
}

func shapes(nodes []*G.Node, of func(*G.Node) tensor.Shape) []tensor.Shape {
	s := make([]tensor.Shape, len(nodes))
	for i, n := range nodes {
		s[i] = of(n)
	}
	return s
}

func (b *Builder) rehearseStep(scan int, c Cell, xs []tensor.Shape, params []*G.Node, state []tensor.Shape) {
	dummies := func(kind string, of []tensor.Shape) []*G.Node {
		d := make([]*G.Node, len(of))
		for i, shape := range of {
			d[i] = b.leaf(constantLeaf, fmt.Sprintf("rehearsal of layer %d, %s %d", scan, kind, i), zeros(b.DType(), shape))
		}
		return d
	}
	x, s := dummies("input", xs), dummies("state", state)
	b.enter(region{scan: scan, step: everyStep})
	c.Step(b, x, params, s)
}

// checkState ends the build if a state that a step or a kernel returned has not the
// shape of the one before it.
func (b *Builder) checkState(name string, n *G.Node, want tensor.Shape) {
	if n == nil {
		b.Failf("state %q after a step is nil", name)
	}
	if !sameShape(n.Shape(), want) {
		b.Fail(fmt.Errorf("%w: state %q has shape %v after a step, want %v", ErrShape, name, n.Shape(), want))
	}
}

// Steps cuts a sequence [T, ...] into its T steps. A sequence that [Builder.StackSteps]
// made is not copied.
func (b *Builder) Steps(x *G.Node) []*G.Node {
	if s, ok := b.steps[x]; ok {
		return s
	}
	s := b.CheckAll(ops.Unstack(x, b.needsGrad(x)))
	b.steps[x] = s
	return s
}

// StackSteps joins T nodes of one shape to a sequence [T, ...].
func (b *Builder) StackSteps(steps []*G.Node) *G.Node {
	x := b.Check(ops.Stack(steps))
	b.steps[x] = steps
	return x
}
