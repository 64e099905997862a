package experiment

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/surge-snn/surge/eventprop/equation"
)

// own is the neuron whose equations are in the file.
const own = "own"

// neurons are the names of model.neuron with events. The LIF neurons of package equation have a
// refractory time.
func neurons() []string {
	names := []string{"lif", "refractory"}
	for _, name := range equation.Builtins() {
		if name != "lif" {
			names = append(names, name)
		}
	}
	return append(names, own)
}

// equations returns the text of the neuron of hidden layers, empty for that of package eventprop.
func (e *Experiment) equations() string {
	switch name := e.Model.Neuron; name {
	case "lif":
		return ""
	case "refractory":
		return equation.LIF
	case own:
		return e.Model.Equations
	default:
		text, _ := equation.Builtin(name)
		return text
	}
}

// neuronParameters returns the names of the parameters of the neuron, none for that of package eventprop
// and for equations that cannot be read.
func (e *Experiment) neuronParameters() []string {
	m, err := equation.Parse(e.equations())
	if err != nil {
		return nil
	}
	return slices.Clone(m.Params)
}

// ofNeurons are the rules for the neuron of hidden layers.
func (e *Experiment) ofNeurons() []rule {
	m := e.Model
	rules := []rule{
		one("model.neuron", m.Neuron, neurons()...),
		unless(m.Neuron == own, "model.equations", m.Equations, m.Equations == "", "neuron is "+own),
	}
	if m.Neuron == "lif" {
		return append(rules, unless(false, "model.values", m.Values, len(m.Values) == 0, "neuron is not lif"))
	}
	if !slices.Contains(neurons(), m.Neuron) {
		return rules
	}
	model, err := equation.Parse(e.equations())
	if err != nil {
		return append(rules, rule{"model.equations", "equations as equation.Parse reads them", err.Error(), false})
	}
	rules = append(rules,
		unless(false, "loss.silence", e.Loss.Silence, e.Loss.Silence == 0, "neuron is lif"),
		rule{"train.method", "one of " + EventProp + ", " + Recurrent + ", because neuron is " + m.Neuron, e.Train.Method, e.Train.Method != Analytical},
	)
	for _, name := range slices.Sorted(maps.Keys(m.Values)) {
		rules = append(rules, rule{"model.values." + name, "one of " + strings.Join(model.Params, ", "), "an unknown key", slices.Contains(model.Params, name)})
	}
	for _, name := range model.Params {
		_, ok := e.value(name)
		rules = append(rules, rule{"model.values." + name, "a number: the neuron " + m.Neuron + " has this parameter", "nothing", ok})
	}
	if slices.ContainsFunc(rules, func(r rule) bool { return !r.ok }) {
		return rules
	}
	if err := e.neuronOf(model).Verify(); err != nil {
		rules = append(rules, rule{"model.equations", "derivatives that agree with differences", err.Error(), false})
	}
	return rules
}

// value returns that of a parameter of the neuron.
func (e *Experiment) value(name string) (x float64, ok bool) {
	if x, ok = e.Model.Values[name]; ok {
		return x, true
	}
	x, ok = map[string]float64{"tau_mem": e.Model.TauMem, "tau_syn": e.Model.TauSyn, "v_th": e.Model.VTh, "v_reset": e.Model.VReset}[name]
	return x, ok
}

// neuron returns the neurons of hidden layers, nil for those of package eventprop.
func (e *Experiment) neuron() (*equation.Neurons, error) {
	if e.equations() == "" {
		return nil, nil
	}
	m, err := equation.Parse(e.equations())
	if err != nil {
		return nil, fmt.Errorf("model.equations: %w", err)
	}
	n := e.neuronOf(m)
	return &n, nil
}

func (e *Experiment) neuronOf(m *equation.Model) equation.Neurons {
	n := equation.Neurons{Model: m, Params: map[string][]float64{}}
	for _, name := range m.Params {
		x, _ := e.value(name)
		n.Params[name] = []float64{x}
	}
	return n
}
