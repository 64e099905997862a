package train

import (
	"errors"
	"fmt"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/given"
	"github.com/surge-snn/surge/train/data"
)

// Trace is what a network does with the samples of one batch.
type Trace struct {
	Predicted []int // class with the largest logit for each row, [B], -1 where several have it; nil for other targets
	Layers    []LayerTrace
	// Readout is what the output neurons do, [T, B, C], where the model gives Outputs.Trace.
	Readout []float64
}

// readoutName is the name of the readout in the program of a trace.
const readoutName = "train.readout"

// LayerTrace holds the spikes of one layer.
type LayerTrace struct {
	Name    string
	Neurons int
	Spikes  []float64 // [T, B, N]
}

// Trace runs the network once, without gradient, on a filled batch and returns the spikes of
// its layers. It builds a program of its own; for figures, not for loops.
func (m BPTT) Trace(params *graph.Params, batch *data.Batch) (*Trace, error) {
	if err := given.Need("params", params, "batch", batch); err != nil {
		return nil, fmt.Errorf("%w: Trace: %w", ErrSettings, err)
	}
	m = m.withDefaults()
	var layers []string
	dt, readout := 0.0, false
	s := m.Graph
	s.NoGrad = true
	prog, err := graph.Build(params, s, func(b *graph.Builder) {
		o := m.apply(b, b.Input(inputName, batch.Steps, batch.Size, batch.Channels))
		layers, dt, readout = nil, b.Dt(), o.Trace != nil
		if readout {
			b.Output(readoutName, o.Trace)
		}
		for _, l := range o.Layers {
			layers = append(layers, l.Name)
			b.Output(l.Name, l.Spikes)
		}
	})
	if err != nil {
		return nil, err
	}
	defer prog.Close()
	if dt != batch.Dt {
		return nil, fmt.Errorf("%w: a batch with steps of %g s for a network with steps of %g s", ErrSettings, batch.Dt, dt)
	}
	if err := errors.Join(prog.Set(inputName, batch.Input), setLengths(prog, batch, batch.Size)); err != nil {
		return nil, err
	}
	if err := prog.Run(); err != nil {
		return nil, err
	}
	t := &Trace{}
	if m.Target.Kind == data.ClassTarget {
		logits := leaf(logitsName, prog.Output(logitsName))
		for i := range batch.Size {
			t.Predicted = append(t.Predicted, decided(logits, i, batch.Size))
		}
	}
	if readout {
		l := leaf(readoutName, prog.Output(readoutName))
		t.Readout = make([]float64, l.Len())
		for i := range t.Readout {
			t.Readout[i] = at(l, i)
		}
	}
	for _, name := range layers {
		v := prog.Output(name)
		if v.Dims() != 3 {
			return nil, fmt.Errorf("%w: spikes of layer %q have shape %v, want [T, B, N]", graph.ErrShape, name, v.Shape())
		}
		l := leaf(name, v)
		spikes := make([]float64, l.Len())
		for i := range spikes {
			spikes[i] = at(l, i)
		}
		t.Layers = append(t.Layers, LayerTrace{Name: name, Neurons: v.Shape()[2], Spikes: spikes})
	}
	return t, nil
}
