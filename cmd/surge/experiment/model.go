package experiment

import (
	"fmt"
	"math"
	"slices"
	"strings"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/surrogate"
	"github.com/surge-snn/surge/train"
)

// Method returns the network with its way to the gradient, for a number of classes.
func (e *Experiment) Method(classes int) (train.BPTT, error) {
	s, err := surrogate.Parse(e.Model.Surrogate)
	if err != nil {
		return train.BPTT{}, err
	}
	engine, err := graph.ParseEngine(e.Train.Engine)
	if err != nil {
		return train.BPTT{}, err
	}
	dtype := tensor.Float32
	if e.Train.DType == "float64" {
		dtype = tensor.Float64
	}
	return train.BPTT{
		Graph: graph.Settings{Engine: engine, DType: dtype, Dt: e.Encode.Dt},
		Model: func(b *graph.Builder, x *G.Node) train.Outputs { return e.network(b, x, s, classes) },
	}, nil
}

// network adds hidden layers and readout.
func (e *Experiment) network(b *graph.Builder, x *G.Node, s surrogate.Surrogate, classes int) train.Outputs {
	m := e.Model
	var o train.Outputs
	for i, n := range m.Hidden {
		name := fmt.Sprintf("hidden%d", i+1)
		current := models.Linear{Out: n, Bias: m.Bias, Init: models.FanIn(m.WMean, m.WGain)}.Apply(b, name+"/w", x)
		x = e.neurons(s).Apply(b, name, current).Spikes
		o.Layers = append(o.Layers, train.Layer{Name: name, Spikes: x})
		if e.Loss.RateWeight > 0 {
			o.Loss = e.regulariser(b, x, o.Loss)
		}
	}
	out := models.Linear{Out: classes, Bias: m.Bias, Init: models.FanIn(0, m.OutGain)}.Apply(b, "out/w", x)
	if m.Readout == "count" {
		spikes := e.neurons(s).Apply(b, "out", out).Spikes
		o.Layers = append(o.Layers, train.Layer{Name: "out", Spikes: spikes})
		o.Logits = b.Check(ops.SumOverTime(spikes))
		return o
	}
	reduce := map[string]func(*G.Node) (*G.Node, error){
		"li-max": ops.MaxOverTime, "li-mean": ops.MeanOverTime, "li-sum": ops.SumOverTime, "li-last": ops.LastStep,
	}[m.Readout]
	o.Logits = b.Check(reduce(models.LI{TauMem: models.Fixed(m.TauOut)}.Apply(b, "out", out).Vmem))
	return o
}

// neurons returns the layer that the section [model] describes.
func (e *Experiment) neurons(s surrogate.Surrogate) models.LIF {
	m := e.Model
	value := func(name string, v float64) models.Value {
		if !slices.Contains(m.Learn, name) {
			return models.Fixed(v)
		}
		if m.PerNeuron {
			return models.Learned(v).PerNeuron()
		}
		return models.Learned(v)
	}
	l := models.LIF{
		TauMem: value("tau_mem", m.TauMem), VTh: value("v_th", m.VTh),
		DetachReset: m.DetachReset, Recurrent: m.Recurrent, Surrogate: s,
	}
	if m.Neuron == "cuba" {
		l.TauSyn = value("tau_syn", m.TauSyn)
	}
	if m.Reset == "zero" {
		l.Reset = models.ToValue
	}
	if m.Recurrent {
		l.RecInit = models.FanIn(0, m.RecGain)
	}
	return l
}

// regulariser adds the rate bounds of one layer to a loss, which may be nil.
func (e *Experiment) regulariser(b *graph.Builder, spikes, loss *G.Node) *G.Node {
	bounds := ops.RateBounds{Lower: e.Loss.RateLower, Upper: math.Inf(1)}
	if e.Loss.RateUpper > 0 {
		bounds.Upper = e.Loss.RateUpper
	}
	r := b.Check(ops.Affine(b.Check(bounds.Apply(spikes)), e.Loss.RateWeight, 0))
	if loss == nil {
		return r
	}
	return b.Check(G.Add(loss, r))
}

// isWeight says whether a parameter is a matrix of weights, for weight decay.
func isWeight(name string) bool {
	return strings.HasSuffix(name, "/w") || strings.HasSuffix(name, "/w_rec")
}
