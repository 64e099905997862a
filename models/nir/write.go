package nir

import (
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/internal/hdf5"
)

// Write writes a graph to a file as nir 1.0.8 reads it, atomically. Equal graphs give equal bytes.
// Before, it is checked, and parameters of neurons that are scalars are spread to all neurons:
// nir.write refuses scalars.
//
// Errors: [ErrGraph], files.ErrArray (a name with "/", which nir cannot read back), or that of the
// file system.
func Write(path string, g *Graph) error {
	return files.WriteAtomic(path, func(w io.Writer) error { return Encode(w, g) })
}

// Encode writes a graph to w, see [Write].
func Encode(w io.Writer, g *Graph) error {
	if err := g.Check(); err != nil {
		return err
	}
	g, err := g.spread()
	if err != nil {
		return err
	}
	root := &hdf5.Content{}
	encodeGraph(root.Group("node"), g)
	root.AddStrings("version", []string{Version})
	return hdf5.Encode(w, root)
}

func encodeGraph(c *hdf5.Content, g *Graph) {
	var ends []string
	for _, e := range g.Edges {
		ends = append(ends, e.From, e.To)
	}
	if ends == nil {
		ends = []string{}
	}
	c.AddStrings("edges", ends, len(g.Edges), 2)
	encodeMetadata(c, g.Metadata)
	nodes := c.Group("nodes")
	for _, name := range g.names() {
		n, node := g.Nodes[name], nodes.Group(name)
		if n.Kind == "NIRGraph" {
			encodeGraph(node, n.Graph)
			continue
		}
		for _, field := range Kinds[n.Kind] {
			if text, ok := n.Texts[field.Name]; ok {
				node.AddStrings(field.Name, []string{text})
			} else if a, ok := n.Values[field.Name]; ok {
				encodeArray(node, field.Name, a)
			}
		}
		encodeMetadata(node, n.Metadata)
		node.AddStrings("type", []string{n.Kind})
	}
	c.AddStrings("type", []string{"NIRGraph"})
}

// spread returns g with a value for each neuron where a parameter is a scalar.
func (g *Graph) spread() (*Graph, error) {
	flat, err := g.Flat()
	if err != nil {
		return nil, err
	}
	order, err := flat.schedule()
	if err != nil {
		return nil, err
	}
	shapes, err := flat.shapes(order)
	if err != nil {
		return nil, err
	}
	g = g.Clone()
	g.spreadTo(shapes, "")
	return g, nil
}

func (g *Graph) spreadTo(shapes map[string][]int, prefix string) {
	for name, n := range g.Nodes {
		if n.Graph != nil {
			n.Graph.spreadTo(shapes, prefix+name+"/")
		}
		for _, f := range Kinds[n.Kind] {
			if a, ok := n.Values[f.Name]; ok && f.Neuron && len(a.Shape) == 0 {
				shape, size := shapes[prefix+name], 1
				for _, k := range shape {
					size *= k
				}
				n.Values[f.Name] = Array{Shape: shape, Data: slices.Repeat(a.Data, size), Type: a.Type}
			}
		}
	}
}

func encodeArray(c *hdf5.Content, name string, a Array) {
	switch a.Type {
	case "int64":
		v := make([]int64, len(a.Data))
		for i, x := range a.Data {
			v[i] = int64(x)
		}
		hdf5.Add(c, name, v, a.Shape...)
	case "float64":
		hdf5.Add(c, name, a.Data, a.Shape...)
	default:
		v := make([]float32, len(a.Data))
		for i, x := range a.Data {
			v[i] = float32(x)
		}
		hdf5.Add(c, name, v, a.Shape...)
	}
}

func encodeMetadata(c *hdf5.Content, m map[string]any) {
	if len(m) == 0 {
		return
	}
	g := c.Group("metadata")
	for _, name := range slices.Sorted(maps.Keys(m)) {
		switch v := m[name].(type) {
		case string:
			g.AddStrings(name, []string{v})
		case float64:
			hdf5.Add(g, name, []float64{v})
		case int64:
			hdf5.Add(g, name, []int64{v})
		case []float64:
			hdf5.Add(g, name, v, len(v))
		default:
			g.AddStrings(name, []string{fmt.Sprint(v)})
		}
	}
}
