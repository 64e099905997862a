package gradcheck

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/surrogate"
)

// The input current of the spiking rows: neurons of threshold 1 fire in some steps and
// not in others.
var current = models.Normal(0.7, 0.6)

// surrogateCases has two rows for each surrogate: alone and in a recurrent layer; and one for each
// rule of another library.
func surrogateCases() []Case {
	var cases []Case
	for _, row := range surrogate.Peers() {
		cases = append(cases, spikeCase(row.Name, row.New(), nil))
	}
	for _, name := range surrogate.Names() {
		s, err := surrogate.Parse(name)
		if err != nil {
			panic(err) // a name of the package's own
		}
		covers := []string{fmt.Sprintf("%T", s), "ops.Spike", "ops.SmoothSpike", "models.Spike"}
		cases = append(cases, spikeCase(name, s, covers), Case{
			Name:   "surrogate/" + name + "/layer",
			Covers: covers,
			Model: func(b *graph.Builder) {
				h := models.LIF{Recurrent: true, Surrogate: s}.Apply(b, "h", b.Param("x", current, 5, 2, 3))
				probe(b, h.Spikes, h.Vmem)
			},
		})
	}
	return cases
}

func spikeCase(name string, s surrogate.Surrogate, covers []string) Case {
	return Case{
		Name:      "surrogate/" + name,
		Covers:    covers,
		Surrogate: s,
		Model: func(b *graph.Builder) {
			probe(b, models.Spike(b, b.Param("x", models.Normal(0, 0.5), 4, 5), s))
		},
		Formula: func(value func(string) []float64) map[string][]float64 {
			g := weights(0, 20)
			for i, x := range value("x") {
				g[i] *= s.Slope(x)
			}
			return map[string][]float64{"x": g}
		},
	}
}

func linearCases() []Case {
	layer := func(l models.Linear, t, rows, in int, init graph.Init) func(b *graph.Builder) {
		return func(b *graph.Builder) { probe(b, l.Apply(b, "w", b.Param("x", init, t, rows, in))) }
	}
	// An input with few events; what is no event gets a gradient, too.
	few := make([]float64, 5*3*4)
	for i := 0; i < len(few); i += 5 {
		few[i] = 1 + 0.1*float64(i)
	}
	covers := []string{"models.Linear"}
	return []Case{
		{Name: "models.Linear", Covers: covers, Model: layer(models.Linear{Out: 3}, 5, 3, 4, models.Normal(0, 1))},
		{Name: "models.Linear/bias", Covers: covers, Model: layer(models.Linear{Out: 3, Bias: true}, 5, 3, 4, models.Normal(0, 1))},
		{Name: "models.Linear/events", Covers: covers, Model: layer(models.Linear{Out: 3, Bias: true}, 5, 3, 4, numbers(few...))},
		{Name: "models.Linear/mask", Covers: covers, Model: layer(models.Linear{Out: 2, Mask: []float64{1, 0, 0, 1, 1, 1, 0, 1}}, 5, 3, 4, models.Normal(0, 1))},
		{Name: "models.Linear/one of everything", Covers: covers, Model: layer(models.Linear{Out: 1, Bias: true}, 1, 1, 1, models.Normal(1, 1))},
	}
}

// spiking is a case of LIF in front of which stand weights and behind which everything
// it gives out is probed.
func spiking(name string, l models.LIF, t, rows, n int) Case {
	return Case{
		Name:   "models.LIF/" + name,
		Covers: []string{"models.LIF", "models.Linear"},
		Model: func(b *graph.Builder) {
			x := models.Linear{Out: n, Bias: true}.Apply(b, "w", b.Param("x", current, t, rows, 3))
			h := l.Apply(b, "h", x)
			probe(b, append([]*G.Node{h.Spikes, h.Vmem}, h.Final...)...)
		},
	}
}

func lifCases() []Case {
	soft := surrogate.FastSigmoid{Sharpness: 2}
	var cases []Case
	for i := range 8 {
		l := models.LIF{
			TauMem:    models.Learned(5e-3),
			VTh:       models.Learned(0.8),
			Recurrent: i&1 != 0,
			Surrogate: soft,
		}
		name := "delta"
		if i&2 != 0 {
			name, l.TauSyn = "current", models.Learned(3e-3)
		}
		if i&4 != 0 {
			name, l.Reset, l.VReset = name+", to value", models.ToValue, models.Learned(0.2)
		}
		if l.Recurrent {
			name += ", recurrent"
		}
		cases = append(cases, spiking(name, l, 5, 3, 4))
	}
	full := models.LIF{
		TauMem: models.Learned(4e-3, 5e-3, 6e-3), TauSyn: models.Learned(3e-3).PerNeuron(), VTh: models.Learned(0.7, 0.8, 0.9),
		Reset: models.ToValue, VReset: models.Learned(0.1).PerNeuron(), Recurrent: true, Surrogate: soft,
	}
	masked, fixed, detached, detachedToValue := full, full, full, full
	masked.RecMask = []float64{0, 1, 1, 0, 0, 1, 1, 1, 0}
	fixed.TauMem, fixed.TauSyn = models.Fixed(5e-3), models.Fixed(3e-3, 4e-3, 5e-3)
	fixed.VTh, fixed.VReset = models.Fixed(0.8), models.Fixed(-0.1)
	detached.Reset, detached.VReset = models.SubtractThreshold, models.Value{}
	detached.DetachReset, detachedToValue.DetachReset = true, true
	cases = append(cases,
		spiking("per neuron", full, 5, 2, 3),
		spiking("mask", masked, 5, 2, 3),
		spiking("fixed", fixed, 5, 2, 3),
		spiking("defaults", models.LIF{}, 5, 2, 3),
		spiking("several blocks of rows", full, 3, 9, 3),
		spiking("one step of one neuron", models.LIF{TauSyn: models.Fixed(3e-3), VTh: models.Learned(0.8), Surrogate: soft}, 1, 1, 1),
		spiking("one recurrent neuron", models.LIF{TauSyn: models.Learned(3e-3), Recurrent: true, Surrogate: soft}, 3, 1, 1),
	)
	for _, c := range []Case{spiking("detached reset", detached, 5, 2, 3), spiking("detached reset, to value", detachedToValue, 5, 2, 3)} {
		c.Inexact = "no gradient flows through the spikes in the reset"
		cases = append(cases, c)
	}
	return append(cases,
		Case{
			Name:   "models.LIF/initial states",
			Covers: []string{"models.LIF"},
			Model: func(b *graph.Builder) {
				l := full
				for i := range 3 {
					l.Initial = append(l.Initial, b.Param(fmt.Sprintf("initial/%d", i), models.Uniform(0, 1), 2, 3))
				}
				h := l.Apply(b, "h", b.Param("x", current, 4, 2, 3))
				probe(b, append([]*G.Node{h.Spikes, h.Vmem}, h.Final...)...)
			},
		},
		Case{
			Name:   "models.LIF/final states alone",
			Covers: []string{"models.LIF"},
			Model: func(b *graph.Builder) {
				probe(b, full.Apply(b, "h", b.Param("x", current, 4, 2, 3)).Final...)
			},
		},
		Case{
			Name:   "models.LI/delta",
			Covers: []string{"models.LI"},
			Model: func(b *graph.Builder) {
				v0 := b.Param("v0", models.Normal(0, 1), 6, 3)
				y := models.LI{TauMem: models.Learned(5e-3), Initial: []*G.Node{v0}}.Apply(b, "y", b.Param("x", current, 5, 6, 3))
				probe(b, append(y.Final, y.Vmem)...)
			},
		},
		Case{
			Name:   "models.LI/current",
			Covers: []string{"models.LI"},
			Model: func(b *graph.Builder) {
				v0, i0 := b.Param("v0", models.Normal(0, 1), 2, 3), b.Param("i0", models.Normal(0, 1), 2, 3)
				l := models.LI{TauMem: models.Learned(5e-3).PerNeuron(), TauSyn: models.Learned(2e-3, 3e-3, 4e-3), Initial: []*G.Node{v0, i0}}
				y := l.Apply(b, "y", b.Param("x", current, 5, 2, 3))
				probe(b, append(y.Final, y.Vmem)...)
			},
		},
		Case{
			Name:   "network",
			Covers: []string{"models.LIF", "models.LI", "models.Linear"},
			Model: func(b *graph.Builder) {
				x := b.Param("x", current, 8, 3, 3)
				h := models.LIF{TauSyn: models.Learned(4e-3), Surrogate: soft}.Apply(b, "h", models.Linear{Out: 4}.Apply(b, "w", x))
				y := models.LI{}.Apply(b, "out", models.Linear{Out: 3}.Apply(b, "w2", h.Spikes))
				class := b.Const("class", []float64{0, 2, 1}, 3)
				loss := b.Check(ops.SoftmaxCrossEntropy(b.Check(ops.MaxOverTime(y.Vmem)), class))
				rate := b.Check(ops.RateBounds{Lower: 5, Upper: 6}.Apply(h.Spikes))
				b.Output("vmem", y.Vmem)
				b.Loss(b.Check(G.Add(loss, rate)))
			},
		},
	)
}
