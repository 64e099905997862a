// Package export writes trained networks, of time steps and from event to event, in forms that
// others read: NIR graphs, NumPy arrays, and a C99 file without dependencies that gives the same
// spikes.
package export

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/models/nir"
)

// ErrNetwork signifies a network that a format cannot hold.
var ErrNetwork = errors.New("export: no such network in this format")

// Network is a chain of layers in time steps.
type Network struct {
	Name   string
	Dt     float64 // s
	Steps  int     // of a sample
	Inputs int
	Double bool // the program computes in float64, else in float32
	Layers []Layer
	// Readout is that of the last layer: "li-max", "li-mean", "li-sum", "li-last", "count",
	// "first_spike" (in units of TauReadout, s), or each step of its outputs: "li", "spikes".
	Readout    string
	TauReadout float64
}

// sequence tells whether each step is an output.
func (n *Network) sequence() bool { return n.Readout == "li" || n.Readout == "spikes" }

// Layer is what a network computes in a step: a map of the outputs of the layer before, and the
// neurons behind it, with the constants of a time step as the program has them. The equations of
// the neurons are those of models.LIF and models.LI.
type Layer struct {
	Name   string
	N      int       // outputs
	Map    Map       // nil: none, the neurons have the outputs of the layer before as input
	WRec   []float64 // [N, N], from the spikes of the step before; nil: none
	Spikes bool      // else leaky integrators
	Alpha  []float64 // decay of the voltage in a step; nil: there are no neurons
	Gain   []float64 // 1 - Alpha with all digits, where there is a synaptic current
	Beta   []float64 // decay of the synaptic current in a step; nil: delta synapse
	VTh    []float64
	ToZero bool // a spike sets the voltage to 0, else it subtracts the threshold
	// Formula is the neurons, or synapses, where they are others: the fields from WRec on are
	// empty.
	Formula *Formula
}

// Names returns what the layers are called, with their outputs where they are known.
func (n *Network) Names() []string {
	var all []string
	if n == nil {
		return nil
	}
	for _, l := range n.Layers {
		if l.N == 0 {
			all = append(all, l.Name)
			continue
		}
		all = append(all, fmt.Sprintf("%s (%d)", l.Name, l.N))
	}
	return all
}

// inputs returns the number of inputs of layer i.
func (n *Network) inputs(i int) int {
	if i == 0 {
		return n.Inputs
	}
	return n.Layers[i-1].N
}

// spikes reports whether the inputs of layer i are spikes.
func (n *Network) spikes(i int) bool { return i > 0 && n.Layers[i-1].Spikes }

// NPZ returns the network as named arrays, for files.WriteArrays: of each layer those of its [Map],
// as layer/w [in, N] and layer/b, layer/w_rec, and the constants of a time step layer/alpha,
// layer/gain_mem (1 - alpha, of neurons with a synaptic current), layer/beta, layer/v_th, each [N],
// of other neurons those of their equations in package models; dt in seconds. In NumPy the step of
// a layer with a delta synapse, and of one with a current, is
//
//	v = alpha * v + x @ w + b;  s = v > v_th;  v = v - v_th * s
//	i = beta * i + x @ w + b;  v = v + gain_mem * (i - v);  s = v > v_th;  v = v - v_th * s
//
// Of a network whose lists do not fit, which C and NIR name, there are none.
func (n *Network) NPZ() []files.Array {
	if n.check() != nil {
		return nil
	}
	dtype := files.Float32
	if n.Double {
		dtype = files.Float64
	}
	arrays := []files.Array{{Name: "dt", Data: []float64{n.Dt}}}
	for i, l := range n.Layers {
		add := func(name string, v []float64, shape ...int) {
			if v != nil {
				arrays = append(arrays, files.Array{Name: l.Name + "/" + name, DType: dtype, Shape: shape, Data: v})
			}
		}
		if l.Map != nil {
			l.Map.arrays(add, n.inputs(i))
		}
		if l.Formula != nil {
			l.Formula.arrays(add, l.N)
			continue
		}
		add("w_rec", l.WRec, l.N, l.N)
		add("alpha", l.Alpha, l.N)
		add("gain_mem", l.Gain, l.N)
		add("beta", l.Beta, l.N)
		if l.Spikes {
			add("v_th", l.VTh, l.N)
		}
	}
	return arrays
}

// NIR returns the network as a graph with surge's metadata, whose steps are those of the network:
// weights are [out, in], r and w_in are such that an input of 1 raises the voltage (of
// current-based neurons: the current) by the weight. The readout over time is in the metadata, as
// readout.
//
// Errors: [ErrNetwork] where neurons reset in different ways, a decay is none, or a layer is not a
// [Linear] with neurons.
func (n *Network) NIR() (*nir.Graph, error) {
	if err := n.check(); err != nil {
		return nil, err
	}
	g := nir.Chain("input", nir.New("Input", "shape", nir.Integers(n.Inputs)))
	meta := nir.Metadata{Dt: n.Dt, Unit: "s", Method: nir.Exact, Producer: "surge"}
	last := "input"
	link := func(name string, node *nir.Node) {
		g.Nodes[name] = node
		g.Edges = append(g.Edges, nir.Edge{From: last, To: name})
		last = name
	}
	for i, l := range n.Layers {
		if l.Spikes {
			reset := nir.Subtract
			if l.ToZero {
				reset = nir.ToValue
			}
			if meta.Reset != "" && meta.Reset != reset {
				return nil, fmt.Errorf("%w: layer %q resets in another way than those before", ErrNetwork, l.Name)
			}
			meta.Reset = reset
		}
		if l.Formula != nil {
			return nil, fmt.Errorf("%w: layer %q is of the kind %s, which NIR does not have", ErrNetwork, l.Name, l.Formula.Kind)
		}
		m, ok := l.Map.(*Linear)
		if !ok || l.Alpha == nil {
			return nil, fmt.Errorf("%w: layer %q is not a matrix of weights with neurons", ErrNetwork, l.Name)
		}
		w := nir.Matrix(l.N, n.inputs(i), transpose(m.W, n.inputs(i), l.N))
		if m.Bias == nil {
			link(l.Name+".w", nir.New("Linear", "weight", w))
		} else {
			link(l.Name+".w", nir.New("Affine", "weight", w, "bias", nir.Vector(m.Bias...)))
		}
		node, err := l.Node(n.Dt)
		if err != nil {
			return nil, err
		}
		link(l.Name, node)
		if l.WRec != nil {
			name := l.Name + ".w_rec"
			g.Nodes[name] = nir.New("Linear", "weight", nir.Matrix(l.N, l.N, transpose(l.WRec, l.N, l.N)))
			g.Edges = append(g.Edges, nir.Edge{From: l.Name, To: name}, nir.Edge{From: name, To: l.Name})
		}
	}
	link("output", nir.New("Output", "shape", nir.Integers(n.Layers[len(n.Layers)-1].N)))
	meta.Set(g)
	g.Metadata["readout"] = n.Readout
	return g, g.Check()
}

// Node returns the node whose steps of dt are those of the neurons of the layer; without a leak an
// IF or an I.
//
// Errors: [ErrNetwork] where a decay is none.
func (l *Layer) Node(dt float64) (*nir.Node, error) {
	if l == nil || l.N < 1 || l.Alpha == nil {
		return nil, fmt.Errorf("%w: a layer without neurons", ErrNetwork)
	}
	if err := l.checkNeurons(); err != nil {
		return nil, fmt.Errorf("%w: layer %q: %w", ErrNetwork, l.Name, err)
	}
	s := nir.Step{
		Synapse: l.Beta != nil, Spikes: l.Spikes, Alpha: slices.Clone(l.Alpha), Beta: l.Beta,
		Gain: make([]float64, l.N), GainIn: make([]float64, l.N), Offset: make([]float64, l.N), VTh: l.VTh, VReset: make([]float64, l.N),
	}
	if s.VTh == nil {
		s.VTh = make([]float64, l.N)
	}
	for j := range s.Gain {
		s.Gain[j], s.GainIn[j] = 1, 1
		if s.Synapse {
			s.Gain[j], s.Alpha[j] = l.Gain[j], 1-l.Gain[j]
		}
	}
	kind := map[[2]bool]string{{false, false}: "LI", {false, true}: "CubaLI", {true, false}: "LIF", {true, true}: "CubaLIF"}[[2]bool{l.Spikes, s.Synapse}]
	if !s.Synapse && !slices.ContainsFunc(s.Alpha, func(a float64) bool { return a != 1 }) { // no leak
		kind = map[bool]string{false: "I", true: "IF"}[l.Spikes]
	}
	node, err := s.Node(kind, dt)
	if err != nil {
		return nil, fmt.Errorf("%w: layer %q: %w", ErrNetwork, l.Name, err)
	}
	return node, nil
}

func transpose(w []float64, rows, cols int) []float64 {
	t := make([]float64, len(w))
	for i := range rows {
		for j := range cols {
			t[j*rows+i] = w[i*cols+j]
		}
	}
	return t
}

// identifier turns the name of a layer into one of C.
func identifier(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return '_'
	}, name)
}
