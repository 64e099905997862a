package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/surrogate"
)

// Spike returns the spikes of neurons whose membrane stands at x above threshold,
// elementwise, for x of any shape:
//
//	s = H(x) = 1 if x > 0, else 0          x = v - VTh
//	ds/dx := S'(x)                          the slope of the surrogate
//
// A NaN stays a NaN, so that it is seen in the loss and not taken for silence.
// Source: surrogate gradients, Neftci, Mostafa & Zenke 2019, doi:10.1109/MSP.2019.2931595.
func Spike(x *G.Node, s surrogate.Surrogate) (*G.Node, error) {
	if err := surrogate.Check(s); err != nil {
		return nil, fmt.Errorf("%w: Spike: %w", ErrValue, err)
	}
	return apply(spike{s}, x)
}

// SmoothSpike is the smoothed twin of [Spike]: the same backward pass, and the
// surrogate's antiderivative as forward pass,
//
//	s = S(x),   ds/dx = S'(x)
//
// so that the gradient is exact and finite differences can check it: a network of neurons that fire
// in part. Source: Gygax & Zenke 2025, arXiv:2404.14964, for what it says of the spike.
func SmoothSpike(x *G.Node, s surrogate.Surrogate) (*G.Node, error) {
	if err := surrogate.Check(s); err != nil {
		return nil, fmt.Errorf("%w: SmoothSpike: %w", ErrValue, err)
	}
	return apply(smoothSpike{spike{s}}, x)
}

type spike struct{ s surrogate.Surrogate }

func (f spike) name() string             { return "Spike(" + f.s.String() + ")" }
func (f spike) value32(dst, x []float32) { Heaviside(dst, x) }
func (f spike) value64(dst, x []float64) { Heaviside(dst, x) }
func (f spike) slope32(dst, x []float32) { surrogate.Slopes(f.s, dst, x) }
func (f spike) slope64(dst, x []float64) { surrogate.Slopes(f.s, dst, x) }

type smoothSpike struct{ spike }

func (f smoothSpike) name() string             { return "SmoothSpike(" + f.s.String() + ")" }
func (f smoothSpike) value32(dst, x []float32) { surrogate.Antiderivatives(f.s, dst, x) }
func (f smoothSpike) value64(dst, x []float64) { surrogate.Antiderivatives(f.s, dst, x) }

// Heaviside writes H(x) into dst, of the same length: 1 where x > 0, 0 where x <= 0, NaN where x is
// NaN.
func Heaviside[T Float](dst, x []T) {
	for i, v := range x[:min(len(x), len(dst))] {
		switch {
		case v > 0:
			dst[i] = 1
		case v <= 0:
			dst[i] = 0
		default:
			dst[i] = v
		}
	}
}
