package equation

import (
	"fmt"
	"slices"
	"strings"

	"github.com/surge-snn/surge/eventprop"
)

// Neurons are the neurons of a model in an eventprop.Layer: with them the equations go wherever LIF
// neurons go, in a row with those too, into batches and training.
//
//	layer := eventprop.Layer{
//		In:     eventprop.NewDense(5, 100),
//		Neuron: equation.Neurons{Model: model, Params: ...},
//	}
//
// What they put out are spikes: the observable eventprop.First reads them, and a last layer of LIF
// neurons or leaky integrators may follow.
type Neurons struct {
	Model     *Model
	Params    map[string][]float64 // as in Layer
	Tolerance float64              // as in Layer
}

// Parameters returns those of the model in its order. Positive are time constants, whose names
// begin with tau, and the refractory time.
func (n Neurons) Parameters() (p []eventprop.NeuronParameter) {
	if n.Model == nil {
		return nil
	}
	for k, name := range n.Model.Params {
		positive := strings.HasPrefix(name, "tau") || k == n.Model.refractory
		p = append(p, eventprop.NeuronParameter{Name: name, Values: n.Params[name], Positive: positive})
	}
	return p
}

// With returns the neurons with other values of their parameters.
func (n Neurons) With(values [][]float64) eventprop.Neuron {
	if n.Model == nil {
		return n
	}
	params := map[string][]float64{}
	for k, name := range n.Model.Params {
		if k < len(values) {
			params[name] = values[k]
		}
	}
	n.Params = params
	return n
}

// Prepare checks the neurons of a layer. Errors are those of [Layer.Check].
func (n Neurons) Prepare(l *eventprop.Layer) (eventprop.NeuronLayer, error) {
	if !n.Model.parsed() {
		return nil, fmt.Errorf("%w: Neurons without a model, want one of Parse", eventprop.ErrShape)
	}
	if l == nil {
		return nil, fmt.Errorf("%w: Neurons without a layer", eventprop.ErrShape)
	}
	own := &Layer{Model: n.Model, Params: n.Params, In: l.In, Rec: l.Rec, Tolerance: n.Tolerance, MaxSpikes: l.MaxSpikes}
	return own.prepare()
}

// NewPass makes memory for passes.
func (p *prepared) NewPass() eventprop.NeuronPass { return &pass{} }

// pass is a pass of one sample after the other.
type pass struct {
	work *work
	run  Run
}

// Forward simulates a sample.
func (p *pass) Forward(l eventprop.NeuronLayer, input []eventprop.Spike, end float64) ([]eventprop.Spike, error) {
	layer := l.(*prepared)
	if p.work == nil || p.work.l.Model != layer.l.Model || p.work.order != layer.order || p.work.l.tolerance() != layer.l.tolerance() {
		p.work = newWork(layer)
	}
	p.work.prepared = layer
	_, err := p.work.forward([]*Run{&p.run}, [][]eventprop.Spike{input}, []float64{end})
	return p.run.Spikes, err
}

// Backward adds the gradients of the sample.
func (p *pass) Backward(g *eventprop.Gradients, time, inputTime []float64) error {
	m := p.work.l.Model
	own := &Gradients{In: g.In, InDelay: g.InDelay, Rec: g.Rec, RecDelay: g.RecDelay, Params: map[string][]float64{}}
	for k, name := range m.Params {
		if g.Neuron != nil && len(g.Neuron[k]) > 0 {
			own.Params[name] = g.Neuron[k]
		}
	}
	b := newBackward(p.work, own)
	if _, err := b.run([]*Run{&p.run}, [][]float64{time}, [][]float64{inputTime}); err != nil {
		return err
	}
	b.finish()
	return nil
}

// Builtin returns the text of a neuron by its name in small letters: lif, alpha, alif, qif, theta,
// eif, adex or izhikevich.
func Builtin(name string) (text string, ok bool) {
	k := slices.IndexFunc(builtins, func(b builtin) bool { return b.name == name })
	if k < 0 {
		return "", false
	}
	return builtins[k].text, true
}

// Builtins returns their names.
func Builtins() (names []string) {
	for _, b := range builtins {
		names = append(names, b.name)
	}
	return names
}

type builtin struct{ name, text string }

var builtins = []builtin{
	{"lif", LIF}, {"alpha", Alpha}, {"alif", ALIF}, {"qif", QIF}, {"theta", Theta}, {"eif", EIF}, {"adex", AdEx}, {"izhikevich", Izhikevich},
}
