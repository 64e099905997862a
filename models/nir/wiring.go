package nir

import (
	"cmp"
	"fmt"
	"slices"
)

// wiring says of each edge of a graph without nested graphs whether what goes over it comes in the
// same step, false, or in the next one.
type wiring map[Edge]bool

// wiring returns that of a net.
func (n *Net) wiring() wiring {
	w := wiring{}
	for i, r := range n.nodes {
		for _, s := range r.sources {
			w[Edge{n.nodes[s].name, r.name}] = s >= i
		}
	}
	return w
}

// wired returns the wiring that a convention gives a graph.
func (g *Graph) wired(c Convention) (wiring, error) {
	order := c.order
	if order == nil {
		order = byEquations
	}
	flat, names, err := order(&Net{Outputs: g.of("Output")}, g, c)
	if err != nil {
		return nil, err
	}
	w := wiring{}
	for _, e := range flat.Edges {
		if next := slices.Index(names, e.From) >= slices.Index(names, e.To); !next || !c.sequences {
			w[e] = next
		}
	}
	return w, nil
}

// arrange puts the edges of a graph into an order in which a reader that goes by it gives the graph
// the wiring of a net, where there is one: loops first. It says what is wrong where there is none.
func (g *Graph) arrange(net *Net, c Convention) (problem string) {
	want := net.wiring()
	got, err := g.wired(c)
	if err == nil && want.differ(got, c.Name) == "" {
		return ""
	}
	was := g.Clone()
	g.sortEdges(net, "")
	if got, err = g.wired(c); err == nil {
		if problem = want.differ(got, c.Name); problem == "" {
			return ""
		}
	} else {
		problem = err.Error()
	}
	g.Edges, g.Nodes = was.Edges, was.Nodes
	return problem
}

// sortEdges sorts by the nodes to which the edges lead: those from which there is a way back come
// first, and then in the order of a step of the net.
func (g *Graph) sortEdges(net *Net, prefix string) {
	rank := func(name string) int {
		for n := g.Nodes[name]; n.Kind == "NIRGraph" && n.Graph != nil; n = n.Graph.Nodes[n.Graph.of("Input")[0]] {
			name += "/" + n.Graph.of("Input")[0] // the one that Flat has found
		}
		return net.index[prefix+name]
	}
	back := map[Edge]bool{}
	for _, e := range g.Edges {
		back[e] = g.leads(e.To, e.From)
	}
	slices.SortStableFunc(g.Edges, func(a, b Edge) int {
		if back[a] != back[b] {
			return map[bool]int{true: -1, false: 1}[back[a]]
		}
		return cmp.Compare(rank(a.To), rank(b.To))
	})
	for name, n := range g.Nodes {
		if n.Kind == "NIRGraph" {
			n.Graph.sortEdges(net, prefix+name+"/")
		}
	}
}

// differ says where another wiring is not the same.
func (w wiring) differ(o wiring, reader string) string {
	both := map[Edge]bool{}
	for e := range w {
		both[e] = true
	}
	for e := range o {
		both[e] = true
	}
	edges := make([]Edge, 0, len(both))
	for e := range both {
		edges = append(edges, e)
	}
	slices.SortFunc(edges, func(a, b Edge) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) })
	words := map[bool]string{false: "in the same step", true: "in the next step"}
	for _, e := range edges {
		a, here := w[e]
		b, there := o[e]
		switch {
		case !there:
			return fmt.Sprintf("edge %q to %q: %s does not follow it", e.From, e.To, reader)
		case !here:
			return fmt.Sprintf("edge %q to %q: %s follows it, and it is not meant", e.From, e.To, reader)
		case a != b:
			return fmt.Sprintf("edge %q to %q: what goes over it comes %s with %s, and is meant to come %s", e.From, e.To, words[b], reader, words[a])
		}
	}
	return ""
}
