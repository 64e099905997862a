package train

import (
	"context"
	"errors"
	"fmt"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/given"
	"github.com/surge-snn/surge/train/data"
)

// Prediction is what a network gives for one sample. Its slices are valid until the next one.
type Prediction struct {
	// Sample is the index in the data set.
	Sample int
	// Out is what the network gives: logits [C], a vector [Size], or a sequence [length, Size].
	Out []float64
	// Spikes are those of the output neurons, by rising time, for a data.SpikeTarget.
	Spikes []data.Spike
	// Class is that of the largest logit; -1 for other targets, where several are the largest or
	// one is not a number, and where the first spike decides and there is none.
	Class int
	// Want is the target, where the data set has one.
	Want Answer
	// Counts are the spikes of each neuron of each spiking layer, [layers][N], and Layers the names
	// of these.
	Counts [][]float64
	Layers []string
	// Duration of the sample, s.
	Duration float64
	// Recorded is what was asked for, in this order.
	Recorded []Recorded
}

// Predict runs the network of the model without gradient on all samples of a set, in their order,
// and calls each with what it gives. The set may have targets of another kind, or none. It ends
// early with the error of each, or ctx.Err(). record names what is recorded, see [Recorded].
func (m BPTT) Predict(ctx context.Context, params *graph.Params, set data.Batches, each func(*Prediction) error, record ...string) error {
	if err := given.Need("ctx", ctx, "params", params, "each", each); err != nil {
		return fmt.Errorf("%w: Predict: %w", ErrSettings, err)
	}
	m = m.withDefaults()
	set.Sequential = true
	var batch data.Batch
	var p *graph.Program
	var layers []string
	var prediction Prediction
	x, rows := []float32(nil), 0
	defer func() {
		if p != nil {
			p.Close()
		}
	}()
	for k := range set.Len() {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := set.Fill(&batch, 0, k); err != nil {
			return err
		}
		if p == nil || rows != batch.Valid {
			if p != nil {
				p.Close()
			}
			rows = batch.Valid
			var err error
			if p, layers, err = m.forward(params, Shape{batch.Steps, rows, batch.Channels}, batch.Dt, record); err != nil {
				p = nil
				return err
			}
		}
		x = inUse(x[:0], &batch)
		if err := errors.Join(p.Set(inputName, x), setLengths(p, &batch, rows)); err != nil {
			return err
		}
		if err := p.Run(); err != nil {
			return err
		}
		for r := range rows {
			m.predict(&prediction, p, layers, &batch, r, rows)
			prediction.recorded(record, p, r, rows, batch.Lengths[r])
			if err := each(&prediction); err != nil {
				return err
			}
		}
	}
	return nil
}

// forward builds a program that records what the model gives and counts spikes.
func (m BPTT) forward(params *graph.Params, shape Shape, dt float64, record []string) (p *graph.Program, layers []string, err error) {
	s := m.Graph
	s.NoGrad = true
	p, err = graph.Build(params, s, func(b *graph.Builder) {
		if b.Dt() != dt {
			b.Failf("%v: a batch with steps of %g s for a network with steps of %g s", ErrSettings, dt, b.Dt())
		}
		o := m.apply(b, b.Input(inputName, shape.Steps, shape.Batch, shape.Channels))
		layers = nil
		for _, l := range o.Layers {
			layers = append(layers, l.Name)
			b.Output(l.Name, o.counts(b, l))
		}
		o.record(b, record)
	})
	return p, layers, err
}

// predict reads a row of a program that has run.
func (m BPTT) predict(to *Prediction, p *graph.Program, layers []string, b *data.Batch, row, rows int) {
	name := outputName
	if m.Target.Kind == data.ClassTarget {
		name = logitsName
	}
	out := leaf(name, p.Output(name))
	to.Sample = b.Samples[row]
	to.Out = rowOf(to.Out[:0], out, row, rows, m.Target, b.Lengths[row])
	to.Spikes = to.Spikes[:0]
	if m.Target.Kind == data.SpikeTarget {
		to.Spikes = spikesOf(to.Spikes, to.Out, m.Target.Size, b.Dt)
	}
	to.Class = -1
	if m.Target.Kind == data.ClassTarget {
		to.Class = decided(out, row, rows)
	}
	to.Want = answerOf(m.Target, &b.Rows, row)
	to.Layers, to.Duration = layers, float64(b.Lengths[row])*b.Dt
	for len(to.Counts) < len(layers) {
		to.Counts = append(to.Counts, nil)
	}
	for i, name := range layers {
		v := p.Output(name)
		to.Counts[i] = rowOf(to.Counts[i][:0], leaf(name, v), row, rows, data.Target{Kind: data.VectorTarget, Size: v.Shape()[1]}, 1)
	}
}

// inUse appends the rows of a batch that hold a sample, of each step, to dst.
func inUse(dst []float32, b *data.Batch) []float32 {
	for t := range b.Steps {
		at := t * b.Size * b.Channels
		dst = append(dst, b.Input[at:at+b.Valid*b.Channels]...)
	}
	return dst
}

// Predict runs the network without gradient on all samples of a set, as [BPTT.Predict].
// Prediction.Out is Scale times the numbers of Readout, and for sequences Scale times the voltages
// at the end of each step.
func (n *EventNetwork) Predict(ctx context.Context, set data.Batches, each func(*Prediction) error, record ...string) error {
	if err := given.Need("ctx", ctx, "each", each); err != nil {
		return fmt.Errorf("%w: Predict: %w", ErrSettings, err)
	}
	layers, err := n.recordable(record)
	if err != nil {
		return err
	}
	set.Sequential = true
	var pass eventprop.Pass
	var p Prediction
	for k := range set.Len() {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := n.take(set, 0, k); err != nil {
			return err
		}
		for row := range n.events.Valid {
			if err := n.net.Forward(&pass, n.inputs[row], n.events.Ends[row]); err != nil {
				return fmt.Errorf("sample %d: %w", n.events.Samples[row], err)
			}
			if err := n.predicted(&p, &pass, row); err != nil {
				return err
			}
			p.recordedEvents(record, layers, n, &pass)
			if err := each(&p); err != nil {
				return err
			}
		}
	}
	return nil
}

// predicted reads a pass over a row.
func (n *EventNetwork) predicted(to *Prediction, pass *eventprop.Pass, row int) error {
	tape, _ := pass.Last()
	r := &n.rows[row]
	if err := n.observe(r, tape, row); err != nil {
		return err
	}
	to.Sample, to.Class = n.events.Samples[row], -1
	to.Out = append(to.Out[:0], r.scaled...)
	to.Spikes = append(to.Spikes[:0], r.output...)
	if n.method.Target.Kind == data.ClassTarget {
		to.Class = n.predict(r.observed, tape)
	}
	to.Want = answerOf(n.method.Target, &n.events.Rows, row)
	to.Duration = n.events.Ends[row]
	for len(to.Counts) < len(n.net) {
		to.Counts = append(to.Counts, nil)
	}
	for i, l := range n.net {
		if len(to.Layers) < len(n.net) {
			to.Layers = append(to.Layers, n.method.Layers[i].Name)
		}
		to.Counts[i] = append(to.Counts[i][:0], make([]float64, l.Neurons())...)
		for _, s := range pass.Tapes[i].Spikes {
			to.Counts[i][s.Neuron]++
		}
	}
	return nil
}
