package graph

import (
	"fmt"
	"io"
	"reflect"
	"strings"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/internal/diagram"
)

// WriteDOT writes the graph in the DOT language of Graphviz. Only what is computed is drawn: nodes
// that neither loss, nor outputs, nor final states, nor gradients depend on are left out.
//
// Folded, it is the model: an unrolled layer is one time step, with loops (dashed) for what goes
// on to the next one, and gradients are left out. Otherwise it is every node of every time
// step, gradients included, some 30 for each time step of a spiking layer.
//
// Errors: [ErrClosed] after Close, and that of w.
func (p *Program) WriteDOT(w io.Writer, folded bool) error {
	if p == nil || p.builder == nil {
		return ErrClosed
	}
	if w == nil {
		return fmt.Errorf("%w: no writer", ErrParam)
	}
	return p.builder.diagram(folded).WriteDOT(w)
}

// WriteSVG writes the folded graph, as [Program.WriteDOT] describes it, as an image. Errors are
// those of WriteDOT.
func (p *Program) WriteSVG(w io.Writer) error {
	if p == nil || p.builder == nil {
		return ErrClosed
	}
	if w == nil {
		return fmt.Errorf("%w: no writer", ErrParam)
	}
	return p.builder.diagram(true).WriteSVG(w)
}

// drawing is a diagram of a graph in the making.
type drawing struct {
	*diagram.Diagram
	b      *Builder
	folded bool
	node   map[*G.Node]int // node of the diagram
	folds  map[fold]int
	edges  map[diagram.Edge]bool
}

// fold is what the nodes that are drawn as one have in common: the layer, and the place in their
// time step.
type fold struct {
	scan  int
	place int64
	op    string
}

func (b *Builder) diagram(folded bool) *diagram.Diagram {
	d := &drawing{
		Diagram: &diagram.Diagram{Title: "Graph"}, b: b, folded: folded,
		node: map[*G.Node]int{}, folds: map[fold]int{}, edges: map[diagram.Edge]bool{},
	}
	if folded {
		d.Title = "Graph, folded over time: dashed edges lead to the next time step"
	}
	for _, l := range b.layers {
		d.Groups = append(d.Groups, fmt.Sprintf("%s (%s), %d time steps, %v", l.Name, l.Kind, l.Steps, l.Engine))
	}
	drawn := d.drawn()
	for _, n := range b.g.AllNodes() {
		if drawn[n] {
			d.add(n)
		}
	}
	d.adopt()
	return d.Diagram
}

// drawn returns the nodes that something recorded depends on.
func (d *drawing) drawn() map[*G.Node]bool {
	drawn := map[*G.Node]bool{}
	var todo []*G.Node
	for _, n := range d.b.g.AllNodes() {
		if r, ok := n.Op().(*recordOp); ok && !(d.folded && d.b.isGradient(r.slot)) {
			todo = append(todo, n)
		}
	}
	for len(todo) > 0 {
		n := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if !drawn[n] {
			drawn[n] = true
			todo = append(todo, children(d.b.g, n)...)
		}
	}
	return drawn
}

func (b *Builder) isGradient(s *slot) bool {
	for _, t := range b.trained {
		if t == s {
			return true
		}
	}
	return false
}

// add draws a node and the edges to it.
func (d *drawing) add(n *G.Node) {
	operands := children(d.b.g, n)
	if len(operands) == 1 && isResult(n.Op(), operands[0].Op()) {
		d.node[n] = d.node[operands[0]]
		return
	}
	r := d.b.regionOf(n)
	f := fold{scan: outside}
	i, known := 0, false
	if d.folded && r.scan != outside && r.step != everyStep {
		f = fold{r.scan, n.ID() - d.b.firstOf(n), fmt.Sprint(n.Op())}
		i, known = d.folds[f]
	}
	if !known {
		i = len(d.Nodes)
		d.Nodes = append(d.Nodes, d.look(n, r))
		if f.scan != outside {
			d.folds[f] = i
		}
	}
	d.node[n] = i
	for _, c := range operands {
		from := d.b.regionOf(c)
		e := diagram.Edge{From: d.node[c], To: i}
		e.Loop = d.folded && r.scan != outside && from.scan == r.scan && from.step != everyStep && from.step != r.step
		if !d.edges[e] {
			d.edges[e] = true
			d.Edges = append(d.Edges, e)
		}
	}
}

// isResult says whether op hands out a result of the kernel that its operand runs.
func isResult(op, operand G.Op) bool {
	if op == nil || operand == nil {
		return false
	}
	name := op.String()
	i := strings.LastIndexByte(name, '[')
	return i > 0 && name[:i] == operand.String()
}

// firstOf returns the number of the first node of the region of n.
func (b *Builder) firstOf(n *G.Node) int64 {
	first := int64(0)
	for _, m := range b.marks {
		if m.first > n.ID() {
			break
		}
		first = m.first
	}
	return first
}

// look is how a node is drawn.
func (d *drawing) look(n *G.Node, r region) diagram.Node {
	l := diagram.Node{Group: diagram.NoGroup, Kind: diagram.Operation}
	if r.scan != outside && !r.gradient {
		l.Group = r.scan
	}
	switch op := n.Op().(type) {
	case nil:
		l.Label, l.Kind = plainName(n), leafLook[d.b.leaves[n]]
		for _, s := range d.b.states {
			if s.initial != nil && s.initial.node == n {
				l.Label = "initial " + l.Label
			}
		}
	case *recordOp:
		l.Label, l.Kind = op.slot.name, diagram.Output
		switch {
		case d.b.isGradient(op.slot):
			l.Label = "gradient of " + l.Label
		case strings.Contains(l.Label, "/"):
			for _, s := range d.b.states {
				if s.final == op.slot {
					l.Label = "final " + l.Label
				}
			}
		}
		return l
	default:
		l.Label = opName(op)
		if t := reflect.TypeOf(op).String(); t == "ops.forwardOp" || t == "ops.adjointOp" {
			l.Kind = diagram.Kernel
		}
		if c := []rune(l.Label); len(c) > 40 {
			l.Label = string(c[:39]) + "…"
		}
	}
	if l.Kind != diagram.Kernel && n.Dims() > 0 {
		l.Detail = fmt.Sprint(n.Shape())
	}
	return l
}

// leafLook is how inputs of the graph are drawn.
var leafLook = [...]diagram.Kind{inputLeaf: diagram.Input, constantLeaf: diagram.Constant, parameterLeaf: diagram.Parameter}

// opName is what people know an operation by.
func opName(op G.Op) string {
	name := op.String()
	if reflect.TypeOf(op).String() == "gorgonia.elemBinOp" { // "+ false"
		name, _, _ = strings.Cut(name, " ")
	}
	return name
}

// adopt moves nodes that only one layer reads into its frame: its parameters and what is
// computed from them alone. Inputs of the program stay outside.
func (d *drawing) adopt() {
	const several = -2
	reader := make([]int, len(d.Nodes)) // group of the readers
	for i := range reader {
		reader[i] = diagram.NoGroup
	}
	out := make([][]int, len(d.Nodes))
	for _, e := range d.Edges {
		out[e.From] = append(out[e.From], e.To)
	}
	for i := len(d.Nodes) - 1; i >= 0; i-- {
		if len(out[i]) == 0 {
			continue
		}
		reader[i] = d.Nodes[out[i][0]].Group
		for _, j := range out[i] {
			if d.Nodes[j].Group != reader[i] {
				reader[i] = several
			}
		}
		if n := &d.Nodes[i]; n.Group == diagram.NoGroup && n.Kind != diagram.Input && reader[i] >= 0 {
			n.Group = reader[i]
		}
	}
}
