package models

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/internal/kernel"
	"github.com/surge-snn/surge/ops"
)

// linearKernel is linearCell for the whole sequence: inputs x, W and perhaps bias,
// output y. Where few of the inputs are not zero, the products go by events: those of the
// layer before, or lists that are made of x. Where the layer behind reads the output as a
// stream, there is no y: each of its blocks is computed when it is asked for. So is, the
// other way, the gradient of the spikes of the layer before.
type linearKernel[T kernel.Float] struct {
	rows, in, out int // rows = T·B, of the piece at hand
	batch         int
	split         int         // rows of the batch that come by themselves in the piece, or 0
	span          kernel.Span // of the rows
	counter       denseCounter[T]
	source        *ops.Stream[T]
	input         *ops.Stream[T] // listed in some runs, an array in others
	streamed      bool           // the layer before reads the gradient of x as a stream

	gradient *ops.Stream[T] // of y, where it lies in panels

	weightSum, biasSum  kernel.RowSum[T]
	dw, dbias           []T
	columns             *kernel.Columns[T]
	addWeights, addBias func(from, to int, more bool)

	x, w, bias, y, dx []T
	g                 kernel.Panels[T]
	noGradient        bool
	zero              []T // as many as a row of the output has
	dense             bool
	events            *kernel.Events[T]
	listed            inputEvents[T]
	later             bool             // the events are listed when their rows are computed
	panels            weightPanels[T]  // W, for events
	weights           kernel.Packed[T] // W, for dense inputs
	back              kernel.Packed[T] // W transposed, for the gradient of x

	forward, backward func(lo, hi int)
}

func (k *linearKernel[T]) Name() string { return "linear" }

func (k *linearKernel[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	x, w := in[0], in[1]
	if x.Dims() != 3 || w.Dims() != 2 || x[2] != w[0] {
		return nil, fmt.Errorf("%w: linear: input %v and weights %v, want [T, B, N] and [N, Out]", ops.ErrShape, x, w)
	}
	k.rows, k.in, k.out = x[0]*x[1], x[2], w[1]
	k.batch, k.span = x[1], kernel.Span{To: k.rows, All: k.rows}
	k.zero = make([]T, k.out)
	k.forward, k.backward = k.forwardRows, k.backwardRows
	k.addWeights, k.addBias = k.weightRows, k.biasRows
	return []tensor.Shape{{x[0], x[1], w[1]}}, nil
}

// denseFrom is the share of non-zero inputs from which a dense product is faster than a list of
// events. No bit depends on it: both begin at the bias and go by rising inputs, with one rounding
// in each step.
const denseFrom = 0.3

func (k *linearKernel[T]) Output(int) (*ops.Stream[T], bool) {
	return &ops.Stream[T]{Rows: k.outputRows, Panel: panelOf[T](k.in)}, true
}

func (k *linearKernel[T]) Gradient(i int) *ops.Stream[T] {
	if i != 0 {
		return nil
	}
	k.streamed = true
	return &ops.Stream[T]{Rows: k.gradientRows, Panel: panelOf[T](k.out)}
}

func (k *linearKernel[T]) Sequences() (in, out, states int) { return 1, 1, 0 }

// Stays is that of ops.Follower: lists of events and what is counted are kept with the input.
func (k *linearKernel[T]) Stays(i int, yes bool) {
	if i == 0 {
		k.listed.stays, k.counter.stays = yes, yes
	}
}

// Begin decides for the whole sequence whether the products are dense.
func (k *linearKernel[T]) Begin(in [][]T) {
	if k.source != nil {
		return
	}
	if _, x := k.given(in[0]); x != nil {
		k.counter.count(x, k.in)
	}
}

// given returns the input of the run: events, or an array.
func (k *linearKernel[T]) given(x []T) (*kernel.Events[T], []T) {
	switch {
	case k.source != nil:
		return k.source.Events, nil
	case k.input != nil:
		return k.input.Input()
	}
	return nil, x
}

func (k *linearKernel[T]) Piece(p ops.Piece) {
	k.split = p.Rows
	k.rows, k.span = (p.To-p.From)*k.batch, kernel.Span{From: p.From * k.batch, To: p.To * k.batch, All: p.Steps * k.batch}
}

// Measure says how dense x was.
func (k *linearKernel[T]) Measure() (ops.Measure, bool) {
	switch {
	case k.x == nil && k.events == nil:
		return ops.Measure{}, false
	case k.x == nil:
		return ops.Measure{Density: density(k.events, k.in), Events: true}, k.events.Rows() > 0
	}
	share := k.listed.share
	if k.counter.known {
		share = k.counter.share
	}
	return ops.Measure{Density: share, Events: !k.dense}, true
}

// density is the share of numbers that are not zero in a matrix of events with so many columns.
func density[T kernel.Float](e *kernel.Events[T], cols int) float64 {
	return float64(e.Len()) / float64(max(1, e.Rows()*cols))
}

func (k *linearKernel[T]) ReadInput(i int, s *ops.Stream[T]) bool {
	switch {
	case i != 0:
		return false
	case s.Input != nil:
		k.input = s
	case s.Events != nil:
		k.source = s
	}
	return k.source != nil || k.input != nil
}

func (k *linearKernel[T]) ReadGradient(i int, s *ops.Stream[T]) bool {
	if s.Panels == nil {
		return false
	}
	k.gradient = s
	return true
}

func (k *linearKernel[T]) Forward(in, out [][]T) error {
	k.events, k.x = k.given(in[0])
	k.w, k.bias, k.y = in[1], nil, out[0]
	if len(in) > 2 {
		k.bias = in[2]
	}
	k.dense, k.later = false, false
	if k.x != nil {
		most := denseFrom
		if k.counter.known { // for all pieces alike
			if most = 1; k.counter.share > denseFrom {
				most = -1
			}
		}
		if k.later = k.split > 0 && most == 1; k.later {
			k.events = k.listed.begin(k.x, k.rows, k.in, k.batch, k.split)
		} else {
			k.events = k.listed.list(k.x, k.rows, k.in, most)
		}
		k.dense = k.events == nil
	}
	rows := blockRows
	if k.dense {
		k.weights.Pack(kernel.RowMajor(k.w, k.in, k.out))
	} else if k.panels.set(k.w, k.in, k.out); k.panels.panels.Width < k.out {
		rows = manyRows
	}
	if k.y != nil {
		kernel.Blocks(k.rows, rows, k.forward)
	}
	return nil
}

// A task computes some rows of y; where it gathers from several panels of W, of which each comes to
// the cache in its turn, more rows make use of it.
const (
	blockRows = 48
	manyRows  = 192
)

func (k *linearKernel[T]) forwardRows(lo, hi int) {
	s := kernel.TakeScratch[T]()
	k.outputRows(k.y[lo*k.out:], k.out, lo, hi-lo, 0, k.out, s)
	kernel.KeepScratch(s)
}

func (k *linearKernel[T]) outputRows(dst []T, ld, first, rows, from, to int, s *kernel.Scratch[T]) {
	if !k.dense {
		init := k.zero
		if k.bias != nil {
			init = k.bias
		}
		k.panels.gather(k.events, dst, ld, init[from:], 0, first, rows, from, to)
		return
	}
	if k.bias != nil {
		for i := range rows {
			copy(dst[i*ld:], k.bias[from:to])
		}
	}
	k.weights.Product(dst, ld, first, rows, from, to, kernel.Matrix[T]{X: kernel.RowMajor(k.x, k.rows, k.in)}, k.bias != nil, s)
}

// ByRows is that of ops.RowStepper: where nothing is computed but what others ask for.
func (k *linearKernel[T]) ByRows(out, gin [][]T) bool {
	return out[0] == nil && (gin == nil || gin[0] == nil)
}

func (k *linearKernel[T]) ForwardRows(lo, hi int) {
	if k.later {
		k.listed.listRows(lo, hi, k.batch, k.split)
	}
}

func (k *linearKernel[T]) BackwardRows(_, _ int) {}

func (k *linearKernel[T]) Backward(in, _, gout, gin [][]T) error {
	switch k.noGradient = false; {
	case gout[0] != nil:
		k.g = kernel.RowMajor(gout[0], k.rows, k.out)
	case k.gradient != nil:
		k.g = k.gradient.Panels()
	default:
		k.noGradient = true
		for i, d := range gin {
			if i == 0 || k.last() {
				clear(d)
			}
		}
		for i, s := range [...]*kernel.RowSum[T]{&k.weightSum, &k.biasSum} {
			if i+1 < len(gin) && gin[i+1] != nil {
				s.Add(gin[i+1], k.span, func(int, int, bool) {})
			}
		}
		return nil
	}
	if k.last() && (gin[0] != nil || k.streamed) { // pieces before the last one have the same weights
		k.back.PackTransposed(in[1], k.in, k.out)
	}
	if k.dx = gin[0]; k.dx != nil {
		kernel.Blocks(k.rows, blockRows, k.backward)
	}
	k.dw, k.dbias = gin[1], nil
	if len(gin) > 2 {
		k.dbias = gin[2]
	}
	if k.split == 0 {
		k.BackwardEnd()
	}
	return nil
}

// BackwardEnd adds up the gradients of W and the bias.
func (k *linearKernel[T]) BackwardEnd() {
	if k.noGradient {
		return
	}
	if k.dw != nil {
		switch {
		case k.source != nil:
			k.columns = k.source.Columns()
		case !k.dense:
			k.columns = k.listed.byColumn(k.events)
		}
		k.weightSum.Add(k.dw, k.span, k.addWeights)
	}
	if k.dbias != nil {
		k.biasSum.Add(k.dbias, k.span, k.addBias)
	}
}

// last says whether the piece is the last one, or all there is.
func (k *linearKernel[T]) last() bool { return k.span.To == k.span.All }

// weightRows adds what some rows give to the gradient of W.
func (k *linearKernel[T]) weightRows(from, to int, more bool) {
	if k.dense {
		kernel.ProductTN(k.dw, k.x, from, to, k.in, k.g, more)
		return
	}
	k.columns.Scatter(k.dw, k.g, from, to, 0, more)
}

func (k *linearKernel[T]) biasRows(from, to int, more bool) {
	if !more {
		clear(k.dbias)
	}
	for at := 0; at < k.out; at += k.g.Width {
		for end := to; end > from; {
			first := end - k.g.Order.RunBack(end, end-from)
			g, ld := k.g.From(first, at)
			kernel.AddRowsBack(k.dbias[at:at+ld], g[:(end-first)*ld])
			end = first
		}
	}
}

func (k *linearKernel[T]) backwardRows(lo, hi int) {
	s := kernel.TakeScratch[T]()
	k.gradientRows(k.dx[lo*k.in:], k.in, lo, hi-lo, 0, k.in, s)
	kernel.KeepScratch(s)
}

// gradientRows computes rows of the gradient of x, g·Wᵀ.
func (k *linearKernel[T]) gradientRows(dst []T, ld, first, rows, from, to int, s *kernel.Scratch[T]) {
	if k.noGradient {
		for i := range rows {
			clear(dst[i*ld:][:to-from])
		}
		return
	}
	k.back.Product(dst, ld, first, rows, from, to, kernel.Matrix[T]{X: k.g}, false, s)
}
