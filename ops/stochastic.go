package ops

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/surrogate"
)

// stochastic is the kernel of StochasticSpike.
type stochastic[T Float] struct {
	s    surrogate.Surrogate
	twin bool
}

func (k *stochastic[T]) Name() string { return "StochasticSpike" }

func (k *stochastic[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	if !sameShape(in[0], in[1]) {
		return nil, fmt.Errorf("%w: StochasticSpike of x %v and noise %v, want one shape", ErrShape, in[0], in[1])
	}
	return []tensor.Shape{in[0].Clone()}, nil
}

func (k *stochastic[T]) Forward(in, out [][]T) error {
	surrogate.Antiderivatives(k.s, out[0], in[0])
	area := T(k.s.Area())
	for i, p := range out[0] {
		p /= area
		switch {
		case k.twin || p != p:
			out[0][i] = p
		case in[1][i] < p:
			out[0][i] = 1
		default:
			out[0][i] = 0
		}
	}
	return nil
}

func (k *stochastic[T]) Backward(in, _, gout, gin [][]T) error {
	if d := gin[1]; d != nil {
		clear(d)
	}
	d := gin[0]
	switch {
	case d == nil:
	case gout[0] == nil:
		clear(d)
	default:
		surrogate.Slopes(k.s, d, in[0])
		area := T(k.s.Area())
		for i, g := range gout[0] {
			d[i] *= g / area
		}
	}
	return nil
}
