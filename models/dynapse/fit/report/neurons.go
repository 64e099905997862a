package report

import (
	"fmt"
	"math"
	"strings"

	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/models/dynapse/chip"
	"github.com/surge-snn/surge/models/dynapse/fit"
)

// state is a network that a report compares with the target: the fit, the codes, the file.
type state struct {
	name    string
	network dynapse.Network
	in      *chip.Weights // of its input channels; nil: those of the experiment
}

// states lists the networks of a result, the fit first.
func (o *Outcome) states() []state {
	list := []state{{"fit", o.Network, nil}}
	if o.LossDAC != nil {
		list = append(list, state{"codes", o.Settable, o.In})
	}
	if d := o.deployed; d != nil {
		list = append(list, state{"file", d.Network, &d.In})
	}
	return list
}

// Neuron says what a neuron does in a recording, by the names of the networks.
type Neuron struct {
	Target string             `json:"target"`
	Neuron int                `json:"neuron"`
	Wanted *float64           `json:"wanted"` // spikes of the target; null where they are not known
	Spikes map[string]float64 `json:"spikes"`
	Met    map[string]float64 `json:"met"` // share of spikes with a partner within one bin
	// Coincidence is the factor of [fit.Coincidence] within 2 ms, in whole bins.
	Coincidence map[string]float64 `json:"coincidence,omitempty"`
	RMS         map[string]RMS     `json:"rms,omitempty"` // by quantity: e-folds, of vmem V
}

// RMS are root mean squared errors by the name of the network.
type RMS map[string]float64

// neurons compares what the networks do with the recordings, and warns where a settable one spikes
// otherwise.
func (o *Outcome) neurons() ([]Table, error) {
	if len(o.experiment.Recordings) == 0 {
		return nil, nil
	}
	states := o.states()
	var all [][]fit.Behaviour
	for _, s := range states {
		list, err := o.experiment.Measured(o.Result).Compare(s.network, s.in)
		if err != nil {
			return nil, err
		}
		all = append(all, list)
	}
	for i, b := range all[0] {
		n := Neuron{Target: o.experiment.Recordings[b.Recording].Name, Neuron: b.Neuron, Spikes: map[string]float64{}, Met: map[string]float64{}, Coincidence: map[string]float64{}, RMS: map[string]RMS{}}
		if b.Wanted == b.Wanted {
			n.Wanted = &b.Wanted
		}
		for k, s := range states {
			b := all[k][i]
			n.Spikes[s.name] = b.Spikes
			if b.Met == b.Met {
				n.Met[s.name] = b.Met
			}
			if b.Coincidence == b.Coincidence {
				n.Coincidence[s.name] = b.Coincidence
			}
			for q := range fit.Spikes {
				if x := b.RMS[q]; x == x && !math.IsInf(x, 0) {
					if n.RMS[q.String()] == nil {
						n.RMS[q.String()] = RMS{}
					}
					n.RMS[q.String()][s.name] = x
				}
			}
		}
		o.Neurons = append(o.Neurons, n)
	}
	o.warn(states)
	return o.neuronTables(states), nil
}

// otherwise is the share of spikes that are met below which a neuron spikes otherwise.
const otherwise = 0.9

// warn adds a warning for each recording and settable network of which neurons spike otherwise,
// unless the fit does so too: a warning of the fit says that.
func (o *Outcome) warn(states []state) {
	for _, s := range states[1:] {
		count, worst := map[string]int{}, map[string]Neuron{}
		for _, n := range o.Neurons {
			met, known := n.Met[s.name]
			if !known || met >= otherwise || met >= n.Met["fit"]-(1-otherwise) {
				continue
			}
			count[n.Target]++
			if old, ok := worst[n.Target]; !ok || met < old.Met[s.name] {
				worst[n.Target] = n
			}
		}
		for _, target := range o.targets() {
			if n, ok := worst[target]; ok {
				what := map[string]string{"codes": "the codes", "file": "device.json"}[s.name]
				o.Warnings = append(o.Warnings, fmt.Sprintf("%s: with %s %d of %d neurons spike otherwise than the target: neuron %d %g times in place of %g, %.0f %% of them within a bin",
					target, what, count[target], o.recorded(target), n.Neuron, n.Spikes[s.name], *n.Wanted, 100*n.Met[s.name]))
			}
		}
	}
}

// targets lists the recordings in their order.
func (o *Outcome) targets() (names []string) {
	for i, n := range o.Neurons {
		if i == 0 || n.Target != o.Neurons[i-1].Target {
			names = append(names, n.Target)
		}
	}
	return names
}

// recorded counts the neurons of a recording.
func (o *Outcome) recorded(target string) (count int) {
	for _, n := range o.Neurons {
		if n.Target == target {
			count++
		}
	}
	return count
}

// mostNeurons is how many neurons a table shows.
const mostNeurons = 64

// neuronTables makes a table of each recording.
func (o *Outcome) neuronTables(states []state) (list []Table) {
	var names []string
	for _, s := range states {
		names = append(names, s.name)
	}
	slashed := strings.Join(names, " / ")
	for _, target := range o.targets() {
		c := Table{Name: "Neurons in " + target, Header: []string{"neuron", "spikes: target", slashed, "met within one bin, %: " + slashed, "coincidence factor, 2 ms: " + slashed}}
		var shown []fit.Quantity
		for q := range fit.Spikes {
			for _, n := range o.Neurons {
				if n.Target == target && n.RMS[q.String()] != nil {
					shown = append(shown, q)
					unit := "e-folds"
					if q == fit.Vmem {
						unit = "mV"
					}
					c.Header = append(c.Header, fmt.Sprintf("%v off by, %s: %s", q, unit, slashed))
					break
				}
			}
		}
		for _, n := range o.Neurons {
			if n.Target != target {
				continue
			}
			if len(c.Rows) == mostNeurons {
				c.Name += fmt.Sprintf(" (the first %d; result.json has all)", mostNeurons)
				break
			}
			row := []string{fmt.Sprint(n.Neuron), "?"}
			if n.Wanted != nil {
				row[1] = fmt.Sprint(*n.Wanted)
			}
			cell := func(of map[string]float64, format string, factor float64) string {
				var parts []string
				for _, name := range names {
					text := "?"
					if v, ok := of[name]; ok {
						text = fmt.Sprintf(format, factor*v)
					}
					parts = append(parts, text)
				}
				return strings.Join(parts, " / ")
			}
			row = append(row, cell(n.Spikes, "%g", 1), cell(n.Met, "%.0f", 100), cell(n.Coincidence, "%.2f", 1))
			for _, q := range shown {
				factor := 1.0
				if q == fit.Vmem {
					factor = 1e3
				}
				row = append(row, cell(n.RMS[q.String()], "%.3g", factor))
			}
			c.Rows = append(c.Rows, row)
		}
		list = append(list, c)
	}
	return list
}
