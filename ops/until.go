package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/internal/kernel"
)

// Operations on sequences of different lengths in one array x [T, B, N]: length [B] is the number
// of steps of each, from 1 to T. What is beyond has no influence on a result or a gradient,
// whatever it is, and a result has the same bits for every T. No gradient flows to length.

// Until returns, [T, B, N],
//
//	y[t] = x[t] where t < length, else 0
func Until(x, length *G.Node) (*G.Node, error) { return applyUntil(mask, x, length) }

// SumUntil is [SumOverTime] of the first steps of each row, [B, N]:
//
//	y = Σ_{t<length} x[t]
func SumUntil(x, length *G.Node) (*G.Node, error) { return applyUntil(sum, x, length) }

// MeanUntil is [MeanOverTime] of the first steps of each row, [B, N]:
//
//	y = (1/length) Σ_{t<length} x[t]
func MeanUntil(x, length *G.Node) (*G.Node, error) { return applyUntil(mean, x, length) }

// MaxUntil is [MaxOverTime] of the first steps of each row, [B, N]:
//
//	y = max_{t<length} x[t]
//
// The gradient goes to the first step that reaches the maximum.
func MaxUntil(x, length *G.Node) (*G.Node, error) { return applyUntil(maximum, x, length) }

// LastUntil is the last of the first steps of each row, [B, N]:
//
//	y = x[length-1]
func LastUntil(x, length *G.Node) (*G.Node, error) { return applyUntil(last, x, length) }

// FirstSpikeUntil is [FirstSpikeTime] of spikes [T, B, N] until length [B],
//
//	t_first = dt Σ_{t<length} Π_{u<=t} (1 - s[u])
//
// so that the first spike of a neuron that is silent is at the end of its sample, not of the
// window.
func FirstSpikeUntil(spikes, length *G.Node, dt float64) (*G.Node, error) {
	inside, err := Until(spikes, length)
	if err != nil {
		return nil, err
	}
	behind, err := Detach(spikes) // ones behind the end
	for _, f := range []func(*G.Node) (*G.Node, error){
		func(n *G.Node) (*G.Node, error) { return Affine(n, 0, 1) },
		func(n *G.Node) (*G.Node, error) { return Until(n, length) },
		func(n *G.Node) (*G.Node, error) { return Affine(n, -1, 1) },
	} {
		if err == nil {
			behind, err = f(behind)
		}
	}
	if err != nil {
		return nil, err
	}
	ended, err := G.Add(inside, behind)
	if err != nil {
		return nil, err
	}
	return FirstSpikeTime(ended, dt)
}

// mask is the reduction that is none.
const mask = last + 1

func applyUntil(kind reduction, x, length *G.Node) (*G.Node, error) {
	return apply1(Kernels{&until[float32]{kind: kind}, &until[float64]{kind: kind}}, []bool{true, false}, x, length)
}

// until reduces the first steps of each row of [T, B, N].
type until[T Float] struct {
	kind    reduction
	t, b, n int
	piece   Piece
	argmax  []int
	sums    []float64  // so far
	events  *Stream[T] // x, where it is listed
	lengths []T
	g       []T // the gradient of x until the end of each row, of sums and means; nil: none
	share   []T // of means
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
	k.piece = Piece{To: k.t, Steps: k.t}
	if k.kind == mask {
		return []tensor.Shape{s.Clone()}, nil
	}
	if k.kind.adds() {
		k.sums = make([]float64, k.b*k.n)
	} else {
		k.argmax = make([]int, k.b*k.n)
	}
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

func (k *until[T]) Sequences() (in, out, states int) {
	if k.kind == mask {
		return 1, 1, 0
	}
	return 1, 0, 0
}
func (k *until[T]) Begin([][]T)   {}
func (k *until[T]) Piece(p Piece) { k.piece = p }

func (k *until[T]) Output(int) (*Stream[T], bool) { return nil, false }

func (k *until[T]) Gradient(i int) *Stream[T] {
	if i != 0 || !k.kind.adds() {
		return nil
	}
	return &Stream[T]{Rows: k.gradientRows, Panel: anyPanel}
}

func (k *until[T]) ReadInput(i int, s *Stream[T]) bool {
	if i != 0 || !k.kind.adds() || s.Events == nil {
		return false
	}
	k.events = s
	return true
}

func (k *until[T]) ReadGradient(int, *Stream[T]) bool { return false }

func (k *until[T]) Forward(in, out [][]T) error {
	x, y := in[0], out[0]
	for b := range k.b {
		steps, err := k.steps(in[1], b)
		if err != nil {
			return err
		}
		if k.kind == mask {
			for t := range k.piece.To - k.piece.From {
				if to := k.row(y, t, b); k.piece.From+t < steps {
					copy(to, k.row(x, t, b))
				} else {
					clear(to)
				}
			}
			continue
		}
		if k.kind.adds() {
			k.add(y[b*k.n:][:k.n], k.sums[b*k.n:][:k.n], x, b, steps)
		} else {
			k.reduce(y[b*k.n:][:k.n], k.argmax[b*k.n:][:k.n], x, b, steps)
		}
	}
	return nil
}

// row returns row b of a step of the piece.
func (k *until[T]) row(x []T, t, b int) []T { return x[(t*k.b+b)*k.n:][:k.n] }

// add goes through the steps of a row in the piece, of sums and means.
func (k *until[T]) add(y []T, sums []float64, x []T, b, steps int) {
	if k.piece.From == 0 {
		clear(sums)
	}
	for t := range min(k.piece.To, steps) - k.piece.From {
		if x == nil {
			addEvents(sums, k.events.Events, k.events.Events.Order().Place(t*k.b+b))
		} else {
			kernel.Accumulate(sums, k.row(x, t, b))
		}
	}
	summed(k.kind, y, sums, steps)
}

// reduce goes through the steps of a row in the piece, of the others.
func (k *until[T]) reduce(y []T, best []int, x []T, b, steps int) {
	if k.piece.From == 0 {
		clear(y)
		clear(best)
	}
	for t := range min(k.piece.To, steps) - k.piece.From {
		at := k.piece.From + t
		switch {
		case k.kind == last:
			if at == steps-1 {
				copy(y, k.row(x, t, b))
			}
		case at == 0:
			copy(y, k.row(x, t, b))
		default:
			for i, v := range k.row(x, t, b) {
				if v > y[i] || v != v {
					y[i], best[i] = v, at
				}
			}
		}
	}
}

func (k *until[T]) Backward(in, _, gout, gin [][]T) error {
	g, d := gout[0], gin[0]
	k.g, k.lengths = g, in[1]
	if k.kind == mean && g != nil {
		k.share = append(k.share[:0], g...)
		for b := range k.b {
			for i := range k.n {
				k.share[b*k.n+i] /= in[1][b]
			}
		}
		k.g = k.share
	}
	if d == nil {
		return nil
	}
	clear(d)
	if g == nil {
		return nil
	}
	for b := range k.b {
		steps, err := k.steps(in[1], b)
		if err != nil {
			return err
		}
		for t := range min(k.piece.To, steps) - k.piece.From {
			at, to := k.piece.From+t, k.row(d, t, b)
			switch k.kind {
			case mask:
				copy(to, k.row(g, t, b))
			case last:
				if at == steps-1 {
					copy(to, g[b*k.n:])
				}
			case maximum:
				for i, first := range k.argmax[b*k.n:][:k.n] {
					if first == at {
						to[i] = g[b*k.n+i]
					}
				}
			default:
				copy(to, k.g[b*k.n:])
			}
		}
	}
	return nil
}

// gradientRows computes rows of the gradient of x.
func (k *until[T]) gradientRows(dst []T, ld, first, rows, from, to int, _ *kernel.Scratch[T]) {
	for i := range rows {
		row, t, b := dst[i*ld:][:to-from], (first+i)/k.b, (first+i)%k.b
		if k.g == nil || k.piece.From+t >= int(k.lengths[b]) {
			clear(row)
			continue
		}
		copy(row, k.g[b*k.n+from:])
	}
}
