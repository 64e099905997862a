package train

import (
	"slices"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/train/data"
)

// EventTrace is what an event-based network does with one sample.
type EventTrace struct {
	Label     int
	Predicted int // -1 where several classes have the largest logit, or no first spike decides
	Input     []eventprop.Spike
	Layers    []EventLayerTrace
	Target    []data.Spike // of a target of spikes
}

// EventLayerTrace holds the spikes of one layer.
type EventLayerTrace struct {
	Name    string
	Neurons int
	Spikes  []eventprop.Spike // by rising time
}

// Trace runs the network once on the first sample of batch k of an epoch and returns the spikes of
// all layers. It allocates; for figures, not for loops.
func (n *EventNetwork) Trace(set data.Batches, epoch uint64, k int) (*EventTrace, error) {
	if err := n.fill(set, epoch, k); err != nil {
		return nil, err
	}
	var p eventprop.Pass
	if err := n.net.Forward(&p, n.inputs[0], n.events.Ends[0]); err != nil {
		return nil, err
	}
	if _, err := n.loss(0, &p); err != nil {
		return nil, err
	}
	output, _ := p.Last()
	t := &EventTrace{Label: n.events.Labels[0], Predicted: n.predict(n.rows[0].observed, output), Input: slices.Clone(n.inputs[0]), Target: slices.Clone(n.events.Times[0])}
	if n.method.Target.Kind != data.ClassTarget {
		t.Predicted = -1
	}
	for i, l := range n.net {
		t.Layers = append(t.Layers, EventLayerTrace{Name: n.method.Layers[i].Name, Neurons: l.Neurons(), Spikes: p.Tapes[i].Spikes})
	}
	return t, nil
}
