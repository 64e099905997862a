package node

import (
	"cmp"
	"fmt"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/internal/kernel"
	"github.com/surge-snn/surge/ops"
)

// Layer is a layer of event-based LIF neurons as a node. The zero value of Params and
// Settings is as in package eventprop.
type Layer struct {
	Params   eventprop.LIFParameters
	Settings eventprop.Settings
	// End is the duration of the simulation in seconds, which is also the time of an absent spike.
	End float64
	// Spikes is K, the most spikes that a neuron may have in a sample. More are an error of the run
	// that wraps eventprop.ErrLimit: nothing is truncated.
	Spikes int
}

// Apply adds the layer to the graph and returns the times and mask of its spikes, [B, N, K].
//
// The gradient with respect to all inputs but the mask is exact, see [eventprop.Tape.Backward];
// that of a spike that is not there is 0, and so are those with respect to masks. Gradients of time
// constants take some three times as long. The samples of a batch run in parallel; the result does
// not depend on how many do.
//
// Errors wrap ops.ErrShape or an error of package eventprop; those of values in nodes are errors of
// the run.
func (l Layer) Apply(in Inputs) (times, mask *G.Node, err error) {
	if in.Times == nil || in.Mask == nil || in.WIn == nil {
		return nil, nil, fmt.Errorf("%w: event LIF without Times, Mask or WIn", ops.ErrShape)
	}
	nodes, wrt := G.Nodes{in.Times, in.Mask}, []bool{true, false}
	var slots []slot
	for _, s := range in.slots() {
		if s.node != nil {
			slots, nodes, wrt = append(slots, s), append(nodes, s.node), append(wrt, true)
		}
	}
	out, err := ops.Apply(ops.Kernels{Float32: &lif[float32]{Layer: l, slots: slots}, Float64: &lif[float64]{Layer: l, slots: slots}}, wrt, nodes...)
	if err != nil {
		return nil, nil, err
	}
	return out[0], out[1], nil
}

// groups is the number of sums of weight gradients, which are added in order.
const groups = 16

// lif is the kernel of a Layer.
type lif[T ops.Float] struct {
	Layer
	slots                   []slot
	batch, sources, room, n int
	layer                   eventprop.Layer
	samples                 []sample
	grads                   [groups]*eventprop.Gradients
	errs                    []error
}

// sample is the pass of one row of the batch.
type sample struct {
	input []eventprop.Spike
	place []int // of each input spike in times
	tape  eventprop.Tape
	out   []int // of each spike of the layer
	count []int
	c     eventprop.Cotangent
}

func (k *lif[T]) Name() string { return "event LIF" }

func (k *lif[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	if len(in[0]) != 3 || !in[0].Eq(in[1]) || len(in[2]) != 2 || in[2][0] != in[0][1] {
		return nil, fmt.Errorf("%w: event LIF of times %v, mask %v and weights %v, want [B, sources, K] twice and [sources, N]", ops.ErrShape, in[0], in[1], in[2])
	}
	k.batch, k.sources, k.room, k.n = in[0][0], in[0][1], in[0][2], in[2][1]
	if k.Spikes <= 0 {
		return nil, fmt.Errorf("%w: event LIF with Spikes = %d, want > 0", ops.ErrShape, k.Spikes)
	}
	k.layer = eventprop.Layer{Params: k.Params, Settings: k.Settings, In: eventprop.Synapses{Pre: k.sources, Post: k.n}}
	for g := range k.grads {
		k.grads[g] = &eventprop.Gradients{}
	}
	known := true // whether all parameters of neurons are
	for i, s := range k.slots {
		shape := in[i+2]
		if err := s.check(shape, k.sources, k.n, k.layer.Rec != nil); err != nil {
			return nil, err
		}
		if s.of == recurrent && k.layer.Rec == nil {
			k.layer.Rec = &eventprop.Synapses{Pre: k.n, Post: k.n}
		}
		known = known && s.of != neurons
		*s.value(&k.layer) = make([]float64, shape.TotalSize())
		for g := range k.grads {
			*s.grad(k.grads[g]) = make([]float64, shape.TotalSize())
		}
	}
	if known {
		if err := k.layer.Check(); err != nil {
			return nil, err
		}
	}
	k.samples, k.errs = make([]sample, k.batch), make([]error, k.batch)
	out := tensor.Shape{k.batch, k.n, k.Spikes}
	return []tensor.Shape{out, out.Clone()}, nil
}

// parallel calls f for all samples, those of a group one after the other, and returns the first
// error.
func (k *lif[T]) parallel(f func(group, b int) error) error {
	kernel.Blocks(groups, 1, func(g, _ int) {
		for b := g * k.batch / groups; b < (g+1)*k.batch/groups; b++ {
			k.errs[b] = f(g, b)
		}
	})
	for b, err := range k.errs {
		if err != nil {
			return fmt.Errorf("sample %d: %w", b, err)
		}
	}
	return nil
}

func (k *lif[T]) Forward(in, out [][]T) error {
	for i, s := range k.slots {
		widen(*s.value(&k.layer), in[i+2])
	}
	if err := k.layer.Check(); err != nil { // once, not for each sample
		return err
	}
	return k.parallel(func(_, b int) error {
		row := k.sources * k.room
		s := &k.samples[b]
		read(s, in[0][b*row:(b+1)*row], in[1][b*row:(b+1)*row], k.room)
		if err := s.tape.Forward(&k.layer, s.input, k.End); err != nil {
			return err
		}
		to := k.n * k.Spikes
		return write(s, out[0][b*to:(b+1)*to], out[1][b*to:(b+1)*to], k.n, k.Spikes, k.End)
	})
}

// read sorts the spikes of a row, [sources, room].
func read[T ops.Float](s *sample, times, mask []T, room int) {
	s.place, s.input = s.place[:0], s.input[:0]
	for i, m := range mask {
		if m != 0 {
			s.place = append(s.place, i)
		}
	}
	slices.SortStableFunc(s.place, func(a, b int) int { return cmp.Compare(times[a], times[b]) })
	for _, i := range s.place {
		s.input = append(s.input, eventprop.Spike{Time: float64(times[i]), Neuron: i / room})
	}
}

// write fills the rows of a sample, [n, most].
func write[T ops.Float](s *sample, times, mask []T, n, most int, end float64) error {
	for i := range times {
		times[i], mask[i] = T(end), 0
	}
	s.out, s.count = s.out[:0], append(s.count[:0], make([]int, n)...)
	for _, e := range s.tape.Spikes {
		c := &s.count[e.Neuron]
		if *c == most {
			return fmt.Errorf("%w: neuron %d spikes again at %g s, and Layer.Spikes is %d", eventprop.ErrLimit, e.Neuron, e.Time, most)
		}
		at := e.Neuron*most + *c
		times[at], mask[at] = T(e.Time), 1
		s.out = append(s.out, at)
		*c++
	}
	return nil
}

func (k *lif[T]) Backward(_, _, gout, gin [][]T) error {
	for _, d := range gin {
		clear(d)
	}
	if gout[0] == nil {
		return nil // the mask does not change with anything
	}
	for _, g := range k.grads {
		g.Reset()
	}
	in, out := k.sources*k.room, k.n*k.Spikes
	err := k.parallel(func(group, b int) error {
		s := &k.samples[b]
		s.c.Reset(&s.tape)
		for i, at := range s.out {
			s.c.Time[i] = float64(gout[0][b*out+at])
		}
		if err := s.tape.Backward(k.grads[group], &s.c); err != nil {
			return err
		}
		if gin[0] != nil {
			for i, g := range s.tape.InputTime {
				gin[0][b*in+s.place[i]] = T(g)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for g := 1; g < groups; g++ {
		k.grads[0].Add(k.grads[g])
	}
	for i, s := range k.slots {
		narrow(gin[i+2], *s.grad(k.grads[0]))
	}
	return nil
}

func widen[T ops.Float](dst []float64, x []T) {
	for i, v := range x {
		dst[i] = float64(v)
	}
}

// narrow rounds x to dst, unless dst is nil.
func narrow[T ops.Float](dst []T, x []float64) {
	for i := range dst {
		dst[i] = T(x[i])
	}
}
