package graph_test

import (
	"bytes"
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/race"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/ops"
)

// deep are layers that go through segments together, in variants: with what is read of them
// besides.
func deep(T int, variant string) func(b *graph.Builder) {
	return func(b *graph.Builder) {
		x := b.Input("x", T, 3, 5)
		init := models.FanIn(2, 2)
		if variant == "currents" {
			init = models.FanIn(20, 10)
		}
		first := models.LIF{Recurrent: variant == "recurrent"}
		second := models.LIF{TauMem: models.Learned(10e-3).PerNeuron(), VTh: models.Learned(0.8)}
		if variant == "currents" {
			first = models.LIF{TauSyn: models.Learned(5e-3), Hold: true, Reset: models.ToValue, VReset: models.Learned(0.1)}
			second.TauSyn = models.Fixed(4e-3)
		}
		h := first.Apply(b, "first", models.Linear{Out: 70, Bias: true, Init: init}.Apply(b, "first/w", x))
		y := second.Apply(b, "second", models.Linear{Out: 6, Init: init}.Apply(b, "second/w", h.Spikes))
		out := models.LI{TauMem: models.Learned(20e-3)}.Apply(b, "out", models.Linear{Out: 4, Bias: true}.Apply(b, "out/w", y.Spikes))
		loss := b.Check(G.Sum(b.Check(G.Square(b.Check(ops.SumOverTime(y.Spikes))))))
		readout := ops.MeanOverTime
		switch variant {
		case "max":
			readout = ops.MaxOverTime
		case "last":
			readout = ops.LastStep
		case "until":
			length := b.Const("length", []float64{float64(T), float64(T / 2), 1}, 3)
			readout = func(x *G.Node) (*G.Node, error) { return ops.MaxUntil(x, length) }
			loss = b.Check(G.Add(loss, b.Check(G.Sum(b.Check(ops.MeanUntil(h.Spikes, length))))))
			loss = b.Check(G.Add(loss, b.Check(G.Sum(b.Check(ops.LastUntil(h.Vmem, length))))))
		case "voltage":
			b.Output("vmem", h.Vmem)
			loss = b.Check(G.Add(loss, b.Check(G.Sum(b.Check(G.Square(h.Vmem))))))
		case "between": // something reads the spikes of a layer, and feeds the next but one
			loss = b.Check(G.Add(loss, b.Check(G.Sum(b.Check(G.Square(h.Spikes))))))
			b.Output("hidden", h.Spikes)
		}
		loss = b.Check(G.Add(loss, b.Check(G.Sum(b.Check(G.Square(b.Check(readout(out.Vmem))))))))
		b.Output("rate", b.Check(ops.SumOverTime(h.Spikes)))
		b.Loss(loss)
	}
}

// TestCheckpointFused: layers that go through segments together give the bits of whole sequences.
func TestCheckpointFused(t *testing.T) {
	const T = 23
	types, segments := []tensor.Dtype{tensor.Float32, tensor.Float64}, []int{1, 2, 5, 11, 22, 23, 30}
	if race.Detector { // the same goroutines run with any type and length
		types, segments = types[:1], []int{5, 22}
	}
	for _, variant := range []string{"", "recurrent", "currents", "max", "last", "until", "voltage", "between", "twin", "dense"} {
		for _, dt := range types {
			params, x := graph.NewParams(3), make([]float64, T*3*5)
			for i := range x {
				if x[i] = float64(i*i%11) / 6; variant == "" {
					x[i] = float64(i * i % 11 / 9)
				} else if variant != "dense" && i*i%11 > 2 {
					x[i] = 0
				}
			}
			s := graph.Settings{DType: dt, Twin: variant == "twin"}
			whole := setup(t, params, s, deep(T, variant), x)
			mustRun(t, whole)
			want, final := result(t, whole), whole.FinalState()
			if !s.Twin && slices.Max(values(whole.Output("rate"))) < 2 {
				t.Fatalf("%s: no neuron has fired twice: the test shows nothing", variant)
			}
			for _, s.Checkpoint = range segments {
				p := setup(t, params, s, deep(T, variant), x)
				for range 2 {
					mustRun(t, p)
					if !bytes.Equal(result(t, p), want) {
						t.Errorf("%q, %v: segments of %d steps give other bits", variant, dt, s.Checkpoint)
					}
					for name, v := range final {
						if !slices.Equal(values(p.FinalState()[name]), values(v)) {
							t.Errorf("%q, %v: segments of %d steps give another final state %q", variant, dt, s.Checkpoint, name)
						}
					}
				}
			}
		}
	}
}
