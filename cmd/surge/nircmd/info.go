package nircmd

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/alecthomas/kong"

	"github.com/surge-snn/surge/models/nir"
)

// Info is surge nir info.
type Info struct {
	File string `arg:"" help:"A NIR file."`
	JSON bool   `help:"Print a JSON object."`
}

// Help is the text under the usage of the command.
func (Info) Help() string {
	return `Prints the nodes of a NIR graph with their parameters and what leads to them, the metadata, which library probably wrote it, and what a reader could take for something else.

Examples:

  surge nir info network.nir
  surge nir info network.nir --json`
}

// description is a graph in words.
type description struct {
	Version  string         `json:"version"`
	Writer   string         `json:"writer,omitempty"`
	Why      string         `json:"why,omitempty"`
	Metadata map[string]any `json:"metadata,omitempty"`
	Nodes    []node         `json:"nodes"`
	Warnings []string       `json:"warnings"`
}

type node struct {
	Name       string               `json:"name"`
	Kind       string               `json:"kind"`
	Inputs     []string             `json:"inputs,omitempty"`
	Parameters map[string]parameter `json:"parameters"`
}

type parameter struct {
	Shape []int   `json:"shape"`
	Type  string  `json:"type,omitempty"`
	Min   float64 `json:"min"`
	Max   float64 `json:"max"`
	Text  string  `json:"text,omitempty"`
}

// Run describes.
func (c *Info) Run(k *kong.Context) error {
	g, err := source{File: c.File}.read()
	if err != nil {
		return err
	}
	flat, err := g.Flat()
	if err != nil {
		return err
	}
	d := description{Version: g.Version, Metadata: g.Metadata, Warnings: nir.Warnings(g)}
	d.Writer, d.Why = nir.Guess(g)
	for _, name := range slices.Sorted(maps.Keys(flat.Nodes)) {
		n := flat.Nodes[name]
		x := node{Name: name, Kind: n.Kind, Parameters: map[string]parameter{}}
		for _, e := range flat.Edges {
			if e.To == name {
				x.Inputs = append(x.Inputs, e.From)
			}
		}
		for key, a := range n.Values {
			p := parameter{Shape: a.Shape, Type: a.Type}
			if len(a.Data) > 0 {
				p.Min, p.Max = slices.Min(a.Data), slices.Max(a.Data)
			}
			x.Parameters[key] = p
		}
		for key, text := range n.Texts {
			x.Parameters[key] = parameter{Text: text}
		}
		d.Nodes = append(d.Nodes, x)
	}
	if c.JSON {
		return json.NewEncoder(k.Stdout).Encode(d)
	}
	return d.write(k)
}

func (d description) write(k *kong.Context) error {
	fmt.Fprintf(k.Stdout, "NIR %s", d.Version)
	if d.Writer != "" {
		fmt.Fprintf(k.Stdout, ", written by %s (%s)", d.Writer, d.Why)
	}
	fmt.Fprintln(k.Stdout)
	for _, key := range slices.Sorted(maps.Keys(d.Metadata)) {
		fmt.Fprintf(k.Stdout, "%s = %v\n", key, d.Metadata[key])
	}
	t := tabwriter.NewWriter(k.Stdout, 0, 0, 2, ' ', 0)
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
	for _, w := range d.Warnings {
		if _, err := fmt.Fprintln(k.Stdout, "note:", w); err != nil {
			return err
		}
	}
	return nil
}

// String returns the shape and the range: "[4] 0.001", "[4 3] -0.5 to 1.2".
func (p parameter) String() string {
	switch {
	case p.Text != "":
		return p.Text
	case p.Min == p.Max:
		return fmt.Sprintf("%v %.6g", p.Shape, p.Min)
	}
	return fmt.Sprintf("%v %.6g to %.6g", p.Shape, p.Min, p.Max)
}
