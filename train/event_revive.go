package train

import (
	"github.com/surge-snn/surge/eventprop"
)

// revival brings neurons back that were silent for an epoch, see EventLayer.Revive.
type revival struct {
	layer  int
	name   string    // of the parameter silent
	raise  []float64 // of each weight to neuron j
	silent []float64 // samples since the latest spike of each: a parameter
	seen   [][]bool  // of each sample of a batch, the neurons that spiked
}

// addRevival makes that of layer k, if it has one.
func (n *EventNetwork) addRevival(k int) error {
	spec, l := &n.method.Layers[k], n.net[k]
	if spec.Revive == 0 {
		return nil
	}
	v := revival{layer: k, name: spec.Name + "/silent"}
	p, at := &l.Params, func(x []float64, j int, byDefault float64) float64 {
		if len(x) == 0 {
			return byDefault
		}
		return x[min(j, len(x)-1)]
	}
	for j := range l.Neurons() {
		f, err := eventprop.NewFlow(at(p.TauMem, j, 10e-3), at(p.TauSyn, j, 5e-3))
		if err != nil {
			return err
		}
		v.raise = append(v.raise, spec.Revive*(at(p.VTh, j, 1)-at(p.VLeak, j, 0))/(f.LargestKappa()*float64(l.In.Pre)))
	}
	var err error
	v.silent, err = n.parameter(v.name, make([]float64, l.Neurons()), []int{l.Neurons()}, make([]float64, l.Neurons()))
	n.revivals = append(n.revivals, v)
	return err
}

// counts are the parameters that are no weights.
func (n *EventNetwork) counts() (names []string) {
	for _, v := range n.revivals {
		names = append(names, v.name)
	}
	return names
}

// see takes the spikes of a sample. It is called for different samples at once.
func (v *revival) see(sample int, spikes []eventprop.Spike) {
	clear(v.seen[sample])
	for _, s := range spikes {
		v.seen[sample][s.Neuron] = true
	}
}

// grow makes room for so many samples.
func (v *revival) grow(samples int) {
	for len(v.seen) < samples {
		v.seen = append(v.seen, make([]bool, len(v.silent)))
	}
}

// count takes a batch of so many rows, of an epoch of so many, and raises the weights of neurons
// that have been silent for as many.
func (v *revival) count(rows, epoch int, net eventprop.Serial) {
	in := &net[v.layer].In
	var back []bool
	for j := range v.silent {
		v.silent[j] += float64(rows)
		for _, seen := range v.seen[:rows] {
			if seen[j] {
				v.silent[j] = 0
				break
			}
		}
		if v.silent[j] >= float64(epoch) && v.raise[j] > 0 {
			v.silent[j] = 0
			if back == nil {
				back = make([]bool, len(v.silent))
			}
			back[j] = true
		}
	}
	if back == nil {
		return
	}
	for s := range in.Weight {
		j := s % max(in.Post, 1)
		if in.Row != nil {
			j = in.Col[s]
		}
		if back[j] {
			in.Weight[s] += v.raise[j]
		}
	}
}
