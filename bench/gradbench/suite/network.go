package suite

import (
	"math"

	"github.com/surge-snn/surge/bench/gradbench/lif"
)

// shape says what a benchmark network is like; base is the one of which every suite varies one
// thing.
type shape struct {
	layers  int
	steps   int
	tau     float64 // s, of the membrane
	width   float64 // of the escape noise
	drive   float64 // mean of the weights into a neuron, times the number of inputs over its square root
	inputs  int
	rate    float64 // of the inputs, per step
	zero    bool
	recur   bool
	syn     float64 // s, of the current; 0: delta synapses
	channel int
}

var base = shape{layers: 2, steps: 100, tau: 20e-3, width: 0.2, drive: 1.4, inputs: 4, rate: 0.05, channel: 20}

const dt = 1e-3

// problem returns layers of 16 LIF neurons, and 8 in the last, that learn to spike as a
// network whose weights are all larger by a quarter of their size: van Rossum distance with 20 ms.
func problem(title string, seed uint64, s shape) *lif.Problem {
	specs := make([]lif.Spec, s.layers)
	for l := range specs {
		specs[l] = lif.Spec{N: 16, TauMem: s.tau, VTh: 1, TauSyn: s.syn, Zero: s.zero, Recurrent: s.recur && l < s.layers-1}
	}
	specs[s.layers-1].N = 8
	n := lif.New(dt, s.channel, specs...)
	// Longer time constants add up more input: the drive is kept.
	n.Init(seed, s.drive*math.Sqrt(20e-3/s.tau), math.Sqrt(20e-3/s.tau), 0.5)
	target := append([]float64(nil), n.Params...)
	for _, c := range n.Classes {
		if c.Name[0] != 'w' {
			continue
		}
		for k := c.From; k < c.To; k++ {
			target[k] += 0.25 * math.Abs(target[k])
		}
	}
	p := &lif.Problem{Title: title, Net: n, Steps: s.steps, Input: lif.Poisson(seed, s.inputs, s.steps, s.channel, s.rate), Seed: seed, Width: s.width}
	loss := lif.VanRossum{Dt: dt, Tau: 20e-3}
	for i := range p.Input {
		loss.Target = append(loss.Target, p.Output(target, i))
	}
	p.Data = loss
	return p
}
