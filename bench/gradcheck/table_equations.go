package gradcheck

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/eventprop/equation"
	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/models"
	"github.com/surge-snn/surge/ops"
)

// equationValues are parameters with which the neurons of package equation spike under the input of
// equationCases, and the unit of the weights.
var equationValues = map[string]struct {
	params map[string]float64
	weight float64
}{
	"lif":   {map[string]float64{"v_leak": 0.1, "tau_mem": 10e-3, "tau_syn": 5e-3, "v_th": 1, "v_reset": -0.2, "t_ref": 3e-3}, 4},
	"alpha": {map[string]float64{"v_leak": 0.1, "tau_mem": 10e-3, "tau_syn": 5e-3, "tau_rise": 2e-3, "v_th": 1, "v_reset": -0.2, "t_ref": 2e-3}, 8},
	"alif":  {map[string]float64{"v_leak": 0.1, "tau_mem": 10e-3, "tau_syn": 5e-3, "tau_adapt": 30e-3, "beta": 0.3, "v_th": 1, "v_reset": -0.2}, 4},
	"qif":   {map[string]float64{"tau_mem": 5e-3, "tau_syn": 5e-3, "v_th": 8, "v_reset": -4, "v_init": -1, "i_ext": -0.5}, 6},
	"theta": {map[string]float64{"tau_mem": 5e-3, "tau_syn": 5e-3, "theta_init": -1.5, "i_ext": -0.3}, 6},
	"eif":   {map[string]float64{"v_leak": 0.1, "tau_mem": 10e-3, "tau_syn": 5e-3, "delta_t": 0.2, "v_t": 0.8, "v_th": 2, "v_reset": -0.2, "t_ref": 2e-3}, 4},
	"adex": {map[string]float64{
		"v_leak": 0.1, "tau_mem": 10e-3, "tau_syn": 5e-3, "tau_adapt": 30e-3, "a": 0.1, "b": 0.3, "delta_t": 0.2, "v_t": 0.8, "v_th": 2, "v_reset": -0.2, "t_ref": 2e-3,
	}, 4},
	"izhikevich": {map[string]float64{"a": 0.02, "b": 0.2, "c": -65, "d": 8, "tau_syn": 5e-3}, 20},
}

// equationCases has a row for each neuron of package equation, which makes no node: a recurrent
// layer of 3 neurons with delays and 6 input spikes, as an operation whose outputs are the first
// two spike times of each neuron. Every parameter is a factor on its value, and times are in units
// of 10 ms, so that all numbers are of order 1.
func equationCases() []Case {
	var all []Case
	for _, name := range equation.Builtins() {
		all = append(all, Case{
			Name:   "equation." + name,
			Covers: []string{"equation." + name},
			Model: func(b *graph.Builder) {
				k, err := newEquationLayer(name)
				if err != nil {
					b.Fail(err)
					return
				}
				in := []*G.Node{
					b.Param("times", numbers(0.11, 0.2, 0.35, 0.5, 0.82, 0.97), 6), b.Param("w_in", models.Uniform(0.8, 1.6), 2, 3),
					b.Param("w_rec", models.Uniform(-0.2, 0.2), 3, 3), b.Param("delay_in", models.Uniform(0.05, 0.2), 2, 3), b.Param("delay_rec", models.Uniform(0.05, 0.2), 3, 3),
				}
				for _, p := range k.model.Params {
					in = append(in, b.Param(p, models.Uniform(0.95, 1.05), 1))
				}
				probe(b, b.CheckAll(ops.Apply(ops.Kernels{Float64: k}, nil, in...))...)
			},
		})
	}
	return all
}

// equationLayer is the operation of equationCases.
type equationLayer struct {
	name   string
	model  *equation.Model
	run    equation.Run
	weight float64
}

const (
	equationTime   = 10e-3 // s, the unit of times
	equationEnd    = 40e-3 // s
	equationSpikes = 2     // of each neuron
)

func newEquationLayer(name string) (*equationLayer, error) {
	text, _ := equation.Builtin(name)
	m, err := equation.Parse(text)
	if err != nil {
		return nil, err
	}
	for _, p := range m.Params {
		if equationValues[name].params[p] == 0 {
			return nil, fmt.Errorf("gradcheck: no value of %s of %s", p, name)
		}
	}
	return &equationLayer{name: name, model: m, weight: equationValues[name].weight}, nil
}

func (e *equationLayer) Name() string { return "equation " + e.name }

func (*equationLayer) Shapes([]tensor.Shape) ([]tensor.Shape, error) {
	return []tensor.Shape{{3, equationSpikes}}, nil
}

// layer returns the layer and the input for the operands.
func (e *equationLayer) layer(in [][]float64) (*equation.Layer, []eventprop.Spike) {
	rec := eventprop.NewDense(3, 3)
	l := &equation.Layer{Model: e.model, In: eventprop.NewDense(2, 3), Rec: &rec, Params: map[string][]float64{}, Tolerance: 1e-12}
	l.In.Delay, rec.Delay = make([]float64, 6), make([]float64, 9)
	for k := range l.In.Weight {
		l.In.Weight[k], l.In.Delay[k] = e.weight*in[1][k], equationTime*in[3][k]
	}
	for k := range rec.Weight {
		rec.Weight[k], rec.Delay[k] = e.weight*in[2][k], equationTime*in[4][k]
	}
	for k, p := range e.model.Params {
		l.Params[p] = []float64{equationValues[e.name].params[p] * in[5+k][0]}
	}
	var input []eventprop.Spike
	for k, t := range in[0] {
		input = append(input, eventprop.Spike{Time: equationTime * t, Neuron: k % 2})
	}
	return l, input
}

// places returns for each spike of the run where its time goes, -1 for later ones.
func (e *equationLayer) places() []int {
	var count [3]int
	places := make([]int, len(e.run.Spikes))
	for i, s := range e.run.Spikes {
		if places[i] = -1; count[s.Neuron] < equationSpikes {
			places[i] = s.Neuron*equationSpikes + count[s.Neuron]
		}
		count[s.Neuron]++
	}
	return places
}

func (e *equationLayer) Forward(in, out [][]float64) error {
	l, input := e.layer(in)
	if err := e.run.Forward(l, input, equationEnd); err != nil {
		return err
	}
	clear(out[0])
	for i, at := range e.places() {
		if at >= 0 {
			out[0][at] = e.run.Spikes[i].Time / equationTime
		}
	}
	return nil
}

func (e *equationLayer) Backward(in, _, gout, gin [][]float64) error {
	l, input := e.layer(in)
	if err := e.run.Forward(l, input, equationEnd); err != nil {
		return err
	}
	time := make([]float64, len(e.run.Spikes))
	for i, at := range e.places() {
		if at >= 0 {
			time[i] = gout[0][at] / equationTime
		}
	}
	g, err := e.run.Backward(time)
	if err != nil {
		return err
	}
	put := func(dst, src []float64, unit float64) {
		for k := range dst {
			dst[k] = unit * src[k]
		}
	}
	put(gin[0], g.InputTime, equationTime)
	put(gin[1], g.In, e.weight)
	put(gin[2], g.Rec, e.weight)
	put(gin[3], g.InDelay, equationTime)
	put(gin[4], g.RecDelay, equationTime)
	for k, p := range e.model.Params {
		put(gin[5+k], g.Params[p], equationValues[e.name].params[p])
	}
	return nil
}
