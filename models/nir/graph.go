// Package nir holds graphs of the Neuromorphic Intermediate Representation (NIR, Pedersen et al.
// 2024, doi:10.1038/s41467-024-52259-9) as Go values: reads and writes the files of nir 1.0.8,
// checks them, runs them in discrete time, and says where other simulators would do something else
// with them.
//
// # What a file leaves open
//
// NIR describes neurons by differential equations. A file does not say the time step, the unit of
// time, how the equations are discretised, or that a spike subtracts the threshold; each library
// assumes its own, so that one file gives different spikes in each of them. A [Convention] is one
// such set of assumptions. surge writes its own as metadata of the graph ([Metadata]); a file
// without them is read by the convention of its producer, which has to be named ([Guess] has an
// opinion).
//
//	g, err := nir.Read("network.nir")
//	net, err := nir.Compile(g, nir.Peers["snntorch"], 0)     // as snnTorch simulates it
//	out, err := net.Run(input)                               // [T, N] each
//
// [Net.Model] is the net as layers of package models, to be trained further.
package nir

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Errors of this package; they are wrapped with the node, what was expected and what was found.
var (
	// ErrGraph signifies a graph that is not valid: an unknown node, a parameter that is missing,
	// shapes that do not fit.
	ErrGraph = errors.New("nir: invalid graph")
	// ErrMeaning signifies a graph whose meaning is open, or that a convention cannot express.
	ErrMeaning = errors.New("nir: no such meaning")
)

// Graph is a NIR graph: nodes, and edges along which the output of one is added to the input of
// another.
type Graph struct {
	Nodes    map[string]*Node
	Edges    []Edge
	Metadata map[string]any // string, float64, int64 or []float64
	Version  string         // of nir, as the file says; empty: not said
}

// Edge goes from the output of one node to the input of another.
type Edge struct{ From, To string }

// Node is a computational node. Which parameters it has depends on its kind, see [Kinds].
type Node struct {
	Kind     string
	Values   map[string]Array
	Texts    map[string]string // parameters that are strings: padding "same" or "valid"
	Graph    *Graph            // of a NIRGraph
	Metadata map[string]any
}

// Array is a parameter. Data is row-major.
type Array struct {
	Shape []int // empty: a scalar
	Data  []float64
	Type  string // in a file: "float32", "float64" or "int64"; empty: float32
}

// Vector returns an array of one dimension.
func Vector(data ...float64) Array { return Array{Shape: []int{len(data)}, Data: data} }

// Fill returns an array of n equal elements.
func Fill(v float64, n int) Array { n = max(n, 0); return Vector(slices.Repeat([]float64{v}, n)...) }

// Matrix returns an array of two dimensions, row-major; weights are [out, in].
func Matrix(rows, cols int, data []float64) Array {
	return Array{Shape: []int{rows, cols}, Data: data}
}

// Integers returns an array of integers of one dimension.
func Integers(v ...int) Array {
	a := Array{Shape: []int{len(v)}, Type: "int64"}
	for _, x := range v {
		a.Data = append(a.Data, float64(x))
	}
	return a
}

// ints returns the elements as integers.
func (a Array) ints() []int {
	v := make([]int, len(a.Data))
	for i, x := range a.Data {
		v[i] = int(x)
	}
	return v
}

// Field is a parameter of a kind of node.
type Field struct {
	Name     string
	Optional bool
	Integer  bool // an integer, or a list of them
	Neuron   bool // one value for each neuron
}

func neuron(names ...string) []Field {
	var f []Field
	for _, n := range names {
		f = append(f, Field{Name: n, Neuron: true, Optional: n == "v_reset" || n == "w_in"})
	}
	return f
}

func conv() []Field {
	return []Field{{Name: "input_shape", Integer: true, Optional: true}, {Name: "weight"}, {Name: "stride", Integer: true},
		{Name: "padding", Integer: true}, {Name: "dilation", Integer: true}, {Name: "groups", Integer: true}, {Name: "bias"}}
}

func pool() []Field {
	return []Field{{Name: "kernel_size", Integer: true}, {Name: "stride", Integer: true}, {Name: "padding", Integer: true}}
}

// Kinds are the kinds of nodes of NIR 1.0.8 with their parameters, by their names in the files.
// v_reset is 0 where it is missing, as in files of nir before 1.0.6, w_in is 1. A NIRGraph has a
// graph of its own.
var Kinds = map[string][]Field{
	"Input":     {{Name: "shape", Integer: true}},
	"Output":    {{Name: "shape", Integer: true}},
	"Affine":    {{Name: "weight"}, {Name: "bias"}},
	"Linear":    {{Name: "weight"}},
	"Scale":     {{Name: "scale"}},
	"Flatten":   {{Name: "input_type", Integer: true, Optional: true}, {Name: "start_dim", Integer: true}, {Name: "end_dim", Integer: true}},
	"SumPool2d": pool(),
	"AvgPool2d": pool(),
	"Conv1d":    conv(),
	"Conv2d":    conv(),
	"Delay":     {{Name: "delay", Neuron: true}},
	"Threshold": {{Name: "threshold", Neuron: true}},
	"I":         neuron("r"),
	"IF":        neuron("r", "v_threshold", "v_reset"),
	"LI":        neuron("tau", "r", "v_leak"),
	"LIF":       neuron("tau", "r", "v_leak", "v_threshold", "v_reset"),
	"CubaLI":    neuron("tau_mem", "tau_syn", "r", "v_leak", "w_in"),
	"CubaLIF":   neuron("tau_mem", "tau_syn", "r", "v_leak", "v_threshold", "v_reset", "w_in"),
	"NIRGraph":  nil,
}

// Spikes tells whether a node gives out spikes.
func (n *Node) Spikes() bool {
	return n != nil && (n.Kind == "LIF" || n.Kind == "CubaLIF" || n.Kind == "IF" || n.Kind == "Threshold")
}

// stateful tells whether a node has a state, so that a loop may go through it.
func (n *Node) stateful() bool {
	switch n.Kind {
	case "LIF", "CubaLIF", "IF", "LI", "CubaLI", "I", "Delay":
		return true
	}
	return false
}

// New returns a node with parameters, given as names and values by turns. A pair of anything but a
// name and an [Array] is left out, and then missed by [Graph.Check].
func New(kind string, parameters ...any) *Node {
	n := &Node{Kind: kind, Values: map[string]Array{}}
	for i := 0; i+1 < len(parameters); i += 2 {
		name, ok := parameters[i].(string)
		if v, isArray := parameters[i+1].(Array); ok && isArray {
			n.Values[name] = v
		}
	}
	return n
}

// Chain returns a graph of nodes one after the other, named by turns: "input", Input, ... Anything
// but a name and a [Node] becomes a node that [Graph.Check] refuses.
func Chain(namesAndNodes ...any) *Graph {
	g := &Graph{Nodes: map[string]*Node{}, Version: Version}
	last := ""
	for i := 0; i+1 < len(namesAndNodes); i += 2 {
		name, _ := namesAndNodes[i].(string)
		g.Nodes[name], _ = namesAndNodes[i+1].(*Node)
		if last != "" {
			g.Edges = append(g.Edges, Edge{last, name})
		}
		last = name
	}
	return g
}

// Version is the version of NIR that is written.
const Version = "1.0.8"

// names returns the names of the nodes, sorted.
func (g *Graph) names() []string { return slices.Sorted(maps.Keys(g.Nodes)) }

// of returns the names of the nodes of a kind, sorted.
func (g *Graph) of(kind string) []string {
	var names []string
	for _, n := range g.names() {
		if m := g.Nodes[n]; m != nil && m.Kind == kind {
			names = append(names, n)
		}
	}
	return names
}

// Clone returns a copy that shares no memory with g.
func (g *Graph) Clone() *Graph {
	if g == nil {
		return nil
	}
	c := &Graph{Nodes: map[string]*Node{}, Edges: slices.Clone(g.Edges), Metadata: maps.Clone(g.Metadata), Version: g.Version}
	for name, n := range g.Nodes {
		if n == nil {
			c.Nodes[name] = nil
			continue
		}
		m := &Node{Kind: n.Kind, Values: map[string]Array{}, Texts: maps.Clone(n.Texts), Metadata: maps.Clone(n.Metadata)}
		for k, v := range n.Values {
			m.Values[k] = Array{slices.Clone(v.Shape), slices.Clone(v.Data), v.Type}
		}
		if n.Graph != nil {
			m.Graph = n.Graph.Clone()
		}
		c.Nodes[name] = m
	}
	return c
}

// Flat returns g with the nodes of nested graphs in it, under names "outer/inner". The Input and
// Output of a nested graph stay, as nodes that pass on what they get.
//
// Errors: [ErrGraph] where a nested graph has not exactly one Input and one Output: an edge to it
// does not say which.
func (g *Graph) Flat() (*Graph, error) {
	if g == nil {
		return nil, fmt.Errorf("%w: no graph", ErrGraph)
	}
	flat := &Graph{Nodes: map[string]*Node{}, Metadata: g.Metadata, Version: g.Version}
	into, out := map[string]string{}, map[string]string{}
	for _, name := range g.names() {
		n := g.Nodes[name]
		if n == nil {
			return nil, fmt.Errorf("%w: node %q: none", ErrGraph, name)
		}
		into[name], out[name] = name, name
		if n.Kind != "NIRGraph" {
			flat.Nodes[name] = n
			continue
		}
		inner, err := n.Graph.Flat()
		if err != nil {
			return nil, err
		}
		ins, outs := n.Graph.of("Input"), n.Graph.of("Output")
		if len(ins) != 1 || len(outs) != 1 {
			return nil, fmt.Errorf("%w: nested graph %q: %d inputs and %d outputs, expected one of each", ErrGraph, name, len(ins), len(outs))
		}
		into[name], out[name] = name+"/"+ins[0], name+"/"+outs[0]
		for k, m := range inner.Nodes {
			flat.Nodes[name+"/"+k] = m
		}
		for _, e := range inner.Edges {
			flat.Edges = append(flat.Edges, Edge{name + "/" + e.From, name + "/" + e.To})
		}
	}
	for _, e := range g.Edges {
		flat.Edges = append(flat.Edges, Edge{out[e.From], into[e.To]})
	}
	return flat, nil
}
