package nir

import (
	"fmt"
	"slices"

	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/internal/hdf5"
)

// limit is the number of elements that a graph holds at most: 2^27, as of the package files.
const limit = files.MaxElements

// maxNesting is how deep graphs are nested at most.
const maxNesting = 16

// Read reads a graph from a file of nir (HDF5) and checks it, see [Graph.Check].
//
// Errors: [ErrGraph]; files.ErrFormat, files.ErrCorrupt, files.ErrTooLarge, each with the file and
// the node.
func Read(path string) (*Graph, error) {
	f, err := hdf5.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	g, err := decode(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return g, nil
}

func decode(f *hdf5.File) (*Graph, error) {
	if !f.IsGroup("/node") {
		return nil, fmt.Errorf("%w: expected a group /node, as nir writes it, found none", files.ErrFormat)
	}
	r := reader{f: f}
	n, err := r.node("/node", 0)
	if err != nil {
		return nil, err
	}
	if n.Kind != "NIRGraph" { // nir.write puts a single node into a file, too
		g := &Graph{Nodes: map[string]*Node{"node": n}}
		n = &Node{Kind: "NIRGraph", Graph: g}
	}
	g := n.Graph
	if f.Has("/version") {
		if g.Version, err = r.text("/version"); err != nil {
			return nil, err
		}
	}
	return g, g.Check()
}

type reader struct {
	f        *hdf5.File
	elements int
	nodes    int
}

// maxNodes is how many nodes a file has at most.
const maxNodes = 1 << 16

func (r *reader) node(path string, depth int) (*Node, error) {
	if r.nodes++; depth > maxNesting || r.nodes > maxNodes {
		return nil, fmt.Errorf("%w: %s: more than %d nodes, or nested deeper than %d", files.ErrTooLarge, path, maxNodes, maxNesting)
	}
	kind, err := r.text(path + "/type")
	if err != nil {
		return nil, err
	}
	fields, ok := Kinds[kind]
	if !ok {
		return nil, fmt.Errorf("%w: %s: a node of kind %q, which is none of NIR %s", ErrGraph, path, kind, Version)
	}
	n := &Node{Kind: kind, Values: map[string]Array{}}
	names, err := r.f.Names(path)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		switch {
		case name == "type":
		case name == "metadata":
			if n.Metadata, err = r.metadata(path + "/metadata"); err != nil {
				return nil, err
			}
		case kind == "NIRGraph" && (name == "nodes" || name == "edges"):
		case name == "input_type" || name == "output_type": // nir derives them; a Flatten needs the first
			if kind != "Flatten" || name == "output_type" {
				continue
			}
			fallthrough
		default:
			if !slices.ContainsFunc(fields, func(f Field) bool { return f.Name == name }) {
				return nil, fmt.Errorf("%w: %s: %s has no parameter %q", ErrGraph, path, kind, name)
			}
			if err := r.parameter(n, path, name); err != nil {
				return nil, err
			}
		}
	}
	if kind == "NIRGraph" {
		if n.Graph, err = r.graph(path, depth); err != nil {
			return nil, err
		}
		n.Graph.Metadata = n.Metadata
	}
	return n, nil
}

func (r *reader) graph(path string, depth int) (*Graph, error) {
	g := &Graph{Nodes: map[string]*Node{}}
	names, err := r.f.Names(path + "/nodes")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if g.Nodes[name], err = r.node(path+"/nodes/"+name, depth+1); err != nil {
			return nil, err
		}
	}
	d, err := r.f.Dataset(path + "/edges")
	if err != nil {
		return nil, err
	}
	if len(d.Shape) != 2 && !slices.Equal(d.Shape, []int{0}) || len(d.Shape) == 2 && d.Shape[1] != 2 {
		return nil, fmt.Errorf("%w: %s: expected pairs of names, found shape %v", ErrGraph, path+"/edges", d.Shape)
	}
	if len(d.Shape) == 1 || d.Shape[0] == 0 {
		return g, nil
	}
	ends, err := d.Strings(0, -1)
	if err != nil {
		return nil, err
	}
	for i := 0; i+1 < len(ends); i += 2 {
		g.Edges = append(g.Edges, Edge{ends[i], ends[i+1]})
	}
	return g, nil
}

func (r *reader) text(path string) (string, error) {
	d, err := r.f.Dataset(path)
	if err != nil {
		return "", err
	}
	if len(d.Shape) != 0 {
		return "", fmt.Errorf("%w: %s: expected a string, found shape %v", ErrGraph, path, d.Shape)
	}
	s, err := d.Strings(0, 1)
	if err != nil {
		return "", err
	}
	return s[0], nil
}

// parameter reads a parameter of a node.
func (r *reader) parameter(n *Node, path, name string) error {
	d, err := r.f.Dataset(path + "/" + name)
	if err != nil {
		return err
	}
	if d.Type.IsString() {
		if n.Texts == nil {
			n.Texts = map[string]string{}
		}
		n.Texts[name], err = r.text(path + "/" + name)
		return err
	}
	n.Values[name], err = r.array(d)
	return err
}

func (r *reader) array(d *hdf5.Dataset) (Array, error) {
	size := 1
	for _, k := range d.Shape {
		if k != 0 && size > limit/k {
			size = limit + 1
			break
		}
		size *= k
	}
	if r.elements += size; r.elements > limit {
		return Array{}, fmt.Errorf("%w: %v: more than %d elements in a graph", files.ErrTooLarge, d, limit)
	}
	v, err := d.Floats(0, -1)
	if err != nil {
		return Array{}, err
	}
	a := Array{Shape: d.Shape, Data: v, Type: "int64"}
	if d.Type.Class == hdf5.Float {
		a.Type = "float64"
		if d.Type.Size <= 4 {
			a.Type = "float32"
		}
	}
	return a, nil
}

// metadata reads numbers, strings and lists of numbers.
func (r *reader) metadata(path string) (map[string]any, error) {
	names, err := r.f.Names(path)
	if err != nil {
		return nil, err
	}
	m := map[string]any{}
	for _, name := range names {
		if r.f.IsGroup(path + "/" + name) {
			continue // what others nest there is theirs
		}
		d, err := r.f.Dataset(path + "/" + name)
		if err != nil {
			return nil, err
		}
		switch {
		case d.Type.IsString() && len(d.Shape) == 0:
			m[name], err = r.text(path + "/" + name)
		case d.Type.IsNumber():
			var a Array
			if a, err = r.array(d); err != nil {
				break
			}
			if m[name] = a.Data; len(a.Shape) == 0 {
				m[name] = a.Data[0]
			}
		}
		if err != nil {
			return nil, err
		}
	}
	return m, nil
}
