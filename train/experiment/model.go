package experiment

import (
	"context"
	"errors"
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/models/nir"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/plot"
	"github.com/surge-snn/surge/surrogate"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/data"
)

// stepNetwork goes through time steps.
type stepNetwork struct {
	*train.Network
	method  train.BPTT
	dt      float64
	numbers int // of the neurons of a batch: time steps, rows and neurons
}

// overSteps builds networks that go through time steps.
type overSteps struct{ *Experiment }

// buildSteps builds the network that the section [model] describes, with surrogate gradients.
func (e overSteps) buildSteps(params *graph.Params, channels int, target data.Target) (Network, error) {
	s, err := surrogate.Parse(e.Model.Surrogate)
	if err != nil {
		return nil, err
	}
	engine, err := graph.ParseEngine(e.Train.Engine)
	if err != nil {
		return nil, err
	}
	dtype := tensor.Float32
	if e.Train.DType == "float64" {
		dtype = tensor.Float64
	}
	objective, err := e.objective(target)
	if err != nil {
		return nil, err
	}
	metrics, err := e.metrics(target)
	if err != nil {
		return nil, err
	}
	kinds, err := e.kinds()
	if err != nil {
		return nil, err
	}
	n := &stepNetwork{dt: e.Encode.Dt}
	n.method = train.BPTT{
		Graph: graph.Settings{Engine: engine, DType: dtype, Dt: e.Encode.Dt, DebugNaNs: e.DebugNaNs, Twin: e.Twin, Checkpoint: e.Checkpoint},
		Model: func(b *graph.Builder, x *G.Node) train.Outputs {
			o := e.network(b, x, s, kinds, target.Size)
			n.numbers = 0
			for _, l := range o.Layers {
				n.numbers += l.Spikes.Shape().TotalSize()
			}
			return o
		},
		Target: target, Loss: objective.Steps, Metrics: metrics,
	}
	n.Network, err = n.method.Build(params, train.Shape{Steps: e.Encode.Steps, Batch: e.Train.Batch, Channels: channels})
	if err != nil && len(kinds) > 0 && (errors.Is(err, models.ErrParameter) || errors.Is(err, nir.ErrGraph)) {
		return nil, e.bad("layer", "layers that fit each other and the data", err.Error())
	}
	if err != nil {
		return nil, err
	}
	return n, nil
}

// Predict runs the network on all samples of a set.
func (n *stepNetwork) Predict(ctx context.Context, set data.Batches, each func(*train.Prediction) error, record ...string) error {
	set.Dt = n.dt
	return n.method.Predict(ctx, n.Params(), set, each, record...)
}

// Report says which engine runs each layer.
func (n *stepNetwork) Report() Report {
	found := n.Network.Report()
	r := Report{Nodes: found.Nodes}
	for _, l := range found.Layers {
		r.Layers = append(r.Layers, Layer{l.Name, l.Kind, l.Engine.String(), l.Fallback})
	}
	return r
}

// Sample runs the network on the first sample of a set.
func (n *stepNetwork) Sample(set data.Batches) (*Sample, error) {
	set.Size, set.Sequential = 1, true
	var batch data.Batch
	if err := set.Fill(&batch, 0, 0); err != nil {
		return nil, err
	}
	trace, err := n.method.Trace(n.Params(), &batch)
	if err != nil {
		return nil, err
	}
	s := &Sample{Predicted: -1, Duration: float64(batch.Steps) * n.dt}
	if len(trace.Predicted) > 0 {
		s.Label, s.Predicted = batch.Labels[0], trace.Predicted[0]
	}
	input := make([]float64, len(batch.Input))
	for i, v := range batch.Input {
		input[i] = max(float64(v), 0) // a current that is negative is not a spike
	}
	layers := append([]train.LayerTrace{{Name: "input", Neurons: batch.Channels, Spikes: input}}, trace.Layers...)
	for _, l := range layers {
		drawn, err := plot.DenseLayer(l.Name, l.Spikes, batch.Steps, l.Neurons, n.dt)
		if err != nil {
			return nil, err
		}
		s.Layers = append(s.Layers, drawn)
	}
	s.Dt, s.Readout = n.dt, readout(trace.Readout, batch.Steps, set.Data.Form().Target.Kind)
	s.addTarget(set.Data.Form().Target, batch.Times[0])
	return s, nil
}

// mostClasses is how many traces of a readout have a name in the figure.
const mostClasses = 10

// readout makes traces of the values [T, C] of a readout, one for each class or output.
func readout(values []float64, steps int, of data.TargetKind) (traces []plot.Trace) {
	classes := len(values) / steps
	for c := range classes {
		t := plot.Trace{Y: make([]float64, steps)}
		if classes <= mostClasses {
			t.Name = fmt.Sprintf("output %d", c)
			if of == data.ClassTarget {
				t.Name = fmt.Sprintf("class %d", c)
			}
		}
		for k := range t.Y {
			t.Y[k] = values[k*classes+c]
		}
		traces = append(traces, t)
	}
	return traces
}

// network adds hidden layers and readout.
func (e overSteps) network(b *graph.Builder, x *G.Node, s surrogate.Surrogate, kinds []LayerKind, outputs int) train.Outputs {
	m := e.Model
	var o train.Outputs
	spiking := false
	if len(kinds) > 0 {
		n := e.stacked(b, x, s, kinds)
		x, o, spiking = n.x, n.outputs, n.spiking
	}
	for i, n := range m.Hidden {
		name := fmt.Sprintf("hidden%d", i+1)
		current := models.Linear{Out: n, Bias: m.Bias, Init: e.initOf(b, "model.init", m.Init, x, Weights{m.WMean, m.WGain, e.Experiment})}.Apply(b, name+"/w", x)
		neurons := e.neurons(b, name, current, s)
		x = neurons.Spikes
		o.Layers = append(o.Layers, e.hidden(name, current, neurons))
	}
	readout := e.Model.readout()
	if readout.Over != nil {
		dt := b.Dt()
		o.Readout = func(x, length *G.Node) (*G.Node, error) { return readout.Over(x, length, dt) }
	}
	if m.Output == "none" {
		if n := x.Shape()[2]; n != outputs || spiking != readout.Spiking {
			b.Fail(fmt.Errorf("%w: model.output is none: the last layer has %d outputs (spikes: %v), want %d (spikes: %v), because the readout is %s", models.ErrParameter, n, spiking, outputs, readout.Spiking, m.Readout))
		}
		o.Trace = x
		return o
	}
	w := Weights{Mean: m.OutMean, Gain: m.OutGain}
	if readout.Spiking {
		w.Neurons = e.Experiment
	}
	out := models.Linear{Out: outputs, Bias: m.Bias, Init: e.initOf(b, "model.out_init", m.OutInit, x, w)}.Apply(b, "out/w", x)
	if readout.Spiking {
		neurons := e.neurons(b, "out", out, s)
		o.Layers = append(o.Layers, train.Layer{Name: "out", Spikes: neurons.Spikes, Vmem: neurons.Vmem, Current: out})
		o.Trace = neurons.Spikes
		return o
	}
	o.Trace = models.LI{TauMem: models.Fixed(m.TauOut)}.Apply(b, "out", out).Vmem
	return o
}

// initOf is [Experiment.weights] of a layer behind x.
func (e overSteps) initOf(b *graph.Builder, key, text string, x *G.Node, w Weights) graph.Init {
	init, err := e.weights(key, text, x.Shape()[2], w)
	if err != nil {
		b.Fail(err)
	}
	return init
}

// hidden returns a layer of neurons that take a current, with what is added to the loss for it.
func (e overSteps) hidden(name string, current *G.Node, n models.Neurons) train.Layer {
	l := train.Layer{Name: name, Spikes: n.Spikes, Vmem: n.Vmem, Current: current, Rate: e.rate()}
	bounds := ops.VoltageBounds{Lower: e.Loss.VLower, Upper: e.Loss.VUpper}
	for _, t := range []train.Term{
		{Weight: e.Loss.Sparsity, Of: n.Spikes, Until: ops.SparsityUntil},
		{Weight: e.Loss.Awake, Of: n.Spikes, Loss: func(x *G.Node) (*G.Node, error) { return ops.Silence(x, max(e.Loss.AwakeLeast, 1)) }},
		{Weight: e.Loss.VWeight, Of: n.Vmem, Until: bounds.ApplyUntil},
	} {
		if t.Weight > 0 {
			l.Terms = append(l.Terms, t)
		}
	}
	return l
}

// rate returns the bounds of the rates of hidden layers, or nil.
func (e overSteps) rate() *train.Rate {
	if e.Loss.RateWeight == 0 {
		return nil
	}
	bounds := ops.RateBounds{Lower: e.Loss.RateLower, Upper: math.Inf(1)}
	if e.Loss.RateUpper > 0 {
		bounds.Upper = e.Loss.RateUpper
	}
	return &train.Rate{Weight: e.Loss.RateWeight, Bounds: bounds}
}
