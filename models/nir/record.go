package nir

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
)

// Recorded is what a node gave out.
type Recorded struct {
	Name   string    `json:"name"`
	Size   int       `json:"size"`
	Total  float64   `json:"total"`
	Active int       `json:"active"` // elements that were not always 0
	Sums   []float64 `json:"sums"`   // over time, of each element
}

// Activity returns what each recorded node gave out, in the order of the network.
func (t *Trace) Activity(net *Net) []Recorded {
	var nodes []Recorded
	for _, name := range net.Names() {
		v, ok := t.Values[name]
		if !ok {
			continue
		}
		n := Recorded{Name: name, Size: len(v) / max(t.Steps, 1)}
		n.Sums = make([]float64, n.Size)
		seen := make([]bool, n.Size)
		for i, x := range v {
			n.Sums[i%n.Size] += x
			n.Total += x
			seen[i%n.Size] = seen[i%n.Size] || x != 0
		}
		for _, s := range seen {
			if s {
				n.Active++
			}
		}
		nodes = append(nodes, n)
	}
	return nodes
}

// Arrays returns the outputs of the recorded nodes as arrays [T, N] of a file, or single for a
// table: one [T] for each element, NODE.ELEMENT.
func (t *Trace) Arrays(net *Net, single bool) (arrays []files.Array) {
	for _, name := range net.Names() {
		v, ok := t.Values[name]
		if !ok {
			continue
		}
		n := len(v) / max(t.Steps, 1)
		if !single {
			arrays = append(arrays, files.Array{Name: name, Shape: []int{t.Steps, n}, Data: v})
			continue
		}
		for j := range n {
			a := files.Array{Name: fmt.Sprintf("%s.%d", name, j), Shape: []int{t.Steps}}
			for s := range t.Steps {
				a.Data = append(a.Data, v[s*n+j])
			}
			arrays = append(arrays, a)
		}
	}
	return arrays
}

// Arrays lists the parameters of a graph by "node.parameter".
func (g *Graph) Arrays() []files.Array {
	flat, err := g.Flat()
	if err != nil {
		return nil
	}
	var all []files.Array
	for _, name := range slices.Sorted(maps.Keys(flat.Nodes)) {
		for _, key := range slices.Sorted(maps.Keys(flat.Nodes[name].Values)) {
			a := flat.Nodes[name].Values[key]
			all = append(all, files.Array{Name: strings.ReplaceAll(name, "/", ".") + "." + key, Shape: a.Shape, Data: a.Data})
		}
	}
	return all
}

// ReadInputs reads the values [T, N] of each input of a network, and the number T of steps, from
// arrays [T, ...] in a file by the names of the inputs; where there is one of each, the name does
// not matter.
//
// Errors are [*exit.BadInput].
func ReadInputs(net *Net, path string) (map[string][]float64, int, error) {
	arrays, err := files.ReadArrays(path)
	if err != nil {
		return nil, 0, &exit.BadInput{File: path, Err: err}
	}
	inputs, steps := map[string][]float64{}, -1
	for _, name := range net.Inputs {
		a := files.Array{}
		if len(net.Inputs) == 1 && len(arrays) == 1 {
			a = arrays[0]
		} else if a, err = files.Lookup(arrays, name); err != nil {
			return nil, 0, &exit.BadInput{File: path, Err: err}
		}
		shape, width := net.Shape(name), 1
		for _, k := range shape {
			width *= k
		}
		bad := &exit.BadInput{File: path, Member: a.Name, Expected: fmt.Sprintf("shape [T, ...] with %v elements in a step, as the input %q has", shape, name), Found: fmt.Sprint(a.Shape)}
		if len(a.Shape) == 0 || width == 0 || len(a.Data) != a.Shape[0]*width {
			return nil, 0, bad
		}
		if steps >= 0 && a.Shape[0] != steps {
			bad.Expected = fmt.Sprintf("%d steps, as the input before", steps)
			return nil, 0, bad
		}
		inputs[name], steps = a.Data, a.Shape[0]
	}
	return inputs, max(steps, 0), nil
}
