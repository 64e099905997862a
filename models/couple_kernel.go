package models

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/internal/kernel"
	"github.com/surge-snn/surge/ops"
)

// coupledKernel runs the kernels of the two cells by turns, each on sequences of one
// step.
type coupledKernel[T kernel.Float] struct {
	coupledCell
	make  func() (syn, post ops.Kernel[T])
	step  int // B·N
	steps []coupledStep[T]
	carry [][]T // gradients of the states, on their way back through time
}

// coupledStep is one time step: a kernel of each cell, with its own operands.
type coupledStep[T kernel.Float] struct{ syn, post stage[T] }

// stage is a kernel with the operands of one step. The memory of its results is its
// own; own is that for the gradients of its inputs.
type stage[T kernel.Float] struct {
	kernel                  ops.Kernel[T]
	in, out, gout, gin, own [][]T
}

// newStage prepares a kernel for operands of these shapes and returns the shapes of its
// results.
func newStage[T kernel.Float](k ops.Kernel[T], in []tensor.Shape) (stage[T], []tensor.Shape, error) {
	s := stage[T]{kernel: k}
	out, err := k.Shapes(in)
	if err != nil {
		return s, nil, err
	}
	s.in, s.gin, s.gout = make([][]T, len(in)), make([][]T, len(in)), make([][]T, len(out))
	for _, shape := range in {
		s.own = append(s.own, make([]T, shape.TotalSize()))
	}
	for _, shape := range out {
		s.out = append(s.out, make([]T, shape.TotalSize()))
	}
	return s, out, nil
}

func (k *coupledKernel[T]) Name() string { return k.Kind() }

// counts returns how many outputs and states the synapses and the neurons have.
func (k *coupledKernel[T]) counts() (synOut, postOut, synState, postState int) {
	return len(k.syn.Outputs()), len(k.post.Outputs()), len(k.syn.State()), len(k.post.State())
}

func (k *coupledKernel[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	x := in[0]
	if x.Dims() != 3 {
		return nil, fmt.Errorf("%w: %s: input %v, want [T, B, N]", ops.ErrShape, k.Name(), x)
	}
	k.step = x[1] * x[2]
	_, _, synStates, postStates := k.counts()
	one := tensor.Shape{1, x[1], x[2]}
	params, states := in[1:len(in)-synStates-postStates], in[len(in)-synStates-postStates:]
	synIn := append(append([]tensor.Shape{one, one}, params[:k.params]...), states[:synStates]...)
	postIn := append(append([]tensor.Shape{one}, params[k.params:]...), states[synStates:]...)
	k.steps = make([]coupledStep[T], x[0])
	for t := range k.steps {
		syn, post := k.make()
		var err error
		if k.steps[t].syn, _, err = newStage(syn, synIn); err != nil {
			return nil, err
		}
		if k.steps[t].post, _, err = newStage(post, postIn); err != nil {
			return nil, err
		}
	}
	var out []tensor.Shape
	for range k.Outputs() {
		out = append(out, x.Clone())
	}
	k.carry = nil
	for _, s := range states {
		out = append(out, s.Clone())
		k.carry = append(k.carry, make([]T, s.TotalSize()))
	}
	return out, nil
}

// part returns step t of a sequence, nil for nil.
func part[T any](x []T, t, step int) []T {
	if x == nil {
		return nil
	}
	return x[t*step : (t+1)*step]
}

func (k *coupledKernel[T]) Forward(in, out [][]T) error {
	synOut, postOut, synStates, _ := k.counts()
	params, states := in[1:len(in)-len(k.carry)], in[len(in)-len(k.carry):]
	synState, postState := states[:synStates], states[synStates:]
	for t := range k.steps {
		s, p := &k.steps[t].syn, &k.steps[t].post
		s.in = append(append(append(s.in[:0], part(in[0], t, k.step), postState[0]), params[:k.params]...), synState...)
		if err := s.kernel.Forward(s.in, s.out); err != nil {
			return fmt.Errorf("step %d: %w", t, err)
		}
		p.in = append(append(append(p.in[:0], s.out[0]), params[k.params:]...), postState...)
		if err := p.kernel.Forward(p.in, p.out); err != nil {
			return fmt.Errorf("step %d: %w", t, err)
		}
		for i, y := range s.out[:synOut] {
			copy(out[i][t*k.step:], y)
		}
		for i, y := range p.out[:postOut] {
			copy(out[synOut+i][t*k.step:], y)
		}
		synState, postState = s.out[synOut:], p.out[postOut:]
	}
	final := out[synOut+postOut:]
	for i, y := range synState {
		copy(final[i], y)
	}
	for i, y := range postState {
		copy(final[synStates+i], y)
	}
	return nil
}

// Backward goes back through time. The gradient of the voltage of a step is that which the
// neurons pass on and that of the synapses of the next step; the gradient of the current
// is that of the neurons and that of its record.
func (k *coupledKernel[T]) Backward(_, _, gout, gin [][]T) error {
	synOut, postOut, synStates, _ := k.counts()
	for i, c := range k.carry {
		kernel.Load(c, gout[synOut+postOut+i], 0)
	}
	params, states := gin[1:len(gin)-len(k.carry)], gin[len(gin)-len(k.carry):]
	for _, d := range params {
		clear(d)
	}
	synCarry, postCarry := k.carry[:synStates], k.carry[synStates:]
	for t := len(k.steps) - 1; t >= 0; t-- {
		s, p := &k.steps[t].syn, &k.steps[t].post
		for i := range postOut {
			p.gout[i] = part(gout[synOut+i], t, k.step)
		}
		if err := p.back(params[k.params:], postCarry); err != nil {
			return fmt.Errorf("step %d: %w", t, err)
		}
		current := p.own[0]
		if g := part(gout[0], t, k.step); g != nil {
			for i, v := range g {
				current[i] += v
			}
		}
		s.gout[0] = current
		for i := 1; i < synOut; i++ {
			s.gout[i] = part(gout[i], t, k.step)
		}
		if err := s.back(params[:k.params], synCarry); err != nil {
			return fmt.Errorf("step %d: %w", t, err)
		}
		copy(part(gin[0], t, k.step), s.own[0])
		for i, v := range s.own[1] {
			postCarry[0][i] += v
		}
	}
	for i, d := range states {
		kernel.Store(d, k.carry[i], 0)
	}
	return nil
}

// back runs the adjoint of the stage, with the gradients of its sequences already in gout.
// It adds to the gradients of the parameters, and replaces those of the states after the
// step by those before it.
func (s *stage[T]) back(params, carry [][]T) error {
	copy(s.gout[len(s.gout)-len(carry):], carry)
	copy(s.gin, s.own)
	first := len(s.gin) - len(carry) - len(params)
	for i, d := range params {
		if d == nil {
			s.gin[first+i] = nil
		}
	}
	if err := s.kernel.Backward(s.in, s.out, s.gout, s.gin); err != nil {
		return err
	}
	for i, d := range params {
		for j, v := range s.gin[first+i] {
			d[j] += v
		}
	}
	for i, c := range carry {
		copy(c, s.gin[first+len(params)+i])
	}
	return nil
}
