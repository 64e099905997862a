package nir

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Check tells whether the graph is valid: each node is of a known kind and has the parameters of
// it, finite and of shapes that fit; edges lead from node to node, once; what a node gives has the
// shape that the next one takes; and no loop goes without a neuron or a delay in it.
//
// Errors: [ErrGraph] with the node, what was expected and what was found.
func (g *Graph) Check() error {
	if g == nil || len(g.Nodes) == 0 {
		return fmt.Errorf("%w: no nodes", ErrGraph)
	}
	for name, n := range g.Nodes {
		if n == nil || n.Kind == "NIRGraph" && n.Graph == nil {
			return fmt.Errorf("%w: node %q: expected a node, with a graph in a nested one, found none", ErrGraph, name)
		}
	}
	seen := map[Edge]bool{}
	for _, e := range g.Edges {
		for _, end := range []string{e.From, e.To} {
			if g.Nodes[end] == nil {
				return fmt.Errorf("%w: edge %q to %q: there is no node %q", ErrGraph, e.From, e.To, end)
			}
		}
		if seen[e] {
			return fmt.Errorf("%w: edge %q to %q is there twice", ErrGraph, e.From, e.To)
		}
		seen[e] = true
	}
	for _, name := range g.names() {
		n := g.Nodes[name]
		if name == "" || strings.Contains(name, "/") {
			return fmt.Errorf("%w: node %q: a name is not empty and has no \"/\", which nir cannot read back", ErrGraph, name)
		}
		if err := n.check(); err != nil {
			return fmt.Errorf("%w: node %q (%s): %w", ErrGraph, name, n.Kind, err)
		}
	}
	flat, err := g.Flat()
	if err != nil {
		return err
	}
	order, err := flat.schedule()
	if err != nil {
		return err
	}
	_, err = flat.shapes(order)
	return err
}

// check tells whether the parameters of a node are those of its kind.
func (n *Node) check() error {
	fields, ok := Kinds[n.Kind]
	if !ok {
		return fmt.Errorf("a kind that NIR %s does not have", Version)
	}
	if n.Kind == "NIRGraph" {
		if n.Graph == nil {
			return fmt.Errorf("no graph")
		}
		return n.Graph.Check()
	}
	for _, f := range fields {
		a, ok := n.Values[f.Name]
		if text, isText := n.Texts[f.Name]; isText {
			if f.Name != "padding" || text != "same" && text != "valid" {
				return fmt.Errorf("%s is %q, expected numbers", f.Name, text)
			}
			continue
		}
		if !ok {
			if f.Optional {
				continue
			}
			return fmt.Errorf("no parameter %q", f.Name)
		}
		size := 1
		for _, k := range a.Shape {
			size *= k
		}
		if size != len(a.Data) {
			return fmt.Errorf("%s has shape %v and %d elements", f.Name, a.Shape, len(a.Data))
		}
		if len(a.Data) == 0 && f.Name != "shape" {
			return fmt.Errorf("%s is empty", f.Name)
		}
		for i, v := range a.Data {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("%s[%d] = %v, expected a finite number", f.Name, i, v)
			}
			if f.Integer && (v != math.Trunc(v) || math.Abs(v) > 1<<31) {
				return fmt.Errorf("%s[%d] = %v, expected an integer", f.Name, i, v)
			}
			positive := strings.HasPrefix(f.Name, "tau") || slices.Contains([]string{"kernel_size", "dilation", "groups"}, f.Name) || f.Name == "stride"
			if positive && !(v > 0) || v < 0 && (f.Name == "delay" || f.Name == "padding" || f.Name == "shape") {
				return fmt.Errorf("%s[%d] = %v, expected a positive number", f.Name, i, v)
			}
		}
	}
	return n.checkShapes(fields)
}

// checkShapes compares the parameters of a node with each other.
func (n *Node) checkShapes(fields []Field) error {
	shape, isNeuron := n.neurons()
	of := ""
	for _, f := range fields {
		if a := n.Values[f.Name]; of == "" && f.Neuron && slices.Equal(a.Shape, shape) {
			of = f.Name
		}
	}
	for _, f := range fields {
		if a, ok := n.Values[f.Name]; ok && f.Neuron && isNeuron && len(a.Shape) > 0 && !slices.Equal(a.Shape, shape) {
			return fmt.Errorf("%s has shape %v, %s has %v", f.Name, a.Shape, of, shape)
		}
	}
	w := n.Values["weight"].Shape
	switch n.Kind {
	case "Affine", "Linear":
		if len(w) != 2 {
			return fmt.Errorf("weight has shape %v, expected [out, in]", w)
		}
		if b, ok := n.Values["bias"]; ok && !slices.Equal(b.Shape, w[:1]) {
			return fmt.Errorf("bias has shape %v, weight %v", b.Shape, w)
		}
	case "Conv1d", "Conv2d":
		if want := int(n.Kind[4] - '0'); len(w) != want+2 {
			return fmt.Errorf("weight has shape %v, expected %d dimensions", w, want+2)
		}
		if b := n.Values["bias"]; len(b.Data) != w[0] {
			return fmt.Errorf("bias has shape %v, weight %v", b.Shape, w)
		}
		if groups := n.Values["groups"].ints()[0]; w[0]%groups != 0 {
			return fmt.Errorf("%d groups of %d channels", groups, w[0])
		}
		for _, f := range []string{"stride", "padding", "dilation"} {
			if _, err := n.sizes(f, len(w)-2); err != nil {
				return err
			}
		}
	case "SumPool2d", "AvgPool2d":
		for _, f := range []string{"kernel_size", "stride", "padding"} {
			if _, err := n.sizes(f, 2); err != nil {
				return err
			}
		}
	}
	return nil
}

// neurons returns the shape of the neurons of a node, empty where all parameters are scalars, which
// hold for any number.
func (n *Node) neurons() (shape []int, ok bool) {
	for _, f := range Kinds[n.Kind] {
		if a, has := n.Values[f.Name]; f.Neuron && has {
			if !ok || len(a.Shape) > 0 {
				shape = a.Shape
			}
			ok = true
		}
	}
	return shape, ok
}

// sizes returns a parameter of a convolution or pooling for each of its dimensions.
func (n *Node) sizes(name string, dims int) ([]int, error) {
	if n.Texts[name] != "" {
		return make([]int, dims), nil // see paddings
	}
	v := n.Values[name].ints()
	switch len(v) {
	case dims:
		return v, nil
	case 1:
		return slices.Repeat(v, dims), nil
	}
	return nil, fmt.Errorf("%s has %d elements, expected 1 or %d", name, len(v), dims)
}

// schedule returns the nodes in the order in which a time step computes them. Where there is a
// loop, the first node with a state in it takes what comes from behind it in the next step.
func (g *Graph) schedule() ([]string, error) {
	sources := map[string][]string{}
	for _, e := range g.Edges {
		sources[e.To] = append(sources[e.To], e.From)
	}
	var order []string
	done := map[string]bool{}
	emit := func(ready func(string) bool) (some bool) {
		for _, name := range g.names() {
			if !done[name] && ready(name) {
				done[name], some = true, true
				order = append(order, name)
			}
		}
		return some
	}
	isDone := func(name string) bool { return done[name] }
	all := func(name string) bool {
		return !slices.ContainsFunc(sources[name], func(s string) bool { return !done[s] })
	}
	for len(order) < len(g.Nodes) {
		if emit(all) {
			continue
		}
		begun := false
		for _, reached := range []bool{true, false} { // first what the input has come to
			for _, name := range g.names() {
				if !begun && !done[name] && g.Nodes[name].stateful() && (!reached || slices.ContainsFunc(sources[name], isDone)) {
					done[name], begun = true, true
					order = append(order, name)
				}
			}
		}
		if !begun {
			var loop []string
			for _, name := range g.names() {
				if !done[name] {
					loop = append(loop, name)
				}
			}
			return nil, fmt.Errorf("%w: a loop without a neuron or a delay: %s", ErrGraph, strings.Join(loop, ", "))
		}
	}
	return order, nil
}
