package train

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/train/data"
)

// ErrRecord reports a name of nothing that Predict can record.
var ErrRecord = errors.New("train: nothing to record")

// Recorded is what a layer did in a sample. Names are
//
//	LAYER.spikes   of its neurons
//	LAYER.v        their voltages before the reset
//	LAYER.i        the currents that come from the weights
//	readout        what the output neurons give, step by step
//
// From event to event there are spikes alone.
type Recorded struct {
	Name    string
	Neurons int
	Values  []float64    // [steps, Neurons], until the end of the sample
	Spikes  []data.Spike // from event to event, in place of Values: by time, Channel is the neuron
}

// recordable returns the names of what can be recorded, and the nodes [T, B, N].
func (o *Outputs) recordable() (names []string, nodes []*G.Node) {
	add := func(name string, n *G.Node) {
		if n != nil && n.Dims() == 3 {
			names, nodes = append(names, name), append(nodes, n)
		}
	}
	for _, l := range o.Layers {
		add(l.Name+".spikes", l.Spikes)
		add(l.Name+".v", l.Vmem)
		add(l.Name+".i", l.Current)
	}
	add("readout", o.Trace)
	return names, nodes
}

// record makes outputs of a program of what the names name.
func (o *Outputs) record(b *graph.Builder, record []string) {
	names, nodes := o.recordable()
	for i, name := range record {
		at := slices.Index(names, name)
		if at < 0 || slices.Contains(record[:i], name) {
			b.Fail(unrecordable(name, names))
			return
		}
		b.Output(name, nodes[at])
	}
}

func unrecordable(name string, names []string) error {
	hint := ""
	if near := exit.Nearest(name, names); near != "" && near != name {
		hint = ", did you mean " + near + "?"
	}
	return fmt.Errorf("%w: %q: expected names among %s, each once%s", ErrRecord, name, strings.Join(names, ", "), hint)
}

// recorded reads a row of a program that has run.
func (p *Prediction) recorded(record []string, prog *graph.Program, row, rows, length int) {
	for i, name := range record {
		if len(p.Recorded) <= i {
			p.Recorded = append(p.Recorded, Recorded{})
		}
		v, r := prog.Output(name), &p.Recorded[i]
		r.Name, r.Neurons = name, v.Shape()[2]
		r.Values = rowOf(r.Values[:0], leaf(name, v), row, rows, data.Target{Kind: data.SequenceTarget, Size: r.Neurons}, length)
	}
}

// recordable returns the layer of each name.
func (n *EventNetwork) recordable(record []string) (layers []int, err error) {
	if n == nil {
		return nil, nil
	}
	var names []string
	for i := range n.net {
		names = append(names, n.method.Layers[i].Name+".spikes")
	}
	for i, name := range record {
		at := slices.Index(names, name)
		if at < 0 || slices.Contains(record[:i], name) {
			return nil, unrecordable(name, names)
		}
		layers = append(layers, at)
	}
	return layers, nil
}

// recordedEvents reads a pass.
func (p *Prediction) recordedEvents(record []string, layers []int, n *EventNetwork, pass *eventprop.Pass) {
	for i, layer := range layers {
		if len(p.Recorded) <= i {
			p.Recorded = append(p.Recorded, Recorded{Name: record[i], Neurons: n.net[layer].Neurons()})
		}
		r := &p.Recorded[i]
		r.Spikes = r.Spikes[:0]
		for _, s := range pass.Tapes[layer].Spikes {
			r.Spikes = append(r.Spikes, data.Spike{Time: s.Time, Channel: s.Neuron})
		}
	}
}
