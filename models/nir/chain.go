package nir

import (
	"fmt"
	"slices"
	"strings"
)

// chain is the order in which spyx (from_nir of spyx 1.0.0) runs a graph: from the node "input"
// over the first edge of each node, in the order of the file, to "output". What lies beside is not
// run, and a node of a kind that it does not know hands on what comes to it. Neurons and the
// weights that lead back to them alone are one node, whose spikes come back in the same step,
// without a bias.
type chain struct {
	net   *Net
	flat  *Graph
	names []string          // of the nodes that run
	rec   map[string]string // weights that lead back, by their neurons
	first map[string]string // where the first edge of a node leads
}

// inChain is the order of a convention that runs graphs in that of [chain].
func inChain(n *Net, g *Graph, c Convention) (*Graph, []string, error) {
	whole, err := g.Flat()
	if err != nil {
		return nil, nil, err
	}
	h := &chain{net: n, rec: map[string]string{}, first: map[string]string{}, flat: &Graph{Nodes: map[string]*Node{}, Metadata: g.Metadata, Version: g.Version}}
	edges := h.loops(g)
	for _, e := range edges {
		if h.first[e.From] == "" {
			h.first[e.From] = e.To
		}
	}
	if err := h.follow(g, c); err != nil {
		return nil, nil, err
	}
	for _, out := range n.Outputs {
		last := h.names[len(h.names)-1]
		h.flat.Nodes[out] = &Node{Kind: "Output"}
		h.flat.Edges = append(h.flat.Edges, Edge{last, out})
		if !slices.Contains(whole.Edges, Edge{last, out}) || slices.ContainsFunc(whole.Edges, func(e Edge) bool { return e.To == out && e.From != last }) {
			n.strayed = true
			n.Notes = append(n.Notes, Note{out, fmt.Sprintf("gives out what %q gives, the last node of the chain", last)})
		}
	}
	order := h.names
	for neurons, w := range h.rec {
		if h.flat.Nodes[neurons] == nil {
			continue
		}
		linear := &Node{Kind: "Linear", Values: map[string]Array{"weight": whole.Nodes[w].Values["weight"]}}
		h.flat.Nodes[w] = linear
		h.flat.Edges = append(h.flat.Edges, Edge{neurons, w}, Edge{w, neurons})
		order = slices.Insert(order, slices.Index(order, neurons)+1, w)
		n.ahead = append(n.ahead, w)
		n.Notes = append(n.Notes, Note{neurons, fmt.Sprintf("its spikes come back over %q in the step in which it gives them out, which is the next one", w)})
		if !zero(whole.Nodes[w].Values["bias"].Data) {
			n.Notes = append(n.Notes, Note{neurons, fmt.Sprintf("ignores the bias of the weights %q that lead back", w)})
		}
	}
	order = append(order, n.Outputs...)
	for _, name := range whole.names() {
		if h.flat.Nodes[name] == nil && whole.Nodes[name].Spikes() {
			order = append(order, h.flat.silent(n, whole, name, c.Name+" follows the first edge of each node"))
		}
	}
	return h.flat, order, nil
}

// silent puts in a node that is not run in place of one that would spike.
func (g *Graph) silent(n *Net, whole *Graph, name, why string) string {
	shape := Array{}
	for _, k := range whole.Nodes[name].ownOutput() {
		shape.Data = append(shape.Data, float64(k))
	}
	shape.Shape = []int{len(shape.Data)}
	g.Nodes[name] = New("Input", "shape", shape)
	n.left = append(n.left, fmt.Sprintf("node %q is not run: %s", name, why))
	return name
}

// loops finds the neurons and weights that are one node, and returns the edges without these.
func (h *chain) loops(g *Graph) (edges []Edge) {
	of := func(name string, kinds ...string) bool { return slices.Contains(kinds, g.Nodes[name].Kind) }
	within := map[Edge]bool{}
	for _, e := range g.Edges {
		back := Edge{e.To, e.From}
		others := func(o Edge) bool { return (o.From == e.To || o.To == e.To) && o != e && o != back }
		if e != back && slices.Contains(g.Edges, back) && of(e.From, "LIF", "CubaLIF") && of(e.To, "Affine", "Linear") && !slices.ContainsFunc(g.Edges, others) {
			h.rec[e.From] = e.To
			within[e], within[back] = true, true
		}
	}
	for _, e := range g.Edges {
		if !within[e] {
			edges = append(edges, e)
		}
	}
	return edges
}

// follow adds the nodes of the chain.
func (h *chain) follow(g *Graph, c Convention) error {
	if n := g.Nodes["input"]; n == nil || n.Kind != "Input" {
		return refuse("%s begins at a node named input; there is none, and it gives out its input", c.Name)
	}
	seen := map[string]bool{}
	add := func(name string, n *Node) {
		if len(h.names) > 0 {
			h.flat.Edges = append(h.flat.Edges, Edge{h.names[len(h.names)-1], name})
		}
		h.flat.Nodes[name] = n
		h.names = append(h.names, name)
	}
	for name := "input"; name != "" && name != "output"; name = h.first[name] {
		n := g.Nodes[name]
		next := g.Nodes[h.first[name]]
		switch {
		case seen[name]:
			return refuse("node %q: %s follows the first edge of each node, comes back to it and does not come to an end", name, c.Name)
		case n.Kind == "NIRGraph":
			neurons, err := h.nested(name, n.Graph, c)
			if err != nil {
				return err
			}
			add(name+"/"+neurons, n.Graph.Nodes[neurons])
		case n.Kind == "LI" && (next == nil || next.Kind != "Threshold"):
			return refuse("node %q: %s reads an LI with a Threshold behind it alone", name, c.Name)
		case n.Kind == "Threshold" && !(len(h.names) > 0 && h.flat.Nodes[h.names[len(h.names)-1]].Kind == "LI"), !c.reads(n.Kind):
			h.net.left = append(h.net.left, fmt.Sprintf("node %q hands on what comes to it: %s does not know the kind %s", name, c.Name, n.Kind))
		default:
			add(name, n)
		}
		seen[name] = true
	}
	return nil
}

// nested reads a nested graph: neurons with weights that lead back.
func (h *chain) nested(name string, g *Graph, c Convention) (neurons string, err error) {
	var weights []string
	for _, k := range g.names() {
		switch kind := g.Nodes[k].Kind; kind {
		case "IF", "LIF", "CubaLIF":
			neurons = k
		case "Affine", "Linear":
			weights = append(weights, k)
		}
	}
	if len(g.Nodes) != 4 || neurons == "" || len(weights) != 1 || strings.Contains(neurons, "/") {
		return "", refuse("nested graph %q: %s reads neurons with weights that lead back to them alone", name, c.Name)
	}
	h.rec[name+"/"+neurons] = name + "/" + weights[0]
	return neurons, nil
}

// inRow is the order of lava-dl (nir_to_lava.py of NIR): one node behind the other from "input" on,
// all of them; where neurons and the weights that lead back to them are one node, that of the
// equations.
func inRow(n *Net, g *Graph, c Convention) (*Graph, []string, error) {
	for _, name := range g.names() {
		if n := g.Nodes[name]; n.Kind == "Conv2d" && !zero(n.Values["bias"].Data) {
			return nil, nil, refuse("node %q: bias not supported in %s", name, c.Name)
		}
	}
	h := &chain{rec: map[string]string{}}
	edges := h.loops(g)
	if len(h.rec) > 0 {
		return byEquations(n, g, c)
	}
	next, seen := map[string]string{}, map[string]bool{}
	for _, e := range edges {
		if next[e.From] != "" {
			return nil, nil, refuse("node %q: edges to %q and %q; branching networks are not supported in %s", e.From, next[e.From], e.To, c.Name)
		}
		next[e.From] = e.To
	}
	for name := "input"; name != ""; name = next[name] {
		if seen[name] {
			return nil, nil, refuse("node %q: cycling graphs are not supported in %s", name, c.Name)
		}
		seen[name] = true
	}
	for _, name := range g.names() {
		if !seen[name] {
			return nil, nil, refuse("node %q: %s goes from a node named input to the next one, and does not come to it", name, c.Name)
		}
	}
	return byEquations(n, g, c)
}
