package graph

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/ops"
)

// cut adds a layer as one operation that runs segments of Settings.Checkpoint time steps, each
// unrolled in a graph of its own. Operands are those of unroll.
func (b *Builder) cut(name string, c Cell, xs, params, state []*G.Node) (out, final []*G.Node) {
	steps, k := xs[0].Shape()[0], b.settings.Checkpoint
	p := b.asRows(params, xs[0].Shape()[1])
	in := append(append(append([]*G.Node{}, xs...), p...), state...)
	wrt := make([]bool, len(in))
	for i, n := range in {
		wrt[i] = b.needsGrad(n)
	}
	scan := len(b.layers)
	l := &layer{name: name, steps: steps, xs: len(xs), params: len(p), states: len(state), outs: len(c.Outputs())}
	build := func(length int) *segment {
		s := newSegment(b, c, name, length, in[:len(xs)], p, state, wrt)
		b.segments = append(b.segments, s)
		return s
	}
	l.last, l.other = build((steps-1)%k+1), build(k)
	l.more = func() *segment { return build(k) }
	b.enter(region{scan: scan, step: everyStep})
	all, err := ops.Apply(ops.Kernels{Float32: &checkpointed[float32]{layer: l}, Float64: &checkpointed[float64]{layer: l}}, wrt, in...)
	b.enter(region{scan: outside})
	if err != nil {
		b.Fail(fmt.Errorf("%w: layer %q: %w", ErrBuild, name, err))
	}
	return all[:l.outs], all[l.outs:]
}

// segment is the graph of some time steps of a layer. What comes before the inputs x in it
// is the same in every segment of the layer, down to the numbers of the nodes.
type segment struct {
	b      *Builder
	params []*slot
	state  []*slot
	x      [][]*slot // [input][t]
	out    [][]*slot // [output][t]
	final  []*slot
	// Numbers of the first node that is the same in every time step, of the first input x, of
	// the first node of a time step, and of the first one behind all of them.
	shared, inputs, begin, end int

	forward *machine

	gout     [][]*slot // gradients that come in, [output][t]; nil where none does
	gfinal   []*slot
	gx       [][]*slot // gradients that go out, [input][t]; nil where none does
	gstate   []*slot
	sum      []sumSlot // sums over time of what is outside of the time steps
	backward *machine
}

// sumSlot is a sum over time on its way through a segment.
type sumSlot struct {
	node    int64 // of which it is the gradient
	in, out *slot // in is nil in the segment where the sum starts
}

// newSegment builds the forward pass of a segment of length steps.
func newSegment(outer *Builder, c Cell, name string, length int, xs, params, state []*G.Node, wrt []bool) *segment {
	b := newBuilder(NewParams(0), outer.settings, outer.salt)
	b.layers = []LayerReport{{Name: name, Kind: c.Kind(), Steps: xs[0].Shape()[0], Engine: UnrolledEngine}}
	s := &segment{b: b}
	leaf := func(kind leafKind, label string, shape tensor.Shape, grad bool) *slot {
		l := &slot{name: label, value: zeros(b.DType(), shape)}
		l.node = b.leaf(kind, label, l.value)
		b.needs[l.node] = grad
		return l
	}
	p := make([]*G.Node, len(params))
	anyGrad := false
	for _, w := range wrt {
		anyGrad = anyGrad || w
	}
	for i, n := range params {
		l := leaf(parameterLeaf, fmt.Sprintf("%s: parameter %d", name, i), n.Shape(), wrt[len(xs)+i])
		s.params, p[i] = append(s.params, l), l.node
	}
	b.enter(region{scan: 0, step: everyStep})
	s.shared = len(b.g.AllNodes())
	now := make([]*G.Node, len(state))
	for i, n := range state {
		l := leaf(inputLeaf, name+"/"+c.State()[i].Name, n.Shape(), anyGrad)
		s.state, now[i] = append(s.state, l), l.node
	}
	b.rehearseStep(0, c, shapes(xs, func(n *G.Node) tensor.Shape { return n.Shape()[1:] }), p, shapes(state, (*G.Node).Shape))
	b.enter(region{scan: outside})
	s.inputs = len(b.g.AllNodes())
	s.x = make([][]*slot, len(xs))
	for i, n := range xs {
		for t := range length {
			s.x[i] = append(s.x[i], leaf(inputLeaf, fmt.Sprintf("%s: input %d at step %d of the segment", name, i, t), n.Shape()[1:], wrt[i]))
		}
	}
	s.begin = len(b.g.AllNodes())
	s.out = make([][]*slot, len(c.Outputs()))
	x := make([]*G.Node, len(xs))
	for t := range length {
		for i := range xs {
			x[i] = s.x[i][t].node
		}
		b.enter(region{scan: 0, step: t})
		var o []*G.Node
		o, now = b.step(name, c, x, p, now)
		for i, n := range o {
			s.out[i] = append(s.out[i], &slot{name: c.Outputs()[i], node: n})
		}
	}
	for i, n := range now {
		s.final = append(s.final, &slot{name: c.State()[i].Name, node: n})
	}
	s.end = len(b.g.AllNodes())
	b.enter(region{scan: outside})
	var records []*slot
	for _, list := range append(s.out, s.final) {
		records = append(records, list...)
	}
	s.forward = b.machineOf(records)
	return s
}

// machineOf records nodes and plans the machine for them.
func (b *Builder) machineOf(records []*slot) *machine {
	for _, r := range records {
		b.record(r)
	}
	m, err := newMachine(b.g, records...)
	if err != nil {
		b.Fail(err)
	}
	if b.settings.DebugNaNs {
		m.check = b.checkFinite
	} else {
		m.settle()
	}
	return m
}

// differentiate adds the gradient: gout and gstate say for which outputs and final
// states one comes in, sums from which nodes sums over time do.
func (s *segment) differentiate(gout, gfinal []bool, sums map[int64]bool) {
	b := s.b
	t := b.newSums(s.end)
	seed := func(n *G.Node, name string) *slot {
		l := &slot{name: name, value: zeros(b.DType(), n.Shape())}
		l.node = b.leaf(inputLeaf, name, l.value)
		return l
	}
	entry := map[int64]*slot{}
	for id := range int64(s.inputs) {
		if !sums[id] {
			continue
		}
		n := b.g.AllNodes()[id]
		entry[id] = seed(n, "sum over time of a gradient")
		if b.regionOf(n).scan == outside {
			t.ofScan[id] = entry[id].node
		} else {
			t.total[id] = entry[id].node
		}
	}
	var ends []*G.Node
	arrive := func(to *slot, name string) *slot {
		ends = append(ends, to.node)
		if !b.needsGrad(to.node) {
			return nil
		}
		l, id := seed(to.node, name), to.node.ID()
		if id < int64(s.shared) { // a parameter, handed on as it is
			t.plus(&t.ofScan[id], l.node)
		} else {
			t.plus(&t.total[id], l.node)
		}
		return l
	}
	s.gout = make([][]*slot, len(s.out))
	for i := len(s.out) - 1; i >= 0; i-- {
		s.gout[i] = make([]*slot, len(s.out[i]))
		for k, o := range s.out[i] {
			if gout[i] {
				s.gout[i][k] = arrive(o, "gradient of output "+o.name)
			}
		}
	}
	s.gfinal = make([]*slot, len(s.final))
	for i, f := range s.final {
		if gfinal[i] {
			s.gfinal[i] = arrive(f, "gradient of state "+f.name)
		}
	}
	b.checkDerivatives(b.reached(ends...))
	t.pass(s.begin, s.end)

	var records []*slot
	leave := func(n *G.Node, name string) *slot {
		if n == nil {
			return nil
		}
		r := &slot{name: name, node: n}
		records = append(records, r)
		return r
	}
	s.gx = make([][]*slot, len(s.x))
	for i, list := range s.x {
		for _, x := range list {
			id := x.node.ID()
			if t.ofScan[id] != nil {
				t.plus(&t.total[id], t.ofScan[id])
			}
			s.gx[i] = append(s.gx[i], leave(t.total[id], "gradient of "+x.name))
		}
	}
	for _, l := range s.state {
		s.gstate = append(s.gstate, leave(t.total[l.node.ID()], "gradient of "+l.name))
	}
	isState := map[int64]bool{}
	for _, l := range s.state {
		isState[l.node.ID()] = true
	}
	for id := range int64(s.inputs) {
		n := t.total[id]
		if b.regionOf(b.g.AllNodes()[id]).scan == outside {
			n = t.ofScan[id]
		}
		if n != nil && !isState[id] {
			s.sum = append(s.sum, sumSlot{id, entry[id], leave(n, "sum over time of a gradient")})
		}
	}
	if len(records) > 0 {
		s.backward = b.machineOf(records)
	}
}

// tail is what follows the last segment of the adjoint: the way from what is the same in
// every time step to the parameters.
type tail struct {
	in     map[int64]*slot
	params []*slot // nil where there is no gradient
	run    *machine
}

// tail adds the tail, for sums of the given nodes.
func (s *segment) tail(sums map[int64]bool) *tail {
	b := s.b
	r := &tail{in: map[int64]*slot{}}
	t := b.newSums(s.inputs)
	for id := range int64(s.inputs) {
		if !sums[id] {
			continue
		}
		n := b.g.AllNodes()[id]
		l := &slot{name: "sum over time of a gradient", value: zeros(b.DType(), n.Shape())}
		l.node = b.leaf(inputLeaf, l.name, l.value)
		r.in[id] = l
		if b.regionOf(n).scan == outside {
			t.ofScan[id] = l.node
		} else {
			t.total[id] = l.node
		}
	}
	t.pass(s.shared, s.inputs)
	var records []*slot
	for _, p := range s.params {
		var g *slot
		if n := t.ofScan[p.node.ID()]; n != nil {
			g = &slot{name: "gradient of " + p.name, node: n}
			records = append(records, g)
		}
		r.params = append(r.params, g)
	}
	if len(records) > 0 {
		r.run = b.machineOf(records)
	}
	return r
}
