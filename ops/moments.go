package ops

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Moments returns mean and variance of each channel over all else:
//
//	mean[c] = (1/M) Σ_i x[i],   variance[c] = (1/M) Σ_i (x[i] - mean[c])²      i of channel c
//
// x is [B, N] or [T, B, N], the results are [channels]. N is a multiple of channels, and a channel
// is so many neighbours along the last axis, as in images [C, H, W] that are flat; with N channels
// each neuron is one. Sums are in float64. Cost: O(size of x).
func Moments(x *G.Node, channels int) (mean, variance *G.Node, err error) {
	out, err := Apply(Kernels{&moments[float32]{c: channels}, &moments[float64]{c: channels}}, nil, x)
	if err != nil {
		return nil, nil, err
	}
	return out[0], out[1], nil
}

// MomentsUntil is Moments of the steps t < length of each row alone, of x [T, B, N] and length [B],
// with as many more steps as there may be. unbiased is the variance times M/(M-1), of M numbers.
func MomentsUntil(x, length *G.Node, channels int) (mean, variance, unbiased *G.Node, err error) {
	out, err := Apply(Kernels{&moments[float32]{c: channels, until: true}, &moments[float64]{c: channels, until: true}}, []bool{true, false}, x, length)
	if err != nil {
		return nil, nil, nil, err
	}
	return out[0], out[1], out[2], nil
}

type moments[T Float] struct {
	c             int
	until         bool // there are lengths, and the unbiased variance
	m, n, area    int  // numbers and neurons of a channel
	rows          int
	mean, squares []float64
}

func (k *moments[T]) Name() string {
	if k.until {
		return "MomentsUntil"
	}
	return "Moments"
}

func (k *moments[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	s := in[0]
	if s.Dims() < 2 {
		return nil, fmt.Errorf("%w: Moments of %v, want at least two axes", ErrShape, s)
	}
	k.n = s[s.Dims()-1]
	if k.c <= 0 || k.n%k.c != 0 {
		return nil, fmt.Errorf("%w: Moments of %v in %d channels", ErrShape, s, k.c)
	}
	k.area, k.m = k.n/k.c, s.TotalSize()/k.c
	k.mean, k.squares = make([]float64, k.c), make([]float64, k.c)
	if !k.until {
		return []tensor.Shape{{k.c}, {k.c}}, nil
	}
	if s.Dims() != 3 || !sameShape(in[1], tensor.Shape{s[1]}) {
		return nil, fmt.Errorf("%w: MomentsUntil of %v with lengths of %v, want [T, B, N] and [B]", ErrShape, s, in[1])
	}
	k.rows = s[1]
	return []tensor.Shape{{k.c}, {k.c}, {k.c}}, nil
}

// inside tells whether element i is before the end of its row.
func (k *moments[T]) inside(in [][]T, i int) bool {
	return !k.until || T(i/k.n/k.rows) < in[1][i/k.n%k.rows]
}

func (k *moments[T]) Forward(in, out [][]T) error {
	clear(k.mean)
	if k.until {
		k.m = 0
	}
	for i, v := range in[0] {
		if !k.inside(in, i) {
			continue
		}
		k.mean[i%k.n/k.area] += float64(v)
		if k.until && i%k.n < k.area {
			k.m++
		}
	}
	clear(k.squares)
	k.m = max(k.m, 1)
	for n := range k.mean {
		k.mean[n] /= float64(k.m)
		out[0][n] = T(k.mean[n])
	}
	for i, v := range in[0] {
		if !k.inside(in, i) {
			continue
		}
		d := float64(v) - k.mean[i%k.n/k.area]
		k.squares[i%k.n/k.area] += float64(d * d)
	}
	for n, s := range k.squares {
		out[1][n] = T(s / float64(k.m))
		if k.until {
			out[2][n] = T(s / float64(max(k.m-1, 1)))
		}
	}
	return nil
}

// dx = (dmean + 2 (x - mean) (dvariance + M/(M-1) dunbiased))/M
func (k *moments[T]) Backward(in, _, gout, gin [][]T) error {
	if k.until && gin[1] != nil {
		clear(gin[1])
	}
	if gin[0] == nil {
		return nil
	}
	for i, v := range in[0] {
		if !k.inside(in, i) {
			gin[0][i] = 0
			continue
		}
		n, g := i%k.n/k.area, 0.0
		if gout[0] != nil {
			g = float64(gout[0][n])
		}
		if gout[1] != nil {
			g += float64(2 * (float64(v) - k.mean[n]) * float64(gout[1][n]))
		}
		if k.until && gout[2] != nil {
			g += float64(2 * (float64(v) - k.mean[n]) * float64(gout[2][n]) * float64(k.m) / float64(max(k.m-1, 1)))
		}
		gin[0][i] = T(g / float64(k.m))
	}
	return nil
}

// Normalise returns each channel at a mean and a width of its own:
//
//	y[i, n] = scale[c] (x[i, n] - mean[c]) / sqrt(variance[c] + eps) + shift[c]      c = n/(N/C)
//
// x has any shape [..., N], the others are [C], where N is a multiple of C, see [Moments];
// gradients flow to all of them. eps must be positive.
func Normalise(x, mean, variance, scale, shift *G.Node, eps float64) (*G.Node, error) {
	if !(eps > 0) || !finite(eps) {
		return nil, fmt.Errorf("%w: Normalise with eps = %v, want a positive number", ErrValue, eps)
	}
	return apply1(Kernels{&normalise[float32]{eps: eps}, &normalise[float64]{eps: eps}}, nil, x, mean, variance, scale, shift)
}

type normalise[T Float] struct {
	eps  float64
	n    int          // neurons
	area int          // neurons of a channel
	sums [5][]float64 // of mean, variance, scale, shift, from 1 on
}

func (*normalise[T]) Name() string { return "Normalise" }

func (k *normalise[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	s := in[0]
	if s.Dims() == 0 {
		return nil, fmt.Errorf("%w: Normalise of a scalar", ErrShape)
	}
	k.n = s[s.Dims()-1]
	channels := in[1].TotalSize()
	if channels == 0 || k.n%channels != 0 {
		return nil, fmt.Errorf("%w: Normalise of %v with %d channels", ErrShape, s, channels)
	}
	k.area = k.n / channels
	for i := range k.sums {
		k.sums[i] = make([]float64, channels)
	}
	for i, p := range in[1:] {
		if !sameShape(p, tensor.Shape{channels}) {
			return nil, fmt.Errorf("%w: Normalise of %v: operand %d has shape %v, want (%d)", ErrShape, s, i+1, p, channels)
		}
	}
	return []tensor.Shape{s.Clone()}, nil
}

func (k *normalise[T]) Forward(in, out [][]T) error {
	for i, v := range in[0] {
		n := i % k.n / k.area
		r := 1 / math.Sqrt(float64(in[2][n])+k.eps)
		out[0][i] = T(float64(float64(in[3][n])*float64(v-in[1][n])*r) + float64(in[4][n]))
	}
	return nil
}

func (k *normalise[T]) Backward(in, _, gout, gin [][]T) error {
	sums := &k.sums
	for i := range sums {
		clear(sums[i])
		if gin[i] != nil {
			clear(gin[i])
		}
	}
	if gout[0] == nil {
		return nil
	}
	for i, v := range in[0] {
		n, g := i%k.n/k.area, float64(gout[0][i])
		r, d, scale := 1/math.Sqrt(float64(in[2][n])+k.eps), float64(v-in[1][n]), float64(in[3][n])
		dx := float64(g * scale * r)
		if gin[0] != nil {
			gin[0][i] = T(dx)
		}
		sums[1][n] -= dx
		sums[2][n] -= float64(0.5 * dx * d * r * r)
		sums[3][n] += float64(g * d * r)
		sums[4][n] += g
	}
	for j := 1; j < 5; j++ {
		for n, s := range sums[j] {
			if gin[j] != nil {
				gin[j][n] = T(s)
			}
		}
	}
	return nil
}
