package export

import (
	"fmt"
	"math"
	"slices"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/models/nir"
)

// NIR returns the network as a graph: its equations are those of CubaLIF, and of CubaLI for
// neurons without a threshold, in seconds, without a time step. A spike is a pulse of area 1, as
// the metadata say (spikes = "pulse"), so that w_in = tau_syn and r = 1 let it raise the current
// by the weight:
//
//	tau_mem dV/dt = v_leak - V + I,  tau_syn dI/dt = -I + tau_syn sum w delta(t - t_k)
//
// Weights are [out, in]; a delay that all synapses of a source have stands before the weights, one
// that all of a neuron have behind them. The readout is in the metadata (readout: "first-spike",
// "li-max" or "li-integral", and scale), as is the end of a sample, s.
//
// Errors: [ErrNetwork] for what a graph cannot say: neurons of equations, among them those with a
// refractory time, delays of single synapses, voltages or currents at the start, layers where some
// neurons have no threshold, and other readouts.
func (n *Events) NIR() (*nir.Graph, error) {
	if err := n.check(); err != nil {
		return nil, err
	}
	if len(n.Net) == 0 {
		return nil, fmt.Errorf("%w: no layers", ErrNetwork)
	}
	in := n.Net[0].In.Pre
	g := nir.Chain("input", nir.New("Input", "shape", nir.Integers(in)))
	last := "input"
	for i, l := range n.Net {
		name := n.Layers[i]
		fail := func(what string) (*nir.Graph, error) {
			return nil, fmt.Errorf("%w: layer %q has %s, which NIR does not have; --format npz has all", ErrNetwork, name, what)
		}
		size := l.Neurons()
		p := l.Params
		at := func(v []float64, byDefault float64) []float64 {
			switch len(v) {
			case 0:
				return slices.Repeat([]float64{byDefault}, size)
			case 1:
				return slices.Repeat(v, size)
			}
			return slices.Clone(v)
		}
		leak, synapse := at(p.VLeak, 0), at(p.TauSyn, 5e-3)
		switch {
		case l.Neuron != nil:
			return fail("neurons that are given by equations")
		case !allOrNone(p.VTh):
			return fail("neurons with and without a threshold")
		case p.VInit != nil && !slices.Equal(at(p.VInit, 0), leak):
			return fail("voltages at the start (v_init)")
		case slices.ContainsFunc(p.IInit, func(v float64) bool { return v != 0 }):
			return fail("currents at the start (i_init)")
		}
		node := nir.New("CubaLI", "tau_mem", nir.Vector(at(p.TauMem, 10e-3)...), "tau_syn", nir.Vector(synapse...), "r", nir.Fill(1, size),
			"v_leak", nir.Vector(leak...), "w_in", nir.Vector(synapse...))
		if threshold := at(p.VTh, 1); !slices.ContainsFunc(threshold, func(v float64) bool { return math.IsInf(v, 1) }) {
			node.Kind = "CubaLIF"
			node.Values["v_threshold"], node.Values["v_reset"] = nir.Vector(threshold...), nir.Vector(at(p.VReset, 0)...)
		}
		g.Nodes[name] = node
		// link leads from a node over synapses to the neurons.
		link := func(from, suffix string, s *eventprop.Synapses) bool {
			before, behind, ok := axons(s)
			add := func(part string, node *nir.Node) {
				part = name + part + suffix
				g.Nodes[part] = node
				g.Edges = append(g.Edges, nir.Edge{From: from, To: part})
				from = part
			}
			if before != nil {
				add(".delay", nir.New("Delay", "delay", nir.Vector(before...)))
			}
			add(".w", nir.New("Linear", "weight", nir.Matrix(size, s.Pre, transpose(dense(s, s.Weight), s.Pre, size))))
			if behind != nil {
				add(".delay", nir.New("Delay", "delay", nir.Vector(behind...)))
			}
			g.Edges = append(g.Edges, nir.Edge{From: from, To: name})
			return ok
		}
		if !link(last, "", &l.In) || l.Rec != nil && !link(name, "_rec", l.Rec) {
			return fail("delays of single synapses")
		}
		last = name
	}
	size := n.Net[len(n.Net)-1].Neurons()
	g.Nodes["output"] = nir.New("Output", "shape", nir.Integers(size))
	g.Edges = append(g.Edges, nir.Edge{From: last, To: "output"})
	nir.Metadata{Unit: "s", Method: nir.Exact, Reset: nir.ToValue, AtThreshold: true, Pulses: true, Producer: "surge"}.Set(g)
	readout := ""
	switch n.Readout {
	case nil: // spikes are the output
	case eventprop.First{}:
		readout = "first-spike"
	case eventprop.Max{}:
		readout = "li-max"
	case eventprop.Integral{}:
		readout = "li-integral"
	default:
		return nil, fmt.Errorf("%w: the readout %T%+v: expected first spikes, the largest voltages or their integrals", ErrNetwork, n.Readout, n.Readout)
	}
	if readout != "" {
		g.Metadata["readout"], g.Metadata["scale"] = readout, n.Scale
	}
	if n.End > 0 {
		g.Metadata["duration"] = n.End
	}
	return g, g.Check()
}

// axons returns the delays of synapses as those of their sources, or as those of the neurons behind
// them; nil where there are none. ok is false where they are neither.
func axons(s *eventprop.Synapses) (before, behind []float64, ok bool) {
	if s.Delay == nil {
		return nil, nil, true
	}
	if s.Row != nil {
		return nil, nil, false
	}
	ofSource, ofNeuron := true, true
	for i := range s.Pre {
		for j := range s.Post {
			d := s.Delay[i*s.Post+j]
			ofSource = ofSource && d == s.Delay[i*s.Post]
			ofNeuron = ofNeuron && d == s.Delay[j]
		}
	}
	if ofSource {
		for i := range s.Pre {
			before = append(before, s.Delay[i*s.Post])
		}
		return before, nil, true
	}
	return nil, slices.Clone(s.Delay[:s.Post]), ofNeuron
}
