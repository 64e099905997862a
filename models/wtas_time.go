package models

import (
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/cells"
	"github.com/surge-snn/surge/internal/kernel"
	"github.com/surge-snn/surge/ops"
)

// clock counts the time since a spike. In whole numbers of steps nothing is lost to rounding; with
// sums the steps are added up in milliseconds in float32.
type clock struct {
	dt   float64
	sums bool
}

// bound is the time from which a unit is ready, as the clock shows it after so many steps.
func (c clock) bound(refract float64, dt tensor.Dtype) float64 {
	steps := math.Round(refract / c.dt)
	switch {
	case c.sums:
		return float64(float32(refract*1e3)) / 1e3
	case math.Abs(refract/c.dt-steps) > 1e-6*max(steps, 1):
		return refract
	case dt == tensor.Float32:
		return float64(float32(steps) * float32(c.dt))
	}
	return float64(steps * c.dt)
}

// later is the time after one more step.
func later[T kernel.Float](c clock, t T) T {
	if c.sums {
		return T(float64(float32(float64(t)*1e3)+float32(c.dt*1e3)) / 1e3)
	}
	return cells.Later(t, T(c.dt))
}

// later adds the node of a time one step later, which passes no gradient on.
func (c clock) later(b *graph.Builder, t *G.Node) *G.Node {
	k := ops.Kernels{Float32: &laterKernel[float32]{c}, Float64: &laterKernel[float64]{c}}
	return b.CheckAll(ops.Apply(k, []bool{false}, t))[0]
}

type laterKernel[T kernel.Float] struct{ clock }

func (*laterKernel[T]) Name() string { return "later" }

func (*laterKernel[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	return []tensor.Shape{in[0].Clone()}, nil
}

func (k *laterKernel[T]) Forward(in, out [][]T) error {
	for i, t := range in[0] {
		out[0][i] = later(k.clock, t)
	}
	return nil
}

func (*laterKernel[T]) Backward(_, _, _, gin [][]T) error {
	clear(gin[0])
	return nil
}
