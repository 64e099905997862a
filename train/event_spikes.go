package train

import (
	"math"

	"github.com/surge-snn/surge/eventprop"
)

// count counts the spikes of each neuron of layer k.
func (r *eventRow) count(k, neurons int, spikes []eventprop.Spike) {
	if len(r.neurons) == k {
		r.neurons = append(r.neurons, make([]int, neurons))
	}
	clear(r.neurons[k])
	for _, s := range spikes {
		r.neurons[k][s.Neuron]++
	}
}

// count adds up the spikes of the layers that can spike.
func (n *EventNetwork) count(s *Sums, rows []eventRow, layers bool) {
	sum, neurons := 0, 0
	for k, l := range n.net {
		can, count := spiking(l), 0
		for _, r := range rows {
			count += r.spikes[k]
		}
		sum, neurons = sum+count, neurons+can
		if layers && can > 0 {
			spikes := LayerSpikes{Name: n.method.Layers[k].Name, Spikes: float64(count), Neurons: make([]float64, l.Neurons())}
			for _, r := range rows {
				for j, n := range r.neurons[k] {
					spikes.Neurons[j] += float64(n)
				}
			}
			s.Layers = append(s.Layers, spikes)
		}
	}
	if neurons > 0 {
		s.Spikes = float64(sum) / float64(neurons)
	}
}

// spiking returns the number of neurons of a layer that can spike.
func spiking(l *eventprop.Layer) int {
	sum := 0
	for j := range l.Neurons() {
		if v := l.Params.VTh; len(v) == 0 || !math.IsInf(v[min(j, len(v)-1)], 1) {
			sum++
		}
	}
	return sum
}
