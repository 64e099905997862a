package nir

import (
	"fmt"
	"slices"
	"strings"
)

// trail is the order in which nirtorch.load (nirtorch 2.6) runs a graph: from its input along the
// edges as the file lists them, each node where the first edge comes to it. A node that others lead
// to as well takes from those that have not run what they gave in the step before. A graph gives
// out what the last node gave, whether or not that is its Output.
type trail struct {
	order   []string
	dropped []string          // nodes of kinds that the reader does not know, where it goes on without them
	last    map[string]string // of nested graphs: the last node, by the name of the Output
}

// inTrail is the order of a convention that runs graphs in that of [trail].
func inTrail(n *Net, g *Graph, c Convention) (*Graph, []string, error) {
	flat, err := g.Flat()
	if err != nil {
		return nil, nil, err
	}
	t := &trail{last: map[string]string{}}
	if err := t.follow(g, c, ""); err != nil {
		return nil, nil, err
	}
	whole := flat.Clone()
	for _, name := range n.Outputs {
		if name != t.end() {
			n.strayed = true
			n.Notes = append(n.Notes, Note{name, fmt.Sprintf("gives out what %q gives, the last node to which the edges lead in their order in the file", t.end())})
		}
	}
	order := t.apply(flat, n.Outputs)
	for _, name := range t.dropped {
		delete(flat.Nodes, name)
		why := fmt.Sprintf("%s does not know the kind %s, and leaves it out with its edges", c.Name, whole.Nodes[name].Kind)
		if whole.Nodes[name].Spikes() {
			order = append(order, flat.silent(n, whole, name, why))
		} else {
			n.left = append(n.left, fmt.Sprintf("node %q is not run: %s", name, why))
		}
	}
	return flat, order, nil
}

// follow adds the nodes of a graph.
func (t *trail) follow(g *Graph, c Convention, prefix string) error {
	next, reached, touched := map[string][]string{}, map[string]bool{}, map[string]bool{}
	var unknown []string
	for _, name := range g.names() {
		if k := g.Nodes[name].Kind; c.drops && k != "NIRGraph" && !c.reads(k) {
			unknown = append(unknown, name)
			t.dropped = append(t.dropped, prefix+name)
		}
	}
	if len(unknown) > 1 {
		return refuse("nodes %q: %s knows none of their kinds; it leaves out one such node, and fails with two (KeyError)", unknown, c.Name)
	}
	for _, e := range g.Edges {
		if slices.Contains(unknown, e.From) || slices.Contains(unknown, e.To) {
			continue
		}
		touched[e.From], touched[e.To] = true, true
		next[e.From] = append(next[e.From], e.To)
		reached[e.To] = true
	}
	var starts []string
	for _, name := range g.names() {
		if !reached[name] && len(next[name]) > 0 {
			starts = append(starts, prefix+name)
		}
	}
	if len(starts) != 1 && len(unknown) > 0 {
		return refuse("node %q: %s does not know the kind %s, and leaves it out with its edges: nothing leads to the nodes %q, it feeds one of them, and which is left to chance",
			prefix+unknown[0], c.Name, g.Nodes[unknown[0]].Kind, starts)
	}
	if len(starts) != 1 {
		return refuse("nodes that no edge leads to: %q; %s feeds one of them, and which is left to chance", starts, c.Name)
	}
	seen := map[string]bool{}
	waiting := []string{strings.TrimPrefix(starts[0], prefix)}
	for len(waiting) > 0 {
		name := waiting[len(waiting)-1]
		waiting = waiting[:len(waiting)-1]
		if seen[name] {
			continue
		}
		seen[name] = true
		for i := range next[name] { // the first one is on top
			waiting = append(waiting, next[name][len(next[name])-1-i])
		}
		n := g.Nodes[name]
		if n.Kind != "NIRGraph" {
			t.order = append(t.order, prefix+name)
			continue
		}
		if err := t.follow(n.Graph, c, prefix+name+"/"); err != nil {
			return err
		}
		for _, out := range n.Graph.of("Output") {
			t.last[prefix+name+"/"+out] = t.end()
		}
	}
	for _, name := range g.names() {
		if !seen[name] && (touched[name] || !slices.Contains(unknown, name) && g.Nodes[name].Kind != "Output") {
			return refuse("node %q: %s runs what edges lead to from the input, and not this", prefix+name, c.Name)
		}
	}
	return nil
}

// end is the last node.
func (t *trail) end() string { return t.order[len(t.order)-1] }

// apply turns the edges of the graph without nested graphs into what the trail makes of them: from
// the last node of a graph instead of its Output. It returns the order with the outputs at the end.
func (t *trail) apply(flat *Graph, outputs []string) []string {
	last := t.end()
	astray := map[string]bool{} // Outputs that are not the last node
	for _, name := range outputs {
		astray[name] = name != last
	}
	edges := flat.Edges
	flat.Edges = nil
	for _, e := range edges {
		if slices.Contains(t.dropped, e.From) || slices.Contains(t.dropped, e.To) {
			continue
		}
		if end, ok := t.last[e.From]; ok {
			e.From = end
		}
		if !astray[e.To] {
			flat.Edges = append(flat.Edges, e)
		}
	}
	var order []string
	for _, name := range t.order {
		if !astray[name] {
			order = append(order, name)
		}
	}
	for _, name := range outputs {
		if astray[name] {
			flat.Nodes[name] = &Node{Kind: "Output"} // of any shape
			flat.Edges = append(flat.Edges, Edge{last, name})
			order = append(order, name)
		}
	}
	return order
}
