package export

import (
	"math"
	"slices"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/internal/files"
)

// NPZ returns the network as named arrays, for files.WriteArrays: of each layer layer/w [in, N] and
// layer/delay [in, N], s; where the layer is recurrent layer/w_rec and layer/delay_rec [N, N]; and
// what its neurons are, each [N]: of LIF neurons tau_mem and tau_syn, s, v_th, v_leak, v_reset as
// in eventprop.LIFParameters (leaky integrators have neither v_th nor v_reset), of others the
// parameters of their equations. Sparse synapses are 0 where there are none. Of a network that
// cannot be simulated there are no arrays.
func (n *Events) NPZ() []files.Array {
	if n.check() != nil {
		return nil
	}
	var arrays []files.Array
	for i, l := range n.Net {
		size := l.In.Post
		add := func(name string, v []float64, shape ...int) {
			if v != nil {
				arrays = append(arrays, files.Array{Name: n.Layers[i] + "/" + name, Shape: shape, Data: v})
			}
		}
		synapses := func(s *eventprop.Synapses, suffix string) {
			add("w"+suffix, dense(s, s.Weight), s.Pre, s.Post)
			add("delay"+suffix, dense(s, s.Delay), s.Pre, s.Post)
		}
		synapses(&l.In, "")
		if l.Rec != nil {
			synapses(l.Rec, "_rec")
		}
		each := func(name string, v []float64, byDefault float64) {
			switch len(v) {
			case 0:
				v = slices.Repeat([]float64{byDefault}, size)
			case 1:
				v = slices.Repeat(v, size)
			}
			add(name, v, size)
		}
		if l.Neuron != nil {
			for _, p := range l.Neuron.Parameters() {
				each(p.Name, p.Values, 0)
			}
			continue
		}
		p := l.Params
		each("tau_mem", p.TauMem, 10e-3)
		each("tau_syn", p.TauSyn, 5e-3)
		each("v_leak", p.VLeak, 0)
		if len(p.VTh) == 0 || !math.IsInf(p.VTh[0], 1) {
			each("v_th", p.VTh, 1)
			each("v_reset", p.VReset, 0)
		}
	}
	return arrays
}

// Summary returns the names and sizes of the layers.
func (n *Events) Summary() []Layer {
	if n.check() != nil {
		return nil
	}
	var all []Layer
	for i, l := range n.Net {
		all = append(all, Layer{Name: n.Layers[i], N: l.Neurons()})
	}
	return all
}

// dense returns one number per synapse as a matrix [Pre, Post].
func dense(s *eventprop.Synapses, v []float64) []float64 {
	if v == nil || s.Row == nil {
		return v
	}
	m := make([]float64, s.Pre*s.Post)
	for i := range s.Pre {
		for k := s.Row[i]; k < s.Row[i+1]; k++ {
			m[i*s.Post+s.Col[k]] = v[k]
		}
	}
	return m
}
