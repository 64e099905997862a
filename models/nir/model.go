package nir

import (
	"fmt"
	"slices"

	"github.com/surge-snn/surge/surrogate"
)

// Model is a [Net] as layers of package models, to be trained: in both engines, with surrogate
// gradients. Its parameters are the weights of the graph, name and name/bias of each Linear, Affine
// and convolution, and those that Learn names.
//
// The gain of neurons is in the weights that lead to them, so that a weight is what an input of 1
// raises the voltage by (of current-based neurons: the current), as in package models.
type Model struct {
	// Surrogate is that of the spikes; nil as in models.LIF.
	Surrogate surrogate.Surrogate
	// Learn names what neurons learn besides weights, one for each neuron: "tau_mem", "tau_syn",
	// "v_th"; and "delay", the Delay nodes, up to twice the longest.
	Learn []string

	net   *Net
	nodes map[string]*modelNode
}

// modelNode is what of a node the layer does not have.
type modelNode struct {
	gain   []float64 // of neurons
	scaled []int     // nodes whose outputs are multiplied with it: it is in no weights but rec
	offset []float64 // added to them; nil: 0
	weight []float64 // with the gain of the neurons behind, in the order of the layer
	bias   []float64 // nil: none
	rec    string    // a Linear from the spikes of these neurons back to them
	folded bool      // of a Linear that is rec
}

// Model returns the net as layers.
//
// Errors: [ErrMeaning] where the layers do not have what the net does (several spikes in a step, a
// spike of the step before, a lower bound), for more than one input or output, and for loops other
// than a Linear from neurons to themselves.
func (n *Net) Model() (*Model, error) {
	if n == nil {
		return nil, fmt.Errorf("%w: no net, want one of Compile", ErrMeaning)
	}
	m := &Model{net: n, nodes: map[string]*modelNode{}}
	if len(n.Inputs) != 1 || len(n.Outputs) != 1 {
		return nil, fmt.Errorf("%w: a model has one Input and one Output, found %d and %d", ErrMeaning, len(n.Inputs), len(n.Outputs))
	}
	for _, r := range n.nodes {
		m.nodes[r.name] = &modelNode{}
		if err := m.weigh(r); err != nil {
			return nil, fmt.Errorf("node %q (%s): %w", r.name, r.Kind, err)
		}
	}
	for i, r := range n.nodes {
		if err := m.loops(i, r); err != nil {
			return nil, fmt.Errorf("node %q (%s): %w", r.name, r.Kind, err)
		}
	}
	for i, r := range n.nodes {
		if r.step.Alpha == nil {
			continue
		}
		if err := m.drive(i, r); err != nil {
			return nil, fmt.Errorf("node %q (%s): %w", r.name, r.Kind, err)
		}
	}
	return m, nil
}

// weigh takes the weights of a node in the order of its layer.
func (m *Model) weigh(r *runNode) error {
	d := m.nodes[r.name]
	switch r.Kind {
	case "Linear", "Affine":
		d.weight = transpose(r.weight, r.out[0], size(r.in))
	case "Conv1d", "Conv2d":
		if len(r.in) > 3 {
			return fmt.Errorf("%w: an input of shape %v", ErrMeaning, r.in)
		}
		d.weight = slices.Clone(r.Values["weight"].Data)
	default:
		return nil
	}
	if bias, ok := r.Values["bias"]; ok && (r.Kind == "Affine" || slices.ContainsFunc(bias.Data, func(v float64) bool { return v != 0 })) {
		d.bias = slices.Clone(bias.Data)
	}
	return nil
}

// targets returns the indices of the nodes that a node leads to.
func (n *Net) targets(i int) (to []int) {
	for k, r := range n.nodes {
		if slices.Contains(r.sources, i) {
			to = append(to, k)
		}
	}
	return to
}

// loops finds weights from neurons to themselves, and refuses other edges that lead back.
func (m *Model) loops(i int, r *runNode) error {
	for _, s := range r.sources {
		if s < i {
			continue
		}
		from := m.net.nodes[s]
		d := m.nodes[from.name]
		alone := slices.Equal(from.sources, []int{i}) && slices.Equal(m.net.targets(s), []int{i})
		if !r.Spikes() || r.Kind == "Threshold" || from.Kind != "Linear" && from.Kind != "Affine" || d.bias != nil && !zero(d.bias) || !alone || m.nodes[r.name].rec != "" {
			return fmt.Errorf("%w: a loop through %q, which is no Linear from these neurons to themselves alone", ErrMeaning, from.name)
		}
		m.nodes[r.name].rec, d.folded, d.bias = from.name, true, nil
	}
	return nil
}

func zero(v []float64) bool { return !slices.ContainsFunc(v, func(x float64) bool { return x != 0 }) }

// drive puts the gain of neurons into the weights in front of them.
func (m *Model) drive(i int, r *runNode) error {
	s := r.step
	if s.Several || s.Late || s.Carry || s.Undecayed || s.Blank || s.Floor != nil || s.Start != nil && !zero(s.Start) {
		return fmt.Errorf("%w: spikes that are late or several in a step, a threshold that is subtracted behind the decay, an input that is lost behind a spike, a voltage with a lower bound or not 0 at first have no layer", ErrMeaning)
	}
	if s.Spikes && s.Reset == NoReset && !zero(s.Alpha) {
		return fmt.Errorf("%w: neurons without a reset have no layer", ErrMeaning)
	}
	gain := slices.Clone(s.Gain)
	for j := range gain {
		if s.Alpha[j] < 0 || s.Alpha[j] > 1 || s.Synapse && (s.Alpha[j] >= 1 || s.Beta[j] < 0 || s.Beta[j] >= 1) {
			return fmt.Errorf("%w: neuron %d decays by %g in a step", ErrMeaning, j, s.Alpha[j])
		}
		if s.Spikes && !(s.VTh[j] > 0) {
			return fmt.Errorf("%w: the threshold of neuron %d is %g, a layer needs a positive one", ErrMeaning, j, s.VTh[j])
		}
		if s.Synapse {
			gain[j] *= s.GainIn[j] / (1 - s.Alpha[j])
		}
	}
	if s.Synapse && !zero(s.Offset) {
		return fmt.Errorf("%w: current-based neurons with a leak that is not to 0 have no layer", ErrMeaning)
	}
	offset := s.Offset
	if zero(offset) {
		offset = nil
	}
	d := m.nodes[r.name]
	d.gain = gain
	all := !slices.ContainsFunc(r.sources, func(from int) bool { return !m.takes(from, gain) })
	for _, from := range r.sources {
		source, _ := m.net.behind(from)
		w := m.nodes[source.name]
		if !all && source.name != d.rec {
			if !slices.Equal(gain, slices.Repeat([]float64{1}, len(gain))) {
				d.scaled = append(d.scaled, from)
			}
			continue
		}
		w.fold(source, gain)
		if w.bias != nil && offset != nil && source.Kind == "Affine" {
			for j, v := range offset {
				w.bias[j] += v
			}
			offset = nil
		}
	}
	d.offset = offset
	return nil
}

// behind returns the node whose output comes out of node i as it is, and whether it goes nowhere
// else.
func (n *Net) behind(i int) (r *runNode, alone bool) {
	for {
		r = n.nodes[i]
		if len(n.targets(i)) != 1 {
			return r, false
		}
		if r.Kind != "Input" && r.Kind != "Output" && r.Kind != "Flatten" || len(r.sources) != 1 {
			return r, true
		}
		i = r.sources[0]
	}
}

// takes tells whether the gain of neurons can be in the weights that node i gives out: they lead
// nowhere else, and the gains of a channel are equal.
func (m *Model) takes(i int, gain []float64) bool {
	r, alone := m.net.behind(i)
	if m.nodes[r.name].weight == nil || !alone {
		return false
	}
	area := len(gain) / r.out[0]
	for o := range r.out[0] {
		if !same(gain[o*area : (o+1)*area]) {
			return false
		}
	}
	return true
}

// fold multiplies weights and bias with the gains of the neurons behind.
func (d *modelNode) fold(r *runNode, gain []float64) {
	outputs := r.out[0]
	area := len(gain) / outputs
	for k := range d.weight {
		o := k % outputs // [in, out]
		if r.Kind == "Conv1d" || r.Kind == "Conv2d" {
			o = k / (len(d.weight) / outputs)
		}
		d.weight[k] *= gain[o*area]
	}
	for o := range d.bias {
		d.bias[o] *= gain[o*area]
	}
}
