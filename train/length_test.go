package train

import (
	"fmt"
	"math"
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/train/data"
)

// ragged is a set of five sequences of 3 to 7 steps of two channels, of three classes.
type ragged struct{}

func (ragged) Len() int { return 5 }
func (ragged) Form() data.Form {
	return data.Form{Input: data.Sequence, Channels: 2, Steps: 7, Target: data.Classes(3)}
}
func (ragged) Sample(s *data.Sample, i int) error {
	x := s.Sequence(3+i, 2)
	for k := range x {
		x[k] = float64((k*k + i) % 3)
	}
	s.Label = i % 3
	return nil
}

// step takes a gradient step's numbers: loss, spikes, gradients.
func step(t *testing.T, net Learner, set data.Batches) string {
	t.Helper()
	set.Data, set.Encoder, set.Size, set.Sequential = ragged{}, data.None{}, 5, true
	sums, err := net.Gradient(set, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	eval, err := net.Evaluate(set, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("%x %x %d %x", sums.Loss, eval.Loss, eval.Correct, eval.Spikes)
	norm := 0.0
	for _, g := range net.Grads() {
		for i := range g.Len() {
			norm += math.Abs(at(g, i))
			text += fmt.Sprintf(" %x", at(g, i))
		}
	}
	if norm == 0 || eval.Spikes == 0 {
		t.Fatalf("no gradient (%v) or no spikes (%v): the test says nothing", norm, eval.Spikes)
	}
	return text
}

// TestPaddingHasNoInfluence: a window ten times as long as the longest sample gives the same bits
// of loss, spikes and all gradients, for every readout and with a bound of the rates.
func TestPaddingHasNoInfluence(t *testing.T) {
	for name, readout := range map[string]Readout{"max": ops.MaxUntil, "mean": ops.MeanUntil, "sum": ops.SumUntil, "last": ops.LastUntil} {
		for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
			var found []string
			for _, steps := range []int{7, 70} {
				model := func(b *graph.Builder, x *G.Node) Outputs {
					current := models.Linear{Out: 6, Bias: true, Init: models.FanIn(1, 2)}.Apply(b, "hidden/w", x)
					h := models.LIF{TauMem: models.Learned(5e-3), Recurrent: true, RecInit: models.FanIn(0, 1)}.Apply(b, "hidden", current)
					out := models.LI{TauMem: models.Fixed(5e-3)}.Apply(b, "out", models.Linear{Out: 3}.Apply(b, "out/w", h.Spikes))
					rate := &Rate{0.5, ops.RateBounds{Lower: 1, Upper: 2}}
					return Outputs{Trace: out.Vmem, Readout: readout, Layers: []Layer{{Name: "hidden", Spikes: h.Spikes, Rate: rate}}}
				}
				net, err := BPTT{Model: model, Graph: graph.Settings{DType: dtype}}.Build(graph.NewParams(1), Shape{Steps: steps, Batch: 5, Channels: 2})
				if err != nil {
					t.Fatal(err)
				}
				defer net.Close()
				found = append(found, step(t, net, data.Batches{Steps: steps}))
			}
			if found[0] != found[1] {
				t.Errorf("%s, %v: with 7 and 70 steps\n%s\n%s", name, dtype, found[0], found[1])
			}
		}
	}
}

// TestEventPaddingHasNoInfluence is the same for networks that go from event to event.
func TestEventPaddingHasNoInfluence(t *testing.T) {
	for name, readout := range map[string]eventprop.Observable{"first": eventprop.First{}, "max": eventprop.Max{}, "integral": eventprop.Integral{}} {
		var found []string
		for _, duration := range []float64{7e-3, 70e-3} {
			hidden, out := eventprop.NewDense(2, 4), eventprop.NewDense(4, 3)
			copy(hidden.Weight, []float64{4, 3, 5, 2, 3, 4, 2, 5})
			for i := range out.Weight {
				out.Weight[i] = 2 + float64(i%5)
			}
			last := eventprop.Layer{In: out}
			if name != "first" {
				last.Params.VTh = []float64{math.Inf(1)}
			}
			layers := []EventLayer{{Name: "hidden", Layer: eventprop.Layer{In: hidden}, Silence: 0.1}, {Name: "out", Layer: last}}
			net, err := EventProp{Layers: layers, Readout: readout, Scale: -100}.Build(graph.NewParams(1))
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, step(t, net, data.Batches{Duration: duration}))
		}
		if !slices.Equal(found[:1], found[1:]) {
			t.Errorf("%s: until 7 and 70 ms\n%s\n%s", name, found[0], found[1])
		}
	}
}

// TestPaddingInTraining: a whole training, with batch normalisation, in windows ten times as long
// as the longest sample has the same parameters, running means and losses, bit for bit.
func TestPaddingInTraining(t *testing.T) {
	trained := func(net Learner, set data.Batches) string {
		t.Helper()
		set.Data, set.Encoder, set.Size, set.Seed = ragged{}, data.None{}, 2, 3
		r, err := Run(t.Context(), net, Data{Train: set, Valid: set, Test: set}, Settings{Epochs: 4, Optimizer: optim.Adam{LR: optim.Constant(0.02)}})
		if err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprintf("%x %x", r.Test.Loss, r.Test.Spikes)
		for _, name := range net.Params().Names() {
			text += fmt.Sprintf(" %s %x", name, net.Params().Value(name).Data())
		}
		return text
	}
	var found []string
	for _, steps := range []int{7, 70} {
		model := func(b *graph.Builder, x *G.Node) Outputs {
			norm := models.BatchNorm{Channels: 6, Length: Lengths(b, x.Shape()[1])}
			current := norm.Apply(b, "norm", models.Linear{Out: 6, Init: models.FanIn(1, 2)}.Apply(b, "hidden/w", x))
			h := models.LIF{TauMem: models.Learned(5e-3), Recurrent: true, RecInit: models.FanIn(0, 1)}.Apply(b, "hidden", current)
			out := models.LI{TauMem: models.Fixed(5e-3)}.Apply(b, "out", models.Linear{Out: 3}.Apply(b, "out/w", h.Spikes))
			return Outputs{Trace: out.Vmem, Readout: ops.MeanUntil, Layers: []Layer{{Name: "hidden", Spikes: h.Spikes}}}
		}
		net, err := BPTT{Model: model}.Build(graph.NewParams(1), Shape{Steps: steps, Batch: 2, Channels: 2})
		if err != nil {
			t.Fatal(err)
		}
		defer net.Close()
		found = append(found, trained(net, data.Batches{Steps: steps}))
	}
	for _, duration := range []float64{7e-3, 70e-3} {
		hidden, out := eventprop.NewDense(2, 4), eventprop.NewDense(4, 3)
		copy(hidden.Weight, []float64{4, 3, 5, 2, 3, 4, 2, 5})
		for i := range out.Weight {
			out.Weight[i] = 2 + float64(i%5)
		}
		net, err := EventProp{Layers: []EventLayer{
			{Name: "hidden", Layer: eventprop.Layer{In: hidden}, Silence: 0.1, Learn: []EventParam{TauMem}}, {Name: "out", Layer: eventprop.Layer{In: out}},
		}, Scale: -100}.Build(graph.NewParams(1))
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, trained(net, data.Batches{Duration: duration}))
	}
	for i := range 2 {
		if found[2*i] != found[2*i+1] {
			t.Errorf("padded by ten times:\n%s\n%s", found[2*i], found[2*i+1])
		}
	}
	if found[0] == found[2] {
		t.Error("the test says nothing")
	}
}
