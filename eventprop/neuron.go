package eventprop

import "fmt"

// Neuron is a model of neurons that a [Layer] can have in place of LIF, such as those of package
// eventprop/equation. Only its spikes are known outside of it: there are no voltages to read.
type Neuron interface {
	// Parameters returns its parameters, in an order that stays.
	Parameters() []NeuronParameter
	// With returns the model with other values, one slice for each of Parameters, which it keeps.
	With(values [][]float64) Neuron
	// Prepare checks the layer and its model, and makes what passes need that does not depend on
	// the sample. It is called anew when a weight or parameter has changed.
	Prepare(l *Layer) (NeuronLayer, error)
}

// NeuronParameter is a parameter of a Neuron.
type NeuronParameter struct {
	Name     string
	Values   []float64 // one for all neurons, or one for each
	Positive bool      // whether it makes no sense at 0 and below, as a time constant
}

// NeuronLayer is a layer of a Neuron that is ready for passes, also for several at once.
type NeuronLayer interface{ NewPass() NeuronPass }

// NeuronPass is a pass of one sample after the other, and its memory.
type NeuronPass interface {
	// Forward returns the spikes of the layer, by time and then by neuron.
	Forward(l NeuronLayer, input []Spike, end float64) ([]Spike, error)
	// Backward adds the gradients of the latest pass to those slices of g that are there, and to
	// inputTime, one for each input spike, unless it is nil. time are the derivatives to the times
	// of the spikes. Gradients that are not wanted are nil.
	Backward(g *Gradients, time, inputTime []float64) error
}

// other is the way through a layer of a Neuron.
type other struct {
	pass  NeuronPass
	of    *Layer
	fired []bool
}

func (o *other) forward(t *Tape) error {
	if o.pass == nil || o.of != t.plan.layer {
		o.pass, o.of = t.plan.neuron.NewPass(), t.plan.layer
	}
	spikes, err := o.pass.Forward(t.plan.neuron, t.input, t.end)
	if err != nil {
		return err
	}
	t.Spikes = append(t.Spikes[:0], spikes...)
	for t.head < len(t.input) && t.input[t.head].Time < t.end {
		lo, hi := t.plan.layer.In.fan(t.input[t.head].Neuron)
		t.Report.Arrivals += hi - lo
		t.head++
	}
	o.fired = zeroed(o.fired, t.neurons())
	t.summarize(o.fired)
	return nil
}

func (o *other) backward(t *Tape, g *Gradients, c *Cotangent) (bool, error) {
	if c.Integral != nil || len(c.probes) > 0 {
		return false, t.noVoltage()
	}
	var inputTime []float64
	if len(t.InputTime) > 0 {
		inputTime = t.InputTime
	}
	return true, o.pass.Backward(g, c.Time, inputTime)
}

func (*other) voltages(*Tape, []float64, int, float64) bool  { return false }
func (*other) integrals(*Tape, []float64, int, float64) bool { return false }
func (*other) max(*Tape, int) (Peak, bool)                   { return Peak{}, false }
func (o *other) spiked(j int) bool                           { return o.fired[j] }

// noVoltage returns an error if the neurons are not LIF, whose voltage can be read.
func (t *Tape) noVoltage() error {
	if t == nil || t.plan == nil || t.plan.neuron == nil {
		return nil
	}
	return fmt.Errorf("%w: voltages, recorded spikes, single steps and implicit derivatives are of LIF neurons, found a layer of another Neuron", ErrShape)
}

// checkNeuron returns an error where the layer has settings of LIF beside a Neuron.
func (l *Layer) checkNeuron() error {
	p := &l.Params
	if max(len(p.TauMem), len(p.TauSyn), len(p.VTh), len(p.VLeak), len(p.VReset), len(p.VInit), len(p.IInit)) > 0 || l.MinSlope != 0 || l.InputFirst {
		return fmt.Errorf("%w: Params, MinSlope and InputFirst are of LIF neurons, found with a Neuron", ErrParameter)
	}
	return nil
}
