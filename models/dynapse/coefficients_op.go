package dynapse

import (
	"fmt"
	"math"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/internal/kernel"
	"github.com/surge-snn/surge/ops"
)

// coefKernel computes the coefficients of n neurons, [n] each, from all parameters, each [1], [cores] or [n].
type coefKernel[T kernel.Float] struct {
	n    int
	core []int           // of each neuron, or nil
	log  [NumParams]bool // the input is the logarithm of the parameter

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
	k.values = make([][NumParams]float64, k.n)
	out := make([]tensor.Shape, numDerived)
	for i := range out {
		out[i] = tensor.Shape{k.n}
	}
	return out, nil
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

func (k *coefKernel[T]) Forward(in, out [][]T) error {
	for j := range k.n {
		v := &k.values[j]
		for p := range in {
			v[p] = float64(in[p][k.index(len(in[p]), j)])
			if k.log[p] {
				v[p] = math.Exp(v[p])
			}
			if err := Param(p).check(v[p]); err != nil {
				return fmt.Errorf("neuron %d: %w", j, err)
			}
		}
		for i, c := range coefficients(v) {
			out[i][j] = T(c)
		}
	}
	return nil
}

func (k *coefKernel[T]) Backward(in, _, gout, gin [][]T) error {
	for p := range in {
		clear(k.grads[p])
	}
	for j := range k.n {
		var gc [numDerived]float64
		for i, g := range gout {
			gc[i] = float64(of(g, j))
		}
		var g [NumParams]float64
		chain(&k.values[j], &gc, &g)
		for p := range in {
			if k.log[p] {
				g[p] *= k.values[j][p]
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

// recordKernel turns a trace [T, B, N] that is relative to a unit [N] into an absolute one:
//
//	y = x·unit, or exp(x)·unit where x is a logarithm
type recordKernel[T kernel.Float] struct {
	log  bool
	sums []float64
}

func (k *recordKernel[T]) Name() string { return "dynapsim record" }

func (k *recordKernel[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	k.sums = make([]float64, in[1][0])
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
