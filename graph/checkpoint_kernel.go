package graph

import (
	"fmt"
	"maps"
	"slices"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/ops"
)

// layer is a layer whose sequence is cut into segments. All but the last have one length.
type layer struct {
	name                     string
	steps                    int
	xs, params, states, outs int
	last, other              *segment        // forwards: the last segment, and all before it
	adjoint                  []*segment      // backwards: the last segment, those before it one by one, and all before those
	more                     func() *segment // builds another one of the usual length
	tail                     *tail
	sums                     []int64 // nodes whose gradient is summed over time, in order
}

// at returns the segment that starts at step t.
func (l *layer) at(t int) *segment {
	if t+len(l.last.out[0]) >= l.steps {
		return l.last
	}
	return l.other
}

// before returns the segment of the adjoint with n segments behind it.
func (l *layer) before(n int) *segment { return l.adjoint[min(n, len(l.adjoint)-1)] }

// differentiate builds the adjoint of the segments and the tail. What leaves a segment enters
// the one before it. The last one may send less than the others (a threshold has no
// gradient from the last spike, which nothing reads), so the segments differ until one
// sends what it receives.
func (l *layer) differentiate(gout []bool) {
	final, sums := gout[l.outs:], map[int64]bool{}
	for t, s := l.steps-len(l.last.out[0]), l.last; ; s = l.more() {
		if len(l.adjoint) == 1 {
			s = l.other
		}
		s.differentiate(gout[:l.outs], final, sums)
		l.adjoint = append(l.adjoint, s)
		states, next := make([]bool, l.states), map[int64]bool{}
		for i, g := range s.gstate {
			states[i] = g != nil
		}
		for _, m := range s.sum {
			next[m.node] = true
		}
		stable := len(l.adjoint) > 1 && slices.Equal(states, final) && maps.Equal(sums, next)
		final, sums = states, next
		if t -= len(l.other.out[0]); t < 0 || stable {
			break
		}
	}
	l.sums = slices.Sorted(maps.Keys(sums))
	l.tail = l.last.tail(sums)
}

// checkpointed is a layer as a kernel. Its inputs are the sequences [T, B, ...], the parameters
// and the initial states, its outputs the sequences and the final states.
type checkpointed[T ops.Float] struct {
	*layer
	state [][][]T       // before each segment, [segment][state]
	sum   map[int64][]T // what the sums over time have come to
}

func (k *checkpointed[T]) Name() string { return "Checkpoint(" + k.name + ")" }

func (k *checkpointed[T]) Shapes([]tensor.Shape) ([]tensor.Shape, error) {
	var s []tensor.Shape
	for _, o := range k.last.out {
		s = append(s, append(tensor.Shape{k.steps}, o[0].node.Shape()...))
	}
	for _, f := range k.last.final {
		s = append(s, f.node.Shape())
	}
	return s, nil
}

// Differentiate builds the adjoint.
func (k *checkpointed[T]) Differentiate(gout, _ []bool) (err error) {
	defer recovered(&err)
	k.differentiate(gout)
	return nil
}

func data[T ops.Float](s *slot) []T { return ops.Slice[T](s.value) }

// load copies the operands of the segment that starts at step t.
func (k *checkpointed[T]) load(s *segment, t int, in, state [][]T) {
	s.b.step0 = t
	for i, p := range s.params {
		copy(data[T](p), in[k.xs+i])
	}
	for i, list := range s.x {
		for j, x := range list {
			d := data[T](x)
			copy(d, in[i][(t+j)*len(d):])
		}
	}
	for i, l := range s.state {
		copy(data[T](l), state[i])
	}
}

func (k *checkpointed[T]) Forward(in, out [][]T) error {
	state := in[k.xs+k.params:]
	if k.state == nil {
		length := len(k.other.out[0])
		k.state = make([][][]T, (k.steps+length-1)/length)
		for n := range k.state {
			k.state[n] = make([][]T, k.states)
		}
	}
	t := 0
	for n := range k.state {
		s := k.at(t)
		for i := range state {
			k.state[n][i] = append(k.state[n][i][:0], state[i]...)
		}
		k.load(s, t, in, k.state[n])
		if err := s.forward.run(); err != nil {
			return fmt.Errorf("segment from time step %d: %w", t, err)
		}
		for i, list := range s.out {
			for j, o := range list {
				d := data[T](o)
				copy(out[i][(t+j)*len(d):], d)
			}
		}
		for i, f := range s.final {
			copy(out[k.outs+i], data[T](f))
		}
		state = out[k.outs:]
		t += len(s.out[0])
	}
	return nil
}

func (k *checkpointed[T]) Backward(in, _, gout, gin [][]T) error {
	for _, g := range gin {
		clear(g)
	}
	if k.sum == nil {
		k.sum = map[int64][]T{}
		for _, id := range k.sums {
			k.sum[id] = make([]T, k.last.b.g.AllNodes()[id].Shape().TotalSize())
		}
	}
	for n := range k.state {
		i := len(k.state) - 1 - n
		t := i * len(k.other.out[0])
		if err := k.segmentBackward(n, t, in, k.state[i], gout, gin); err != nil {
			return fmt.Errorf("segment from time step %d: %w", t, err)
		}
	}
	for id, l := range k.tail.in {
		copy(data[T](l), k.sum[id])
	}
	if k.tail.run != nil {
		for i, p := range k.last.params {
			copy(data[T](p), in[k.xs+i])
		}
		if err := k.tail.run.run(); err != nil {
			return err
		}
	}
	for i, g := range k.tail.params {
		if d := gin[k.xs+i]; d != nil && g != nil {
			copy(d, data[T](g))
		}
	}
	return nil
}

// segmentBackward runs the segment from step t, with n segments behind it, there and back.
func (k *checkpointed[T]) segmentBackward(n, t int, in, state, gout, gin [][]T) error {
	s := k.before(n)
	if s.backward == nil {
		return nil
	}
	k.load(s, t, in, state)
	for i, list := range s.gout {
		for j, g := range list {
			if g != nil {
				d := data[T](g)
				copy(d, gout[i][(t+j)*len(d):])
			}
		}
	}
	for i, g := range s.gfinal {
		switch {
		case g == nil:
		case n == 0:
			copy(data[T](g), gout[k.outs+i])
		default:
			copy(data[T](g), data[T](k.before(n - 1).gstate[i]))
		}
	}
	for _, m := range s.sum {
		if m.in != nil {
			copy(data[T](m.in), k.sum[m.node])
		}
	}
	if err := s.backward.run(); err != nil {
		return err
	}
	for i, list := range s.gx {
		for j, g := range list {
			if g != nil && gin[i] != nil {
				d := data[T](g)
				copy(gin[i][(t+j)*len(d):], d)
			}
		}
	}
	for _, m := range s.sum {
		copy(k.sum[m.node], data[T](m.out))
	}
	if t == 0 {
		for i, g := range s.gstate {
			if d := gin[k.xs+k.params+i]; d != nil && g != nil {
				copy(d, data[T](g))
			}
		}
	}
	return nil
}

// structure lists the nodes of a program with their operands, in order, those of segments
// included. Nodes that were merged are missing.
func (b *Builder) structure() []int64 {
	s := structure(b.g)
	for _, p := range b.segments {
		s = slices.Concat(s, structure(p.b.g))
	}
	return s
}
