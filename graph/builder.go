package graph

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/ops"
)

// Builder collects the nodes of one program. It exists inside of [Build] only.
//
// Methods of Builder do not return errors: the first error ends the call of the
// model function, and Build returns it.
type Builder struct {
	g        *G.ExprGraph
	params   *Params
	settings Settings
	salt     int

	names map[string]bool
	// parameters are the names of all that the model has, buffers included.
	parameters []string

	inputs  []*slot // data and initial states
	trained []*slot
	outputs []*slot
	states  []stateSlot
	draws   []drawn
	updates []*slot
	loss    *G.Node

	recordedLoss *slot

	lookup     lookup // nil: not known
	reserved   int    // entries of lookup
	identities *identities
	settled    int    // nodes that settle has seen
	marks      []mark // where the regions begin

	leaves map[*G.Node]leafKind  // what inputs of the graph stand for
	steps  map[*G.Node][]*G.Node // the steps behind a stacked node
	needs  map[*G.Node]bool      // memo of needsGrad
	layers []LayerReport
	fused  map[string]*G.Node // an output of each layer that is a kernel

	segments []*segment // graphs of their own
	step0    int        // of the segment of time steps that this is the Builder of
}

// slot is a named node together with the tensor that it reads or is copied to.
type slot struct {
	name     string
	node     *G.Node
	value    *tensor.Dense
	events   *ops.Input    // in place of value, where it is an input for events
	revision *ops.Revision // of the value of a data input
}

// tensor returns the value, of an input for events the array that is read from now on.
func (s *slot) tensor() *tensor.Dense {
	if s.events != nil {
		return s.events.Array()
	}
	return s.value
}

func (s *slot) shape() tensor.Shape {
	if s.events != nil {
		return s.events.Shape()
	}
	return s.value.Shape()
}

// stateSlot is a state of a cell: where it comes from and where it ends.
type stateSlot struct {
	initial *slot // nil where the model gave the initial state itself
	final   *slot
}

// leafKind is what an input of the graph stands for.
type leafKind int

const (
	inputLeaf     leafKind = iota // data, initial states, random numbers
	constantLeaf                  // of the model
	parameterLeaf                 // of the Params
)

// buildError carries an error out of the model function; Build recovers it.
type buildError struct{ err error }

// Fail ends the build with an error.
func (b *Builder) Fail(err error) {
	if err == nil {
		err = fmt.Errorf("%w: Fail without an error", ErrBuild)
	}
	panic(buildError{err})
}

// Failf ends the build with a formatted error that wraps [ErrBuild].
func (b *Builder) Failf(format string, args ...any) {
	b.Fail(fmt.Errorf("%w: %w", ErrBuild, fmt.Errorf(format, args...)))
}

// Check returns n, or ends the build if err is not nil. It wraps the calls of
// Gorgonia's operations and of those of package ops:
//
//	y := b.Check(gorgonia.HadamardProd(x, w))
func (b *Builder) Check(n *G.Node, err error) *G.Node {
	if err != nil {
		b.Fail(fmt.Errorf("%w: %w", ErrBuild, err))
	}
	b.settle()
	return n
}

// CheckAll is Check for operations with several outputs.
func (b *Builder) CheckAll(n []*G.Node, err error) []*G.Node {
	if err != nil {
		b.Fail(fmt.Errorf("%w: %w", ErrBuild, err))
	}
	b.settle()
	return n
}

// Graph returns Gorgonia's graph, for nodes that the Builder has no method for.
// Inputs that are added to it directly are not known to the program.
func (b *Builder) Graph() *G.ExprGraph { return b.g }

// DType returns the element type of the program, Float32 or Float64.
func (b *Builder) DType() tensor.Dtype { return b.settings.DType }

// Dt returns the time step in seconds.
func (b *Builder) Dt() float64 { return b.settings.Dt }

// Twin says whether the smoothed twin is being built.
func (b *Builder) Twin() bool { return b.settings.Twin }

// claim makes a name this program's only one of its kind.
func (b *Builder) claim(kind, name string) {
	if name == "" {
		b.Failf("%s without a name", kind)
	}
	if b.names[kind+"\x00"+name] {
		b.Failf("two of %s %q", kind, name)
	}
	b.names[kind+"\x00"+name] = true
}

// leaf adds an input node bound to value. Its name in the graph is unique. The salt is
// its beginning: FNV hashes that are equal stay equal whatever is appended.
func (b *Builder) leaf(kind leafKind, name string, value *tensor.Dense) *G.Node {
	b.settle()
	unique := fmt.Sprintf("%d.%d %s", b.salt, len(b.g.AllNodes()), name)
	n := G.NewTensor(b.g, b.settings.DType, value.Dims(), G.WithShape(value.Shape().Clone()...), G.WithName(unique), G.WithValue(leafValue(value)))
	b.leaves[n] = kind
	return n
}

// leafValue is a tensor as the value of a node. A scalar is one of Gorgonia's scalars, in the
// memory of the tensor.
func leafValue(t *tensor.Dense) G.Value {
	switch {
	case t.Dims() > 0:
		return t
	case t.Dtype() == tensor.Float32:
		return (*G.F32)(&t.Float32s()[0])
	default:
		return (*G.F64)(&t.Float64s()[0])
	}
}

// fits ends the build where the machine has no room for so many numbers.
func (b *Builder) fits(what string, numbers int, bytes uintptr) {
	if err := fits(what, numbers, bytes); err != nil {
		b.Fail(err)
	}
}

// zeros is the function zeros for what Gorgonia has given a shape.
func (b *Builder) zeros(what string, shape tensor.Shape) *tensor.Dense {
	b.fits(fmt.Sprintf("%s of shape %v", what, shape), shape.TotalSize(), b.DType().Size())
	return zeros(b.DType(), shape)
}

func (b *Builder) shape(kind, name string, shape []int) tensor.Shape {
	size := 1
	for _, n := range shape {
		if n <= 0 || size > 1<<40/n {
			b.Failf("%s %q of shape %v", kind, name, shape)
		}
		size *= n
	}
	bytes := b.DType().Size()
	if kind == "parameter" && b.params.values[name] == nil {
		bytes += 8 // initialisers draw float64
	}
	b.fits(fmt.Sprintf("%s %q of shape %v", kind, name, shape), size, bytes)
	return tensor.Shape(shape).Clone()
}

// Input adds a data input of the given shape, zero at first; without a shape it is a scalar. The
// program fills it with [Program.Set]. No gradient flows to it.
func (b *Builder) Input(name string, shape ...int) *G.Node {
	b.claim("input", name)
	s := &slot{name: name, value: zeros(b.DType(), b.shape("input", name, shape))}
	s.node, s.revision = b.leaf(inputLeaf, name, s.value), ops.NewRevision(s.value)
	b.inputs = append(b.inputs, s)
	return s.node
}

// Given returns the input of a name that [Builder.Input] has added, or nil.
func (b *Builder) Given(name string) *G.Node {
	for _, s := range b.inputs {
		if s.name == name {
			return s.node
		}
	}
	return nil
}

// EventInput adds a data input [T, B, N], zero at first, that the program fills with
// [Program.SetEvents] or [Program.Set]. Layers that go by events, [Linear] of package models for
// one, read the lists of the former as they are. No gradient flows to it.
func (b *Builder) EventInput(name string, steps, batch, n int) *G.Node {
	b.claim("input", name)
	in, err := ops.NewInput(b.DType(), b.shape("input", name, []int{steps, batch, n}))
	if err != nil {
		b.Fail(err)
	}
	s := &slot{name: name, events: in}
	clock := b.leaf(constantLeaf, name+"/clock", zeros(b.DType(), tensor.Shape{steps, 1}))
	s.node = b.Check(in.Node(clock))
	b.inputs = append(b.inputs, s)
	return s.node
}

// Const adds a constant of the given shape, row-major; without a shape it is a scalar. A NaN or
// an infinity is an error.
func (b *Builder) Const(name string, data []float64, shape ...int) *G.Node {
	v := zeros(b.DType(), b.shape("constant", name, shape))
	if n := v.Shape().TotalSize(); n != len(data) {
		b.Failf("constant %q of shape %v has %d elements, want %d", name, shape, len(data), n)
	}
	assign(v, data)
	if i, x := notFinite(v); i >= 0 {
		b.Fail(fmt.Errorf("%w: constant %q: element %d is %v", ErrNotFinite, name, i, x))
	}
	return b.leaf(constantLeaf, name, v)
}

// Param adds the parameter name of the given shape; without a shape it is a scalar. Its value is
// that in the program's [Params]; where there is none yet, init makes it. Using one name twice is
// an error: share the node instead.
func (b *Builder) Param(name string, init Init, shape ...int) *G.Node {
	return b.param(name, init, shape, !b.settings.NoGrad && !b.settings.Frozen(name))
}

func (b *Builder) param(name string, init Init, shape []int, trained bool) *G.Node {
	b.claim("parameter", name)
	v, err := b.params.get(name, b.settings.DType, b.shape("parameter", name, shape), init)
	if err != nil {
		b.Fail(err)
	}
	b.parameters = append(b.parameters, name)
	n := b.leaf(parameterLeaf, name, v)
	if trained {
		b.trained = append(b.trained, &slot{name: name, node: n})
		b.needs[n] = true
	}
	return n
}

// Output records a node: after each run [Program.Output] returns a copy of its value.
// (The node itself has none. On Gorgonia's tape machine it would have one, often that of
// another node.)
func (b *Builder) Output(name string, n *G.Node) {
	b.claim("output", name)
	if n == nil {
		b.Failf("output %q is nil", name)
	}
	b.outputs = append(b.outputs, &slot{name: name, node: n})
}

// Loss sets the scalar that is differentiated. A program has at most one.
func (b *Builder) Loss(n *G.Node) {
	if b.loss != nil {
		b.Failf("two losses: add them up first")
	}
	if n == nil {
		b.Failf("loss is nil")
	}
	if !n.IsScalar() {
		b.Failf("loss has shape %v, want a scalar", n.Shape())
	}
	b.loss = n
}

// children returns the operands of n, in order.
func children(g *G.ExprGraph, n *G.Node) []*G.Node {
	it := g.From(n.ID())
	if it == nil {
		return nil
	}
	c := make([]*G.Node, 0, it.Len())
	for it.Next() {
		c = append(c, it.Node().(*G.Node))
	}
	return c
}

// needsGrad says whether n depends on a trained parameter through differentiable
// operations.
func (b *Builder) needsGrad(n *G.Node) bool {
	if v, ok := b.needs[n]; ok {
		return v
	}
	v := false
	c := children(b.g, n)
	for i, w := range differentiable(n, len(c)) {
		if w && i < len(c) && b.needsGrad(c[i]) {
			v = true
			break
		}
	}
	b.needs[n] = v
	return v
}
