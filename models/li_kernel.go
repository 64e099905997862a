package models

import (
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/internal/kernel"
	"github.com/surge-snn/surge/ops"
)

// liKernel is liCell for the whole sequence, by blocks of rows as in lifKernel.
type liKernel[T kernel.Float] struct {
	liCell
	t, b    int  // t of the piece at hand
	rows    int  // of a task of the piece, if they come one by one
	whole   bool // it is the last one, or all there is
	grid    grid[T]
	current *ops.Stream[T]       // x, where it is computed when it is read
	isyn    []T                  // [T, B, N]
	zero    []T                  // of a loop
	first   int                  // time step with which the piece begins
	partial [2]kernel.TimeSum[T] // gradients of leak and beta by row of the batch
	leaks   []T                  // of the integrators of a loop, from Forward on
	betas   []T

	in, gin       liIn[[]T]
	out, gout     liOut[[]T]
	forward, back func(lo, hi int)
}

// liIn names the inputs of the kernel.
type liIn[T any] struct{ x, leak, beta, v0, i0 T }

func splitLI[T any](c liCell, in []T) liIn[T] {
	if c.synapse {
		return liIn[T]{x: in[0], leak: in[1], beta: in[2], v0: in[3], i0: in[4]}
	}
	return liIn[T]{x: in[0], leak: in[1], v0: in[2]}
}

// liOut names the outputs of the kernel.
type liOut[T any] struct{ vmem, v, i T }

func splitLIOut[T any](c liCell, out []T) liOut[T] {
	if c.synapse {
		return liOut[T]{out[0], out[1], out[2]}
	}
	return liOut[T]{vmem: out[0], v: out[1]}
}

func (k *liKernel[T]) Name() string { return "li" }

func (k *liKernel[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	x := in[0]
	k.t, k.b = x[0], x[1]
	k.whole = true
	k.zero = make([]T, max(k.n, shortLoop*mostRows))
	k.forward, k.back = k.forwardTasks, k.backTasks
	out := []tensor.Shape{x.Clone()}
	for range k.State() {
		out = append(out, tensor.Shape{k.b, k.n})
	}
	return out, nil
}

func (k *liKernel[T]) Sequences() (in, out, states int) { return 1, 1, len(k.State()) }
func (k *liKernel[T]) Begin([][]T)                      {}
func (k *liKernel[T]) Piece(p ops.Piece) {
	k.t, k.first, k.whole, k.rows = p.To-p.From, p.From, p.To == p.Steps, p.Rows
}

// ByRows is that of ops.RowStepper: where a task has all neurons of its rows.
func (k *liKernel[T]) ByRows(_, _ [][]T) bool { return k.current == nil || k.current.Panel >= k.n }

func (k *liKernel[T]) ForwardRows(lo, _ int)  { k.forwardTasks(lo/k.grid.rows, lo/k.grid.rows+1) }
func (k *liKernel[T]) BackwardRows(lo, _ int) { k.backTasks(lo/k.grid.rows, lo/k.grid.rows+1) }

func (k *liKernel[T]) BackwardEnd() {
	for j, p := range [...][]T{k.gin.leak, k.gin.beta} {
		if p != nil {
			k.partial[j].Rows(p)
		}
	}
}

func (k *liKernel[T]) Output(int) (*ops.Stream[T], bool) { return nil, false }
func (k *liKernel[T]) Gradient(int) *ops.Stream[T]       { return nil }

func (k *liKernel[T]) ReadInput(i int, s *ops.Stream[T]) bool {
	if i != 0 || s.Rows == nil {
		return false
	}
	k.current = s
	return true
}

func (k *liKernel[T]) ReadGradient(int, *ops.Stream[T]) bool { return false }

// A loop over fewer neurons than shortLoop takes the rows of a task at once.
const shortLoop = 64

// together is how many rows a loop takes.
func (k *liKernel[T]) together(at *task[T]) int {
	if k.n >= shortLoop || at.to-at.from < k.n {
		return 1
	}
	return at.hi - at.lo
}

// part returns what a loop over rows takes of the sequence or matrix x, from row i on; nil of nil.
func (k *liKernel[T]) part(x []T, i, rows int, at *task[T]) []T {
	if x == nil {
		return nil
	}
	return x[i*k.n+at.from:][:rows*(at.to-at.from)]
}

func (k *liKernel[T]) Forward(in, out [][]T) error {
	k.in, k.out = splitLI(k.liCell, in), splitLIOut(k.liCell, out)
	panel := k.n
	if k.current != nil {
		panel = k.current.Panel
	}
	k.grid.plan(k.b, k.n, panel, k.rows)
	if k.synapse {
		k.isyn = resized(k.isyn, k.t*k.b*k.n)
	}
	k.spread()
	if k.rows == 0 {
		kernel.Blocks(len(k.grid.tasks), 1, k.forward)
	}
	return nil
}

// spread lists the parameters as often as loops need them.
func (k *liKernel[T]) spread() {
	copies := 1
	if k.n < shortLoop {
		copies = min(k.b, mostRows)
	}
	leak, beta := k.leaks[:0], k.betas[:0]
	for range copies {
		leak, beta = append(leak, k.in.leak...), append(beta, k.in.beta...)
	}
	k.leaks, k.betas = leak, beta
}

func (k *liKernel[T]) forwardTasks(lo, hi int) {
	s := kernel.TakeScratch[T]()
	for i := lo; i < hi; i++ {
		k.grid.tasks[i].scratch = s
		k.forwardTask(&k.grid.tasks[i])
		k.grid.tasks[i].scratch = nil
	}
	kernel.KeepScratch(s)
}

func (k *liKernel[T]) integrators(at *task[T]) kernel.LI[T] {
	n := k.together(at) * (at.to - at.from)
	leak := k.leaks[at.from:][:n]
	if k.synapse {
		return kernel.LI[T]{Gain: leak, Beta: k.betas[at.from:][:n]}
	}
	return kernel.LI[T]{Alpha: leak}
}

func (k *liKernel[T]) forwardTask(at *task[T]) {
	a, o := &k.in, &k.out
	rows, width := at.hi-at.lo, at.to-at.from
	at.x = resized(at.x, rows*width)
	l, m := k.integrators(at), k.together(at)
	for t := range k.t {
		first := t*k.b + at.lo
		if a.x == nil {
			k.current.Rows(at.x, width, first, rows, at.from, at.to, at.scratch)
		}
		for b := at.lo; b < at.hi; b += m {
			r := t*k.b + b
			x := at.x[(b-at.lo)*width:][:m*width]
			if a.x != nil {
				x = k.part(a.x, r, m, at)
			}
			v, i := k.part(a.v0, b, m, at), k.part(a.i0, b, m, at)
			if t > 0 {
				v, i = k.part(o.vmem, r-k.b, m, at), k.part(k.isyn, r-k.b, m, at)
			}
			l.Step(k.part(o.vmem, r, m, at), v, k.part(k.isyn, r, m, at), i, x)
		}
	}
	for b := at.lo; b < at.hi; b += m {
		r := (k.t-1)*k.b + b
		copy(k.part(o.v, b, m, at), k.part(o.vmem, r, m, at))
		copy(k.part(o.i, b, m, at), k.part(k.isyn, r, m, at))
	}
}

func (k *liKernel[T]) Backward(in, out, gout, gin [][]T) error {
	k.in, k.out = splitLI(k.liCell, in), splitLIOut(k.liCell, out)
	k.gin, k.gout = splitLI(k.liCell, gin), splitLIOut(k.liCell, gout)
	if k.learns() {
		for j := range k.partial {
			k.partial[j].Begin(k.b*k.n, k.whole)
		}
	}
	k.grid.plan(k.b, k.n, k.n, k.rows)
	if k.rows == 0 {
		kernel.Blocks(len(k.grid.tasks), 1, k.back)
		k.BackwardEnd()
	}
	return nil
}

func (k *liKernel[T]) learns() bool { return k.gin.leak != nil || k.gin.beta != nil }

func (k *liKernel[T]) backTasks(lo, hi int) {
	s := kernel.TakeScratch[T]()
	for i := lo; i < hi; i++ {
		k.grid.tasks[i].scratch = s
		k.backTask(&k.grid.tasks[i])
		k.grid.tasks[i].scratch = nil
	}
	kernel.KeepScratch(s)
}

func (k *liKernel[T]) backTask(at *task[T]) {
	o, g, d := &k.out, &k.gout, &k.gin
	rows, width := at.hi-at.lo, at.to-at.from
	at.u = resized(at.u, rows*width)
	at.v, at.i = resized(at.v, rows*width), resized(at.i, rows*width)
	at.load(at.v, g.v, k.n)
	at.load(at.i, g.i, k.n)
	l, m := k.integrators(at), k.together(at)
	a := kernel.Adjoint[T]{DX: kernel.Rows[T]{Data: at.u}, G: kernel.Rows[T]{Data: k.zero}}
	for t := k.t - 1; t >= 0; t-- {
		for b := at.lo; b < at.hi; b += m {
			r, own := t*k.b+b, (b-at.lo)*width
			a.DV, a.DI = at.v[own:], at.i[own:]
			if d.x != nil {
				a.DX.Data = k.part(d.x, r, m, at)
			}
			if g.vmem != nil {
				a.G.Data = k.part(g.vmem, r, m, at)
			}
			if k.learns() {
				a.DLeak.Data, a.DBeta.Data = k.part(k.partial[0].Part, b, m, at), k.part(k.partial[1].Part, b, m, at)
				a.Before.Data, a.I.Data, a.IBefore.Data = k.part(k.in.v0, b, m, at), k.part(k.isyn, r, m, at), k.part(k.in.i0, b, m, at)
				if t > 0 {
					a.Before.Data, a.IBefore.Data = k.part(o.vmem, r-k.b, m, at), k.part(k.isyn, r-k.b, m, at)
				}
			}
			l.Back(&a)
		}
		if k.learns() {
			for j := range k.partial {
				at.fold(&k.partial[j], k.first+t, k.n)
			}
		}
	}
	at.store(d.v0, at.v, k.n)
	at.store(d.i0, at.i, k.n)
}
