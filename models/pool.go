package models

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/kernel"
	"github.com/surge-snn/surge/ops"
)

// Pool sums what a window sees of each channel of images, in each time step:
//
//	y[t][c, p] = f Σ_k x[t][c, p·Stride - Padding + k·Dilation]
//	             f = 1, with Average 1/(elements of the kernel)
//
// Windows do not overlap by default. Zeros of the padding count in the average. It is SumPool2d and
// AvgPool2d of NIR, AvgPool2d of PyTorch. Cost of the fused kernel: one addition for each input
// that is not zero and each place that sees it.
type Pool struct {
	In Image
	Window
	Average bool
}

func (p Pool) window() (*window, error) { return p.Window.with(p.Kernel).on(p.In) }

// Shape returns the shape of the output images. Errors wrap [ErrParameter].
func (p Pool) Shape() (Image, error) {
	w, err := p.window()
	if err != nil {
		return Image{}, err
	}
	return Image{p.In.Channels, w.height, w.width}, nil
}

// Apply adds the layer. x is a sequence [T, B, In.Size()] or [T, B, C, H, W]; the result is [T, B,
// Shape().Size()].
func (p Pool) Apply(b *graph.Builder, name string, x *G.Node) *G.Node {
	w, err := p.window()
	if err != nil {
		b.Fail(fmt.Errorf("Pool %q: %w", name, err))
	}
	x = images(b, fmt.Sprintf("Pool %q", name), x, p.In)
	c := poolCell{window: w, scale: 1}
	if p.Average {
		c.scale = 1 / float64(w.kernel)
	}
	out, _ := b.Scan(name, c, []*G.Node{x}, nil)
	return out[0]
}

// poolCell is one step of Pool.
type poolCell struct {
	*window
	scale float64
}

func (poolCell) Kind() string             { return "pool" }
func (poolCell) State() []graph.StateSpec { return nil }
func (poolCell) Outputs() []string        { return []string{"y"} }

// Step adds up what the elements of the kernel see.
func (c poolCell) Step(b *graph.Builder, x, _, _ []*G.Node) (out, next []*G.Node) {
	rows, m := x[0].Shape()[0], c.in.Channels*c.places()
	var y *G.Node
	for k := range c.kernel {
		at := make([]int32, 0, rows*m)
		for i := range rows * c.in.Channels {
			for p := range c.places() {
				from := c.from[p*c.kernel+k]
				if from >= 0 {
					from += int32(i * c.area())
				}
				at = append(at, from)
			}
		}
		seen := b.Check(ops.Take(x[0], at, rows, m))
		if y == nil {
			y = seen
		} else {
			y = b.Check(G.Add(y, seen))
		}
	}
	return []*G.Node{b.Check(ops.Affine(y, c.scale, 0))}, nil
}

func (c poolCell) Kernel(*graph.Builder) ops.Kernels {
	return ops.Kernels{Float32: &poolKernel[float32]{poolCell: c}, Float64: &poolKernel[float64]{poolCell: c}}
}

// poolKernel is poolCell for the whole sequence. The sums are listed as events for the layer
// behind.
type poolKernel[T kernel.Float] struct {
	poolCell
	rows, n, m int
	source     *ops.Stream[T]
	streamed   bool           // the layer before reads the gradient of x as a stream
	gradient   *ops.Stream[T] // of y, where it is computed when it is read

	x, y, g, dx []T
	noGradient  bool
	events      kernel.Events[T]
	columns     kernel.Columns[T]
	sorted      bool // columns are those of this run
	recorders   []kernel.Recorder[T]

	forward, backward func(lo, hi int)
	work              kernel.Spare[poolWork[T]]
}

type poolWork[T kernel.Float] struct {
	row, dx, scaled []T
	mask            []uint64
	scratch         kernel.Scratch[T]
}

func (k *poolKernel[T]) Name() string { return "pool" }

func (k *poolKernel[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	x := in[0]
	if x.Dims() != 3 || x[2] != k.in.Size() {
		return nil, fmt.Errorf("%w: pool: input %v for images of %v", ops.ErrShape, x, k.in)
	}
	k.rows, k.n, k.m = x[0]*x[1], x[2], k.in.Channels*k.places()
	k.recorders = make([]kernel.Recorder[T], (k.rows+blockRows-1)/blockRows)
	k.forward, k.backward = k.forwardRows, k.backwardRows
	return []tensor.Shape{{x[0], x[1], k.m}}, nil
}

func (k *poolKernel[T]) Output(int) (*ops.Stream[T], bool) {
	return &ops.Stream[T]{Events: &k.events, Columns: k.byNeuron}, true
}

func (k *poolKernel[T]) Gradient(int) *ops.Stream[T] {
	k.streamed = true
	return &ops.Stream[T]{Rows: k.gradientRows, Panel: (k.n + 63) / 64 * 64}
}

func (k *poolKernel[T]) ReadInput(_ int, s *ops.Stream[T]) bool {
	if s.Events == nil {
		return false
	}
	k.source = s
	return true
}

func (k *poolKernel[T]) ReadGradient(_ int, s *ops.Stream[T]) bool {
	if s.Rows == nil {
		return false
	}
	k.gradient = s
	return true
}

// byNeuron lists the sums of this run by neuron.
func (k *poolKernel[T]) byNeuron() *kernel.Columns[T] {
	if !k.sorted {
		k.columns.Transpose(&k.events)
		k.sorted = true
	}
	return &k.columns
}

func (k *poolKernel[T]) takeWork() *poolWork[T] {
	if w := k.work.Take(); w != nil {
		return w
	}
	return &poolWork[T]{}
}

func (k *poolKernel[T]) Forward(in, out [][]T) error {
	k.x, k.y, k.sorted = in[0], out[0], false
	k.events.Resize(k.rows, k.m)
	kernel.Blocks(k.rows, blockRows, k.forward)
	return nil
}

func (k *poolKernel[T]) forwardRows(lo, hi int) {
	w, list := k.takeWork(), &k.recorders[lo/blockRows]
	w.mask = resized(w.mask, kernel.Words(k.m))
	list.Reset()
	for r := lo; r < hi; r++ {
		w.row = resized(w.row, k.m)
		y := w.row
		if k.y != nil {
			y = k.y[r*k.m : (r+1)*k.m]
		}
		k.outputRow(y, r)
		values := y
		if kernel.Mask(w.mask, y) {
			values = nil
		}
		list.Record(&k.events, r, w.mask, values)
	}
	k.work.Keep(w)
}

func (k *poolKernel[T]) outputRow(y []T, r int) {
	clear(y)
	area, places := uint32(k.area()), k.places()
	add := func(i int, v T) {
		c := uint32(i) / area
		for _, s := range k.of(i - int(c*area)) {
			y[int(c)*places+int(s.out)] += v
		}
	}
	if k.source != nil {
		col, val := k.source.Events.Row(r)
		for e, i := range col {
			v := T(1)
			if val != nil {
				v = val[e]
			}
			add(int(i), v)
		}
	} else {
		for i, v := range k.x[r*k.n : (r+1)*k.n] {
			if v != 0 {
				add(i, v)
			}
		}
	}
	if k.scale != 1 {
		for i := range y {
			y[i] *= T(k.scale)
		}
	}
}

func (k *poolKernel[T]) Backward(_, _, gout, gin [][]T) error {
	k.g = gout[0]
	k.noGradient = k.g == nil && k.gradient == nil
	if k.dx = gin[0]; k.dx != nil {
		kernel.Blocks(k.rows, blockRows, k.backward)
	}
	return nil
}

func (k *poolKernel[T]) backwardRows(lo, hi int) {
	k.gradientRows(k.dx[lo*k.n:], k.n, lo, hi-lo, 0, k.n, nil)
}

// gradientRows computes rows of the gradient of x: each input has those of the places that see it.
func (k *poolKernel[T]) gradientRows(dst []T, ld, first, rows, from, to int, _ *kernel.Scratch[T]) {
	w := k.takeWork()
	for i := range rows {
		dx := dst[i*ld:][:to-from]
		switch {
		case k.noGradient:
			clear(dx)
		case from == 0 && to == k.n:
			k.gradientRow(dx, first+i, w)
		default:
			w.dx = resized(w.dx, k.n)
			k.gradientRow(w.dx, first+i, w)
			copy(dx, w.dx[from:to])
		}
	}
	k.work.Keep(w)
}

func (k *poolKernel[T]) gradientRow(dx []T, r int, w *poolWork[T]) {
	var g []T
	if k.g != nil {
		g = k.g[r*k.m:][:k.m]
	} else {
		w.row = resized(w.row, k.m)
		g = w.row
		k.gradient.Rows(g, k.m, r, 1, 0, k.m, &w.scratch)
	}
	clear(dx)
	area, places := k.area(), k.places()
	w.scaled = resized(w.scaled, places)
	for c := range k.in.Channels {
		image := dx[c*area : (c+1)*area]
		for i, v := range g[c*places : (c+1)*places] {
			w.scaled[i] = v * T(k.scale)
		}
		for _, spans := range k.spans {
			for _, s := range spans {
				addSpan(image[s.in:], w.scaled[s.out:][:s.n], k.step)
			}
		}
	}
}
