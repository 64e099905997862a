package models

import (
	"fmt"
	"slices"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/internal/kernel"
	"github.com/surge-snn/surge/ops"
)

// delayedKernel is delayedCell for the whole sequence: inputs x, W, delays in steps, perhaps bias,
// past; outputs y, past. Each input that is not zero is sent to the steps in which it arrives.
type delayedKernel[T kernel.Float] struct {
	delayedCell
	t, b   int
	whole  []int32                // n of each connection
	rest   []T                    // f
	now    []T                    // (1-f) W
	later  []T                    // f W
	parts  []kernel.CountedSum[T] // gradients of W, d and bias, of ranges of rows
	x, w   []T
	past   []T
	bias   []T
	y, end []T

	g, gend, dx, dpast []T
	forward, backward  func(lo, hi int)
	work               kernel.Spare[[]T]
}

// delayedParts is how many ranges of rows have gradients of their own.
const delayedParts = 8

func (k *delayedKernel[T]) Name() string { return "delayed linear" }

func (k *delayedKernel[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	x, size := in[0], k.in*k.out
	if x.Dims() != 3 || x[2] != k.in || in[1].TotalSize() != size || in[2].TotalSize() != size {
		return nil, fmt.Errorf("%w: delayed linear: input %v, weights %v and delays %v", ops.ErrShape, x, in[1], in[2])
	}
	k.t, k.b = x[0], x[1]
	k.whole, k.rest, k.now, k.later = make([]int32, size), make([]T, size), make([]T, size), make([]T, size)
	k.forward, k.backward = k.forwardRows, k.backwardParts
	return []tensor.Shape{{k.t, k.b, k.out}, {k.b, k.in * k.steps}}, nil
}

func (k *delayedKernel[T]) Forward(in, out [][]T) error {
	k.x, k.w, k.past, k.bias = in[0], in[1], in[len(in)-1], nil
	if len(in) > 4 {
		k.bias = in[3]
	}
	k.y, k.end = out[0], out[1]
	for i, d := range in[2] {
		n, f := ops.TapOf(d, k.steps)
		k.whole[i], k.rest[i] = int32(n), f
		k.now[i], k.later[i] = (1-f)*k.w[i], f*k.w[i]
	}
	kernel.Blocks(k.b, 1, k.forward)
	return nil
}

// input returns the inputs of row b at step s, which may lie in the past.
func (k *delayedKernel[T]) input(s, b int) []T {
	if s < 0 {
		return k.past[(b*k.steps-1-s)*k.in:][:k.in]
	}
	return k.x[(s*k.b+b)*k.in:][:k.in]
}

// buffer returns memory for the steps of a row and those in which the past and the last inputs
// arrive, and where step 0 is.
func (k *delayedKernel[T]) buffer() (memory *[]T, zero int) {
	memory = k.work.Take()
	if memory == nil {
		m := make([]T, (k.t+2*k.steps+1)*k.out)
		memory = &m
	}
	clear(*memory)
	return memory, k.steps * k.out
}

func (k *delayedKernel[T]) forwardRows(lo, hi int) {
	memory, zero := k.buffer()
	y := *memory
	for b := lo; b < hi; b++ {
		clear(y)
		for t := range k.t {
			copy(y[zero+t*k.out:], k.bias)
		}
		for s := -k.steps; s < k.t; s++ {
			at := zero + s*k.out
			for i, x := range k.input(s, b) {
				if x == 0 {
					continue
				}
				now, later := k.now[i*k.out:][:k.out], k.later[i*k.out:][:k.out]
				for o, n := range k.whole[i*k.out:][:k.out] {
					to := at + int(n)*k.out + o
					y[to] += T(now[o] * x)
					y[to+k.out] += T(later[o] * x)
				}
			}
		}
		for t := range k.t {
			copy(k.y[(t*k.b+b)*k.out:][:k.out], y[zero+t*k.out:])
		}
		for past := range k.steps {
			copy(k.end[(b*k.steps+past)*k.in:][:k.in], k.input(k.t-1-past, b))
		}
	}
	k.work.Keep(memory)
}

func (k *delayedKernel[T]) Backward(in, _, gout, gin [][]T) error {
	k.g, k.gend, k.dx, k.dpast = gout[0], gout[1], gin[0], gin[len(gin)-1]
	size := k.in * k.out
	if k.parts == nil {
		k.parts = make([]kernel.CountedSum[T], delayedParts)
	}
	kernel.Blocks(delayedParts, 1, k.backward)
	sum := k.parts[0].Part
	for i := range k.parts[1:] { // in the order of the rows
		kernel.Add(sum, sum, k.parts[1+i].Part)
	}
	kernel.Store(gin[1], sum[:size], 0)
	kernel.Store(gin[2], sum[size:2*size], 0)
	if len(in) > 4 {
		kernel.Store(gin[3], sum[2*size:], 0)
	}
	return nil
}

func (k *delayedKernel[T]) backwardParts(lo, hi int) {
	size := k.in * k.out
	for part := lo; part < hi; part++ {
		k.parts[part].Begin(2*size + k.out)
		for b := part * k.b / delayedParts; b < (part+1)*k.b/delayedParts; b++ {
			k.backwardRow(b, &k.parts[part])
		}
		k.parts[part].End()
	}
}

// backwardRow adds the gradients of a row to those of a part, [W, d, bias].
func (k *delayedKernel[T]) backwardRow(b int, sum *kernel.CountedSum[T]) {
	memory, zero := k.buffer()
	g, size := *memory, k.in*k.out
	part := sum.Part
	dbias := part[2*size:]
	for t := range k.t {
		if k.g == nil {
			break
		}
		row := k.g[(t*k.b+b)*k.out:][:k.out]
		copy(g[zero+t*k.out:], row)
		for o, v := range row {
			dbias[o] += v
		}
		if slices.ContainsFunc(row, func(v T) bool { return v != 0 }) {
			sum.Row()
		}
	}
	for s := -k.steps; s < k.t; s++ {
		at := zero + s*k.out
		dx := k.gradient(s, b)
		seen := false
		for i, x := range k.input(s, b) {
			if x == 0 && dx == nil {
				continue
			}
			from := i * k.out
			w, rest := k.w[from:][:k.out], k.rest[from:][:k.out]
			dw, dd := part[from:][:k.out], part[size+from:][:k.out]
			seen = seen || x != 0
			back := T(0)
			for o, n := range k.whole[from:][:k.out] {
				to := at + int(n)*k.out + o
				now, later := g[to], g[to+k.out]
				arrives := T((1-rest[o])*now) + T(rest[o]*later)
				dw[o] += T(x * arrives)
				dd[o] += T(x * T(w[o]*(later-now)))
				back += T(w[o] * arrives)
			}
			if dx != nil {
				dx[i] = back
			}
		}
		if seen {
			sum.Row() // what is behind the end of a sequence is not counted
		}
	}
	if k.gend != nil {
		for past := range k.steps {
			if dx := k.gradient(k.t-1-past, b); dx != nil {
				kernel.Add(dx, dx, k.gend[(b*k.steps+past)*k.in:][:k.in])
			}
		}
	}
	k.work.Keep(memory)
}

// gradient returns the gradient of what input returns, nil where nobody wants it.
func (k *delayedKernel[T]) gradient(s, b int) []T {
	switch {
	case s >= 0 && k.dx != nil:
		return k.dx[(s*k.b+b)*k.in:][:k.in]
	case s < 0 && k.dpast != nil:
		return k.dpast[(b*k.steps-1-s)*k.in:][:k.in]
	}
	return nil
}
