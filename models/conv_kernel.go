package models

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/internal/kernel"
	"github.com/surge-snn/surge/ops"
)

// convKernel is convCell for the whole sequence: inputs x, W and perhaps bias, output y. The weights are read as
// matrices [inputs of a neuron, channels of a group], and a row of y is computed as [places, channels]: by lists of the
// events that each place sees, or by a dense product with all that it sees. The sums go by rising inputs from the bias on,
// with one rounding in each step, either way: they have the same bits.
type convKernel[T kernel.Float] struct {
	convCell
	rows, n, m int // T·B, inputs, outputs
	source     *ops.Stream[T]
	streamed   bool           // the layer before reads the gradient of x as a stream
	gradient   *ops.Stream[T] // of y, where it lies in panels

	x, bias, y, dx []T
	w              []T // [groups, inputs of a neuron, channels of a group]
	dense          bool
	events         *kernel.Events[T]
	listed         inputEvents[T]
	share          float64
	packed         []kernel.Packed[T] // of each group, for dense inputs
	back           []kernel.Packed[T] // transposed, for the gradient of x
	g              kernel.Panels[T]
	noGradient     bool
	parts, biases  [][]T // the gradient of w and bias, of ranges of rows
	wantBias       bool

	forward, backward, learn func(lo, hi int)
	work                     kernel.Spare[convWork[T]]
}

// convWork is what the computation of a row needs.
type convWork[T kernel.Float] struct {
	starts  []int32
	cols    []int32
	vals    []T
	lists   kernel.Events[T]
	tile    []T // [places, channels of a group]
	seen    []T // [places, inputs of a neuron]
	row     []T
	packed  kernel.Packed[T]
	scratch kernel.Scratch[T]
}

// convDenseFrom is the share of non-zero inputs from which a dense product is faster than lists of events.
const convDenseFrom = 0.12

// convParts is how many ranges of rows have a gradient of the weights of their own.
const convParts = 16

func (k *convKernel[T]) Name() string { return "conv" }

func (k *convKernel[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	x := in[0]
	if x.Dims() != 3 || x[2] != k.in.Size() || in[1].TotalSize() != k.out*k.inputs() {
		return nil, fmt.Errorf("%w: conv: input %v and weights %v for images of %v", ops.ErrShape, x, in[1], k.in)
	}
	k.rows, k.n, k.m = x[0]*x[1], x[2], k.out*k.places()
	k.packed, k.back = make([]kernel.Packed[T], k.groups), make([]kernel.Packed[T], k.groups)
	k.forward, k.backward, k.learn = k.forwardRows, k.backwardRows, k.learnParts
	return []tensor.Shape{{x[0], x[1], k.m}}, nil
}

func (k *convKernel[T]) Output(int) (*ops.Stream[T], bool) {
	return &ops.Stream[T]{Rows: k.outputRows, Panel: (k.m + 63) / 64 * 64}, true
}

func (k *convKernel[T]) Gradient(i int) *ops.Stream[T] {
	if i != 0 {
		return nil
	}
	k.streamed = true
	return &ops.Stream[T]{Rows: k.gradientRows, Panel: (k.n + 63) / 64 * 64}
}

func (k *convKernel[T]) ReadInput(i int, s *ops.Stream[T]) bool {
	if i != 0 || s.Events == nil {
		return false
	}
	k.source = s
	return true
}

func (k *convKernel[T]) ReadGradient(i int, s *ops.Stream[T]) bool {
	if s.Panels == nil {
		return false
	}
	k.gradient = s
	return true
}

// Measure says how dense x was.
func (k *convKernel[T]) Measure() (ops.Measure, bool) {
	return ops.Measure{Density: k.share, Events: !k.dense}, k.w != nil
}

// group returns how many inputs a neuron has, and the channels of a group.
func (k *convKernel[T]) group() (inputs, channels int) { return k.inputs(), k.out / k.groups }

func (k *convKernel[T]) Forward(in, out [][]T) error {
	k.x, k.y = in[0], out[0]
	k.bias = resized(k.bias, k.out)
	clear(k.bias)
	if len(in) > 2 {
		copy(k.bias, in[2])
	}
	if k.source != nil {
		k.events, k.share = k.source.Events, density(k.source.Events, k.n)
		k.dense = k.share > convDenseFrom
	} else {
		k.events = k.listed.list(k.x, k.rows, k.n, convDenseFrom)
		k.dense, k.share = k.events == nil, k.listed.share
	}
	inputs, channels := k.group()
	k.w = resized(k.w, k.out*inputs)
	for g := range k.groups {
		size := inputs * channels
		transposeInto(k.w[g*size:(g+1)*size], in[1][g*size:], channels, inputs)
		if k.dense {
			k.packed[g].Pack(kernel.RowMajor(k.w[g*size:(g+1)*size], inputs, channels))
		}
	}
	if k.y != nil {
		kernel.Blocks(k.rows, 4, k.forward)
	}
	return nil
}

// transposeInto writes a matrix [rows, cols] as [cols, rows].
func transposeInto[T any](dst, src []T, rows, cols int) {
	for i := range rows {
		for j, v := range src[i*cols : (i+1)*cols] {
			dst[j*rows+i] = v
		}
	}
}

func (k *convKernel[T]) takeWork() *convWork[T] {
	if w := k.work.Take(); w != nil {
		return w
	}
	return &convWork[T]{}
}

func (k *convKernel[T]) forwardRows(lo, hi int) {
	w := k.takeWork()
	for r := lo; r < hi; r++ {
		k.outputRow(k.y[r*k.m:(r+1)*k.m], r, w)
	}
	k.work.Keep(w)
}

func (k *convKernel[T]) outputRows(dst []T, ld, first, rows, from, to int, _ *kernel.Scratch[T]) {
	w := k.takeWork()
	for i := range rows {
		if from == 0 && to == k.m {
			k.outputRow(dst[i*ld:][:k.m], first+i, w)
			continue
		}
		w.row = resized(w.row, k.m)
		k.outputRow(w.row, first+i, w)
		copy(dst[i*ld:][:to-from], w.row[from:to])
	}
	k.work.Keep(w)
}

// outputRow computes row r of the output.
func (k *convKernel[T]) outputRow(y []T, r int, w *convWork[T]) {
	inputs, channels := k.group()
	places := k.places()
	w.tile = resized(w.tile, places*channels)
	at := 0
	for g := range k.groups {
		bias := k.bias[g*channels : (g+1)*channels]
		if k.dense {
			at = k.unfold(w, r, g, at)
			for p := range places {
				copy(w.tile[p*channels:], bias)
			}
			k.packed[g].Product(w.tile, channels, 0, places, 0, channels, kernel.Matrix[T]{X: kernel.RowMajor(w.seen, places, inputs)}, true, &w.scratch)
		} else {
			at = k.list(w, r, g, at, false)
			w.lists.Gather(w.tile, channels, bias, 0, 0, places, channels, k.w[g*inputs*channels:], channels)
		}
		transposeInto(y[g*channels*places:], w.tile, places, channels)
	}
}

// unfold writes what each place sees of the channels of a group in row r. at is the first event that no group before has.
func (k *convKernel[T]) unfold(w *convWork[T], r, g, at int) int {
	inputs, _ := k.group()
	channels, area, places := k.in.Channels/k.groups, k.area(), k.places()
	w.seen = resized(w.seen, places*inputs)
	if k.events == nil {
		x := k.x[r*k.n+g*channels*area:]
		for p := range places {
			from := k.from[p*k.kernel : (p+1)*k.kernel]
			for c := range channels {
				image, dst := x[c*area:(c+1)*area], w.seen[p*inputs+c*k.kernel:][:len(from)]
				if k.inside {
					for j, i := range from {
						dst[j] = image[i]
					}
					continue
				}
				for j, i := range from {
					dst[j] = 0
					if i >= 0 {
						dst[j] = image[i]
					}
				}
			}
		}
		return at
	}
	clear(w.seen)
	col, val := k.events.Row(r)
	for ; at < len(col) && int(col[at]) < (g+1)*channels*area; at++ {
		c, v := int(col[at])/area, T(1)
		if val != nil {
			v = val[at]
		}
		base := (c - g*channels) * k.kernel
		for _, s := range k.of(int(col[at]) - c*area) {
			w.seen[int(s.out)*inputs+base+int(s.kernel)] = v
		}
	}
	return at
}

// list lists the events of row r in the channels of a group: for each place the inputs that have one, or, with
// byInput, for each input of a neuron the places.
func (k *convKernel[T]) list(w *convWork[T], r, g, at int, byInput bool) int {
	inputs, _ := k.group()
	channels, area, places := k.in.Channels/k.groups, k.area(), k.places()
	rows, cols := places, inputs
	if byInput {
		rows, cols = inputs, places
	}
	w.starts = resized(w.starts, rows+1)
	clear(w.starts)
	col, val := k.events.Row(r)
	end := at
	for ; end < len(col) && int(col[end]) < (g+1)*channels*area; end++ {
		c := int(col[end]) / area
		base := int32((c - g*channels) * k.kernel)
		for _, s := range k.of(int(col[end]) - c*area) {
			if byInput {
				w.starts[base+s.kernel+1]++
			} else {
				w.starts[s.out+1]++
			}
		}
	}
	for i := range rows {
		w.starts[i+1] += w.starts[i]
	}
	total := int(w.starts[rows])
	if cap(w.cols) < total {
		w.cols, w.vals = make([]int32, total+total/4), make([]T, total+total/4)
	}
	w.cols, w.vals = w.cols[:total], w.vals[:total]
	w.lists.Resize(rows, cols)
	for e := at; e < end; e++ {
		c := int(col[e]) / area
		base := int32((c - g*channels) * k.kernel)
		for _, s := range k.of(int(col[e]) - c*area) {
			row, entry := s.out, base+s.kernel
			if byInput {
				row, entry = entry, row
			}
			to := w.starts[row]
			w.starts[row]++
			w.cols[to] = entry
			if val != nil {
				w.vals[to] = val[e]
			}
		}
	}
	begin := int32(0)
	for i := range rows { // each start is the end of its list by now
		stop := w.starts[i]
		if val != nil {
			w.lists.SetRow(i, w.cols[begin:stop], w.vals[begin:stop])
		} else {
			w.lists.SetRow(i, w.cols[begin:stop], nil)
		}
		begin = stop
	}
	return end
}
