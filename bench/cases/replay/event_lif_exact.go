package replay

import (
	"context"
	"fmt"
	"math"

	"github.com/surge-snn/surge/bench/cases"
	"github.com/surge-snn/surge/eventprop"
)

// eventLIFExact is a layer of neurons with any parameters, recurrence and delays, and readouts that
// never spike.
type eventLIFExact struct{}

func (eventLIFExact) Name() string { return "event_lif_exact" }

// exactNetwork is the network of a case with its losses.
type exactNetwork struct {
	input          inputSpikes
	layer, readout eventprop.Layer
	end            float64
	delays         bool
	first, all     cases.Tensor // weights of the losses
	max, integral  cases.Tensor
}

func (eventLIFExact) Run(_ context.Context, c *cases.Case, o Options) (*cases.Result, error) {
	f := c.Fields()
	n := readExact(f)
	if f.Err() != nil {
		return nil, f.Err()
	}
	var spikes, readout eventprop.Tape
	if err := spikes.Forward(&n.layer, n.input.spikes, n.end); err != nil {
		return nil, err
	}
	if err := readout.Forward(&n.readout, spikes.Spikes, n.end); err != nil {
		return nil, err
	}
	r := &cases.Result{Outputs: map[string]cases.Tensor{}}
	n.spikeOutputs(r, &spikes)
	losses, err := n.losses(f, r, &spikes, &readout)
	if err != nil {
		return nil, err
	}
	if f.Err() != nil {
		return nil, f.Err()
	}
	if o.NoGrads {
		return r, nil
	}
	r.Grads = map[string]map[string]cases.Tensor{}
	for name, l := range losses {
		if r.Grads[name], err = n.gradients(&spikes, &readout, l, o); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func readExact(f *cases.Fields) exactNetwork {
	number := func(name string, check cases.Check) []float64 { return []float64{f.Float(name, check)} }
	p := eventprop.LIFParameters{
		TauMem: number("tau_mem", cases.Positive), TauSyn: number("tau_syn", cases.Positive),
		VTh: number("v_th", cases.Finite), VLeak: number("v_leak", cases.Finite),
		VReset: number("v_reset", cases.Finite), VInit: number("v_init", cases.Finite),
	}
	if p.VReset[0] >= p.VTh[0] {
		f.Fail("v_reset", "a number less than v_th")
	}
	out := eventprop.LIFParameters{
		TauMem: number("tau_mem_out", cases.Positive), TauSyn: number("tau_syn_out", cases.Positive),
		VTh: []float64{math.Inf(1)}, VInit: []float64{0},
	}
	x := exactNetwork{end: f.Float("t_max", cases.Positive), delays: f.BoolOr("delays", false)}
	w := f.Tensor("w_in", cases.Finite, cases.Shape{f.IntOr("n_in", cases.Extent, cases.Count), f.IntOr("n", cases.Extent, cases.Count)})
	if f.Err() != nil {
		return x
	}
	sources, n := w.Shape[0], w.Shape[1]
	x.layer = eventprop.Layer{Params: p, In: eventprop.Synapses{Pre: sources, Post: n, Weight: w.Data}}
	if f.BoolOr("recurrent", false) {
		rec := f.Tensor("w_rec", cases.Finite, cases.Shape{n, n})
		x.layer.Rec = &eventprop.Synapses{Pre: n, Post: n, Weight: rec.Data}
	}
	if x.delays {
		x.layer.In.Delay = f.Tensor("d_in", cases.NonNegative, cases.Shape{sources, n}).Data
		if x.layer.Rec != nil {
			x.layer.Rec.Delay = f.Tensor("d_rec", cases.NonNegative, cases.Shape{n, n}).Data
		}
	}
	wOut := f.Tensor("w_out", cases.Finite, cases.Shape{n, f.IntOr("n_out", cases.Extent, cases.Count)})
	times := f.Tensor("t_in", cases.NonNegative, cases.Shape{sources})
	x.first = f.Tensor("c_first", cases.Finite, cases.Shape{n})
	x.all = f.Tensor("c_all", cases.Finite, cases.Shape{n, cases.Extent})
	if f.Err() != nil {
		return x
	}
	x.readout = eventprop.Layer{Params: out, In: eventprop.Synapses{Pre: n, Post: wOut.Shape[1], Weight: wOut.Data}}
	x.max = f.Tensor("c_max", cases.Finite, cases.Shape{wOut.Shape[1]})
	x.integral = f.Tensor("c_int", cases.Finite, cases.Shape{wOut.Shape[1]})
	x.input = oneEach(times.Data)
	return x
}

// oneEach are input spikes of which every source has one.
func oneEach(times []float64) inputSpikes {
	idx := make([]float64, len(times))
	for k := range idx {
		idx[k] = float64(k)
	}
	return sortedInput(times, idx, func(k int) int { return k })
}

func (n exactNetwork) spikeOutputs(r *cases.Result, t *eventprop.Tape) {
	k := len(t.Spikes)
	time, neuron, current, slope := make([]float64, k), make([]float64, k), make([]float64, k), make([]float64, k)
	first := make([]float64, n.layer.Neurons())
	for j := range first {
		first[j] = math.Inf(1)
	}
	p := &n.layer.Params
	for i, s := range t.Spikes {
		time[i], neuron[i], current[i] = s.Time, float64(s.Neuron), s.Current
		slope[i] = (p.VLeak[0] - p.VTh[0] + s.Current) / p.TauMem[0]
		first[s.Neuron] = min(first[s.Neuron], s.Time)
	}
	r.Outputs["spike_time"] = cases.Vector(time)
	r.Outputs["spike_neuron"] = cases.Vector(neuron)
	r.Outputs["spike_current"] = cases.Vector(current)
	r.Outputs["spike_dVdt"] = cases.Vector(slope)
	r.Outputs["first_spike"] = cases.Vector(first)
}

// exactLoss is the derivative of a loss.
type exactLoss struct {
	spikes  []float64 // to the spikes of the layer
	readout eventprop.Cotangent
}

// losses adds the outputs of the readout and the losses.
func (n exactNetwork) losses(f *cases.Fields, r *cases.Result, t, readout *eventprop.Tape) (map[string]*exactLoss, error) {
	l := map[string]*exactLoss{}
	for _, name := range []string{"first", "all", "max", "int"} {
		l[name] = &exactLoss{spikes: make([]float64, len(t.Spikes))}
		l[name].readout.Reset(readout)
	}
	first, all := 0.0, 0.0
	count := make([]int, n.layer.Neurons())
	most := n.all.Shape[1]
	for k, s := range t.Spikes {
		if count[s.Neuron] >= most {
			f.FailInput("c_all", "a weight for every spike", fmt.Sprintf("%d columns, and more spikes of neuron %d", most, s.Neuron))
			return nil, nil
		}
		if count[s.Neuron] == 0 {
			l["first"].spikes[k] = n.first.Data[s.Neuron]
			first += float64(n.first.Data[s.Neuron] * s.Time)
		}
		g := n.all.Data[s.Neuron*most+count[s.Neuron]]
		l["all"].spikes[k] = g
		all += float64(g * s.Time)
		count[s.Neuron]++
	}
	m := n.readout.Neurons()
	value, at, integral := make([]float64, m), make([]float64, m), make([]float64, m)
	sumMax, sumIntegral := 0.0, 0.0
	for j := range m {
		p, err := readout.Max(j)
		if err != nil {
			return nil, err
		}
		value[j], at[j] = p.Value, p.Time
		if integral[j], err = readout.Integral(j, 0); err != nil {
			return nil, err
		}
		sumMax += float64(n.max.Data[j] * value[j])
		sumIntegral += float64(n.integral.Data[j] * integral[j])
		l["max"].readout.AddPeak(p, n.max.Data[j])
	}
	l["int"].readout.Integral = n.integral.Data
	r.Outputs["readout_max"] = cases.Vector(value)
	r.Outputs["readout_argmax_time"] = cases.Vector(at)
	r.Outputs["readout_integral"] = cases.Vector(integral)
	r.Outputs["loss_first"], r.Outputs["loss_all"] = cases.Scalar(first), cases.Scalar(all)
	r.Outputs["loss_max"], r.Outputs["loss_int"] = cases.Scalar(sumMax), cases.Scalar(sumIntegral)
	return l, nil
}

func (n exactNetwork) gradients(t, readout *eventprop.Tape, l *exactLoss, o Options) (map[string]cases.Tensor, error) {
	out, g := n.readout.NewGradients(), n.layer.NewGradients()
	if err := eventGradients(readout, out, &l.readout, o, false); err != nil {
		return nil, err
	}
	back := eventprop.Cotangent{Time: l.spikes}
	for k, x := range readout.InputTime {
		back.Time[k] += x
	}
	if err := eventGradients(t, g, &back, o, false); err != nil {
		return nil, err
	}
	neurons := n.layer.Neurons()
	in := []int{n.layer.In.Pre, neurons}
	r := map[string]cases.Tensor{
		"w_in":        {Shape: in, Data: g.In},
		"t_in":        n.input.inOrder(t.InputTime),
		"w_out":       {Shape: []int{neurons, n.readout.Neurons()}, Data: out.In},
		"tau_mem":     cases.Scalar(g.TauMem[0]),
		"tau_syn":     cases.Scalar(g.TauSyn[0]),
		"v_th":        cases.Scalar(g.VTh[0]),
		"v_leak":      cases.Scalar(g.VLeak[0]),
		"v_reset":     cases.Scalar(g.VReset[0]),
		"v_init":      cases.Scalar(g.VInit[0]),
		"tau_mem_out": cases.Scalar(out.TauMem[0]),
		"tau_syn_out": cases.Scalar(out.TauSyn[0]),
	}
	if n.delays {
		r["d_in"] = cases.Tensor{Shape: in, Data: g.InDelay}
	}
	if n.layer.Rec != nil {
		square := []int{neurons, neurons}
		r["w_rec"] = cases.Tensor{Shape: square, Data: g.Rec}
		if n.delays {
			r["d_rec"] = cases.Tensor{Shape: square, Data: g.RecDelay}
		}
	}
	return r, nil
}

// Tolerance is that of exact arithmetic: the answers have 50 digits.
func (eventLIFExact) Tolerance(q cases.Quantity) (cases.Tolerance, bool) {
	switch {
	case q.Grad:
		return cases.Tolerance{Rel: 1e-8, OfLargest: true}, true
	case q.Name == "spike_neuron":
		return cases.Tolerance{}, true
	case q.Name == "spike_time" || q.Name == "first_spike":
		return cases.Tolerance{Rel: 1e-11}, true
	}
	// the time of a flat maximum is as good as the root of the rounding of the slope; the others
	// lose what the spikes before them had
	return cases.Tolerance{Rel: 1e-10, Abs: 1e-12}, true
}
