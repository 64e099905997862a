package experiment

import (
	"fmt"
	"math"
	"slices"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/random"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/plot"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/data"
)

// eventNetwork goes from event to event.
type eventNetwork struct {
	*train.EventNetwork
	method string
	neuron string
	layers []train.EventLayer
}

// overEvents builds networks that go from event to event.
type overEvents struct{ *Experiment }

// buildEvents builds the network that the section [model] describes.
func (e overEvents) buildEvents(params *graph.Params, channels int, target data.Target) (Network, error) {
	n := &eventNetwork{method: e.Train.Method, neuron: e.Model.Neuron}
	m := e.Model
	neuron, err := e.Model.neuron()
	if err != nil {
		return nil, err
	}
	objective, err := e.objective(target)
	if err != nil {
		return nil, err
	}
	readout := e.Model.eventReadout()
	for i, size := range append(append([]int{}, m.Hidden...), target.Size) {
		name, silence := fmt.Sprintf("hidden%d", i+1), e.Loss.Silence
		key, text, w := "model.init", m.Init, Weights{m.WMean, m.WGain, e.Experiment}
		if i == len(m.Hidden) {
			name, silence = "out", e.Loss.SilenceOut
			key, text, w = "model.out_init", m.OutInit, Weights{Mean: m.OutMean, Gain: m.OutGain}
			if readout.Spiking {
				out := *e.Experiment
				out.Model.Neuron, w.Neurons = "lif", &out
			}
		}
		init, err := e.weights(key, text, channels, w)
		if err != nil {
			return nil, err
		}
		l := eventprop.Layer{
			Params: eventprop.LIFParameters{
				TauMem: []float64{m.TauMem}, TauSyn: []float64{m.TauSyn}, VTh: []float64{m.VTh}, VReset: []float64{m.VReset},
			},
			In:       eventprop.NewDense(channels, size),
			Settings: eventprop.Settings{MinSlope: e.Train.MinSlope},
		}
		e.draw(&l.In, name+"/w", init)
		l.In.Delay = e.delays(&l.In, name+"/delay")
		switch {
		case i < len(m.Hidden) && e.recurrent():
			rec := eventprop.NewDense(size, size)
			e.draw(&rec, name+"/w_rec", models.FanIn(0, m.RecGain))
			rec.Delay = e.delays(&rec, name+"/delay_rec")
			l.Rec = &rec
		case i == len(m.Hidden) && !readout.Spiking:
			l.Params.TauMem, l.Params.VTh, l.Params.VReset = []float64{m.TauOut}, []float64{math.Inf(1)}, nil
		}
		if i < len(m.Hidden) && neuron != nil {
			l.Neuron, l.Params, l.Settings = *neuron, eventprop.LIFParameters{}, eventprop.Settings{}
		}
		layer := train.EventLayer{Name: name, Layer: l, Silence: silence, Learn: e.learned(&l), PerNeuron: m.PerNeuron}
		if i < len(m.Hidden) {
			layer.Existence = eventprop.Existence{Weight: e.Loss.Existence, Margin: e.Loss.Margin}
			layer.Revive = e.Train.Revive
		}
		n.layers = append(n.layers, layer)
		channels = size
	}
	method := train.EventProp{Layers: n.layers, Target: target, Readout: readout.Of, Scale: e.logitScale(target)}
	if method.Metrics, err = e.metrics(target); err != nil {
		return nil, err
	}
	objective.Events(&method, target.Size)
	if e.Train.Method == Analytical {
		method.Method = eventprop.Implicit
	}
	if n.EventNetwork, err = method.Build(params); err != nil {
		return nil, err
	}
	return n, nil
}

// logitScale is what the number of the readout is multiplied with.
func (e overEvents) logitScale(target data.Target) float64 {
	readout := e.Model.eventReadout()
	scale := e.Loss.Scale / map[string]float64{"": 1, "tau_syn": e.Model.TauSyn, "tau_out": e.Model.TauOut}[readout.Unit]
	if _, first := readout.Of.(eventprop.First); first && target.Kind == data.ClassTarget {
		return -scale // the first to spike is to win
	}
	return scale
}

// spikes tells whether the neurons of a layer do.
func spikes(l *eventprop.Layer) bool { return l.Neuron != nil || l.Params.VTh[0] <= math.MaxFloat64 }

// delays returns the delays of synapses, nil for none.
func (e overEvents) delays(s *eventprop.Synapses, name string) []float64 {
	if e.Model.Delay == 0 {
		return nil
	}
	d := slices.Repeat([]float64{e.Model.Delay}, len(s.Weight))
	if e.Model.DelaySpread > 0 {
		rng := random.New(e.Seed, "init/"+name)
		for k := range d {
			d[k] *= 1 + float64(e.Model.DelaySpread*(2*rng.Float64()-1))
		}
	}
	return d
}

// learned returns what a layer learns besides weights: of leaky integrators, which do not spike,
// delays alone.
func (e overEvents) learned(l *eventprop.Layer) []train.EventParam {
	var names []train.EventParam
	for _, p := range e.Model.Learn {
		switch p := train.EventParam(p); {
		case p == train.Delay && l.Rec != nil:
			names = append(names, p, train.DelayRec)
		case p == train.Delay:
			names = append(names, p)
		case l.Neuron != nil:
			if slices.ContainsFunc(l.Neuron.Parameters(), func(o eventprop.NeuronParameter) bool { return o.Name == string(p) }) {
				names = append(names, p)
			}
		case spikes(l) && p != train.VInit && slices.Contains(train.EventParams(), p): // what other neurons alone have, LIF outputs do not learn
			names = append(names, p)
		}
	}
	return names
}

// draw draws weights.
func (e overEvents) draw(s *eventprop.Synapses, name string, init graph.Init) {
	init(s.Weight, []int{s.Pre, s.Post}, random.New(e.Seed, "init/"+name))
}

// Report names the layers.
func (n *eventNetwork) Report() Report {
	var r Report
	for _, l := range n.layers {
		kind := "lif"
		switch {
		case l.Layer.Neuron != nil:
			kind = n.neuron
		case !spikes(&l.Layer):
			kind = "li"
		}
		r.Layers = append(r.Layers, Layer{Name: l.Name, Kind: kind, Engine: n.method})
	}
	return r
}

// Sample runs the network on the first sample of a set.
func (n *eventNetwork) Sample(set data.Batches) (*Sample, error) {
	set.Size, set.Sequential = 1, true
	t, err := n.Trace(set, 0, 0)
	if err != nil {
		return nil, err
	}
	s := &Sample{Label: t.Label, Predicted: t.Predicted, Duration: set.Duration}
	add := func(name string, neurons int, spikes []eventprop.Spike) {
		l := plot.RasterLayer{Name: name, Neurons: neurons}
		for _, x := range spikes {
			l.Spikes = append(l.Spikes, plot.Spike{Time: x.Time, Neuron: x.Neuron})
		}
		s.Layers = append(s.Layers, l)
	}
	add("input", n.layers[0].Layer.In.Pre, t.Input)
	for i, l := range t.Layers {
		if spikes(&n.layers[i].Layer) {
			add(l.Name, l.Neurons, l.Spikes)
		}
	}
	s.addTarget(set.Data.Form().Target, t.Target)
	return s, nil
}
