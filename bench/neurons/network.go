package main

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/eventprop/equation"
	"github.com/surge-snn/surge/internal/kernel"
	"github.com/surge-snn/surge/internal/random"
)

// kindOf is a neuron, parameters around which those of networks are drawn, and the size of weights.
type kindOf struct {
	name   string
	params map[string]float64
	weight float64
}

var population = []kindOf{
	{"lif", map[string]float64{"v_leak": 0.1, "tau_mem": 10e-3, "tau_syn": 5e-3, "v_th": 1, "v_reset": -0.2, "t_ref": 3e-3}, 4},
	{"alpha", map[string]float64{"v_leak": 0.1, "tau_mem": 10e-3, "tau_syn": 5e-3, "tau_rise": 2e-3, "v_th": 1, "v_reset": -0.2, "t_ref": 2e-3}, 8},
	{"alif", map[string]float64{"v_leak": 0.1, "tau_mem": 10e-3, "tau_syn": 5e-3, "tau_adapt": 30e-3, "beta": 0.3, "v_th": 1, "v_reset": -0.2}, 4},
	{"qif", map[string]float64{"tau_mem": 5e-3, "tau_syn": 5e-3, "v_th": 8, "v_reset": -4, "v_init": -1, "i_ext": -0.5}, 6},
	{"theta", map[string]float64{"tau_mem": 5e-3, "tau_syn": 5e-3, "theta_init": -1.5, "i_ext": -0.3}, 6},
	{"eif", map[string]float64{"v_leak": 0, "tau_mem": 10e-3, "tau_syn": 5e-3, "delta_t": 0.2, "v_t": 0.8, "v_th": 2, "v_reset": -0.2, "t_ref": 2e-3}, 4},
	{"adex", map[string]float64{
		"v_leak": 0, "tau_mem": 10e-3, "tau_syn": 5e-3, "tau_adapt": 30e-3, "a": 0.1, "b": 0.3, "delta_t": 0.2, "v_t": 0.8, "v_th": 2, "v_reset": -0.2, "t_ref": 2e-3,
	}, 4},
	{"izhikevich", map[string]float64{"a": 0.02, "b": 0.2, "c": -65, "d": 8, "tau_syn": 5e-3}, 20},
}

// s, the duration.
const end = 25e-3

// network is a layer and its input.
type network struct {
	layer equation.Layer
	input []eventprop.Spike
	loss  []float64 // weights of spike times, by the number of the spike
}

// draw makes a network.
func (k kindOf) draw(m *equation.Model, r *rand.Rand) *network {
	n := &network{layer: equation.Layer{Model: m, In: eventprop.NewDense(2, 3), Params: map[string][]float64{}, Tolerance: 1e-14}}
	for _, name := range m.Params {
		v := make([]float64, 3)
		for j := range v {
			v[j] = k.params[name] * (0.9 + 0.2*r.Float64())
		}
		n.layer.Params[name] = v
	}
	synapses := func(s *eventprop.Synapses, scale float64) {
		s.Delay = make([]float64, len(s.Weight))
		for i := range s.Weight {
			s.Weight[i] = scale * k.weight * (0.6 + 0.5*random.Normal(r))
			s.Delay[i] = 1e-3 * (0.2 + r.Float64())
		}
	}
	synapses(&n.layer.In, 1)
	rec := eventprop.NewDense(3, 3)
	synapses(&rec, 0.3)
	n.layer.Rec = &rec
	for range 6 {
		n.input = append(n.input, eventprop.Spike{Time: 1e-3 + 14e-3*r.Float64(), Neuron: r.IntN(2)})
	}
	eventprop.SortSpikes(n.input)
	for range 1000 {
		n.loss = append(n.loss, random.Normal(r))
	}
	return n
}

// value returns the loss, and the pattern of the events.
func (n *network) value(run *equation.Run) (float64, []int32, error) {
	if err := run.Forward(&n.layer, n.input, end); err != nil {
		return 0, nil, err
	}
	sum := 0.0
	for i, s := range run.Spikes {
		sum += n.loss[i%len(n.loss)] * s.Time
	}
	return sum, run.Pattern(), nil
}

// difference is how far a derivative is from that by differences, relative to the largest of its
// kind.
type difference struct {
	size float64
	name string
}

// measure compares the gradients of networks.
func (k kindOf) measure(nets int) (row, error) {
	total := row{Neuron: k.name, Nets: nets}
	text, ok := equation.Builtin(k.name)
	if !ok {
		return total, errors.New("there is no such neuron")
	}
	m, err := equation.Parse(text)
	if err != nil {
		return total, err
	}
	rows, found, errs := make([]row, nets), make([][]difference, nets), make([]error, nets)
	kernel.Blocks(nets, 1, func(net, _ int) {
		n := k.draw(m, random.New(uint64(net), "bench/neurons/"+k.name))
		if found[net], errs[net] = n.compare(&rows[net]); errs[net] != nil {
			errs[net] = fmt.Errorf("network %d: %w", net, errs[net])
		}
	})
	var all []difference
	for net := range rows {
		if errs[net] != nil {
			return total, errs[net]
		}
		for _, d := range found[net] {
			d.name = fmt.Sprintf("net %d, %s", net, d.name)
			all = append(all, d)
		}
		total.Silent, total.Spikes, total.Skipped = total.Silent+rows[net].Silent, total.Spikes+rows[net].Spikes, total.Skipped+rows[net].Skipped
	}
	total.summarize(all)
	return total, nil
}

// Where the last correction of a difference, relative to the largest derivative of its kind, is
// more than settled, it is taken again with an eighth of the step, at most steps times in all. The
// one with the least correction counts: what it is compared with has no part in that.
const (
	settled = 1e-8
	steps   = 4
)

// compare compares all derivatives of a network.
func (n *network) compare(r *row) (found []difference, err error) {
	var run, other equation.Run
	_, pattern, err := n.value(&run)
	if err != nil || len(run.Spikes) == 0 {
		r.Silent = 1
		return nil, err
	}
	r.Spikes = len(run.Spikes)
	time := make([]float64, len(run.Spikes))
	for i := range time {
		time[i] = n.loss[i%len(n.loss)]
	}
	g, err := run.Backward(time)
	if err != nil {
		return nil, err
	}
	one := func(name string, at *float64, grad, largest, h float64) error {
		x := *at
		defer func() { *at = x }()
		best, least := 0.0, math.Inf(1)
		for range steps {
			var d [3]float64
			for i := range d {
				var side [2]float64
				for s, to := range [2]float64{x + h, x - h} {
					*at = to
					v, p, err := n.value(&other)
					if err != nil {
						return err
					}
					if !slices.Equal(p, pattern) {
						r.Skipped++
						return nil
					}
					side[s] = v
				}
				d[i] = (side[0] - side[1]) / (2 * h)
				h /= 2
			}
			a, b := d[1]+(d[1]-d[0])/3, d[2]+(d[2]-d[1])/3
			if last := math.Abs(b-a) / 15; last < least {
				best, least = b+(b-a)/15, last
			}
			if least <= settled*largest {
				break
			}
		}
		found = append(found, difference{math.Abs(best-grad) / largest, name})
		return nil
	}
	several := func(name string, values, grads []float64, h float64) error {
		largest := 0.0
		for _, x := range grads {
			largest = max(largest, math.Abs(x))
		}
		for i := range values {
			if largest == 0 {
				break // nothing depends on it
			}
			if err := one(fmt.Sprintf("%s[%d]", name, i), &values[i], grads[i], largest, h); err != nil {
				return err
			}
		}
		return nil
	}
	l := &n.layer
	size := func(x []float64) float64 {
		most := 0.0
		for _, v := range x {
			most = max(most, math.Abs(v))
		}
		return max(most, 1e-3)
	}
	const part = 2e-4 // of the size of a parameter, and of a ms
	err = errors.Join(
		several("In", l.In.Weight, g.In, part*size(l.In.Weight)), several("InDelay", l.In.Delay, g.InDelay, part*1e-3),
		several("Rec", l.Rec.Weight, g.Rec, part*size(l.Rec.Weight)), several("RecDelay", l.Rec.Delay, g.RecDelay, part*1e-3))
	for _, name := range l.Model.Params {
		err = errors.Join(err, several(name, l.Params[name], g.Params[name], part*size(l.Params[name])))
	}
	largest := 0.0
	for _, x := range g.InputTime {
		largest = max(largest, math.Abs(x))
	}
	for i := range n.input {
		const h = part * 1e-3
		if i > 0 && n.input[i].Time-n.input[i-1].Time <= h || i+1 < len(n.input) && n.input[i+1].Time-n.input[i].Time <= h || largest == 0 {
			continue
		}
		err = errors.Join(err, one(fmt.Sprintf("InputTime[%d]", i), &n.input[i].Time, g.InputTime[i], largest, h))
	}
	return found, err
}
