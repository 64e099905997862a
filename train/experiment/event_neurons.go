package experiment

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/eventprop/equation"
	"github.com/surge-snn/surge/train/data"
)

// own is the neuron whose equations are in the file.
const own = "own"

// EventNeurons are the choices of model.neuron for the methods that go from event to event: the
// equations of hidden neurons, empty for those of package eventprop.
var EventNeurons = data.Catalogue[string]{
	{Name: "lif", Doc: "leaky integrate-and-fire with exponential synaptic currents", New: equations("")},
	{Name: "refractory", Doc: "the same, dead for a time after a spike, see equation.LIF", New: equations(equation.LIF)},
	{Name: "alpha", Doc: "with alpha synapses, see equation.Alpha", New: equations(equation.Alpha)},
	{Name: "alif", Doc: "with a threshold that spikes raise, see equation.ALIF", New: equations(equation.ALIF)},
	{Name: "qif", Doc: "quadratic integrate-and-fire, see equation.QIF", New: equations(equation.QIF)},
	{Name: "theta", Doc: "the same as an angle, see equation.Theta", New: equations(equation.Theta)},
	{Name: "eif", Doc: "exponential integrate-and-fire, see equation.EIF", New: equations(equation.EIF)},
	{Name: "adex", Doc: "adaptive exponential, see equation.AdEx", New: equations(equation.AdEx)},
	{Name: "izhikevich", Doc: "Izhikevich's, see equation.Izhikevich", New: equations(equation.Izhikevich)},
	{Name: own, Doc: "that of model.equations", New: equations("")},
}

func equations(text string) func(*data.Params) string {
	return func(*data.Params) string { return text }
}

// equations returns the text of the neuron of hidden layers, empty for that of package eventprop.
func (m *Model) equations() string {
	if m.Neuron == own {
		return m.Equations
	}
	text, _, _ := EventNeurons.New(m.Neuron, nil)
	return text
}

// neuronParameters returns the names of the parameters of the neuron, none for that of package
// eventprop, and whether its equations can be read.
func (m *Model) neuronParameters() (names []string, readable bool) {
	text := m.equations()
	if text == "" {
		return nil, m.Neuron != own
	}
	parsed, err := equation.Parse(text)
	if err != nil {
		return nil, false
	}
	return slices.Clip(parsed.Params), true
}

// ofNeurons are the rules for the neuron of hidden layers.
func (e checks) ofNeurons() []rule {
	m := e.Model
	rules := []rule{
		unless(m.Neuron == own, "model.equations", m.Equations, m.Equations == "", "neuron is "+own),
	}
	if m.Neuron == "lif" {
		return append(rules, unless(false, "model.values", m.Values, len(m.Values) == 0, "neuron is not lif"))
	}
	model, err := equation.Parse(e.Model.equations())
	if err != nil {
		return append(rules, rule{"model.equations", "equations as docs/neuron.md has them", told(err.Error()), false})
	}
	rules = append(rules,
		unless(false, "loss.silence", e.Loss.Silence, e.Loss.Silence == 0, "neuron is lif"),
		unless(false, "loss.existence", e.Loss.Existence, e.Loss.Existence == 0, "neuron is lif"),
		unless(false, "train.revive", e.Train.Revive, e.Train.Revive == 0, "neuron is lif"),
		rule{"train.method", "one of " + EventProp + ", " + Recurrent + ", because neuron is " + m.Neuron, e.Train.Method, e.Train.Method != Analytical},
	)
	for _, name := range slices.Sorted(maps.Keys(m.Values)) {
		rules = append(rules, rule{"model.values." + name, "one of " + strings.Join(model.Params, ", "), told("a key that is no parameter of the equations"), slices.Contains(model.Params, name)})
	}
	for _, name := range model.Params {
		_, ok := e.Model.value(name)
		rules = append(rules, rule{"model.values." + name, "a number: the neuron " + m.Neuron + " has this parameter", told("nothing"), ok})
	}
	if slices.ContainsFunc(rules, func(r rule) bool { return !r.ok }) {
		return rules
	}
	neuron := e.Model.neuronOf(model)
	for _, p := range neuron.Parameters() {
		if strings.HasPrefix(p.Name, "tau") {
			rules = append(rules, rule{"model.values." + p.Name, "a time constant > 0 s", p.Values[0], p.Values[0] > 0})
		} else if p.Positive && slices.Contains(m.Learn, p.Name) {
			rules = append(rules, rule{"model.values." + p.Name, "> 0, because its logarithm is learned", p.Values[0], p.Values[0] > 0})
		}
	}
	err = neuron.Verify()
	if err == nil {
		_, err = neuron.Prepare(&eventprop.Layer{In: eventprop.NewDense(1, 1)})
	}
	switch {
	case errors.Is(err, equation.ErrDerivative):
		rules = append(rules, rule{"model.equations", "derivatives that agree with differences", told(err.Error()), false})
	case errors.Is(err, equation.ErrEquation):
		rules = append(rules, rule{"model.equations", "equations as docs/neuron.md has them", told(err.Error()), false})
	case err != nil:
		rules = append(rules, rule{"model.values", "values with which the neuron can be", told(err.Error()), false})
	}
	return rules
}

// value returns that of a parameter of the neuron.
func (m *Model) value(name string) (x float64, ok bool) {
	if x, ok = m.Values[name]; ok {
		return x, true
	}
	x, ok = map[string]float64{"tau_mem": m.TauMem, "tau_syn": m.TauSyn, "v_th": m.VTh, "v_reset": m.VReset}[name]
	return x, ok
}

// neuron returns the neurons of hidden layers, nil for those of package eventprop.
func (m *Model) neuron() (*equation.Neurons, error) {
	if m.equations() == "" {
		return nil, nil
	}
	parsed, err := equation.Parse(m.equations())
	if err != nil {
		return nil, fmt.Errorf("model.equations: %w", err)
	}
	n := m.neuronOf(parsed)
	return &n, nil
}

// neuronOf is a layer of neurons with these equations.
func (m *Model) neuronOf(parsed *equation.Model) equation.Neurons {
	n := equation.Neurons{Model: parsed, Params: map[string][]float64{}}
	for _, name := range parsed.Params {
		x, _ := m.value(name)
		n.Params[name] = []float64{x}
	}
	return n
}
