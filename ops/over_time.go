package ops

import (
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/internal/kernel"
)

// overTime reduces [T, B, N] to [B, N]. Sums and means of spikes go by events.
type overTime[T Float] struct {
	kind   reduction
	b, n   int
	piece  Piece
	argmax []int
	sums   []float64  // so far: T is too short for long sequences
	events *Stream[T] // x, where it is listed
	x, y   []T        // what Forward is at work on
	rows   func(lo, hi int)
	g      []T // the gradient of x in every step, of sums and means; nil: none
	share  []T // of means
}

func (k *overTime[T]) Name() string { return k.kind.String() }

func (k *overTime[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	s, err := sequenceShape(k.Name(), in[0])
	if err != nil {
		return nil, err
	}
	k.b, k.n = s[1], s[2]
	k.piece = Piece{To: s[0], Steps: s[0]}
	k.rows = k.forwardRows // made once, so that a run allocates nothing
	if k.kind.adds() {
		k.sums = make([]float64, k.b*k.n)
	} else {
		k.argmax = make([]int, k.b*k.n)
	}
	return []tensor.Shape{{s[1], s[2]}}, nil
}

func (k *overTime[T]) Sequences() (in, out, states int) { return 1, 0, 0 }
func (k *overTime[T]) Begin([][]T)                      {}
func (k *overTime[T]) Piece(p Piece)                    { k.piece = p }

func (k *overTime[T]) Output(int) (*Stream[T], bool) { return nil, false }

func (k *overTime[T]) Gradient(int) *Stream[T] {
	if !k.kind.adds() {
		return nil
	}
	return &Stream[T]{Rows: k.gradientRows, Panel: anyPanel}
}

// anyPanel is more columns than there are: rows are not computed from a matrix.
const anyPanel = 1 << 30

func (k *overTime[T]) ReadInput(_ int, s *Stream[T]) bool {
	if k.kind.adds() && s.Events != nil {
		k.events = s
	}
	return k.events != nil
}

func (k *overTime[T]) ReadGradient(int, *Stream[T]) bool { return false }

// A task takes about taskNumbers through time, whose sums stay near, if there are enough steps to
// be worth it.
const (
	taskNumbers = 1 << 11
	taskWork    = 1 << 14
)

func (k *overTime[T]) Forward(in, out [][]T) error {
	k.x, k.y = in[0], out[0]
	rows := k.b
	if (k.piece.To-k.piece.From)*k.b*k.n > taskWork {
		rows = max(1, min(taskNumbers/max(1, k.n), (k.b+7)/8))
	}
	if k.piece.Rows == 0 {
		kernel.Blocks(k.b, rows, k.rows)
		k.x, k.y = nil, nil
	}
	return nil
}

// ByRows is that of [RowStepper]: the whole gradient comes from outside of the pieces.
func (k *overTime[T]) ByRows(_, _ [][]T) bool { return true }

func (k *overTime[T]) ForwardRows(lo, hi int) { k.forwardRows(lo, hi) }
func (k *overTime[T]) BackwardRows(_, _ int)  {}
func (k *overTime[T]) BackwardEnd()           {}

// forwardRows takes some rows of the batch through time.
func (k *overTime[T]) forwardRows(lo, hi int) {
	first, end, step := lo*k.n, hi*k.n, k.b*k.n
	y, adds := k.y[first:end], k.kind.adds()
	if adds && k.piece.From == 0 {
		clear(k.sums[first:end])
	}
	for t := range k.piece.To - k.piece.From {
		if k.x == nil {
			for b := lo; b < hi; {
				order, r := k.events.Events.Order(), t*k.b+b
				place := order.Place(r)
				for end := b + order.Run(r, hi-b); b < end; b++ {
					addEvents(k.sums[b*k.n:(b+1)*k.n], k.events.Events, place)
					place++
				}
			}
			continue
		}
		switch x, at := k.x[t*step+first:t*step+end], k.piece.From+t; {
		case adds:
			kernel.Accumulate(k.sums[first:end], x)
		case k.kind == last:
			if at == k.piece.Steps-1 {
				copy(y, x)
			}
		case at == 0:
			copy(y, x)
			clear(k.argmax[first:end])
		default:
			best := k.argmax[first:end]
			for i, v := range x {
				if v > y[i] || v != v {
					y[i], best[i] = v, at
				}
			}
		}
	}
	if adds {
		summed(k.kind, y, k.sums[first:end], k.piece.Steps)
	}
}

// summed writes the sums over so many steps, or their means.
func summed[T Float](kind reduction, y []T, sums []float64, steps int) {
	n := 1.0
	if kind == mean {
		n = float64(steps)
	}
	for i, s := range sums {
		y[i] = T(s / n)
	}
}

// addEvents adds the row of a matrix of events that lies at a place to y.
func addEvents[T Float](y []float64, e *kernel.Events[T], place int) {
	col, val := e.At(place)
	if val == nil {
		for _, j := range col {
			y[j]++
		}
		return
	}
	for i, j := range col {
		y[j] += float64(val[i])
	}
}

func (k *overTime[T]) Backward(_, _, gout, gin [][]T) error {
	g, d, step := gout[0], gin[0], k.b*k.n
	k.g = g
	if k.kind == mean && g != nil {
		k.share = append(k.share[:0], g...)
		for i := range k.share {
			k.share[i] /= T(k.piece.Steps)
		}
		k.g = k.share
	}
	if d == nil {
		return nil
	}
	for t := range k.piece.To - k.piece.From {
		at, row := k.piece.From+t, d[t*step:(t+1)*step]
		switch {
		case g != nil && (k.kind.adds() || k.kind == last && at == k.piece.Steps-1):
			copy(row, k.g)
		default:
			clear(row)
		}
		if g != nil && k.kind == maximum {
			for i, v := range g {
				if k.argmax[i] == at {
					row[i] = v
				}
			}
		}
	}
	return nil
}

// gradientRows computes rows of the gradient of x.
func (k *overTime[T]) gradientRows(dst []T, ld, first, rows, from, to int, _ *kernel.Scratch[T]) {
	for i := range rows {
		row := dst[i*ld:][:to-from]
		if k.g == nil {
			clear(row)
			continue
		}
		copy(row, k.g[(first+i)%k.b*k.n+from:])
	}
}
