package train

import (
	"errors"
	"fmt"
	"math"
	"sort"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/train/data"
)

// Explain goes through the samples of a batch one after the other: parameters, layers, loss, and
// the gradients of the layers from the last to the first. It writes over the gradients.
func (n *EventNetwork) Explain(set data.Batches, epoch uint64, k int) error {
	if err := n.fill(set, epoch, k); err != nil {
		return err
	}
	for _, name := range n.params.Names() {
		for i, x := range n.params.Value(name).Float64s() {
			if x-x != 0 {
				return fmt.Errorf("%w: element %d of parameter %q is %g", graph.ErrNotFinite, i, name, x)
			}
		}
	}
	for sample := range n.events.Valid {
		if err := n.explain(sample); err != nil {
			return fmt.Errorf("sample %d: %w", sample, err)
		}
	}
	return nil
}

// explain is Explain of one sample.
func (n *EventNetwork) explain(sample int) error {
	in, end := n.inputs[sample], n.events.Ends[sample]
	for k, l := range n.net {
		var t eventprop.Tape
		if err := t.Forward(l, in, end); err != nil {
			where := fmt.Sprintf("layer %q", n.method.Layers[k].Name)
			if errors.Is(err, eventprop.ErrNonFinite) { // the other errors say when
				where += fmt.Sprintf(", at %.6g s", firstFailure(l, in, end))
			}
			return fmt.Errorf("%s, of the largest weight %g: %w", where, largestWeight(optim.Tree{{F64: l.In.Weight}}), err)
		}
		in = t.Spikes
	}
	var p eventprop.Pass
	if err := n.net.Forward(&p, n.inputs[sample], end); err != nil {
		return err
	}
	loss, err := n.loss(sample, &p)
	if err != nil {
		return err
	}
	last := n.method.Layers[len(n.net)-1].Name
	for j, x := range n.rows[sample].observed {
		if x-x != 0 {
			return fmt.Errorf("%w: the readout of neuron %d of layer %q is %g", eventprop.ErrNonFinite, j, last, x)
		}
	}
	if loss-loss != 0 {
		return fmt.Errorf("%w: the loss of the readouts %.4g of layer %q is %g", eventprop.ErrNonFinite, n.rows[sample].observed, last, loss)
	}
	for _, g := range n.grads {
		g.Reset()
	}
	if err := p.Backward(n.grads, n.method.Method); err != nil {
		return fmt.Errorf("gradient: %w", err)
	}
	n.chain()
	for i := len(n.tree) - 1; i >= 0; i-- {
		for j, x := range n.tree[i].F64 {
			if x-x != 0 {
				return fmt.Errorf("%w: element %d of the gradient of parameter %q is %g", eventprop.ErrNonFinite, j, n.tree[i].Name, x)
			}
		}
	}
	return nil
}

// firstFailure returns the least end of a simulation that fails, to six digits of the end at which
// it does.
func firstFailure(l *eventprop.Layer, in []eventprop.Spike, end float64) float64 {
	low, high := 0.0, end
	for range 20 {
		middle := low + float64((high-low)/2)
		until := in[:sort.Search(len(in), func(i int) bool { return in[i].Time > middle })]
		if new(eventprop.Tape).Forward(l, until, middle) != nil {
			high = middle
		} else {
			low = middle
		}
	}
	return math.Max(low, high)
}
