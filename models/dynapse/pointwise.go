package dynapse

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/internal/kernel"
	"github.com/surge-snn/surge/ops"
)

// pointwise adds the node f(x[0], x[1], ...) of nodes of one shape, element by element. f returns
// its value and writes its derivatives to d.
func pointwise(name string, f func(x, d []float64) float64, x ...*G.Node) (*G.Node, error) {
	out, err := ops.Apply(ops.Kernels{Float32: &pointKernel[float32]{name, f}, Float64: &pointKernel[float64]{name, f}}, nil, x...)
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

type pointKernel[T kernel.Float] struct {
	name string
	f    func(x, d []float64) float64
}

func (k *pointKernel[T]) Name() string { return k.name }

func (k *pointKernel[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	for _, s := range in {
		if !s.Eq(in[0]) {
			return nil, fmt.Errorf("%w: %s of shapes %v, want one shape", ops.ErrShape, k.name, in)
		}
	}
	return []tensor.Shape{in[0].Clone()}, nil
}

func (k *pointKernel[T]) Forward(in, out [][]T) error {
	x, d := make([]float64, len(in)), make([]float64, len(in))
	for i := range out[0] {
		for j := range in {
			x[j] = float64(in[j][i])
		}
		out[0][i] = T(k.f(x, d))
	}
	return nil
}

func (k *pointKernel[T]) Backward(in, _, gout, gin [][]T) error {
	x, d := make([]float64, len(in)), make([]float64, len(in))
	for i := range in[0] {
		for j := range in {
			x[j] = float64(in[j][i])
		}
		clear(d)
		if gout[0] != nil {
			k.f(x, d)
		}
		for j, g := range gin {
			if g == nil {
				continue
			}
			if g[i] = 0; gout[0] != nil {
				g[i] = T(float64(gout[0][i]) * d[j])
			}
		}
	}
	return nil
}
