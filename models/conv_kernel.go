package models

import (
	"fmt"
	"slices"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/internal/kernel"
	"github.com/surge-snn/surge/ops"
)

// convKernel is convCell for the whole sequence: inputs x, W and perhaps bias, output y. A row of y
// is computed by lists of the events that each place sees, or by a dense product with all that it
// sees. The sums go by rising inputs from the bias on, with one rounding in each step, either way:
// they have the same bits. What a sample sees in a step again that it saw in the step before, as
// currents of pixels, is computed once.
type convKernel[T kernel.Float] struct {
	convCell
	rows, n, m, batch int // T·B, inputs, outputs, B
	source            *ops.Stream[T]
	streamed          bool           // the layer before reads the gradient of x as a stream
	gradient          *ops.Stream[T] // of y, where it lies in panels

	x, bias, y, dx []T
	given          []T // W
	w              []T // for events: [groups, inputs of a neuron, channels of a group]
	dense          bool
	events         *kernel.Events[T]
	listed         inputEvents[T]
	share          float64
	copies         [][][]span // of each panel of a packed matrix [inputs, places] and element of the kernel
	first          []int32    // of each row: the first of equal rows in a sequence
	held           []T        // outputs of the rows with which equal rows begin, where there are few
	place          []int32    // of each row: where held has it
	begins         []int32    // the rows that held has
	g              kernel.Panels[T]
	noGradient     bool
	parts          []kernel.CountedSum[T] // the gradients of w and bias, of ranges of samples
	wantBias       bool

	forward, hold, backward, learn func(lo, hi int)
	work                           kernel.Spare[convWork[T]]
}

// convWork is what the computation of a row needs.
type convWork[T kernel.Float] struct {
	starts   []int32
	cols     []int32
	vals     []T
	lists    kernel.Events[T]
	tile     []T              // [places, channels of a group], or [inputs of a neuron, places]
	image    []T              // the channels of a group, of events
	seen     kernel.Packed[T] // what the places see: [inputs of a neuron, places]
	packed   kernel.Packed[T] // the gradient of y
	row, sum []T
	scratch  kernel.Scratch[T]
}

// convDenseFrom is the share of non-zero inputs from which a dense product is faster than lists of
// events.
const convDenseFrom = 0.12

// convParts is how many ranges of samples have a gradient of the weights of their own.
const convParts = 16

func (k *convKernel[T]) Name() string { return "conv" }

func (k *convKernel[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	x := in[0]
	if x.Dims() != 3 || x[2] != k.in.Size() || in[1].TotalSize() != k.out*k.inputs() {
		return nil, fmt.Errorf("%w: conv: input %v and weights %v for images of %v", ops.ErrShape, x, in[1], k.in)
	}
	k.rows, k.batch, k.n, k.m = x[0]*x[1], x[1], x[2], k.out*k.places()
	k.forward, k.hold, k.backward, k.learn = k.forwardRows, k.holdRows, k.backwardRows, k.learnParts
	k.first, k.place = make([]int32, k.rows), make([]int32, k.rows)
	var p kernel.Packed[T]
	p.Resize(1, k.places())
	k.copies = make([][][]span, (k.places()+p.Width()-1)/p.Width())
	for i := range k.copies {
		k.copies[i] = make([][]span, k.kernel)
	}
	for i, spans := range k.spans {
		for _, s := range spans {
			for width := int32(p.Width()); s.n > 0; {
				n := min(s.n, width-s.out%width)
				of := &k.copies[s.out/width][i]
				*of = append(*of, span{s.out % width, s.in, n})
				s.out, s.in, s.n = s.out+n, s.in+n*int32(k.step), s.n-n
			}
		}
	}
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
	return ops.Measure{Density: k.share, Events: !k.dense}, k.given != nil
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
	k.given = in[1]
	if !k.dense {
		k.w = resized(k.w, k.out*inputs)
		for g := range k.groups {
			size := inputs * channels
			transposeInto(k.w[g*size:(g+1)*size], in[1][g*size:], channels, inputs)
		}
	}
	k.compare()
	if k.y != nil {
		kernel.Blocks(k.rows, 4, k.forward)
	}
	return nil
}

// compare finds the rows that are equal to those a step before, and computes the outputs of the
// others if they are few.
func (k *convKernel[T]) compare() {
	k.begins = k.begins[:0]
	for r := range k.rows {
		k.first[r] = int32(r)
		if before := r - k.batch; before >= 0 && k.source == nil && slices.Equal(k.x[before*k.n:(before+1)*k.n], k.x[r*k.n:(r+1)*k.n]) {
			k.first[r] = k.first[before]
		} else {
			k.place[r] = int32(len(k.begins))
			k.begins = append(k.begins, int32(r))
		}
	}
	if 2*len(k.begins) > k.rows {
		k.held = nil
		return
	}
	k.held = resized(k.held, len(k.begins)*k.m)
	kernel.Blocks(len(k.begins), 4, k.hold)
}

func (k *convKernel[T]) holdRows(lo, hi int) {
	w := k.takeWork()
	for i := lo; i < hi; i++ {
		k.computeRow(k.held[i*k.m:(i+1)*k.m], int(k.begins[i]), w)
	}
	k.work.Keep(w)
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

// outputRow returns row r of the output.
func (k *convKernel[T]) outputRow(y []T, r int, w *convWork[T]) {
	if k.held != nil {
		i := int(k.place[k.first[r]])
		copy(y, k.held[i*k.m:(i+1)*k.m])
		return
	}
	k.computeRow(y, r, w)
}

// computeRow computes row r of the output.
func (k *convKernel[T]) computeRow(y []T, r int, w *convWork[T]) {
	inputs, channels := k.group()
	places, size := k.places(), inputs*channels
	at := 0
	for g := range k.groups {
		bias, of := k.bias[g*channels:(g+1)*channels], y[g*channels*places:][:channels*places]
		if k.dense {
			at = k.unfold(w, r, g, at)
			for o, v := range bias {
				row := of[o*places : (o+1)*places]
				for i := range row {
					row[i] = v
				}
			}
			w.seen.Product(of, places, 0, channels, 0, places, kernel.Matrix[T]{X: kernel.RowMajor(k.given[g*size:(g+1)*size], channels, inputs)}, true, &w.scratch)
			continue
		}
		w.tile = resized(w.tile, places*channels)
		at = k.list(w, r, g, at, false)
		w.lists.Gather(w.tile, channels, bias, 0, 0, places, channels, k.w[g*size:], channels)
		transposeInto(of, w.tile, places, channels)
	}
}

// unfold writes what each place sees of the channels of a group in row r. at is the first event
// that no group before has.
func (k *convKernel[T]) unfold(w *convWork[T], r, g, at int) int {
	inputs, _ := k.group()
	channels, area := k.in.Channels/k.groups, k.area()
	var x []T
	if k.events == nil {
		x = k.x[r*k.n+g*channels*area:]
	} else {
		w.image = resized(w.image, channels*area)
		clear(w.image)
		x = w.image
		col, val := k.events.Row(r)
		first := g * channels * area
		for ; at < len(col) && int(col[at]) < first+len(x); at++ {
			v := T(1)
			if val != nil {
				v = val[at]
			}
			x[int(col[at])-first] = v
		}
	}
	w.seen.Resize(inputs, k.places()) // what lies outside of the image stays 0
	width := w.seen.Width()
	for p := range k.copies {
		panel := w.seen.Panel(p)
		for c := range channels {
			image := x[c*area : (c+1)*area]
			for _, spans := range k.copies[p] {
				dst := panel[:width]
				panel = panel[width:]
				for _, s := range spans {
					copySpan(dst[s.out:][:s.n], image[s.in:], k.step)
				}
			}
		}
	}
	return at
}

// list lists the events of row r in the channels of a group: for each place the inputs that have
// one, or, with byInput, for each input of a neuron the places.
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

// copySpan writes x[0], x[step], x[2·step], ... to dst.
func copySpan[T kernel.Float](dst, x []T, step int) {
	if step != 1 {
		for j := range dst {
			dst[j] = x[j*step]
		}
		return
	}
	for ; len(dst) >= 8; dst, x = dst[8:], x[8:] {
		v := *(*[8]T)(x) // by way of a variable: no call of memmove, as where both may overlap
		*(*[8]T)(dst) = v
	}
	for j, v := range x[:len(dst)] {
		dst[j] = v
	}
}

// addSpan adds x to dst[0], dst[step], dst[2·step], ...
func addSpan[T kernel.Float](dst, x []T, step int) {
	if step != 1 {
		for j, v := range x {
			dst[j*step] += v
		}
		return
	}
	for ; len(x) >= 8; dst, x = dst[8:], x[8:] {
		d, v := (*[8]T)(dst), (*[8]T)(x)
		d[0], d[1], d[2], d[3] = d[0]+v[0], d[1]+v[1], d[2]+v[2], d[3]+v[3]
		d[4], d[5], d[6], d[7] = d[4]+v[4], d[5]+v[5], d[6]+v[6], d[7]+v[7]
	}
	for j, v := range x {
		dst[j] += v
	}
}
