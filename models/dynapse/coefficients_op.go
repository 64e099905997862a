package dynapse

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/internal/kernel"
	"github.com/surge-snn/surge/ops"
)

// coefKernel computes the coefficients of n neurons, [n] each and [volt] last, from all parameters,
// each [1], [cores] or [n]; or those with one synapse from the first [NumSingle] of them.
type coefKernel[T kernel.Float] struct {
	n     int
	rows  int             // of the batch, where chips differ
	chips *Deviations     // or nil: outputs are then [rows, n]
	core  []int           // of each neuron, or nil
	log   [NumParams]bool // the input is the logarithm of the parameter

	cores  int
	values [][NumParams]float64
	grads  [NumParams][]float64
}

func (k *coefKernel[T]) Name() string { return "dynapsim coefficients" }

func (k *coefKernel[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	for _, c := range k.core {
		k.cores = max(k.cores, c+1)
	}
	for p, s := range in {
		if s.Dims() != 1 || s[0] != 1 && s[0] != k.n && s[0] != k.cores {
			return nil, fmt.Errorf("%w: %v of shape %v, want (1), (%d), one per neuron, or (%d), one per core", ops.ErrShape, Param(p), s, k.n, k.cores)
		}
		k.grads[p] = make([]float64, s[0])
	}
	k.values = make([][NumParams]float64, k.n*k.samples())
	for j := range k.values {
		for p := range k.values[j] {
			k.values[j][p] = Param(p).Default()
		}
	}
	outputs := numSingle + 1
	if len(in) == NumParams {
		outputs = numDerived
	}
	out := make([]tensor.Shape, outputs)
	for i := range out {
		if out[i] = (tensor.Shape{k.n}); k.chips != nil {
			out[i] = tensor.Shape{k.rows, k.n}
		}
	}
	return out, nil
}

func (k *coefKernel[T]) samples() int {
	if k.chips == nil {
		return 1
	}
	return k.chips.Samples
}

// each is how many elements of an output belong to a sample.
func (k *coefKernel[T]) each() int {
	if k.chips == nil {
		return k.n
	}
	return k.rows / k.chips.Samples * k.n
}

// factor is the deviation of parameter p of neuron e, counted over samples.
func (k *coefKernel[T]) factor(p, e int) float64 {
	if k.chips == nil || k.chips.Factors[p] == nil {
		return 1
	}
	return k.chips.Factors[p][e]
}

// index returns the element of a list of the given length that belongs to neuron j.
func (k *coefKernel[T]) index(length, j int) int {
	switch {
	case length == 1:
		return 0
	case k.core != nil && length == k.cores:
		return k.core[j]
	}
	return j
}

// coefAt is the coefficient that output i of n is: the last is volt.
func coefAt(i, n int) int {
	if i == n-1 {
		return int(volt)
	}
	return i
}

func (k *coefKernel[T]) Forward(in, out [][]T) error {
	each := k.each()
	for e := range k.values {
		v, j := &k.values[e], e%k.n
		for p := range in {
			v[p] = float64(in[p][k.index(len(in[p]), j)])
			if k.log[p] {
				v[p] = fmath.Exp(v[p])
			}
			v[p] *= k.factor(p, e)
			if err := Param(p).Check(v[p]); err != nil {
				return fmt.Errorf("neuron %d: %w", j, err)
			}
		}
		c := coefficients(v)
		for i := range out {
			x := T(c[coefAt(i, len(out))])
			for at := e/k.n*each + j; at < (e/k.n+1)*each; at += k.n {
				out[i][at] = x
			}
		}
	}
	return nil
}

func (k *coefKernel[T]) Backward(in, _, gout, gin [][]T) error {
	for p := range in {
		clear(k.grads[p])
	}
	each := k.each()
	for e := range k.values {
		j := e % k.n
		var gc [numDerived]float64
		for i, g := range gout {
			if g == nil {
				continue
			}
			for at := e/k.n*each + j; at < (e/k.n+1)*each; at += k.n {
				gc[coefAt(i, len(gout))] += float64(g[at])
			}
		}
		var g [NumParams]float64
		chain(&k.values[e], &gc, &g)
		for p := range in {
			if k.log[p] {
				g[p] *= k.values[e][p]
			} else {
				g[p] *= k.factor(p, e)
			}
			k.grads[p][k.index(len(in[p]), j)] += g[p]
		}
	}
	for p, g := range gin {
		for i := range g {
			g[i] = T(k.grads[p][i])
		}
	}
	return nil
}

// recordKernel turns a trace [T, B, N] that is relative to a unit [N], or [B, N], into an absolute
// one:
//
//	y = x·unit, or exp(x)·unit where x is a logarithm
type recordKernel[T kernel.Float] struct {
	log  bool
	sums []float64
}

func (k *recordKernel[T]) Name() string { return "dynapsim record" }

func (k *recordKernel[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	k.sums = make([]float64, in[1].TotalSize())
	return []tensor.Shape{in[0].Clone()}, nil
}

func (k *recordKernel[T]) relative(x T) T {
	if k.log {
		return exp(x)
	}
	return x
}

func (k *recordKernel[T]) Forward(in, out [][]T) error {
	n := len(in[1])
	for i, x := range in[0] {
		out[0][i] = k.relative(x) * in[1][i%n]
	}
	return nil
}

func (k *recordKernel[T]) Backward(in, out, gout, gin [][]T) error {
	n := len(in[1])
	clear(k.sums)
	clear(gin[0])
	for i, g := range gout[0] {
		k.sums[i%n] += float64(g * k.relative(in[0][i]))
		if gin[0] == nil {
			continue
		}
		if gin[0][i] = g * in[1][i%n]; k.log {
			gin[0][i] = g * out[0][i]
		}
	}
	for j := range gin[1] {
		gin[1][j] = T(k.sums[j])
	}
	return nil
}

// rowsKernel repeats what belongs to a sample, [M, ...], for its rows of the batch, [B, ...].
type rowsKernel[T kernel.Float] struct {
	rows int
}

func (k *rowsKernel[T]) Name() string { return "rows of samples" }

func (k *rowsKernel[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	s := in[0].Clone()
	s[0] = k.rows
	return []tensor.Shape{s}, nil
}

// blocks calls f with the place of every row, and that of its sample, both of the same size.
func (k *rowsKernel[T]) blocks(sample, rows []T, f func(sample, row []T)) {
	size := len(rows) / k.rows
	m := len(sample) / size
	for b := range k.rows {
		s := b * m / k.rows
		f(sample[s*size:(s+1)*size], rows[b*size:(b+1)*size])
	}
}

func (k *rowsKernel[T]) Forward(in, out [][]T) error {
	k.blocks(in[0], out[0], func(sample, row []T) { copy(row, sample) })
	return nil
}

func (k *rowsKernel[T]) Backward(_, _, gout, gin [][]T) error {
	clear(gin[0])
	if gout[0] != nil {
		k.blocks(gin[0], gout[0], func(sample, row []T) { kernel.Axpy(1, row, sample) })
	}
	return nil
}
