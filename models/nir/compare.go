package nir

import (
	"fmt"
	"slices"

	"github.com/surge-snn/surge/internal/random"
)

// Comparison says how a simulator takes a graph, beside the convention of the reader.
type Comparison struct {
	Peer    string   `json:"peer"`
	Source  string   `json:"source"`            // version that was looked at
	Dt      float64  `json:"dt,omitempty"`      // its time step
	Refuses string   `json:"refuses,omitempty"` // why it does not read the graph
	Same    bool     `json:"same"`              // all spikes of all nodes are equal
	Step    int      `json:"step"`              // of the first difference; -1 where there is none
	Node    string   `json:"node,omitempty"`
	Neuron  int      `json:"neuron"`
	Here    float64  `json:"here"`  // spikes in this step
	There   float64  `json:"there"` // spikes in this step
	Total   int      `json:"total"` // spikes of all nodes, there
	Why     []string `json:"why,omitempty"`
}

// Compare runs a graph as a net that was compiled from it and as each of the named peers would with
// their own time step, and finds the first spikes that are not the same. A network without spiking
// nodes is compared by its outputs.
//
// Errors: those of [Net.Run]; that a peer refuses the graph is no error.
func Compare(g *Graph, own *Net, peers []string, inputs map[string][]float64, steps int) ([]Comparison, error) {
	if g == nil || own == nil {
		return nil, fmt.Errorf("%w: no graph or no net to compare", ErrGraph)
	}
	watch := own.Spiking()
	if len(watch) == 0 {
		watch = own.Outputs
	}
	here, err := own.Run(inputs, steps, watch...)
	if err != nil {
		return nil, err
	}
	var all []Comparison
	for _, name := range peers {
		c, ok := Peers[name]
		if !ok {
			return nil, fmt.Errorf("%w: no convention %q, expected one of %v", ErrMeaning, name, PeerNames)
		}
		all = append(all, compare(g, own, c, here, watch, inputs, steps))
	}
	return all, nil
}

func compare(g *Graph, own *Net, c Convention, here *Trace, watch []string, inputs map[string][]float64, steps int) Comparison {
	result := Comparison{Peer: c.Name, Source: c.Source, Dt: c.Dt, Step: -1}
	dt := c.Dt
	if dt == 0 {
		dt = own.Dt
	}
	net, err := Compile(g, c, dt)
	if err != nil {
		result.Refuses = err.Error()
		return result
	}
	there, err := net.Run(inputs, steps, watch...)
	if err != nil {
		result.Refuses = err.Error()
		return result
	}
	for _, name := range watch {
		for _, v := range there.Values[name] {
			result.Total += int(v)
		}
	}
	for t := range steps {
		for _, name := range watch { // in the order in which a step computes them
			n := size(own.Shape(name))
			for j := range n {
				a, b := here.Values[name][t*n+j], there.Values[name][t*n+j]
				if a != b {
					result.Step, result.Node, result.Neuron, result.Here, result.There = t, name, j, a, b
					result.Why = why(own, net, name, j)
					return result
				}
			}
		}
	}
	if net.strayed {
		return astray(result, own, net, inputs, steps)
	}
	result.Same = true
	return result
}

// astray says where an output that comes from another node than the graph says is something else.
func astray(result Comparison, own, other *Net, inputs map[string][]float64, steps int) Comparison {
	given, err := own.Run(inputs, steps, own.Outputs...)
	there, errThere := other.Run(inputs, steps, own.Outputs...)
	if err != nil || errThere != nil {
		result.Refuses = fmt.Sprint(err, errThere)
		return result
	}
	for _, note := range other.Notes {
		a, b := given.Values[note.Node], there.Values[note.Node]
		if !slices.Contains(own.Outputs, note.Node) || slices.Equal(a, b) {
			continue
		}
		i := 0
		for len(a) == len(b) && a[i] == b[i] {
			i++
		}
		n := max(1, size(own.Shape(note.Node)))
		result.Step, result.Node, result.Neuron, result.Why = i/n, note.Node, i%n, append([]string{note.Text}, other.left...)
		if i < len(a) && i < len(b) {
			result.Here, result.There = a[i], b[i]
		}
		return result
	}
	result.Same = true
	return result
}

// why says what may make neuron j of a node differ: the node itself, or weights before it.
func why(own, other *Net, name string, j int) []string {
	var reasons []string
	if own.Dt != other.Dt && other.Convention != "rockpool" {
		reasons = append(reasons, fmt.Sprintf("the time step is %g, here %g", other.Dt, own.Dt))
	}
	a, ok := own.Step(name)
	b, both := other.Step(name)
	if ok && both {
		reasons = append(reasons, a.differ(b, j)...)
	}
	for _, note := range other.Notes {
		node := other.nodes[other.index[name]]
		if before := slices.ContainsFunc(node.sources, func(i int) bool { return other.nodes[i].name == note.Node }); note.Node == name || before {
			reasons = append(reasons, note.Text)
		}
	}
	for _, text := range other.left {
		if !slices.Contains(reasons, text) {
			reasons = append(reasons, text)
		}
	}
	if len(reasons) == 0 {
		reasons = []string{"numbers that differ by less than 1e-6, or what comes to the node"}
	}
	return reasons
}

// RandomInput returns spikes of probability rate in each step for the inputs of a net, drawn from a
// seed.
func RandomInput(n *Net, steps int, rate float64, seed uint64) map[string][]float64 {
	inputs := map[string][]float64{}
	if n == nil {
		return inputs
	}
	steps = max(steps, 0)
	for _, name := range n.Inputs {
		r := random.New(seed, "nir/input/"+name)
		x := make([]float64, steps*size(n.Shape(name)))
		for i := range x {
			if r.Float64() < rate {
				x[i] = 1
			}
		}
		inputs[name] = x
	}
	return inputs
}
