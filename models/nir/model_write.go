package nir

import (
	"fmt"
	"slices"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/ops"
)

// Graph returns the graph that the net was made of with trained parameters, as surge writes it:
// with its metadata, and with neurons whose steps are those of the layers.
//
// Errors: [ErrMeaning] where a parameter is missing or has another size, or neurons reset or spike
// in different ways.
func (m *Model) Graph(params *graph.Params, source *Graph) (*Graph, error) {
	if m == nil || m.net == nil || params == nil || source == nil {
		return nil, fmt.Errorf("%w: a model without a net, no parameters or no graph", ErrMeaning)
	}
	var err error
	g := source.Clone()
	g.Version = Version
	meta := Metadata{Dt: m.net.Dt, Unit: "s", Method: Exact, Producer: "surge"}
	for _, r := range m.net.nodes {
		d, n := m.nodes[r.name], g.at(r.name)
		read := func(name string, want int) []float64 {
			v := numbers(params.Value(name))
			if len(v) != want && err == nil {
				err = fmt.Errorf("%w: parameter %q: expected %d numbers, found %d", ErrMeaning, name, want, len(v))
			}
			return v
		}
		switch {
		case d.weight != nil:
			name := r.name
			var gain []float64 // that the neurons have by themselves
			for owner, o := range m.nodes {
				if o.rec == r.name {
					name = owner + "/w_rec"
					if len(o.scaled) > 0 {
						gain = o.gain
					}
				}
			}
			w := read(name, len(d.weight))
			if err != nil {
				return nil, err
			}
			for k := range w {
				if gain != nil {
					w[k] /= gain[k%len(gain)]
				}
			}
			if r.Kind == "Linear" || r.Kind == "Affine" {
				w = transpose(w, size(r.in), r.out[0])
			}
			n.Values["weight"] = Array{Shape: slices.Clone(r.Values["weight"].Shape), Data: w, Type: "float64"}
			if d.bias != nil {
				n.Values["bias"] = Array{Shape: []int{r.out[0]}, Data: read(name+"/bias", r.out[0]), Type: "float64"}
			}
		case r.Kind == "Delay" && slices.Contains(m.Learn, "delay"):
			read(r.name+"/log_delay", size(r.out)) // checks the size
			n.Values["delay"] = Array{Shape: slices.Clone(r.out), Data: unlog(params.Value(r.name+"/log_delay"), r.steps(m.net.Dt)), Type: "float64"}
		case r.step.Alpha != nil && r.Kind != "Threshold":
			if meta.Reset != "" && r.step.Spikes && (meta.Reset != r.step.Reset || meta.AtThreshold != r.step.AtThreshold) {
				return nil, fmt.Errorf("%w: node %q: neurons that reset or spike in different ways", ErrMeaning, r.name)
			}
			if r.step.Spikes {
				meta.Reset, meta.AtThreshold = r.step.Reset, r.step.AtThreshold
			}
			err = m.trained(r, d, n, params, read)
		}
		if err != nil {
			return nil, err
		}
	}
	g.Metadata = nil
	meta.Set(g)
	return g, g.Check()
}

// trained sets the parameters of neurons.
func (m *Model) trained(r *runNode, d *modelNode, n *Node, params *graph.Params, read func(string, int) []float64) error {
	s, k := r.step, size(r.out)
	decay := func(name string, was []float64) []float64 {
		if !slices.Contains(m.Learn, name) {
			return was
		}
		v := exps(read(r.name+"/log_"+name, k))
		for j, tau := range v {
			v[j] = fmath.Exp(-m.net.Dt / tau)
		}
		return v
	}
	s.Alpha = decay("tau_mem", s.Alpha)
	gain := slices.Repeat([]float64{1}, k) // it is in the weights
	if len(d.scaled) > 0 {
		gain = d.gain
	}
	if s.Gain = gain; s.Synapse {
		s.Beta = decay("tau_syn", s.Beta)
		s.Gain, s.GainIn = make([]float64, k), gain
		for j, a := range s.Alpha {
			s.Gain[j] = 1 - a
		}
	}
	if s.Offset = make([]float64, k); d.offset != nil {
		s.Offset = d.offset
	}
	if s.Spikes && slices.Contains(m.Learn, "v_th") {
		start := s.VTh
		read(r.name+"/log_v_th", k) // checks the size
		log := params.Value(r.name + "/log_v_th")
		if s.AtThreshold && log != nil { // as the layer has it
			start = below(start, log.Dtype())
		}
		v := unlog(log, start)
		for j := range v {
			v[j] *= s.VTh[j] / start[j]
		}
		s.VTh = v
	}
	one := slices.Repeat([]float64{1}, k)
	return n.parameters(s, Convention{Name: "surge", Method: Exact}, m.net.Dt, r.out, one)
}

// numbers returns the elements of a tensor.
func numbers(d *tensor.Dense) []float64 {
	if d == nil {
		return nil
	}
	if v := ops.Slice[float64](d); v != nil {
		return slices.Clone(v)
	}
	v := make([]float64, 0, d.DataSize())
	for _, x := range ops.Slice[float32](d) {
		v = append(v, float64(x))
	}
	return v
}

// unlog returns what a parameter is that is kept as its logarithm; nothing where it has another
// size.
func unlog(log *tensor.Dense, start []float64) []float64 {
	if log == nil || log.DataSize() != len(start) {
		return nil
	}
	v := make([]float64, len(start))
	for j, x := range ops.Slice[float32](log) {
		v[j] = ops.FromLog(x, start[j])
	}
	for j, x := range ops.Slice[float64](log) {
		v[j] = ops.FromLog(x, start[j])
	}
	return v
}

func exps(v []float64) []float64 {
	for j, x := range v {
		v[j] = fmath.Exp(x)
	}
	return v
}
