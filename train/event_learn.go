package train

import (
	"fmt"
	"math"
	"slices"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/ops"
)

// EventParam is a kind of parameter of a layer that goes from event to event, which can be learned
// beside the weights. Positive ones are kept as logarithms: EventParam p of the layer Name is the
// parameter Name/p, or Name/log_p with
//
//	p = e^(log_p),  dL/d(log_p) = p dL/dp
type EventParam string

// The parameters that can be learned of LIF neurons. Those of a layer with another eventprop.Neuron
// are called as there; they are kept as logarithms where they are positive by their nature.
const (
	TauMem   EventParam = "tau_mem"   // s, as log_tau_mem
	TauSyn   EventParam = "tau_syn"   // s, as log_tau_syn
	VTh      EventParam = "v_th"      // as log_v_th, and so > 0
	VLeak    EventParam = "v_leak"    // starts at 0 where the layer has none
	VReset   EventParam = "v_reset"   // starts at 0 where the layer has none; not below VTh is an error of the run
	VInit    EventParam = "v_init"    // V at time 0, which the layer must have
	IInit    EventParam = "i_init"    // I at time 0; starts at 0 where the layer has none
	Delay    EventParam = "delay"     // s, one per input synapse, as log_delay: the layer must have delays > 0
	DelayRec EventParam = "delay_rec" // s, one per recurrent synapse, as log_delay_rec: the layer must have delays > 0
)

// EventParams returns all that can be learned.
func EventParams() []EventParam {
	return []EventParam{TauMem, TauSyn, VTh, VLeak, VReset, VInit, IInit, Delay, DelayRec}
}

// positive tells whether the parameter is kept as a logarithm.
func (p EventParam) positive() bool {
	return slices.Contains([]EventParam{TauMem, TauSyn, VTh, Delay, DelayRec}, p)
}

// place returns where the numbers and gradients of a parameter are, and its default. It is nil
// where the layer has no such synapses.
func (p EventParam) place(l *eventprop.Layer, g *eventprop.Gradients) (value, grad *[]float64, byDefault float64) {
	switch p {
	case TauMem:
		return &l.Params.TauMem, &g.TauMem, 10e-3
	case TauSyn:
		return &l.Params.TauSyn, &g.TauSyn, 5e-3
	case VTh:
		return &l.Params.VTh, &g.VTh, 1
	case VLeak:
		return &l.Params.VLeak, &g.VLeak, 0
	case VReset:
		return &l.Params.VReset, &g.VReset, 0
	case VInit:
		return &l.Params.VInit, &g.VInit, math.NaN()
	case IInit:
		return &l.Params.IInit, &g.IInit, 0
	case Delay:
		return &l.In.Delay, &g.InDelay, math.NaN()
	case DelayRec:
		if l.Rec != nil {
			return &l.Rec.Delay, &g.RecDelay, math.NaN()
		}
	}
	return nil, nil, 0
}

// learned is a parameter of a layer besides weights: it is kept in param, and the network works
// with value.
type learned struct {
	kind               EventParam
	positive           bool      // whether param is the logarithm, see ops.ExpFrom
	start              []float64 // of value
	param, value, grad []float64
}

// slot is where the numbers and gradients of a parameter of a layer are, and their default. It has
// no value where the layer has no such parameter.
type slot struct {
	value, grad *[]float64
	byDefault   float64
	positive    bool
}

// slot returns that of a parameter of layer k. values are those of its Neuron, if it has one.
func (n *EventNetwork) slot(kind EventParam, k int, values [][]float64) (s slot) {
	l, g := n.net[k], n.grads[k]
	if l.Neuron == nil || kind == Delay || kind == DelayRec {
		s.positive = kind.positive()
		s.value, s.grad, s.byDefault = kind.place(l, g)
		return s
	}
	for i, p := range l.Neuron.Parameters() {
		if p.Name == string(kind) {
			return slot{&values[i], &g.Neuron[i], math.NaN(), p.Positive}
		}
	}
	return s
}

// names returns what a layer can learn.
func (n *EventNetwork) names(k int) (names []EventParam) {
	if n.net[k].Neuron == nil {
		return EventParams()
	}
	for _, p := range n.net[k].Neuron.Parameters() {
		names = append(names, EventParam(p.Name))
	}
	return append(names, Delay, DelayRec)
}

// learn makes the parameters that layer k learns besides its weights.
func (n *EventNetwork) learn(k int) error {
	spec, l := n.method.Layers[k], n.net[k]
	var values [][]float64 // of a Neuron
	if l.Neuron != nil {
		for _, p := range l.Neuron.Parameters() {
			values = append(values, slices.Clone(p.Values))
		}
		n.grads[k].Neuron = make([][]float64, len(values))
		defer func() { l.Neuron = l.Neuron.With(values) }()
	}
	for i, kind := range spec.Learn {
		fail := func(format string, args ...any) error {
			return fmt.Errorf("%w: layer %q learns %s: %s", ErrSettings, spec.Name, kind, fmt.Sprintf(format, args...))
		}
		if names := n.names(k); !slices.Contains(names, kind) || slices.Contains(spec.Learn[:i], kind) {
			return fail("want names of %v, each once", names)
		}
		slot := n.slot(kind, k, values)
		value, grad, byDefault := slot.value, slot.grad, slot.byDefault
		if value == nil {
			return fail("it has no recurrent synapses")
		}
		start := slices.Clone(*value)
		if len(start) == 0 {
			if byDefault != byDefault {
				return fail("it has none to start from")
			}
			start = []float64{byDefault}
		}
		if len(start) == 1 && spec.PerNeuron && kind != Delay && kind != DelayRec {
			start = slices.Repeat(start, l.Neurons())
		}
		*value, *grad = slices.Clone(start), make([]float64, len(start))
		from := slices.Clone(start)
		name := spec.Name + "/" + string(kind)
		if slot.positive {
			name = spec.Name + "/log_" + string(kind)
			for j, x := range start {
				if !(x > 0) || math.IsInf(x, 1) {
					return fail("number %d is %g, want a positive one, because its logarithm is learned", j, x)
				}
				start[j] = fmath.Log(x)
			}
		}
		param, err := n.parameter(name, start, []int{len(start)}, *grad)
		if err != nil {
			return err
		}
		n.learned = append(n.learned, learned{kind, slot.positive, from, param, *value, *grad})
	}
	return nil
}

// set gives the learned parameters to the layers.
func (n *EventNetwork) set() {
	for _, p := range n.learned {
		copy(p.value, p.param)
		if p.positive {
			for j, x := range p.param {
				p.value[j] = ops.FromLog(x, p.start[j])
			}
		}
	}
}

// chain makes gradients of parameters those of the logarithms that are kept.
func (n *EventNetwork) chain() {
	for _, p := range n.learned {
		if p.positive {
			for j, x := range p.value {
				p.grad[j] *= x
			}
		}
	}
}
