package own

import (
	"fmt"
	"slices"
	"strings"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/internal/earliest"
)

// Neurons are the neurons of a Cell in an eventprop.Layer: with them the functions go wherever LIF
// neurons go, in a row with those too, into batches and training.
type Neurons struct {
	Cell   Cell
	Params map[string][]float64 // of each parameter of the cell one number for all neurons, or N
	// Tolerance is the largest error of a step, relative to the largest size of each state so far.
	// 0 means 1e-10.
	Tolerance float64
}

// Parameters returns those of the cell in its order. Positive are those whose names begin with tau.
func (n Neurons) Parameters() (p []eventprop.NeuronParameter) {
	for _, name := range n.names() {
		p = append(p, eventprop.NeuronParameter{Name: name, Values: n.Params[name], Positive: positive(name)})
	}
	return p
}

func positive(name string) bool { return strings.HasPrefix(name, "tau") }

// names returns the names of the parameters; none of a cell that has none to say.
func (n Neurons) names() (names []string) {
	defer func() {
		if recover() != nil {
			names = nil // Prepare says so
		}
	}()
	if n.Cell == nil {
		return nil
	}
	return n.Cell.Params()
}

// With returns the neurons with other values of their parameters.
func (n Neurons) With(values [][]float64) eventprop.Neuron {
	params := map[string][]float64{}
	for k, name := range n.names() {
		if k < len(values) {
			params[name] = values[k]
		}
	}
	n.Params = params
	return n
}

// Prepare checks the neurons of a layer, and compares the derivatives at a few states as
// [Neurons.Verify] does. Errors: ErrCell, ErrDerivative, eventprop.ErrShape and
// eventprop.ErrParameter.
func (n Neurons) Prepare(l *eventprop.Layer) (_ eventprop.NeuronLayer, err error) {
	defer caught(&err)
	if l == nil {
		return nil, fmt.Errorf("%w: Neurons without a layer", eventprop.ErrShape)
	}
	// the synapses are those of a layer of LIF neurons, whose check they pass
	if err := (&eventprop.Layer{In: l.In, Rec: l.Rec, Settings: eventprop.Settings{MaxSpikes: l.MaxSpikes}}).Check(); err != nil {
		return nil, err
	}
	w, err := n.prepare(l.In.Post)
	if err != nil {
		return nil, err
	}
	if err := w.verify(3, 0); err != nil {
		return nil, err
	}
	w.in, w.rec = l.In, l.Rec
	if w.maxSpikes = l.MaxSpikes; w.maxSpikes == 0 {
		w.maxSpikes = 1 << 20
	}
	w.inOrder = earliest.ByDelay(w.in.Delay, w.in.Pre, w.in.Fan)
	if w.rec != nil {
		w.recOrder = earliest.ByDelay(w.rec.Delay, w.rec.Pre, w.rec.Fan)
	}
	s := newStepper(w)
	for j, p := range w.p {
		x := make([]float64, len(w.states))
		w.f.start(x, p)
		if !finite(x) {
			return nil, fmt.Errorf("%w: neuron %d starts at %s, want finite numbers", eventprop.ErrParameter, j, w.at(x))
		}
		if s.above(x, p) {
			return nil, fmt.Errorf("%w: neuron %d starts at threshold", eventprop.ErrParameter, j)
		}
		w.x = append(w.x, x)
	}
	return w, nil
}

// prepared is a layer ready for passes, also for several at once.
type prepared struct {
	f              functions
	states, params []string
	tolerance      float64
	p              [][]float64 // parameters of each neuron, of one for all if they are alike
	x              [][]float64 // states of each of these at the start

	in                eventprop.Synapses
	rec               *eventprop.Synapses // nil: feed-forward
	inOrder, recOrder []int32             // synapses of each source by delay; nil without delays
	maxSpikes         int
}

// prepare checks what does not depend on the synapses of n neurons.
func (n Neurons) prepare(neurons int) (*prepared, error) {
	if n.Cell == nil {
		return nil, fmt.Errorf("%w: Neurons without a Cell", ErrCell)
	}
	if !(n.Tolerance >= 0) || n.Tolerance > 0.1 {
		return nil, fmt.Errorf("%w: Tolerance is %g, want 0 to 0.1", eventprop.ErrParameter, n.Tolerance)
	}
	w := &prepared{f: functionsOf(n.Cell), states: n.Cell.States(), params: n.Cell.Params(), tolerance: n.Tolerance}
	if w.tolerance == 0 {
		w.tolerance = 1e-10
	}
	if len(w.states) == 0 {
		return nil, fmt.Errorf("%w: it has no states", ErrCell)
	}
	alike := true
	for k, name := range w.params {
		if slices.Index(w.params, name) < k {
			return nil, fmt.Errorf("%w: two parameters are named %q", ErrCell, name)
		}
		v := n.Params[name]
		if len(v) != 1 && len(v) != neurons {
			return nil, fmt.Errorf("%w: %s has %d values, want 1 or %d, one per neuron", eventprop.ErrShape, name, len(v), neurons)
		}
		for j, x := range v {
			if x-x != 0 || positive(name) && x <= 0 {
				return nil, fmt.Errorf("%w: %s[%d] is %g, want a finite number%s", eventprop.ErrParameter, name, j, x, map[bool]string{true: " above 0"}[positive(name)])
			}
		}
		alike = alike && len(v) == 1
	}
	for name := range n.Params {
		if !slices.Contains(w.params, name) {
			return nil, fmt.Errorf("%w: %q is no parameter of the cell, want %v", eventprop.ErrParameter, name, w.params)
		}
	}
	if alike {
		neurons = min(neurons, 1)
	}
	for j := range neurons {
		p := make([]float64, len(w.params))
		for k, name := range w.params {
			v := n.Params[name]
			p[k] = v[min(j, len(v)-1)]
		}
		w.p = append(w.p, p)
	}
	return w, nil
}

// one returns the number of neuron j in lists of one for all or one each.
func (w *prepared) one(j int) int { return min(j, len(w.p)-1) }

// at says where states are.
func (w *prepared) at(x []float64) string {
	var all []string
	for n, v := range x {
		all = append(all, fmt.Sprintf("%s = %g", w.states[n], v))
	}
	return strings.Join(all, ", ")
}

func finite(x []float64) bool {
	return !slices.ContainsFunc(x, func(v float64) bool { return v-v != 0 })
}
