package train

import (
	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/train/data"
)

// Readout makes logits [B, C] of what output neurons do over the steps of each sample, x [T, B, C]
// until length [B]: [ops.MaxUntil], [ops.MeanUntil], [ops.SumUntil], [ops.LastUntil].
type Readout func(x, length *G.Node) (*G.Node, error)

// Layer is a layer of spiking neurons.
type Layer struct {
	Name   string
	Spikes *G.Node // [T, B, N]
	// Vmem and Current are the voltages before the reset and the currents from the weights, as
	// Spikes, where Predict can record them; nil: it cannot.
	Vmem, Current *G.Node
	// Rate, where it is not nil, is a loss of the numbers of spikes.
	Rate *Rate
	// Terms are other losses of what the neurons do.
	Terms []Term
}

// Rate is a bound of the spikes of a layer, whose loss is added to that of the network. Spikes
// beyond the end of a sample do not count.
type Rate struct {
	Weight float64
	Bounds ops.RateBounds
}

// Term is a loss of what the neurons of a layer do, up to the end of each sample, that is added to
// that of the network while training.
type Term struct {
	Weight float64
	Of     *G.Node // [T, B, N], spikes or voltages
	Loss   func(x *G.Node) (*G.Node, error)
	// Until, in place of Loss, gets Of as it is and the number of steps of each row, [B]: for means
	// over the steps of a sample.
	Until func(x, length *G.Node) (*G.Node, error)
}

// loss returns the loss without the weight.
func (t Term) loss(length *G.Node) (*G.Node, error) {
	if t.Until != nil {
		return t.Until(t.Of, length)
	}
	inside, err := ops.Until(t.Of, length)
	if err != nil {
		return nil, err
	}
	return t.Loss(inside)
}

// lengthName is the input with the number of steps of each row, where a program needs it.
const lengthName = "length"

// Lengths returns the number of steps of each row of a batch, [B], for what a model does over time
// itself, such as models.BatchNorm.Length.
func Lengths(b *graph.Builder, rows int) *G.Node {
	if length := b.Given(lengthName); length != nil {
		return length
	}
	return b.Input(lengthName, rows)
}

// steps returns the node of the lengths, which is made when it is first wanted.
func (o *Outputs) steps(b *graph.Builder, rows int) *G.Node {
	if o.length == nil {
		o.length = Lengths(b, rows)
	}
	return o.length
}

// overTime adds what depends on the lengths of the samples: the readout of Trace, which is what the
// network gives for the kind of target, and the bounds of rates.
func (o *Outputs) overTime(b *graph.Builder, rows int, kind data.TargetKind) {
	if o.Trace != nil {
		switch given := o.Trace; {
		case o.Readout == nil && kind != data.SequenceTarget && kind != data.SpikeTarget:
			b.Failf("Outputs.Trace without a Readout")
		case kind == data.ClassTarget:
			o.Logits = b.Check(o.Readout(given, o.steps(b, rows)))
		default:
			if o.Readout != nil {
				given = b.Check(o.Readout(given, o.steps(b, rows)))
			}
			if o.Y == nil {
				o.Y = given
			}
		}
	}
	for _, l := range o.Layers {
		terms := l.Terms
		if l.Rate != nil {
			terms = append([]Term{{Weight: l.Rate.Weight, Of: l.Spikes, Loss: l.Rate.Bounds.Apply}}, terms...)
		}
		for _, t := range terms {
			loss := b.Check(ops.Affine(b.Check(t.loss(o.steps(b, rows))), t.Weight, 0))
			if o.Loss != nil {
				loss = b.Check(G.Add(o.Loss, loss))
			}
			o.Loss = loss
		}
	}
}

// counts returns the spikes of each neuron of a layer, [B, N].
func (o *Outputs) counts(b *graph.Builder, l Layer) *G.Node {
	return b.Check(ops.SumUntil(l.Spikes, o.steps(b, l.Spikes.Shape()[1])))
}

// setLengths gives a program the lengths of the first rows of a batch, where it needs them.
func setLengths(p *graph.Program, b *data.Batch, rows int) error {
	if p.Input(lengthName) == nil {
		return nil
	}
	length := make([]float32, rows)
	for i := range length {
		length[i] = float32(b.Lengths[i])
	}
	return p.Set(lengthName, length)
}
