package train

import (
	"math"
	"slices"
	"testing"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/eventprop/equation"
	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/random"
)

// quadratic is a method for Yin-Yang with hidden QIF neurons and an output layer of LIF neurons.
func quadratic(t *testing.T) EventProp {
	t.Helper()
	m, err := equation.Parse(equation.QIF)
	if err != nil {
		t.Fatal(err)
	}
	hidden := eventprop.Layer{In: eventprop.NewDense(5, 12), Neuron: equation.Neurons{Model: m, Params: map[string][]float64{
		"tau_mem": {10e-3}, "tau_syn": {5e-3}, "v_th": {8}, "v_reset": {-4}, "v_init": {-0.7}, "i_ext": {-0.5},
	}}}
	out := eventprop.Layer{In: eventprop.NewDense(12, 3)}
	r := random.New(1, "train/quadratic")
	if err := hidden.In.Init(eventprop.Normal{Mean: 3, Std: 2}, 1, r); err != nil {
		t.Fatal(err)
	}
	if err := out.In.Init(eventprop.Normal{Mean: 0.6, Std: 0.4}, 1, r); err != nil {
		t.Fatal(err)
	}
	return EventProp{
		Layers: []EventLayer{
			{Name: "hidden", Layer: hidden, Learn: []EventParam{"tau_mem", "i_ext", "v_init"}, PerNeuron: true},
			{Name: "out", Layer: out, Silence: 10, Learn: []EventParam{TauMem}},
		},
		Scale: -1 / 2e-3,
	}
}

// TestNeuronGradient compares gradients of all parameters of a network with neurons given by
// equations with finite differences of its loss.
func TestNeuronGradient(t *testing.T) {
	net, err := quadratic(t).Build(graph.NewParams(1))
	if err != nil {
		t.Fatal(err)
	}
	set := eventBatches(yinYang(t, 4, 42), 4)
	at, err := net.Gradient(set, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	entries, changed := 0, 0
	for _, g := range net.Grads() {
		names = append(names, g.Name)
		w := net.Params().Value(g.Name).Float64s()
		largest := 0.0
		for _, v := range g.F64 {
			largest = max(largest, math.Abs(v))
		}
		if largest == 0 {
			t.Errorf("gradient of %s is 0", g.Name)
		}
		for k := range w {
			entries++
			same := true
			loss := func(h float64) float64 {
				x := w[k]
				w[k] += h
				s, err := net.Evaluate(set, 0, 0)
				w[k] = x
				if err != nil {
					t.Fatal(err)
				}
				same = same && s.Spikes == at.Spikes && s.Silent == at.Silent
				return s.Loss / float64(s.Rows)
			}
			slope := func(h float64) float64 { return (loss(h) - loss(-h)) / (2 * h) }
			const step = 1e-5
			wide, near := slope(step), slope(step/2)
			want := (4*near - wide) / 3
			if !same || math.Abs(wide-near) > 1e-3*largest { // a spike of the hidden layer comes as another goes

				changed++
				continue
			}
			// series to 1e-9 of the states, over the step
			if d := math.Abs(g.F64[k] - want); d > 1e-4*max(largest, 1e-1) {
				t.Errorf("gradient of %s[%d] is %v, finite difference %v", g.Name, k, g.F64[k], want)
			}
		}
	}
	if changed > entries/20 {
		t.Errorf("the number of spikes changed for %d of %d entries", changed, entries)
	}
	if want := []string{"hidden/w", "hidden/log_tau_mem", "hidden/i_ext", "hidden/v_init", "out/w", "out/log_tau_mem"}; !slices.Equal(names, want) {
		t.Errorf("parameters %v, want %v", names, want)
	}
}

// TestNeuronErrors: what LIF neurons alone have is an error beside a Neuron.
func TestNeuronErrors(t *testing.T) {
	for name, change := range map[string]func(*EventLayer){
		"silence": func(l *EventLayer) { l.Silence = 1 },
		"learn":   func(l *EventLayer) { l.Learn = []EventParam{VLeak} },
		"params":  func(l *EventLayer) { l.Layer.Params.VTh = []float64{1} },
		"slope":   func(l *EventLayer) { l.Layer.MinSlope = 1e-3 },
	} {
		m := quadratic(t)
		change(&m.Layers[0])
		if _, err := m.Build(graph.NewParams(1)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	m := quadratic(t)
	m.Layers, m.Readout = m.Layers[:1], eventprop.Max{}
	n, err := m.Build(graph.NewParams(1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.Evaluate(eventBatches(yinYang(t, 4, 42), 4), 0, 0); err == nil {
		t.Error("the largest voltage of a layer of equations: no error")
	}
}
