package models

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/internal/kernel"
	"github.com/surge-snn/surge/ops"
)

// delayKernel is delayCell for the whole sequence: inputs x, delays in steps, past; outputs y,
// past.
type delayKernel[T kernel.Float] struct {
	delayCell
	t, b  int
	whole []int32 // n of each delay
	rest  []T     // f
	dd    kernel.TimeSum[T]

	in, out, gout, gin [][]T
	forward, backward  func(lo, hi int)
}

func (k *delayKernel[T]) Name() string { return "delay" }

func (k *delayKernel[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	x := in[0]
	if x.Dims() != 3 || x[2] != k.n || in[1].TotalSize() != k.n {
		return nil, fmt.Errorf("%w: delay: input %v and %v delays, want [T, B, %d]", ops.ErrShape, x, in[1], k.n)
	}
	k.t, k.b = x[0], x[1]
	k.whole, k.rest = make([]int32, k.n), make([]T, k.n)
	k.forward, k.backward = k.forwardRows, k.backwardRows
	return []tensor.Shape{x.Clone(), {k.b, k.n * k.steps}}, nil
}

func (k *delayKernel[T]) Forward(in, out [][]T) error {
	k.in, k.out = in, out
	for j, d := range in[1] {
		n, f := ops.TapOf(d, k.steps)
		k.whole[j], k.rest[j] = int32(n), f
	}
	kernel.Blocks(k.b, rowBlock, k.forward)
	return nil
}

// at returns the input of channel j in row b at step t, which may lie in the past.
func (k *delayKernel[T]) at(t, b, j int) T {
	if t < 0 {
		return k.in[2][b*k.n*k.steps+(-1-t)*k.n+j]
	}
	return k.in[0][(t*k.b+b)*k.n+j]
}

func (k *delayKernel[T]) forwardRows(lo, hi int) {
	for b := lo; b < hi; b++ {
		for t := range k.t {
			y := k.out[0][(t*k.b+b)*k.n:][:k.n]
			for j, n := range k.whole {
				f := k.rest[j]
				y[j] = T((1-f)*k.at(t-int(n), b, j)) + T(f*k.at(t-int(n)-1, b, j))
			}
		}
		past := k.out[1][b*k.n*k.steps:][:k.n*k.steps]
		for i := range past {
			past[i] = k.at(k.t-1-i/k.n, b, i%k.n)
		}
	}
}

// Backward: what a step gave goes back to the two that it was made of, and the derivative of the
// delay is the difference of the two.
func (k *delayKernel[T]) Backward(in, out, gout, gin [][]T) error {
	k.in, k.out, k.gout, k.gin = in, out, gout, gin
	k.dd.Begin(k.b*k.n, true)
	kernel.Blocks(k.b, rowBlock, k.backward)
	if gin[1] != nil {
		k.dd.Rows(gin[1])
	}
	return nil
}

func (k *delayKernel[T]) backwardRows(lo, hi int) {
	for b := lo; b < hi; b++ {
		if k.gin[0] != nil {
			for t := range k.t {
				clear(k.gin[0][(t*k.b+b)*k.n:][:k.n])
			}
		}
		size := k.n * k.steps
		if k.gin[2] != nil {
			clear(k.gin[2][b*size : (b+1)*size])
		}
		if k.gout[0] != nil {
			for t := range k.t {
				dd := k.dd.Part[b*k.n:][:k.n]
				for j, g := range k.gout[0][(t*k.b+b)*k.n:][:k.n] {
					n, f := int(k.whole[j]), k.rest[j]
					k.add(t-n, b, j, T((1-f)*g))
					k.add(t-n-1, b, j, T(f*g))
					dd[j] += T(g * (k.at(t-n-1, b, j) - k.at(t-n, b, j)))
				}
				k.dd.Fold(t+1, b*k.n, (b+1)*k.n)
			}
			k.dd.Fold(0, b*k.n, (b+1)*k.n)
		}
		if k.gout[1] != nil {
			for i, g := range k.gout[1][b*size : (b+1)*size] {
				k.add(k.t-1-i/k.n, b, i%k.n, g)
			}
		}
	}
}

// add adds to the gradient of what at returns.
func (k *delayKernel[T]) add(t, b, j int, g T) {
	switch {
	case t >= 0 && k.gin[0] != nil:
		k.gin[0][(t*k.b+b)*k.n+j] += g
	case t < 0 && k.gin[2] != nil:
		k.gin[2][b*k.n*k.steps+(-1-t)*k.n+j] += g
	}
}
