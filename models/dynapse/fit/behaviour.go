package fit

import (
	"fmt"
	"math"
	"slices"

	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/chip"
)

// Behaviour is what a neuron does beside what was recorded of it, over all rows of a recording and
// the samples with a weight.
type Behaviour struct {
	Recording int
	Neuron    int
	// Wanted and Spikes count the spikes of the target and of the network; Wanted is NaN where the
	// target says nothing of them. Where no spikes were recorded they are read off the membrane.
	Wanted, Spikes float64
	// Met is the share of spikes that have a partner in the other train within one bin, of the
	// longer train: 1 where both are silent, NaN where the target is not known.
	Met float64
	// Coincidence is the factor of [Coincidence] within 2 ms, of which it takes whole bins: 3 on
	// either side where they have 0.5 ms, 1 where they have 1 ms, none where they are longer than
	// 4/3 ms. NaN where the target is not known.
	Coincidence float64
	// RMS are the root mean squared errors of the traces that are in the target: of ln I, in
	// e-folds, for a current, and in V for a potential; NaN for others.
	RMS [numQuantities]float64
}

// Compare simulates a network with input weights, [channels, N], as that of a [Deployment], or nil
// for those of the experiment, and says what each neuron of each recording does. It costs one
// simulation.
//
// Errors: those of [Experiment.LossOf].
func (e Experiment) Compare(n dynapse.Network, in *chip.Weights) ([]Behaviour, error) {
	p, err := e.compile()
	if err == nil && in != nil {
		p, err = e.driven(*in)
	}
	if err != nil {
		return nil, err
	}
	var list []Behaviour
	for i := range p.recordings {
		r := &p.recordings[i]
		run, err := record(p, n, i)
		if err != nil {
			return nil, err
		}
		known := known(p, r)
		for j := range p.Network.N {
			if b, ok := behaviourOf(p, r, run, known, j); ok {
				b.Recording = i
				list = append(list, b)
			}
		}
	}
	return list, nil
}

// Record simulates a network on the input of recording i, with input weights as for
// [Experiment.Compare], and returns it as it is measured there: traces with the gain, offset and
// drift of the recording, after its latency, from the state that it begins in. With
// [Experiment.Measured] these are those of a result.
//
// Errors: those of [Experiment.LossOf].
func (e Experiment) Record(i int, n dynapse.Network, in *chip.Weights) (*dynapse.Run, error) {
	p, err := e.compile()
	if err == nil && in != nil {
		p, err = e.driven(*in)
	}
	if err != nil {
		return nil, err
	}
	return record(p, n, i)
}

func record(p *problem, n dynapse.Network, i int) (*dynapse.Run, error) {
	if i < 0 || i >= len(p.recordings) {
		return nil, fmt.Errorf("%w: recording %d of %d", ErrExperiment, i, len(p.recordings))
	}
	r := &p.recordings[i]
	net, err := p.measuring(n)
	if err != nil {
		return nil, err
	}
	run, err := n.Simulate(dynapse.Input{T: r.T, B: r.B, Counts: p.input(&net, i), DC: p.dc(i, 1), Initial: p.initial(&net, i)})
	if err != nil {
		return nil, notFinite(err)
	}
	probe, width := net.probe(0, i), r.B*p.Network.N
	for q, trace := range [...][]float64{Imem: run.Imem, Isyn: run.Isyn, Iahp: run.Iahp, Vmem: run.Vmem} {
		if !r.Use[q] { // what is measured so
			continue
		}
		for at, x := range trace {
			trace[at], _ = probe.shown(Quantity(q), x, at/width, r.T)
		}
	}
	return run, nil
}

// behaviourOf compares one neuron; ok is false where nothing was recorded of it.
func behaviourOf(p *problem, r *Recording, run *dynapse.Run, known []float64, j int) (b Behaviour, ok bool) {
	b.Neuron = j
	n := p.Network.N
	var squares, counts [numQuantities]float64
	records := [...][]float64{Imem: run.Imem, Isyn: run.Isyn, Iahp: run.Iahp, Vmem: run.Vmem}
	said := known != nil && (r.Target[Spikes] != nil || r.Target[Imem] != nil || r.Target[Vmem] != nil)
	met, longer, near, seconds := 0.0, 0.0, 0.0, 0.0
	bins, window := windowOf(p.dt)
	for row := range r.B {
		var want, got []int // bins, one for each spike
		for t := range r.T {
			at := (t*r.B+row)*n + j
			if r.weight(at) == 0 {
				continue
			}
			ok = true
			seconds += p.dt
			got = append(got, slices.Repeat([]int{t}, int(run.Spikes[at]))...)
			if said && known[at] == known[at] {
				want = append(want, slices.Repeat([]int{t}, int(known[at]))...)
			}
			for q := range Spikes {
				if x := r.Target[q]; x != nil {
					d := records[q][at] - x[at]
					if q != Vmem {
						d = math.Log(records[q][at] / x[at])
					}
					squares[q] += float64(d * d)
					counts[q]++
				}
			}
		}
		b.Wanted += float64(len(want))
		b.Spikes += float64(len(got))
		met += float64(Coincidences(want, got, 1))
		near += float64(Coincidences(want, got, int(bins)))
		longer += float64(max(len(want), len(got)))
	}
	b.Met = 1
	if longer > 0 {
		b.Met = met / longer
	}
	b.Coincidence = gamma(near, b.Wanted, b.Spikes, seconds, window)
	if !said {
		b.Wanted, b.Met, b.Coincidence = math.NaN(), math.NaN(), math.NaN()
	}
	for q := range b.RMS {
		b.RMS[q] = math.Sqrt(squares[q] / counts[q]) // NaN without samples
	}
	return b, ok
}
