package models

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/ops"
)

// BatchNorm brings each channel n, the last axis of its input, to a mean and a width of its own:
//
//	y = scale[n] (x - mean[n]) / sqrt(variance[n] + Eps) + shift[n]
//
// While a program is trained, mean and variance are those of the batch, over all other axes (of
// a sequence [T, B, N] over time, too), and gradients flow through them; each run moves the
// running ones towards them,
//
//	running = (1 - Momentum) running + Momentum batch      variance: M/(M-1) of the batch's, of M numbers
//
// which a program without gradient (graph.Settings.NoGrad) uses. Parameters: name/scale, 1 at first,
// and name/shift, 0; buffers, which are kept with them: name/mean and name/variance.
// Source: Ioffe & Szegedy 2015, arXiv:1502.03167.
type BatchNorm struct {
	Momentum float64 // in (0, 1]; 0 means 0.1
	Eps      float64 // 0 means 1e-5
}

// Apply adds the layer; x is [B, N] or [T, B, N]. Settings out of range, and a batch of one
// number for each channel, are errors that wrap [ErrParameter].
func (n BatchNorm) Apply(b *graph.Builder, name string, x *G.Node) *G.Node {
	if n.Momentum == 0 {
		n.Momentum = 0.1
	}
	if n.Eps == 0 {
		n.Eps = 1e-5
	}
	if !(n.Momentum > 0 && n.Momentum <= 1) || !(n.Eps > 0) || x.Dims() < 2 {
		b.Fail(fmt.Errorf("%w: BatchNorm %q of %v with Momentum %v and Eps %v, want [B, N] or [T, B, N], a number in (0, 1], and a positive one", ErrParameter, name, x.Shape(), n.Momentum, n.Eps))
	}
	channels := x.Shape()[x.Dims()-1]
	m := float64(x.Shape().TotalSize() / channels)
	scale, shift := b.Param(name+"/scale", Constant(1), channels), b.Param(name+"/shift", Constant(0), channels)
	mean, variance := b.Buffer(name+"/mean", Constant(0), channels), b.Buffer(name+"/variance", Constant(1), channels)
	if b.Training() {
		if m == 1 {
			b.Fail(fmt.Errorf("%w: BatchNorm %q of %v has one number for each channel, want more", ErrParameter, name, x.Shape()))
		}
		batchMean, batchVariance, err := ops.Moments(x)
		move := func(running, batch *G.Node, share float64) *G.Node {
			return b.Check(G.Add(b.Check(ops.Affine(running, 1-n.Momentum, 0)), b.Check(ops.Affine(b.Check(ops.Detach(b.Check(batch, err))), share, 0))))
		}
		b.Update(name+"/mean", move(mean, batchMean, n.Momentum))
		b.Update(name+"/variance", move(variance, batchVariance, n.Momentum*m/(m-1)))
		mean, variance = batchMean, batchVariance
	}
	return b.Check(ops.Normalise(x, mean, variance, scale, shift, n.Eps))
}
