package models

import (
	"fmt"
	"sync"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/kernel"
	"github.com/surge-snn/surge/ops"
)

func (c lifCell) Kernel(b *graph.Builder) ops.Kernels {
	return ops.Kernels{
		Float32: &lifKernel[float32]{lifCell: c, twin: b.Twin()},
		Float64: &lifKernel[float64]{lifCell: c, twin: b.Twin()},
	}
}

// lifKernel is lifCell for the whole sequence. The rows of a batch are independent of each
// other, and so are the neurons of a layer without recurrent weights: tasks take blocks of
// rows and panels of neurons through all time steps. Kept for the adjoint are the voltages
// before the reset, the spikes as events, and the synaptic current where a parameter is
// learned.
type lifKernel[T kernel.Float] struct {
	lifCell
	twin  bool
	t, b  int // t of the piece at hand
	first int // time step with which it begins
	steps int // of the sequence
	rows  int // of a task of the piece, if they come one by one
	grid  grid[T]
	order kernel.Order // of rows in own memory

	keep   bool // an adjoint of the piece may follow
	whole  bool // the piece is the last one, or all there is
	follow []T  // dx of the step behind the piece, [B, N], where there are recurrent weights

	current  *ops.Stream[T] // x, where it is computed when it is read
	gradient *ops.Stream[T] // of the spikes, likewise
	trained  bool           // an adjoint will run
	learns   bool           // and is asked for a parameter of the neurons
	handed   bool           // the gradient of x is read as a stream

	// Sequences [T, B, N], in the panels of the tasks where they are not results.
	vmem   kernel.Panels[T] // voltages before the reset
	isyn   kernel.Panels[T]
	smooth kernel.Panels[T] // the spikes of a smoothed twin
	dx     kernel.Panels[T]
	own    struct{ vmem, isyn, smooth, dx []T }

	partial [4]kernel.TimeSum[T] // gradients of parameters by row of the batch
	weights kernel.RowSum[T]
	zero    []T // N

	mask    []uint64 // bits of the spikes of each row
	spikes  kernel.Events[T]
	lists   []rowList[T]
	columns kernel.Columns[T]
	sorted  bool             // columns are those of this run
	sorting sync.Mutex       // of columns
	start   inputEvents[T]   // spikes before the first step
	wrec    kernel.Packed[T] // transposed

	recurrence weightPanels[T] // w_rec, for events

	// What Forward or Backward is at work on, and the tasks: made once, so that a run
	// allocates nothing.
	in, gin                       lifIn[[]T]
	out, gout                     lifOut[[]T]
	forward, record, expand, back func(lo, hi int)
	addSpikes, addStart           func(from, to int, more bool)
}

// rowList is what lists the spikes of rows whose neurons were in several tasks.
type rowList[T kernel.Float] struct {
	recorder kernel.Recorder[T]
	smooth   []T
}

// lifIn names the inputs of the kernel.
type lifIn[T any] struct{ x, leak, vth, beta, vreset, wrec, v0, i0, s0 T }

func split[T any](c lifCell, in []T) (a lifIn[T]) {
	next := func(have bool) (v T) {
		if have {
			v, in = in[0], in[1:]
		}
		return v
	}
	a.x, a.leak, a.vth = next(true), next(true), next(true)
	a.beta, a.vreset, a.wrec = next(c.synapse), next(c.toValue), next(c.recurrent)
	a.v0, a.i0, a.s0 = next(true), next(c.synapse), next(c.recurrent)
	return a
}

// lifOut names the outputs of the kernel.
type lifOut[T any] struct{ spikes, vmem, v, i, s T }

func splitOut[T any](c lifCell, out []T) (o lifOut[T]) {
	o.spikes, o.vmem, o.v = out[0], out[1], out[2]
	out = out[3:]
	if c.synapse {
		o.i, out = out[0], out[1:]
	}
	if c.recurrent {
		o.s = out[0]
	}
	return o
}

func (k *lifKernel[T]) Name() string { return "lif" }

func (k *lifKernel[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	x := in[0]
	if x.Dims() != 3 || x[2] != k.n {
		return nil, fmt.Errorf("%w: lif: current %v, want [T, B, %d]", ops.ErrShape, x, k.n)
	}
	k.t, k.b, k.steps = x[0], x[1], x[0]
	k.keep, k.whole = true, true
	k.zero = make([]T, k.n)
	k.forward, k.record, k.expand, k.back = k.forwardTasks, k.recordRows, k.expandRows, k.backTasks
	k.addSpikes, k.addStart = k.spikeRows, k.startRows
	out := []tensor.Shape{x.Clone(), x.Clone()}
	for range k.State() {
		out = append(out, tensor.Shape{k.b, k.n})
	}
	return out, nil
}

func (k *lifKernel[T]) Differentiate(_, gin []bool) error {
	g := split(k.lifCell, gin)
	k.trained, k.learns = true, g.leak || g.vth || g.beta || g.vreset
	return nil
}

func (k *lifKernel[T]) Sequences() (in, out, states int) { return 1, 2, len(k.State()) }
func (k *lifKernel[T]) Begin([][]T)                      {}

func (k *lifKernel[T]) Piece(p ops.Piece) {
	k.t, k.first, k.steps, k.keep, k.whole, k.rows = p.To-p.From, p.From, p.Steps, p.Keep, p.To == p.Steps, p.Rows
}

func (k *lifKernel[T]) Output(i int) (*ops.Stream[T], bool) {
	switch i {
	case 0:
		return &ops.Stream[T]{Events: &k.spikes, Columns: k.byNeuron}, true
	case 1:
		return nil, true
	}
	return nil, false
}

func (k *lifKernel[T]) Gradient(i int) *ops.Stream[T] {
	if i != 0 {
		return nil
	}
	k.handed = true
	return &ops.Stream[T]{Panels: func() kernel.Panels[T] { return k.dx }}
}

// Measure says how dense the spikes were that met the recurrent weights.
func (k *lifKernel[T]) Measure() (ops.Measure, bool) {
	if !k.recurrent || k.spikes.Rows() == 0 {
		return ops.Measure{}, false
	}
	return ops.Measure{Density: density(&k.spikes, k.n), Events: true}, true
}

func (k *lifKernel[T]) ReadInput(i int, s *ops.Stream[T]) bool {
	if i != 0 || s.Rows == nil {
		return false
	}
	k.current = s
	return true
}

func (k *lifKernel[T]) ReadGradient(i int, s *ops.Stream[T]) bool {
	if i != 0 || s.Rows == nil {
		return false
	}
	k.gradient = s
	return true
}

// byNeuron lists the spikes of this run by neuron.
func (k *lifKernel[T]) byNeuron() *kernel.Columns[T] {
	k.sorting.Lock()
	defer k.sorting.Unlock()
	if !k.sorted {
		k.columns.Transpose(&k.spikes)
		k.sorted = true
	}
	return &k.columns
}

// row returns row i of the sequence or matrix x, in the columns of the task; nil of nil.
func (k *lifKernel[T]) row(x []T, i int, at *task[T]) []T {
	if x == nil {
		return nil
	}
	return x[i*k.n+at.from : i*k.n+at.to]
}

// panels returns a sequence in memory that is used again, or row-major in x if that is not nil.
func (k *lifKernel[T]) panels(x []T, own *[]T) kernel.Panels[T] {
	if x != nil {
		return kernel.RowMajor(x, k.t*k.b, k.n)
	}
	*own = resized(*own, k.t*k.b*k.n)
	return kernel.Panels[T]{Rows: k.t * k.b, N: k.n, Width: k.grid.panel, Data: *own, Order: k.order}
}

// neurons returns the parameters of the neurons of the task.
func (k *lifKernel[T]) neurons(at *task[T]) kernel.LIF[T] {
	a := &k.in
	l := kernel.LIF[T]{Alpha: a.leak[at.from:at.to], VTh: a.vth[at.from:at.to], Detach: k.detach}
	if k.synapse {
		l.Alpha, l.Gain, l.Beta = nil, l.Alpha, a.beta[at.from:at.to]
	}
	if k.toValue {
		l.VReset = a.vreset[at.from:at.to]
	}
	return l
}

// panel is how many neurons a task has.
func (k *lifKernel[T]) panel() int {
	switch {
	case k.recurrent:
	case k.current != nil:
		return k.current.Panel
	case k.gradient != nil:
		return k.gradient.Panel
	}
	return k.n
}

func (k *lifKernel[T]) Forward(in, out [][]T) error {
	k.in, k.out = split(k.lifCell, in), splitOut(k.lifCell, out)
	k.sorted = false
	rows := k.t * k.b
	k.mask = resized(k.mask, rows*kernel.Words(k.n))
	k.grid.plan(k.b, k.n, k.panel(), k.rows)
	k.order = kernel.Order{}
	if !k.recurrent { // in its products rows meet those of the step behind
		k.order = kernel.Order{Batch: k.b, Block: k.grid.rows, Steps: k.t}
	}
	k.spikes.Arrange(rows, k.n, k.order)
	k.vmem, k.isyn, k.smooth = kernel.Panels[T]{}, kernel.Panels[T]{}, kernel.Panels[T]{}
	if k.out.vmem != nil || k.trained && k.keep {
		k.vmem = k.panels(k.out.vmem, &k.own.vmem)
	}
	if k.synapse && k.keep && (k.learns || !k.trained) {
		k.isyn = k.panels(nil, &k.own.isyn)
	}
	if k.twin {
		k.smooth = k.panels(nil, &k.own.smooth)
	}
	if k.recurrent {
		if k.first == 0 { // pieces behind the first one have the same weights
			k.recurrence.set(k.in.wrec, k.n, k.n)
		}
		k.start.list(k.in.s0, k.b, k.n, 1)
	}
	if k.rows > 0 {
		return nil
	}
	kernel.Blocks(len(k.grid.tasks), 1, k.forward)
	if k.grid.panels > 1 {
		k.lists = resized(k.lists, (rows+blockRows-1)/blockRows)
		kernel.Blocks(rows, blockRows, k.record)
	}
	if k.out.spikes != nil {
		kernel.Blocks(rows, blockRows, k.expand)
	}
	k.lastSpikes(0, k.b)
	return nil
}

// lastSpikes writes those of the last step into the state behind it.
func (k *lifKernel[T]) lastSpikes(lo, hi int) {
	for b := lo; k.recurrent && b < hi; b++ {
		k.expandRow(k.out.s[b*k.n:(b+1)*k.n], (k.t-1)*k.b+b)
	}
}

// ByRows is that of ops.RowStepper: where a task has all neurons of its rows.
func (k *lifKernel[T]) ByRows(_, _ [][]T) bool { return k.panel() >= k.n }

func (k *lifKernel[T]) ForwardRows(lo, hi int) {
	k.forwardTasks(lo/k.rows, lo/k.rows+1)
	for t := 0; k.out.spikes != nil && t < k.t; t++ {
		k.expandRows(t*k.b+lo, t*k.b+hi)
	}
	k.lastSpikes(lo, hi)
}

func (k *lifKernel[T]) forwardTasks(lo, hi int) {
	s := kernel.TakeScratch[T]()
	for i := lo; i < hi; i++ {
		k.grid.tasks[i].scratch = s
		k.forwardTask(&k.grid.tasks[i])
		k.grid.tasks[i].scratch = nil
	}
	kernel.KeepScratch(s)
}

// forwardTask takes some rows and neurons through time.
func (k *lifKernel[T]) forwardTask(at *task[T]) {
	a, o := &k.in, &k.out
	rows, width := at.hi-at.lo, at.to-at.from
	words := kernel.Words(k.n)
	if at.u = resized(at.u, width); k.vmem.Data == nil {
		at.x = resized(at.x, rows*width)
	}
	at.v, at.i = resized(at.v, rows*width), resized(at.i, rows*width)
	at.load(at.v, a.v0, k.n)
	at.load(at.i, a.i0, k.n)
	l := k.neurons(at)
	at.recorder.Reset()
	for t := range k.t {
		first := t*k.b + at.lo
		x, u := kernel.Rows[T]{Data: at.x, LD: width}, kernel.Rows[T]{Data: at.u}
		if k.vmem.Data != nil { // the current is computed where the voltages go
			u.Data, u.LD = k.vmem.From(first, at.from)
			x = u
		}
		current := x
		if a.x == nil {
			k.current.Rows(x.Data, x.LD, first, rows, at.from, at.to, at.scratch)
		} else {
			current = kernel.Rows[T]{Data: a.x[first*k.n+at.from:], LD: k.n}
		}
		if k.recurrent {
			k.recur(x, current, t, at)
		} else {
			x = current
		}
		place := k.order.Place(first)
		mask := k.mask[place*words+at.from/64:]
		if k.twin {
			k.smoothRows(&l, at, u, x, first, mask, words)
		} else {
			l.Step(rows, u, at.v, at.i, x, mask, words)
		}
		if k.isyn.Data != nil {
			for i := range rows {
				copy(at.of(&k.isyn, first+i), at.i[i*width:(i+1)*width])
			}
		}
		if k.grid.panels == 1 {
			for i := range rows {
				var spikes []T
				if k.twin {
					spikes = at.of(&k.smooth, first+i)
				}
				at.recorder.Record(&k.spikes, place+i, mask[i*words:(i+1)*words], spikes)
			}
		}
	}
	at.store(o.v, at.v, k.n)
	at.store(o.i, at.i, k.n)
}

// recur sets x to the current of step t and what comes through the recurrent weights from the
// spikes of the step before.
func (k *lifKernel[T]) recur(x, current kernel.Rows[T], t int, at *task[T]) {
	spikes, first := &k.start.events, at.lo
	if t > 0 {
		spikes, first = &k.spikes, (t-1)*k.b+at.lo
	}
	k.recurrence.gather(spikes, x.Data, x.LD, current.Data, current.LD, first, at.hi-at.lo, 0, k.n)
}

// recordRows lists the spikes of rows whose neurons were in several tasks.
func (k *lifKernel[T]) recordRows(lo, hi int) {
	list := &k.lists[lo/blockRows]
	list.recorder.Reset()
	if k.twin {
		list.smooth = resized(list.smooth, k.n)
	}
	words := kernel.Words(k.n)
	for r := lo; r < hi; r++ {
		for from := 0; k.twin && from < k.n; from += k.grid.panel {
			x, ld := k.smooth.From(r, from)
			copy(list.smooth[from:], x[:ld])
		}
		place := k.order.Place(r)
		list.recorder.Record(&k.spikes, place, k.mask[place*words:][:words], list.smooth)
	}
}

// expandRows writes spikes as zeros and ones.
func (k *lifKernel[T]) expandRows(lo, hi int) {
	for r := lo; r < hi; r++ {
		k.expandRow(k.out.spikes[r*k.n:(r+1)*k.n], r)
	}
}

func (k *lifKernel[T]) expandRow(dst []T, r int) {
	clear(dst)
	col, val := k.spikes.Row(r)
	for i, j := range col {
		switch {
		case val != nil:
			dst[j] = val[i]
		default:
			dst[j] = 1
			if k.vmem.Data != nil {
				if u, _ := k.vmem.From(r, int(j)); u[0] != u[0] {
					dst[j] = u[0] // NaN
				}
			}
		}
	}
}
