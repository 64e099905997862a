package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Operations on sequences of different lengths in one array x [T, B, N]: length [B] is the number of steps of each, from
// 1 to T. What is beyond has no influence on a result or a gradient, whatever it is, and a result has the same bits for every T. No
// gradient flows to length.

// Until returns x[t] where t < length and 0 beyond, [T, B, N].
func Until(x, length *G.Node) (*G.Node, error) { return applyUntil(mask, x, length) }

// SumUntil returns Σ_t x[t] over t < length, [B, N].
func SumUntil(x, length *G.Node) (*G.Node, error) { return applyUntil(sum, x, length) }

// MeanUntil returns (1/length) Σ_t x[t] over t < length, [B, N].
func MeanUntil(x, length *G.Node) (*G.Node, error) { return applyUntil(mean, x, length) }

// MaxUntil returns max_t x[t] over t < length, [B, N]. The gradient goes to the first step that reaches the maximum.
func MaxUntil(x, length *G.Node) (*G.Node, error) { return applyUntil(maximum, x, length) }

// LastUntil returns x[length-1], [B, N].
func LastUntil(x, length *G.Node) (*G.Node, error) { return applyUntil(last, x, length) }

// mask is the reduction that is none.
const mask = last + 1

func applyUntil(kind reduction, x, length *G.Node) (*G.Node, error) {
	return apply1(Kernels{&until[float32]{kind: kind}, &until[float64]{kind: kind}}, []bool{true, false}, x, length)
}

// until reduces the first steps of each row of [T, B, N].
type until[T Float] struct {
	kind    reduction
	t, b, n int
	argmax  []int
}

func (k *until[T]) Name() string {
	return [...]string{"SumUntil", "MeanUntil", "MaxUntil", "LastUntil", "Until"}[k.kind]
}

func (k *until[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	s, err := sequenceShape(k.Name(), in[0])
	if err != nil {
		return nil, err
	}
	if in[1].Dims() != 1 || in[1][0] != s[1] {
		return nil, fmt.Errorf("%w: %s of %v with lengths %v, want [%d]", ErrShape, k.Name(), s, in[1], s[1])
	}
	k.t, k.b, k.n = s[0], s[1], s[2]
	if k.kind == mask {
		return []tensor.Shape{s.Clone()}, nil
	}
	k.argmax = make([]int, k.b*k.n)
	return []tensor.Shape{{k.b, k.n}}, nil
}

// steps returns the length of row b.
func (k *until[T]) steps(length []T, b int) (int, error) {
	n := int(length[b])
	if T(n) != length[b] || n < 1 || n > k.t {
		return 0, fmt.Errorf("%w: %s: the length of row %d is %v, want a whole number from 1 to %d", ErrValue, k.Name(), b, length[b], k.t)
	}
	return n, nil
}

func (k *until[T]) Forward(in, out [][]T) error {
	x, y, stride := in[0], out[0], k.b*k.n
	for b := range k.b {
		steps, err := k.steps(in[1], b)
		if err != nil {
			return err
		}
		at := func(t int) []T { return x[t*stride+b*k.n:][:k.n] }
		if k.kind == mask {
			for t := range k.t {
				if to := y[t*stride+b*k.n:][:k.n]; t < steps {
					copy(to, at(t))
				} else {
					clear(to)
				}
			}
			continue
		}
		row, best := y[b*k.n:][:k.n], k.argmax[b*k.n:][:k.n]
		if k.kind == last {
			copy(row, at(steps-1))
			continue
		}
		copy(row, at(0))
		clear(best)
		for t := 1; t < steps; t++ {
			for i, v := range at(t) {
				switch {
				case k.kind != maximum:
					row[i] += v
				case v > row[i] || v != v:
					row[i], best[i] = v, t
				}
			}
		}
		if k.kind == mean {
			for i := range row {
				row[i] /= T(steps)
			}
		}
	}
	return nil
}

func (k *until[T]) Backward(in, _, gout, gin [][]T) error {
	g, d, stride := gout[0], gin[0], k.b*k.n
	clear(d)
	if g == nil {
		return nil
	}
	for b := range k.b {
		steps, err := k.steps(in[1], b)
		if err != nil {
			return err
		}
		to := func(t int) []T { return d[t*stride+b*k.n:][:k.n] }
		if k.kind == mask {
			for t := range steps {
				copy(to(t), g[t*stride+b*k.n:])
			}
			continue
		}
		row := g[b*k.n:][:k.n]
		switch k.kind {
		case last:
			copy(to(steps-1), row)
		case maximum:
			for i, v := range row {
				to(k.argmax[b*k.n+i])[i] = v
			}
		default:
			for t := range steps {
				copy(to(t), row)
				for i := range row {
					if k.kind == mean {
						to(t)[i] /= T(steps)
					}
				}
			}
		}
	}
	return nil
}
