package main

import (
	"math"
	"math/rand/v2"

	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/chip"
)

// wiring are the weights of the inputs, and of a connection of the neuron to itself, on its
// dendrites: AMPA, GABA, NMDA, SHUNT.
type wiring struct {
	Name           string
	Exc, Inh, Self [4]float64
}

// wirings are tried in this order.
var wirings = []wiring{
	{Name: "one dendrite for each input", Exc: [4]float64{1}, Inh: [4]float64{0, 1}},
	{Name: "inputs on two dendrites", Exc: [4]float64{1, 1}, Inh: [4]float64{0, 1, 1}},
	{Name: "a connection to itself, exciting", Exc: [4]float64{1}, Inh: [4]float64{0, 1}, Self: [4]float64{0, 0, 1}},
	{Name: "a connection to itself, both ways", Exc: [4]float64{1}, Inh: [4]float64{0, 1}, Self: [4]float64{0, 1, 1}},
}

// currents are what is looked for, with bounds in A.
var currents = []struct {
	dynapse.Param
	lo, hi float64
}{
	{dynapse.ItauMem, 1e-12, 5e-11}, {dynapse.IgainMem, 1e-12, 1e-9}, {dynapse.Idc, 5e-13, 5e-10}, {dynapse.Ispkthr, 2e-10, 2e-7}, {dynapse.Iref, 1e-10, 1e-9},
	{dynapse.ItauSyn, 3e-12, 4e-10}, {dynapse.IgainSyn, 1e-12, 1e-8},
	{dynapse.ItauGABA, 3e-12, 4e-10}, {dynapse.IgainGABA, 1e-12, 1e-8},
	{dynapse.ItauNMDA, 3e-12, 4e-10}, {dynapse.IgainNMDA, 1e-12, 1e-8},
	{dynapse.ItauAHP, 5e-13, 1e-10}, {dynapse.IwAHP, 5e-13, 1e-6},
}

// held are currents that are the same in all patterns: longer pulses of AHP than by default.
var held = map[dynapse.Param]float64{dynapse.IpulseAHP: 3.5e-9}

// bias is that of a current.
func bias(p dynapse.Param) (chip.Bias, error) {
	name, err := chip.DeviceParameter(p.String())
	if err != nil {
		return chip.Bias{}, err
	}
	return chip.BiasOf(name)
}

// network returns a neuron with values ln I of the currents.
func network(w wiring, x []float64) dynapse.Network {
	n := dynapse.Network{N: 1, FourSynapses: true, Substeps: 4} // of a bin of 1 ms
	for p, v := range held {
		n.Params[p] = []float64{v}
	}
	for i, c := range currents {
		n.Params[c.Param] = []float64{math.Exp(x[i])}
	}
	if w.Self != [4]float64{} {
		n.WRec = w.Self[:]
	}
	return n
}

// networks is a list of one.
func networks(w wiring, x []float64) []dynapse.Network { return []dynapse.Network{network(w, x)} }

// most is the number of networks that are simulated at once.
const most = 64

// respond simulates networks of one wiring on the stimuli of a pattern, and returns what is missing
// in each of them; with all it calls see with the responses.
func respond(p *pattern, w wiring, nets []dynapse.Network, see func(k int, r []response)) error {
	for at := 0; at < len(nets); at += most {
		part := nets[at:min(at+most, len(nets))]
		m, rows := len(part), len(p.rows)
		all := part[0]
		all.Samples = m
		for q := range all.Params {
			all.Params[q] = nil
			for _, n := range part {
				v := dynapse.Param(q).Default()
				if l := n.Params[q]; len(l) > 0 {
					v = l[0]
				}
				all.Params[q] = append(all.Params[q], v)
			}
		}
		in := dynapse.Input{T: steps, B: m * rows, Counts: make([]float64, steps*m*rows*4)}
		for t := range steps {
			for row, s := range p.rows {
				exc, inh := s(t)
				for k := range m {
					for d := range 4 {
						in.Counts[((t*m+k)*rows+row)*4+d] = exc*w.Exc[d] + inh*w.Inh[d]
					}
				}
			}
		}
		run, err := all.Simulate(in)
		if err != nil {
			return err
		}
		for k := range m {
			r := make([]response, rows)
			for row := range rows {
				for t := range steps {
					i := (t*m+k)*rows + row
					if run.Spikes[i] > 0 {
						r[row].spikes = append(r[row].spikes, t)
					}
					r[row].y = append(r[row].y, math.Log(run.Imem[i]))
				}
			}
			see(at+k, r)
		}
	}
	return nil
}

// mismatched returns chips whose transistors differ by 20 %.
func mismatched(n dynapse.Network, samples int, seed uint64) ([]dynapse.Network, error) {
	rng := rand.New(rand.NewPCG(seed, 20))
	all, err := dynapse.Mismatch{Percent: 0.2}.Frozen(n, samples, rng)
	if err != nil {
		return nil, err
	}
	list := make([]dynapse.Network, samples)
	for k := range list {
		list[k] = n
		for q, v := range all.Params {
			if len(v) == samples {
				v = v[k : k+1]
			}
			list[k].Params[q] = v
		}
	}
	return list, nil
}

// missing is what is missing in each of some points.
func missing(p *pattern, w wiring, losses []float64, xs [][]float64) error {
	nets := make([]dynapse.Network, len(xs))
	for k, x := range xs {
		nets[k] = network(w, x)
	}
	return respond(p, w, nets, func(k int, r []response) { losses[k] = p.lacks(r) })
}

// share is that of mismatched chips that show the pattern, and the mean of what is missing, at most
// 1 of each.
func share(p *pattern, w wiring, x []float64, samples int, seed uint64) (shows, lack float64, err error) {
	list, err := mismatched(network(w, x), samples, seed)
	if err != nil {
		return 0, 0, err
	}
	err = respond(p, w, list, func(_ int, r []response) {
		v := p.lacks(r)
		if v == 0 {
			shows++
		}
		lack += min(v, 1)
	})
	return shows / float64(samples), lack / float64(samples), err
}
