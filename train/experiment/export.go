package experiment

import (
	"fmt"
	"math"
	"slices"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/train/data"
	"github.com/surge-snn/surge/train/export"
)

// Export returns the network of the experiment with trained parameters, as it leaves surge: the
// constants of a time step are those of the program, bit for bit. The data are not needed; channels
// is the number of inputs, 0 where the first layer has weights that tell it.
//
// Errors: export.ErrNetwork for methods that go from event to event, for lists of layers with a NIR
// file, and where parameters are missing or have other shapes.
func (e *Experiment) Export(params *graph.Params, channels int) (*export.Network, error) {
	if err := e.usable(); err != nil {
		return nil, err
	}
	if e.events() {
		return nil, fmt.Errorf("%w: the method %s goes from event to event: see ExportEvents", export.ErrNetwork, e.Train.Method)
	}
	m, readout := e.Model, e.Model.readout()
	x := exporter{e: e, params: params, double: e.Train.DType == "float64"}
	n := &export.Network{Name: e.Name, Dt: e.Encode.Dt, Steps: e.Encode.Steps, Inputs: channels, Double: x.double, Readout: m.Readout, TauReadout: readout.Tau}
	if len(e.Layer) > 0 {
		if err := x.list(n); err != nil {
			return nil, err
		}
	}
	names := make([]string, 0, len(m.Hidden)+1)
	for i := range m.Hidden {
		names = append(names, fmt.Sprintf("hidden%d", i+1))
	}
	if m.Output != "none" {
		names = append(names, "out")
	}
	for _, name := range names {
		l := export.Layer{Name: name, Map: x.linear(n, name+"/w", m.Bias)}
		if x.err != nil {
			return nil, x.err
		}
		l.N = l.Map.(*export.Linear).Out
		if name != "out" || readout.Spiking {
			row, _, err := Neurons.New(m.Neuron, m.NeuronKeys)
			if err != nil {
				return nil, err // Check says so
			}
			x.spiking(n, l, row, len(m.NeuronKeys) > 0)
			continue
		}
		l.Alpha = x.decay(name, "", m.TauOut, l.N)
		n.Layers = append(n.Layers, l)
	}
	return n, x.err
}

// ExportEvents returns a network without time steps, with trained parameters.
//
// Errors: export.ErrNetwork for methods with time steps, and those of the parameters.
func (e *Experiment) ExportEvents(params *graph.Params, channels int, target data.Target) (*export.Events, error) {
	if err := e.usable(); err != nil {
		return nil, err
	}
	if !e.events() {
		return nil, fmt.Errorf("%w: the method %s has time steps", export.ErrNetwork, e.Train.Method)
	}
	n, err := e.build(params, channels, target)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", export.ErrNetwork, err)
	}
	defer n.Close()
	net := n.(*eventNetwork)
	x := &export.Events{Name: e.Name, Net: net.Net(), End: e.Encode.Duration, Scale: overEvents{e}.logitScale(target)}
	if target.Kind == data.ClassTarget || target.Kind == data.VectorTarget { // else no number is read out
		x.Readout = e.Model.eventReadout().Of
	}
	for _, l := range net.layers {
		x.Layers = append(x.Layers, l.Name)
	}
	return x, nil
}

// exportable returns an error for neurons that no export knows.
func (e *Experiment) exportable(neuron string, keys data.Table) error {
	if neuron != "lif" && neuron != "cuba" || len(keys) > 0 {
		return fmt.Errorf("%w: the neuron %s with %d keys of its own: expected lif or cuba without a refractory time", export.ErrNetwork, neuron, len(keys))
	}
	return nil
}

// linear reads a matrix of weights, and takes the number of inputs of the network from it if it is
// the first.
func (x *exporter) linear(n *export.Network, name string, bias bool) *export.Linear {
	w := x.params.Value(name)
	if w == nil || w.Dims() != 2 {
		if x.err == nil {
			x.err = fmt.Errorf("%w: no weights %s", export.ErrNetwork, name)
		}
		return &export.Linear{}
	}
	m := &export.Linear{In: w.Shape()[0], Out: w.Shape()[1]}
	if len(n.Layers) == 0 {
		n.Inputs = m.In
	}
	m.W = x.values(name, m.In*m.Out)
	if bias {
		m.Bias = x.values(name+"/bias", m.Out)
	}
	return m
}

// exporter reads parameters.
type exporter struct {
	e      *Experiment
	params *graph.Params
	double bool
	err    error
}

// neurons fills in what the spiking neurons of a layer are.
func (x *exporter) neurons(l *export.Layer) {
	m := x.e.Model
	l.Alpha = x.decay(l.Name, "tau_mem", m.TauMem, l.N)
	if m.Neuron == "cuba" {
		l.Gain, l.Beta = x.gain(l.Name, "tau_mem", m.TauMem, l.N), x.decay(l.Name, "tau_syn", m.TauSyn, l.N)
	}
	l.VTh = x.constant(m.VTh, l.N)
	if slices.Contains(m.Learn, "v_th") {
		l.VTh = x.fromLog(l.Name+"/log_v_th", m.VTh, l.N)
	}
	if m.Recurrent {
		l.WRec = x.values(l.Name+"/w_rec", l.N*l.N)
	}
	l.ToZero = m.Reset == "zero"
}

// decay is the factor of a step, of a time constant that is learned where name says so.
func (x *exporter) decay(layer, name string, tau float64, n int) []float64 {
	return x.ofTau(layer, name, tau, n, fmath.Exp)
}

// gain is 1 - decay, with all digits.
func (x *exporter) gain(layer, name string, tau float64, n int) []float64 {
	return x.ofTau(layer, name, tau, n, func(v float64) float64 { return -fmath.Expm1(v) })
}

// ofTau is f(-dt/tau).
func (x *exporter) ofTau(layer, name string, tau float64, n int, f func(float64) float64) []float64 {
	dt := x.e.Encode.Dt
	if name == "" || !slices.Contains(x.e.Model.Learn, name) {
		return x.constant(f(-dt/tau), n)
	}
	v := x.values(layer+"/log_"+name, n)
	for j, logTau := range v {
		v[j] = x.round(f(-dt * fmath.Exp(-logTau)))
	}
	return v
}

// fromLog is what a parameter is that is kept as its logarithm, see ops.ExpFrom.
func (x *exporter) fromLog(name string, start float64, n int) []float64 {
	v := x.values(name, n)
	for j, log := range v {
		if x.double {
			v[j] = ops.FromLog(log, start)
		} else {
			v[j] = x.round(ops.FromLog(float32(log), start))
		}
	}
	return v
}

// round rounds to the type that the program computes in.
func (x *exporter) round(v float64) float64 {
	if x.double {
		return v
	}
	return float64(float32(v))
}

func (x *exporter) constant(v float64, n int) []float64 {
	return slices.Repeat([]float64{x.round(v)}, n)
}

// values returns n numbers of a parameter; one is repeated.
func (x *exporter) values(name string, n int) []float64 {
	var v []float64
	if p := x.params.Value(name); p != nil && p.Dtype() == tensor.Float32 {
		for _, f := range p.Float32s() {
			v = append(v, float64(f))
		}
	} else if p != nil {
		v = slices.Clone(p.Float64s())
	}
	if len(v) == 1 {
		v = slices.Repeat(v, n)
	}
	if len(v) != n || slices.ContainsFunc(v, func(f float64) bool { return math.IsNaN(f) || math.IsInf(f, 0) }) {
		if x.err == nil {
			x.err = fmt.Errorf("%w: parameter %s: expected %d finite numbers, found %d", export.ErrNetwork, name, n, len(v))
		}
		return make([]float64, n)
	}
	return v
}
