package ops

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/internal/fmath"
)

// SoftmaxCrossEntropy returns the mean over the batch of the cross-entropy between
// softmax(logits) and the class of each row, as a scalar:
//
//	L = -(1/B) Σ_b ln( exp(z[b, c_b]) / Σ_n exp(z[b, n]) )
//	dL/dz[b, n] = (softmax(z[b])[n] - 1[n = c_b]) / B
//
// logits has shape [B, N], classes has shape [B] and holds the class numbers 0..N-1 as floats. The
// largest logit of a row is subtracted first, so that no exponential overflows. A row of class -1
// is padding: it counts neither in the sum nor in B. Any other class is an error of the run that
// wraps [ErrValue], as is a batch of padding alone. No gradient flows to the classes.
func SoftmaxCrossEntropy(logits, classes *G.Node) (*G.Node, error) {
	return apply1(Kernels{&crossEntropy[float32]{}, &crossEntropy[float64]{}}, []bool{true, false}, logits, classes)
}

type crossEntropy[T Float] struct {
	b, n, rows int
	p          []T // softmax
}

func (k *crossEntropy[T]) Name() string { return "SoftmaxCrossEntropy" }

func (k *crossEntropy[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	z, c := in[0], in[1]
	if z.Dims() != 2 || c.Dims() != 1 || c[0] != z[0] {
		return nil, fmt.Errorf("%w: SoftmaxCrossEntropy of logits %v and classes %v, want [B, N] and [B]", ErrShape, z, c)
	}
	k.b, k.n = z[0], z[1]
	k.p = make([]T, k.b*k.n)
	return []tensor.Shape{{}}, nil
}

func (k *crossEntropy[T]) Forward(in, out [][]T) error {
	z, class := in[0], in[1]
	loss := 0.0
	k.rows = 0
	for b := range k.b {
		p, z := k.p[b*k.n:(b+1)*k.n], z[b*k.n:(b+1)*k.n]
		c := int(class[b])
		if T(c) != class[b] || c < -1 || c >= k.n {
			return fmt.Errorf("%w: SoftmaxCrossEntropy: class %v in row %d, want 0..%d, or -1 for padding", ErrValue, class[b], b, k.n-1)
		}
		if c < 0 {
			clear(p)
			continue
		}
		k.rows++
		top := z[0]
		for _, v := range z {
			top = max(top, v) // NaN if any is
		}
		sum := 0.0
		for i, v := range z {
			e := fmath.Exp(float64(v - top))
			p[i] = T(e)
			sum += e
		}
		for i := range p {
			p[i] = T(float64(p[i]) / sum)
		}
		loss += fmath.Log(sum) - float64(z[c]-top)
	}
	if k.rows == 0 {
		return fmt.Errorf("%w: SoftmaxCrossEntropy: all %d rows are padding", ErrValue, k.b)
	}
	out[0][0] = T(loss / float64(k.rows))
	return nil
}

func (k *crossEntropy[T]) Backward(in, _, gout, gin [][]T) error {
	d := gin[0]
	if gout[0] == nil {
		clear(d)
		return nil
	}
	g := gout[0][0] / T(k.rows)
	for i, p := range k.p {
		d[i] = g * p
	}
	for b, c := range in[1] {
		if c >= 0 {
			d[b*k.n+int(c)] -= g
		}
	}
	return nil
}

// MSE returns the mean squared error between two nodes of one shape, as a scalar:
//
//	L = (1/M) Σ_i (x_i - y_i)²,   dL/dx_i = 2 (x_i - y_i) / M = -dL/dy_i
//
// where M is the number of elements.
func MSE(x, y *G.Node) (*G.Node, error) {
	return apply1(Kernels{&mse[float32]{}, &mse[float64]{}}, nil, x, y)
}

type mse[T Float] struct{ n int }

func (k *mse[T]) Name() string { return "MSE" }

func (k *mse[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	if !sameShape(in[0], in[1]) {
		return nil, fmt.Errorf("%w: MSE of %v and %v", ErrShape, in[0], in[1])
	}
	k.n = in[0].TotalSize()
	return []tensor.Shape{{}}, nil
}

func (k *mse[T]) Forward(in, out [][]T) error {
	sum := 0.0
	for i, x := range in[0] {
		d := float64(x - in[1][i])
		sum += float64(d * d)
	}
	out[0][0] = T(sum / float64(k.n))
	return nil
}

func (k *mse[T]) Backward(in, _, gout, gin [][]T) error {
	g := T(0)
	if gout[0] != nil {
		g = 2 * gout[0][0] / T(k.n)
	}
	for i, x := range in[0] {
		d := g * (x - in[1][i])
		if gin[0] != nil {
			gin[0][i] = d
		}
		if gin[1] != nil {
			gin[1][i] = -d
		}
	}
	return nil
}

// RateBounds is a regulariser of firing rates. It returns, as a scalar, the mean
// over the neurons of the squared distance of the neuron's mean spike count from
// the interval [Lower, Upper]:
//
//	n_i = (1/B) Σ_t Σ_b s[t, b, i]
//	L   = (1/N) Σ_i max(0, Lower - n_i)² + max(0, n_i - Upper)²
//
// in spikes per sequence and sample, from spikes [T, B, N]. The lower bound wakes
// silent neurons, the upper one bounds activity. After Cramer et al. 2022,
// doi:10.1109/TNNLS.2020.3044364, whose upper bound is of the mean over the neurons.
type RateBounds struct {
	Lower float64 // spikes per sequence; 0: no lower bound
	Upper float64 // spikes per sequence; +Inf: no upper bound; 0: no spikes wanted
}

// Apply returns the regulariser of spikes [T, B, N] as a scalar node. Bounds that
// are not 0 <= Lower <= Upper are an error that wraps [ErrValue].
func (r RateBounds) Apply(spikes *G.Node) (*G.Node, error) {
	if !(r.Lower >= 0) || !(r.Lower <= r.Upper) || math.IsInf(r.Lower, 1) {
		return nil, fmt.Errorf("%w: RateBounds from %v to %v, want 0 <= Lower <= Upper and a finite Lower", ErrValue, r.Lower, r.Upper)
	}
	return apply1(Kernels{&rateBounds[float32]{RateBounds: r}, &rateBounds[float64]{RateBounds: r}}, nil, spikes)
}

type rateBounds[T Float] struct {
	RateBounds
	t, b, n int
	excess  []float64 // n_i - Upper where positive, n_i - Lower where negative
}

func (k *rateBounds[T]) Name() string { return "RateBounds" }

func (k *rateBounds[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	s, err := sequenceShape(k.Name(), in[0])
	if err != nil {
		return nil, err
	}
	k.t, k.b, k.n = s[0], s[1], s[2]
	k.excess = make([]float64, k.n)
	return []tensor.Shape{{}}, nil
}

func (k *rateBounds[T]) Forward(in, out [][]T) error {
	clear(k.excess)
	for row := range k.t * k.b {
		for i, s := range in[0][row*k.n : (row+1)*k.n] {
			k.excess[i] += float64(s)
		}
	}
	loss := 0.0
	for i, count := range k.excess {
		n := count / float64(k.b)
		d := max(0, n-k.Upper) + min(0, n-k.Lower)
		k.excess[i] = d
		loss += float64(d * d)
	}
	out[0][0] = T(loss / float64(k.n))
	return nil
}

func (k *rateBounds[T]) Backward(_, _, gout, gin [][]T) error {
	if gout[0] == nil {
		clear(gin[0])
		return nil
	}
	g := 2 * float64(gout[0][0]) / float64(k.n) / float64(k.b)
	for row := range k.t * k.b {
		for i, d := range k.excess {
			gin[0][row*k.n+i] = T(g * d)
		}
	}
	return nil
}
