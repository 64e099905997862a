package speed

import (
	"math/rand/v2"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/ops"
)

// classifier is a layer of LIF neurons and a readout of leaky integrators.
func classifier(b *graph.Builder, s Size) {
	x := b.Input("x", s.Steps, s.Batch, s.Inputs)
	current := models.Linear{Out: s.Hidden, Init: models.FanIn(0, 1)}.Apply(b, "hidden/w", x)
	h := models.LIF{Recurrent: s.Recurrent}.Apply(b, "hidden", current)
	b.Output("spikes", b.Check(ops.SumOverTime(h.Spikes)))
	y := models.LI{}.Apply(b, "out", models.Linear{Out: s.Outputs}.Apply(b, "out/w", h.Spikes))
	b.Loss(b.Check(ops.SoftmaxCrossEntropy(b.Check(ops.SumOverTime(y.Vmem)), b.Input("class", s.Batch))))
}

// sparse fills x with spikes, or analog values, and the classes.
func sparse(p *graph.Program, s Size, rng *rand.Rand) error {
	err := set(p, "x", s.Steps*s.Batch*s.Inputs, func(int) float64 {
		switch active := rng.Float64() < s.Active; {
		case active && s.Analog:
			return rng.Float64()
		case active:
			return 1
		}
		return 0
	})
	if err != nil {
		return err
	}
	return set(p, "class", s.Batch, func(i int) float64 { return float64(i % s.Outputs) })
}

var lif = Workload{
	Name: "lif", Text: "LIF 700-256-20, B=64, T=100, 2 % of the inputs and 7 % of the hidden neurons spike",
	Size:  Size{Steps: 100, Batch: 64, Inputs: 700, Hidden: 256, Outputs: 20, Active: 0.02, Rate: 0.07},
	sized: true, model: classifier, fill: sparse, rate: "spikes", weight: "hidden/w",
}

var dense = Workload{
	Name: "dense", Text: "LIF 784-256-10, B=64, T=25, all inputs analog and not 0 (--active 0.2: a fifth)",
	Size:  Size{Steps: 25, Batch: 64, Inputs: 784, Hidden: 256, Outputs: 10, Active: 1, Rate: 0.07, Analog: true},
	sized: true, model: classifier, fill: sparse, rate: "spikes", weight: "hidden/w",
}

// chip is a recurrent layer of DynapSim neurons.
func chip(learn ...dynapse.Param) func(b *graph.Builder, s Size) {
	return func(b *graph.Builder, s Size) {
		x := b.Input("x", s.Steps, s.Batch, s.Inputs)
		n := dynapse.Neurons{Recurrent: s.Recurrent, RecInit: models.FanIn(0, 0.3), Learn: learn}
		if len(learn) > 0 {
			n.Share = dynapse.PerNeuron
		}
		out := n.Apply(b, "chip", x)
		count := b.Check(ops.SumOverTime(out.Spikes))
		b.Output("spikes", count)
		b.Loss(b.Check(ops.MSE(count, b.Input("count", s.Batch, s.Hidden))))
	}
}

// spikesAnd fills x with spikes of weight 1, and another input with a number.
func spikesAnd(name string, value float64) func(p *graph.Program, s Size, rng *rand.Rand) error {
	return func(p *graph.Program, s Size, rng *rand.Rand) error {
		err := set(p, "x", s.Steps*s.Batch*s.Inputs, func(int) float64 {
			if rng.Float64() < s.Active {
				return 1
			}
			return 0
		})
		if err != nil {
			return err
		}
		return set(p, name, s.Batch*s.Hidden, func(int) float64 { return value })
	}
}

var dynapSim = Workload{
	Name: "dynapsim", Text: "DynapSim, N=128, B=32, T=1000, gradient of w_rec",
	Size:  Size{Steps: 1000, Batch: 32, Inputs: 128, Hidden: 128, Recurrent: true, Active: 0.05},
	model: chip(), fill: spikesAnd("count", 10), rate: "spikes",
}

var dynapSimLearned = Workload{
	Name: "dynapsim-currents", Text: "the same with eight currents of each neuron learned, too",
	Size: dynapSim.Size,
	model: chip(dynapse.IgainMem, dynapse.IgainSyn, dynapse.Ipulse, dynapse.Iref, dynapse.Ispkthr, dynapse.ItauMem,
		dynapse.ItauSyn, dynapse.IwAHP),
	fill: spikesAnd("count", 10), rate: "spikes",
}

var expSyn = Workload{
	Name: "expsyn", Text: "exponential synapses, N=1024, B=64, T=1000, gradient of tau and input",
	Size: Size{Steps: 1000, Batch: 64, Inputs: 1024, Hidden: 1024, Active: 0.02},
	model: func(b *graph.Builder, s Size) {
		x := b.Param("x", func(dst []float64, _ []int, rng *rand.Rand) {
			for i := range dst {
				if rng.Float64() < s.Active {
					dst[i] = 1
				}
			}
		}, s.Steps, s.Batch, s.Inputs)
		out := models.ExpSyn{TauSyn: models.Learned(20e-3).PerNeuron()}.Apply(b, "syn", x)
		b.Loss(b.Check(ops.MSE(b.Check(ops.MeanOverTime(out.Isyn)), b.Input("mean", s.Batch, s.Inputs))))
	},
	fill: func(p *graph.Program, s Size, _ *rand.Rand) error {
		return set(p, "mean", s.Batch*s.Inputs, func(int) float64 { return 1 })
	},
}

var alphaSynapse = Workload{
	Name: "alphasynapse", Text: "alpha synapses, 1024 to 1024, B=64, T=100",
	Size: Size{Steps: 100, Batch: 64, Inputs: 1024, Hidden: 1024, Active: 0.05},
	model: func(b *graph.Builder, s Size) {
		out := models.AlphaSynapse{Out: s.Hidden}.Apply(b, "syn", b.Input("x", s.Steps, s.Batch, s.Inputs))
		b.Loss(b.Check(ops.MSE(b.Check(ops.MeanOverTime(out.Isyn)), b.Input("mean", s.Batch, s.Hidden))))
	},
	fill: spikesAnd("mean", 1),
}

var wtas = Workload{
	Name: "wtas", Text: "WTAS cells, 1024, B=64, T=100, gradient of the input",
	Size: Size{Steps: 100, Batch: 64, Inputs: 1024, Hidden: 1024, Active: 1, Analog: true},
	model: func(b *graph.Builder, s Size) {
		x := b.Param("x", func(dst []float64, _ []int, rng *rand.Rand) {
			for i := range dst {
				dst[i] = 4 * rng.Float64()
			}
		}, s.Steps, s.Batch, s.Inputs)
		out := models.WTASCell{Thr: models.Fixed(2.0 / 1024)}.Apply(b, "cell", x)
		count := b.Check(ops.SumOverTime(out.Spikes))
		b.Output("spikes", count)
		b.Loss(b.Check(ops.MSE(count, b.Input("count", s.Batch, s.Hidden))))
	},
	fill: func(p *graph.Program, s Size, _ *rand.Rand) error {
		return set(p, "count", s.Batch*s.Hidden, func(int) float64 { return 1 })
	},
	rate: "spikes",
}

var long = Workload{
	Name: "long", Text: "LIF 64-128-128-64, B=8, T=5000 (--checkpoint K keeps every K-th state)",
	Size: Size{Steps: 5000, Batch: 8, Inputs: 64, Hidden: 128, Outputs: 64, Active: 0.02, Rate: 0.05},
	model: func(b *graph.Builder, s Size) {
		x := b.Input("x", s.Steps, s.Batch, s.Inputs)
		h1 := models.LIF{}.Apply(b, "hidden1", models.Linear{Out: s.Hidden, Init: models.FanIn(0, 1)}.Apply(b, "hidden1/w", x))
		b.Output("spikes", b.Check(ops.SumOverTime(h1.Spikes)))
		h2 := models.LIF{}.Apply(b, "hidden2", models.Linear{Out: s.Hidden, Init: models.FanIn(0.3, 1)}.Apply(b, "hidden2/w", h1.Spikes))
		y := models.LIF{}.Apply(b, "out", models.Linear{Out: s.Outputs, Init: models.FanIn(0.3, 1)}.Apply(b, "out/w", h2.Spikes))
		b.Loss(b.Check(ops.SoftmaxCrossEntropy(b.Check(ops.SumOverTime(y.Spikes)), b.Input("class", s.Batch))))
	},
	fill: sparse, rate: "spikes", weight: "hidden1/w",
}
