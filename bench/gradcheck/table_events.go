package gradcheck

import (
	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/eventprop/node"
	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
)

// eventCases has rows for layers that go from event to event. Times are of the order of 10, in
// units of a time constant of some 5.
func eventCases() []Case {
	const end = 30
	// layer adds a layer of 3 neurons with all its parameters to be learned, one each or one of
	// each neuron.
	layer := func(b *graph.Builder, each bool) (times, mask *G.Node) {
		n := 1
		if each {
			n = 3
		}
		p := func(name string, lo, hi float64) *G.Node { return b.Param(name, models.Uniform(lo, hi), n) }
		in := node.Inputs{
			Times: b.Param("times", models.Uniform(1, 9), 2, 2, 2), Mask: b.Const("mask", []float64{1, 1, 1, 1, 1, 0, 1, 1}, 2, 2, 2),
			WIn: b.Param("w_in", models.Uniform(2, 4), 2, 3), WRec: b.Param("w_rec", models.Uniform(-0.6, 0.6), 3, 3),
			TauMem: p("tau_mem", 6, 9), TauSyn: p("tau_syn", 4, 5), VTh: p("v_th", 0.9, 1.1), VLeak: p("v_leak", -0.1, 0.1),
			VReset: p("v_reset", -0.5, 0.2), VInit: p("v_init", -0.2, 0.2), IInit: p("i_init", -0.2, 0.2),
		}
		if each {
			in.DelayIn = b.Param("delay_in", models.Uniform(0.5, 2), 2, 3)
			in.DelayRec = b.Param("delay_rec", models.Uniform(0.5, 2), 3, 3)
		}
		times, mask, err := node.Layer{End: end, Spikes: 16}.Apply(in)
		if err != nil {
			b.Fail(err)
		}
		return times, mask
	}
	// spikes are times of which one is not there.
	spikes := func(b *graph.Builder) (times, mask *G.Node) {
		// steps of 0.5: 0, 2, 4, 4, 8 and, in the first and last half step, 0, 9
		return b.Param("times", numbers(0.3, 1.1, 2.2, 2.4, 4.4, 3, 0.1, 4.9), 2, 2, 2), b.Const("mask", []float64{1, 1, 1, 1, 1, 0, 1, 1}, 2, 2, 2)
	}
	const steps, dt = 10, 0.5
	return []Case{
		{
			Name:   "node.Layer/one parameter for all neurons",
			Covers: []string{"node.Layer"},
			Model: func(b *graph.Builder) {
				times, _ := layer(b, false)
				probe(b, times)
			},
		},
		{
			Name:   "node.Layer/a parameter for each neuron, delays",
			Covers: []string{"node.Layer", "node.FirstSpike"},
			Model: func(b *graph.Builder) {
				times, _ := layer(b, true)
				probe(b, times, b.Check(node.FirstSpike(times)))
			},
		},
		{
			Name:   "node.Interpolate",
			Covers: []string{"node.Interpolate"},
			Model: func(b *graph.Builder) {
				times, mask := spikes(b)
				probe(b, b.Check(node.Interpolate(times, mask, steps, dt)))
			},
		},
		{
			Name:    "node.Decode",
			Covers:  []string{"node.Decode"},
			Inexact: "counts of steps have no derivative; the rule moves a spike by a step",
			Model: func(b *graph.Builder) {
				times, mask := spikes(b)
				probe(b, b.Check(node.Decode(times, mask, steps, dt)))
			},
			Formula: func(value func(string) []float64) map[string][]float64 {
				w, g := weights(0, steps*4), make([]float64, 8)
				at := func(t, row int) float64 { return w[t*4+row] }
				for i, t := range []int{0, 2, 4, 4, 8, -1, 0, 9} { // steps of the spikes
					switch row := i / 2; t {
					case -1: // not there
					case 0:
						g[i] = (at(1, row) - at(0, row)) / dt
					case steps - 1:
						g[i] = (at(t, row) - at(t-1, row)) / dt
					default:
						g[i] = (at(t+1, row) - at(t-1, row)) / (2 * dt)
					}
				}
				return map[string][]float64{"times": g}
			},
		},
		{
			Name:    "node.Encode",
			Covers:  []string{"node.Encode"},
			Inexact: "spikes of steps have no derivative; the rule moves a spike by a step",
			Model: func(b *graph.Builder) {
				x := b.Param("x", numbers(1, 0, 0, 0, 1, 0, 0, 1), 4, 1, 2)
				times, _, err := node.Encode(x, 3, dt, 2)
				if err != nil {
					b.Fail(err)
				}
				probe(b, times)
			},
			Formula: func(value func(string) []float64) map[string][]float64 {
				w := weights(0, 6) // [2, 3]: neuron 0 spikes in steps 0 and 2, neuron 1 in step 3
				return map[string][]float64{"x": {0, 0, dt * (w[0] - w[1]), 0, 0, -dt * w[3], dt * w[1], 0}}
			},
		},
	}
}
