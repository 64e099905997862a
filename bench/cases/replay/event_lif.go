package replay

import (
	"context"
	"math"

	"github.com/surge-snn/surge/bench/cases"
	"github.com/surge-snn/surge/eventprop"
)

// eventLIF is one layer of event-based neurons: the models event_lif, event_lif_recurrent and
// event_lif_hardware.
type eventLIF struct {
	name      string
	recurrent bool
	hardware  bool // takes recorded spikes, and a recurrent matrix if there is one
}

func (m eventLIF) Name() string { return m.name }

func (m eventLIF) Run(_ context.Context, c *cases.Case, o Options) (*cases.Result, error) {
	f := c.Fields()
	p := readEventParams(f)
	sources := f.IntOr("n_in", cases.Extent, cases.Count)
	n := f.IntOr("hidden", cases.Extent, cases.Count)
	count := f.Int("n_spikes", cases.Count)
	wIn := f.Tensor("w_in", cases.Finite, cases.Shape{sources, n})
	if f.Err() != nil {
		return nil, f.Err()
	}
	sources, n = wIn.Shape[0], wIn.Shape[1]
	layer := p.layer(wIn)
	if m.recurrent || m.hardware && f.HasInput("w_rec") {
		rec := f.Tensor("w_rec", cases.Finite, cases.Shape{n, n})
		layer.Rec = &eventprop.Synapses{Pre: n, Post: n, Weight: rec.Data}
	}
	input := readInputSpikes(f, "t_in", "idx_in", below(sources))
	var recorded inputSpikes
	if m.hardware {
		recorded = readInputSpikes(f, "known_time", "known_idx", func(idx int) (int, bool) { return idx - sources, idx >= sources && idx < sources+n })
	}
	losses := readSpikeLosses(f, p.tauMem, n)
	if f.Err() != nil {
		return nil, f.Err()
	}

	var tape eventprop.Tape
	var err error
	unused := p.end
	if m.hardware {
		unused = math.Inf(1)
		err = tape.ForwardRecorded(&layer, input.spikes, recorded.spikes, p.end)
	} else {
		err = tape.Forward(&layer, input.spikes, p.end)
	}
	if err != nil {
		return nil, err
	}
	r := &cases.Result{Outputs: map[string]cases.Tensor{}}
	s := fillSlots(input.spikes, tape.Spikes, count, p.end)
	s.outputs(r, "", input.spikes, tape.Spikes, 0, sources, unused)
	values, cotangents, err := losses.values(s, tape.Spikes, true)
	if err != nil {
		return nil, err
	}
	for name, x := range values {
		r.Outputs["loss_"+name] = cases.Scalar(x)
	}
	if o.NoGrads {
		return r, nil
	}
	r.Grads = map[string]map[string]cases.Tensor{}
	for name, times := range cotangents {
		g := layer.NewWeightGradients()
		if err := eventGradients(&tape, g, &eventprop.Cotangent{Time: times}, o, m.hardware); err != nil {
			return nil, err
		}
		r.Grads[name] = map[string]cases.Tensor{
			"w_in": {Shape: wIn.Shape, Data: g.In},
			"t_in": input.inOrder(tape.InputTime),
		}
		if g.Rec != nil {
			r.Grads[name]["w_rec"] = cases.Tensor{Shape: []int{n, n}, Data: g.Rec}
		}
	}
	return r, nil
}

// eventGradients computes gradients by the method of the options. Recorded spikes have the adjoint
// alone.
func eventGradients(t *eventprop.Tape, g *eventprop.Gradients, c *eventprop.Cotangent, o Options, recorded bool) error {
	if o.Method == "analytical" && !recorded {
		return t.Analytical(g, c)
	}
	return t.Backward(g, c)
}

// Tolerance leaves out the input-time gradients of hardware cases that the package gives to wrong
// inputs.
func (m eventLIF) Tolerance(q cases.Quantity) (cases.Tolerance, bool) {
	return eventTolerance(q)
}

// eventLIFLayers is two layers in a row: event_lif_layers.
type eventLIFLayers struct{}

func (eventLIFLayers) Name() string { return "event_lif_layers" }

func (eventLIFLayers) Run(_ context.Context, c *cases.Case, o Options) (*cases.Result, error) {
	f := c.Fields()
	p := readEventParams(f)
	w1 := f.Tensor("w1", cases.Finite, cases.Shape{f.IntOr("n_in", cases.Extent, cases.Count), f.IntOr("h1", cases.Extent, cases.Count)})
	if f.Err() != nil {
		return nil, f.Err()
	}
	sources, h1 := w1.Shape[0], w1.Shape[1]
	w2 := f.Tensor("w2", cases.Finite, cases.Shape{h1, f.IntOr("h2", cases.Extent, cases.Count)})
	count1, count2 := f.Int("n_spikes1", cases.Count), f.Int("n_spikes2", cases.Count)
	input := readInputSpikes(f, "t_in", "idx_in", below(sources))
	if f.Err() != nil {
		return nil, f.Err()
	}
	h2 := w2.Shape[1]
	losses := readSpikeLosses(f, p.tauMem, h2)
	if f.Err() != nil {
		return nil, f.Err()
	}

	layer1, layer2 := p.layer(w1), p.layer(w2)
	var tape1, tape2 eventprop.Tape
	if err := tape1.Forward(&layer1, input.spikes, p.end); err != nil {
		return nil, err
	}
	s1 := fillSlots(input.spikes, tape1.Spikes, count1, p.end)
	var between []eventprop.Spike // the spikes of layer 1 that have a slot
	for _, k := range s1.spike {
		if k >= 0 {
			between = append(between, tape1.Spikes[k])
		}
	}
	if err := tape2.Forward(&layer2, between, p.end); err != nil {
		return nil, err
	}
	s2 := fillSlots(between, tape2.Spikes, count2, p.end)

	r := &cases.Result{Outputs: map[string]cases.Tensor{}}
	s1.outputs(r, "layer1_", input.spikes, tape1.Spikes, 0, sources, p.end)
	s2.outputs(r, "layer2_", between, tape2.Spikes, sources, sources+h1, p.end)
	values, cotangents, err := losses.values(s2, tape2.Spikes, false)
	if err != nil {
		return nil, err
	}
	for name, x := range values {
		r.Outputs["loss_"+name] = cases.Scalar(x)
	}
	if o.NoGrads {
		return r, nil
	}
	r.Grads = map[string]map[string]cases.Tensor{}
	for name, times := range cotangents {
		g1, g2 := layer1.NewWeightGradients(), layer2.NewWeightGradients()
		if err := eventGradients(&tape2, g2, &eventprop.Cotangent{Time: times}, o, false); err != nil {
			return nil, err
		}
		back := make([]float64, len(tape1.Spikes)) // those with a slot are the first ones
		copy(back, tape2.InputTime)
		if err := eventGradients(&tape1, g1, &eventprop.Cotangent{Time: back}, o, false); err != nil {
			return nil, err
		}
		r.Grads[name] = map[string]cases.Tensor{
			"w1":   {Shape: w1.Shape, Data: g1.In},
			"w2":   {Shape: w2.Shape, Data: g2.In},
			"t_in": input.inOrder(tape1.InputTime),
		}
	}
	return r, nil
}

func (eventLIFLayers) Tolerance(q cases.Quantity) (cases.Tolerance, bool) { return eventTolerance(q) }
