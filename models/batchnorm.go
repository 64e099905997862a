package models

import (
	"fmt"
	"math"
	"slices"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/ops"
)

// BatchNorm brings each channel c to a mean and a width of its own:
//
//	y = scale[c] (x - mean[c]) / sqrt(variance[c] + Eps) + shift[c]
//
// While a program is trained, mean and variance are those of the batch, over all else (of
// a sequence over time, too), and gradients flow through them; each run moves the
// running ones towards them,
//
//	running = (1 - Momentum) running + Momentum batch
//	          variance: M/(M-1) of the batch's, of M numbers
//
// which a program without gradient (graph.Settings.NoGrad) uses. Parameters: name/scale, 1 at
// first, and name/shift, 0; buffers, which are kept with them: name/mean and name/variance. Source:
// Ioffe & Szegedy 2015, arXiv:1502.03167.
//
// Behind a [Linear] or [Conv] a trained one is part of the weights, see [BatchNorm.Fold].
type BatchNorm struct {
	// Channels is how many channels there are: C, behind a [Conv] to images [C, H, W]; 0 means that
	// each neuron is one.
	Channels int
	Momentum float64 // in (0, 1]; 0 means 0.1
	Eps      float64 // 0 means BatchNormEps
	// Length is the number of steps of each row of a sequence, [B], see train.Lengths: what is
	// beyond the end of a sample, which pads it, is not counted. nil: all steps.
	Length *G.Node
}

// BatchNormEps is the Eps of a [BatchNorm] that does not say another.
const BatchNormEps = 1e-5

// Apply adds the layer; x is [B, N] or [T, B, N]. Settings out of range, and a batch of one
// number for each channel, are errors that wrap [ErrParameter].
func (n BatchNorm) Apply(b *graph.Builder, name string, x *G.Node) *G.Node {
	if n.Momentum == 0 {
		n.Momentum = 0.1
	}
	if n.Eps == 0 {
		n.Eps = BatchNormEps
	}
	if !(n.Momentum > 0 && n.Momentum <= 1) || !(n.Eps > 0) || x.Dims() < 2 {
		b.Fail(fmt.Errorf("%w: BatchNorm %q of %v with Momentum %v and Eps %v, want [B, N] or [T, B, N], a number in (0, 1], and a positive one", ErrParameter, name, x.Shape(), n.Momentum, n.Eps))
	}
	channels := n.Channels
	if width := x.Shape()[x.Dims()-1]; channels == 0 {
		channels = width
	} else if channels < 0 || width%channels != 0 {
		b.Fail(fmt.Errorf("%w: BatchNorm %q of %v: %d channels, want a divisor of %d", ErrParameter, name, x.Shape(), channels, width))
	}
	m := float64(x.Shape().TotalSize() / channels)
	scale, shift := b.Param(name+"/scale", Constant(1), channels), b.Param(name+"/shift", Constant(0), channels)
	mean, variance := b.Buffer(name+"/mean", Constant(0), channels), b.Buffer(name+"/variance", Constant(1), channels)
	if b.Training() {
		if m == 1 {
			b.Fail(fmt.Errorf("%w: BatchNorm %q of %v has one number for each channel, want more", ErrParameter, name, x.Shape()))
		}
		var batchMean, batchVariance, unbiased *G.Node
		var err error
		share := n.Momentum
		if n.Length != nil {
			batchMean, batchVariance, unbiased, err = ops.MomentsUntil(x, n.Length, channels)
		} else {
			batchMean, batchVariance, err = ops.Moments(x, channels)
			unbiased, share = batchVariance, n.Momentum*m/(m-1)
		}
		move := func(running, batch *G.Node, share float64) *G.Node {
			return b.Check(G.Add(b.Check(ops.Affine(running, 1-n.Momentum, 0)), b.Check(ops.Affine(b.Check(ops.Detach(b.Check(batch, err))), share, 0))))
		}
		b.Update(name+"/mean", move(mean, batchMean, n.Momentum))
		b.Update(name+"/variance", move(variance, unbiased, share))
		mean, variance = batchMean, batchVariance
	}
	return b.Check(ops.Normalise(x, mean, variance, scale, shift, n.Eps))
}

// Fold returns the parameters of the layer in front of a trained normalisation with it in them, for
// networks without a normalisation of their own:
//
//	f = scale/sqrt(variance + Eps)
//	W'[o] = f[o] W[o],   bias'[o] = f[o] (bias[o] - mean[o]) + shift[o]
//
// where W are the weights of an output or, of a [Conv], of a channel. norm is the name of the
// normalisation, weights that of W, whose bias may be missing. The results are in the order of W
// and as many as there are outputs.
//
// Errors: [ErrParameter] where a parameter is missing or has another size.
func (n BatchNorm) Fold(params *graph.Params, norm, weights string) (w, bias []float64, err error) {
	if n.Eps == 0 {
		n.Eps = BatchNormEps
	}
	read := func(name string) []float64 {
		v := params.Value(name)
		if v == nil {
			return nil
		}
		if x := ops.Slice[float64](v); x != nil {
			return slices.Clone(x)
		}
		x := make([]float64, v.DataSize())
		for i, f := range ops.Slice[float32](v) {
			x[i] = float64(f)
		}
		return x
	}
	w, bias = read(weights), read(weights+"/bias")
	scale, shift, mean, variance := read(norm+"/scale"), read(norm+"/shift"), read(norm+"/mean"), read(norm+"/variance")
	out := len(scale)
	if bias == nil {
		bias = make([]float64, out)
	}
	if out == 0 || len(shift) != out || len(mean) != out || len(variance) != out || len(bias) != out || len(w) == 0 || len(w)%out != 0 {
		return nil, nil, fmt.Errorf("%w: BatchNorm %q of %d channels behind the weights %q, of which there are %d, with %d biases", ErrParameter, norm, out, weights, len(w), len(bias))
	}
	channel := func(i int) int { return i % out } // [in, out]
	if params.Value(weights).Dims() > 2 {
		channel = func(i int) int { return i / (len(w) / out) }
	}
	for o := range bias {
		scale[o] /= math.Sqrt(variance[o] + n.Eps)
		bias[o] = float64(scale[o]*(bias[o]-mean[o])) + shift[o]
	}
	for i := range w {
		w[i] *= scale[channel(i)]
	}
	return w, bias, nil
}
