package nir

import (
	"fmt"
	"slices"
	"strings"
)

// queued is the order in which nirtorch.nir_to_torch (nirtorch 2.6) runs a graph: the nodes by
// name, beginning with the input, and one whose sources have not run is put off. A source behind a
// node in a loop does not put it off where others lead to it as well; what comes from there is that
// of the step before.
func (g *Graph) queued(c Convention, names []string) (order []string, err error) {
	sources := map[string][]string{}
	for _, e := range g.Edges {
		sources[e.To] = append(sources[e.To], e.From)
	}
	inputs, outputs := g.of("Input"), g.of("Output")
	if len(inputs) != 1 || len(outputs) != 1 || len(sources[outputs[0]]) != 1 {
		return nil, refuse("%d inputs, %d outputs: %s reads graphs with one of each, and one node before the output", len(inputs), len(outputs), c.Name)
	}
	waiting := slices.Clone(names)
	for waiting[0] != inputs[0] {
		waiting = append(waiting[1:], waiting[0])
	}
	done, begun := map[string]bool{}, map[string]bool{}
	put := 0 // off, one after the other
	for len(waiting) > 0 {
		name := waiting[0]
		waiting = waiting[1:]
		n := g.Nodes[name]
		var inner []string
		if n.Kind == "NIRGraph" {
			if begun[name] {
				return nil, refuse("nested graph %q: %s comes to it before what leads to it, and fails", name, c.Name)
			}
			begun[name] = true
			if inner, err = n.Graph.queued(c, n.Graph.names()); err != nil {
				return nil, err
			}
		}
		known := n.Kind != "Output" || len(waiting) == 0
		some := false
		for _, from := range sources[name] {
			some = some || done[from]
			known = known && (done[from] || len(sources[name]) > 1 && g.leads(name, from))
		}
		switch {
		case n.Kind != "Input" && len(sources[name]) == 0:
			return nil, refuse("node %q: no edge leads to it, and %s fails", name, c.Name)
		case !known:
			if waiting = append(waiting, name); put > len(waiting) {
				return nil, refuse("node %q: no edges lead to it from the input, and %s does not come to an end", name, c.Name)
			}
			put++
			continue
		case n.Kind != "Input" && !some:
			return nil, refuse("node %q: all that comes to it is of the step before, whose size %s does not know at the start", name, c.Name)
		}
		put = 0
		done[name] = true
		if inner == nil {
			order = append(order, name)
		}
		for _, k := range inner {
			order = append(order, name+"/"+k)
		}
	}
	return order, nil
}

// inQueue is the order of a convention that runs graphs in that of queued.
func inQueue(_ *Net, g *Graph, c Convention) (*Graph, []string, error) {
	flat, err := g.Flat()
	if err != nil {
		return nil, nil, err
	}
	order, err := g.queued(c, g.names())
	return flat, order, err
}

// leads tells whether edges lead from a node to another one.
func (g *Graph) leads(from, to string) bool {
	seen := map[string]bool{}
	for waiting := []string{from}; len(waiting) > 0; {
		name := waiting[0]
		waiting = waiting[1:]
		if name == to {
			return true
		}
		if seen[name] {
			continue
		}
		seen[name] = true
		for _, e := range g.Edges {
			if e.From == name {
				waiting = append(waiting, e.To)
			}
		}
	}
	return false
}

// inLoops is the order of snntorch: that of queued, where neurons and the weights that lead back to
// them have become a nested graph, and what came to the neurons comes to the weights.
func inLoops(n *Net, g *Graph, c Convention) (*Graph, []string, error) {
	loops := &looped{graph: g, names: g.names(), outside: map[string]string{}}
	for _, e := range g.Edges {
		if err := loops.enclose(n, e); err != nil {
			return nil, nil, err
		}
	}
	nested, err := loops.graph.Flat()
	if err != nil {
		return nil, nil, err
	}
	order, err := loops.graph.queued(c, loops.names)
	if err != nil {
		return nil, nil, err
	}
	name := func(name string) string {
		if outside, ok := loops.outside[name]; ok {
			return outside
		}
		return name
	}
	flat := &Graph{Nodes: map[string]*Node{}, Metadata: g.Metadata, Version: g.Version}
	for k, m := range nested.Nodes {
		flat.Nodes[name(k)] = m
	}
	for _, e := range nested.Edges {
		flat.Edges = append(flat.Edges, Edge{name(e.From), name(e.To)})
	}
	for i := range order {
		order[i] = name(order[i])
	}
	return flat, order, nil
}

// looped is a graph whose loops become nested graphs.
type looped struct {
	graph   *Graph
	names   []string          // of the nodes, in the order in which they are read
	outside map[string]string // names before, by those in a nested graph
}

// enclose makes a nested graph of an edge from neurons to weights that lead back to them alone.
func (l *looped) enclose(net *Net, e Edge) error {
	g, back := l.graph, Edge{e.To, e.From}
	others := func(o Edge) bool { return (o.From == e.To || o.To == e.To) && o != e && o != back }
	neurons, weights := g.Nodes[e.From], g.Nodes[e.To]
	if e == back || !slices.Contains(g.Edges, e) || !slices.Contains(g.Edges, back) || slices.ContainsFunc(g.Edges, others) ||
		neurons.Kind != "LIF" && neurons.Kind != "CubaLIF" || weights.Kind != "Affine" && weights.Kind != "Linear" {
		return nil
	}
	outer, _, _ := strings.Cut(e.From, ".")
	if outer != e.From && g.Nodes[outer] != nil {
		return refuse("node %q: snntorch makes a node %q of it, and there is one", e.From, outer)
	}
	in, out := outer+".input", outer+".output"
	shape, _ := neurons.neurons()
	port := Array{Shape: []int{len(shape)}}
	for _, k := range shape {
		port.Data = append(port.Data, float64(k))
	}
	inner := &Graph{
		Nodes: map[string]*Node{e.From: neurons, e.To: weights, in: New("Input", "shape", port), out: New("Output", "shape", port)},
		Edges: []Edge{e, back, {e.From, out}, {in, e.To}},
	}
	made := &Graph{Nodes: map[string]*Node{outer: {Kind: "NIRGraph", Graph: inner}}, Version: g.Version, Metadata: g.Metadata}
	for name, n := range g.Nodes {
		if name != e.From && name != e.To {
			made.Nodes[name] = n
		}
	}
	for _, o := range g.Edges {
		if o == e || o == back {
			continue
		}
		if o.To == e.From {
			o.To = outer
		}
		if o.From == e.From {
			o.From = outer
		}
		made.Edges = append(made.Edges, o)
	}
	l.graph = made
	l.names = slices.DeleteFunc(l.names, func(name string) bool { return name == e.From || name == e.To })
	l.names = append(l.names, outer)
	l.outside[outer+"/"+e.From], l.outside[outer+"/"+e.To] = e.From, e.To
	net.Notes = append(net.Notes, Note{e.From, fmt.Sprintf("what comes to it goes through the recurrent weights %q, too", e.To)})
	return nil
}
