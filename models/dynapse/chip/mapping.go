package chip

import (
	"errors"
	"fmt"
	"slices"

	"github.com/surge-snn/surge/models/dynapse"
)

// ErrGraph signifies a graph that the chip cannot be, as a whole: a connection between things that
// do not exist, two connections where there can be one, a bias on weights.
var ErrGraph = errors.New("chip: bad graph")

// GraphInput is the name of the input channels of a [Graph], where connections begin.
const GraphInput = "input"

// maxNeurons bounds a graph by what a dense matrix of its weights takes, 8 GiB; the chip is an
// eighth of that.
const maxNeurons = 1 << 15

// Graph says which populations of neurons a network has and how they are connected. It is the form
// between a network as it was trained and a network on the chip: [AsGraph] and [FromGraph] are its
// two sides.
type Graph struct {
	Inputs      int // number of input channels
	Populations []Population
	Linear      []Linear
}

// Population is a group of neurons with a name.
type Population struct {
	Name    string
	N       int
	Neurons NeuronModel // [dynapse.Params], [LIF], or something of your own
}

// NeuronModel is what the neurons of a population are: anything that can be converted to those of
// the chip.
type NeuronModel interface {
	// DynapSE returns the parameters of n neurons of the chip, each a list of one value, of one per
	// neuron, or of none for the default.
	DynapSE(n int) (dynapse.Params, error)
}

// Linear are the weights of all connections from one population (or [GraphInput]) to another or
// itself, [From][To].
type Linear struct {
	From, To string
	Weights
	Bias []float64 // refused: a synapse of the chip has none, see [LIF] for a constant input to neurons
}

// AsGraph returns the network as one population of the given name, with the weights of its inputs,
// which may be empty. Settings of the simulation (rule, bounds of spikes) are no part of it. The
// slices are those of n.
//
// The error is [dynapse.ErrParameter] for parameters or weights that do not fit the neurons, and
// for four synapse types.
func AsGraph(n dynapse.Network, name string, in Weights) (Graph, error) {
	if n.FourSynapses {
		return Graph{}, fmt.Errorf("%w: a network of four synapse types: the weights of a graph have one", dynapse.ErrParameter)
	}
	if _, err := n.Params.Expand(n.N); err != nil {
		return Graph{}, err
	}
	g := Graph{Inputs: in.Pre, Populations: []Population{{name, n.N, n.Params}}}
	if len(in.W) > 0 {
		g.Linear = append(g.Linear, Linear{From: GraphInput, To: name, Weights: in})
	}
	if n.WRec != nil {
		g.Linear = append(g.Linear, Linear{From: name, To: name, Weights: Weights{n.N, n.N, n.WRec}})
	}
	_, err := g.places()
	return g, err
}

// FromGraph returns the graph as one layer of neurons: its populations in their order, converted to
// those of the chip, with the weights from the inputs, in [Inputs][N], and those among the neurons
// in WRec [N][N]. A graph without weights of one sort has none of that sort in the result.
//
// Feed-forward connections between populations become recurrent ones, so that a spike takes one
// time step from one population to the next, as it does on the chip.
//
// Errors: [ErrGraph] for names that are missing, unknown or occur twice, two [Linear] between the
// same populations (multapses: a pair of neurons has one synapse), biases, and populations that
// differ in Iscale or dt; [ErrFit] for more than 32768 neurons; [dynapse.ErrParameter] for numbers.
func FromGraph(g Graph) (dynapse.Network, Weights, error) {
	place, err := g.places()
	if err != nil {
		return dynapse.Network{}, Weights{}, err
	}
	n := dynapse.Network{}
	parts := make([]dynapse.Params, len(g.Populations))
	for i, p := range g.Populations {
		if parts[i], err = p.Neurons.DynapSE(p.N); err == nil {
			_, err = parts[i].Expand(p.N)
		}
		if err != nil {
			return dynapse.Network{}, Weights{}, fmt.Errorf("population %q: %w", p.Name, err)
		}
		n.N += p.N
	}
	if n.Params, err = merge(g.Populations, parts); err != nil {
		return dynapse.Network{}, Weights{}, err
	}
	var in Weights
	for _, l := range g.Linear {
		from, to := place[l.From], place[l.To]
		w := n.WRec
		if l.From == GraphInput {
			if in.W == nil {
				in = Weights{g.Inputs, n.N, make([]float64, g.Inputs*n.N)}
			}
			w = in.W
		} else if w == nil {
			n.WRec = make([]float64, n.N*n.N)
			w = n.WRec
		}
		for i := range l.Pre {
			copy(w[(from+i)*n.N+to:], l.W[i*l.Post:(i+1)*l.Post])
		}
	}
	return n, in, nil
}

// places checks the graph and returns the index of the first neuron of each population, and 0 for
// the inputs.
func (g Graph) places() (map[string]int, error) {
	if g.Inputs < 0 {
		return nil, fmt.Errorf("%w: %d inputs", ErrGraph, g.Inputs)
	}
	if len(g.Populations) == 0 {
		return nil, fmt.Errorf("%w: no population of neurons", ErrGraph)
	}
	place, size := map[string]int{GraphInput: 0}, map[string]int{GraphInput: g.Inputs}
	next := 0
	for i, p := range g.Populations {
		if _, twice := place[p.Name]; twice || p.Name == "" {
			return nil, fmt.Errorf("%w: population %d has the name %q, want one that is not empty, not %q and not used before", ErrGraph, i, p.Name, GraphInput)
		}
		if p.N <= 0 || p.Neurons == nil {
			return nil, fmt.Errorf("%w: population %q has %d neurons of type %T", ErrGraph, p.Name, p.N, p.Neurons)
		}
		if next > maxNeurons-p.N {
			return nil, fmt.Errorf("%w: %d neurons up to population %q and %d in it, want %d at most", ErrFit, next, p.Name, p.N, maxNeurons)
		}
		place[p.Name], size[p.Name] = next, p.N
		next += p.N
	}
	seen := map[[2]string]bool{}
	for i, l := range g.Linear {
		name := fmt.Sprintf("weights from %q to %q", l.From, l.To)
		_, ok := place[l.From]
		if _, known := place[l.To]; !ok || !known || l.To == GraphInput {
			return nil, fmt.Errorf("%w: %s (linear %d): no such populations", ErrGraph, name, i)
		}
		if seen[[2]string{l.From, l.To}] {
			return nil, fmt.Errorf("%w: %s occur twice: multapses are not supported, add the matrices", ErrGraph, name)
		}
		seen[[2]string{l.From, l.To}] = true
		if l.Bias != nil {
			return nil, fmt.Errorf("%w: %s have biases: synapses of the chip have none", ErrGraph, name)
		}
		if err := l.check(name); err != nil {
			return nil, err
		}
		if l.Pre != size[l.From] || l.Post != size[l.To] {
			return nil, fmt.Errorf("%w: %s are %d x %d, want %d x %d", ErrGraph, name, l.Pre, l.Post, size[l.From], size[l.To])
		}
	}
	return place, nil
}

// merge returns the parameters of all populations together. Lists stay short where all populations
// share a value.
func merge(populations []Population, parts []dynapse.Params) (all dynapse.Params, err error) {
	for p := range dynapse.Param(dynapse.NumParams) {
		shared := true
		first := firstOf(parts[0][p], p)
		for i, part := range parts {
			shared = shared && len(part[p]) <= 1 && firstOf(part[p], p) == first
			if (p == dynapse.Iscale || p == dynapse.Dt) && slices.ContainsFunc(part[p], func(x float64) bool { return x != first }) {
				return all, fmt.Errorf("%w: population %q has another %v than %q: %v, want %v everywhere", ErrGraph, populations[i].Name, p, populations[0].Name, part[p], first)
			}
		}
		if shared {
			all[p] = slices.Clone(parts[0][p])
			continue
		}
		for i, part := range parts {
			full, err := part.Expand(populations[i].N)
			if err != nil {
				return all, err
			}
			all[p] = append(all[p], full[p]...)
		}
	}
	return all, nil
}

// firstOf returns the first value of a list, or the default.
func firstOf(values []float64, p dynapse.Param) float64 {
	if len(values) == 0 {
		return p.Default()
	}
	return values[0]
}
