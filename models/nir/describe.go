package nir

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

// Description is a graph in words.
type Description struct {
	Version  string            `json:"version"`
	Writer   string            `json:"writer,omitempty"`
	Why      string            `json:"why,omitempty"`
	Metadata map[string]any    `json:"metadata,omitempty"`
	Nodes    []NodeDescription `json:"nodes"`
	Warnings []string          `json:"warnings"`
}

// NodeDescription is a node in words.
type NodeDescription struct {
	Name       string               `json:"name"`
	Kind       string               `json:"kind"`
	Inputs     []string             `json:"inputs,omitempty"`
	Parameters map[string]Parameter `json:"parameters"`
}

// Parameter is an array of a node, or a text: where it has one, the numbers mean nothing.
type Parameter struct {
	Shape []int   `json:"shape"`
	Type  string  `json:"type,omitempty"`
	Min   float64 `json:"min"`
	Max   float64 `json:"max"`
	Text  string  `json:"text,omitempty"`
}

// Describe returns what is in a graph, which library probably wrote it, and what a reader could
// take for something else ([Warnings]).
//
// The error is that of [Graph.Flat].
func Describe(g *Graph) (*Description, error) {
	flat, err := g.Flat()
	if err != nil {
		return nil, err
	}
	d := &Description{Version: g.Version, Metadata: g.Metadata, Warnings: Warnings(g)}
	d.Writer, d.Why = Guess(g)
	for _, name := range slices.Sorted(maps.Keys(flat.Nodes)) {
		n := flat.Nodes[name]
		x := NodeDescription{Name: name, Kind: n.Kind, Parameters: map[string]Parameter{}}
		for _, e := range flat.Edges {
			if e.To == name {
				x.Inputs = append(x.Inputs, e.From)
			}
		}
		for key, a := range n.Values {
			p := Parameter{Shape: a.Shape, Type: a.Type}
			if len(a.Data) > 0 {
				p.Min, p.Max = slices.Min(a.Data), slices.Max(a.Data)
			}
			x.Parameters[key] = p
		}
		for key, text := range n.Texts {
			x.Parameters[key] = Parameter{Text: text}
		}
		d.Nodes = append(d.Nodes, x)
	}
	return d, nil
}

// Write prints the description for people.
func (d *Description) Write(w io.Writer) error {
	if w == nil {
		return fmt.Errorf("%w: nothing to write to", ErrMeaning)
	}
	fmt.Fprintf(w, "NIR %s", d.Version)
	if d.Writer != "" {
		fmt.Fprintf(w, ", written by %s (%s)", d.Writer, d.Why)
	}
	fmt.Fprintln(w)
	for _, key := range slices.Sorted(maps.Keys(d.Metadata)) {
		fmt.Fprintf(w, "%s = %v\n", key, d.Metadata[key])
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "node\tkind\tfrom\tparameters")
	for _, n := range d.Nodes {
		var words []string
		for _, key := range slices.Sorted(maps.Keys(n.Parameters)) {
			words = append(words, key+" "+n.Parameters[key].String())
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", n.Name, n.Kind, strings.Join(n.Inputs, ", "), strings.Join(words, ", "))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, note := range d.Warnings {
		if _, err := fmt.Fprintln(w, "note:", note); err != nil {
			return err
		}
	}
	return nil
}

// String returns the shape and the range: "[4] 0.001", "[4 3] -0.5 to 1.2".
func (p Parameter) String() string {
	switch {
	case p.Text != "":
		return p.Text
	case p.Min == p.Max:
		return fmt.Sprintf("%v %.6g", p.Shape, p.Min)
	}
	return fmt.Sprintf("%v %.6g to %.6g", p.Shape, p.Min, p.Max)
}
