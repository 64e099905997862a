package models

import (
	"fmt"
	"unsafe"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/internal/kernel"
	"github.com/surge-snn/surge/ops"
)

// formulaKernel is formulaCell for the whole sequence. Neurons of all rows of the batch are
// independent of each other unless the layer is recurrent: a task takes a block of them, or some
// rows, through all time steps, by the code of the formula for a block. Kept for the adjoint are
// the states after each step, which with the outputs are what it computes from.
type formulaKernel[T kernel.Float] struct {
	formulaCell
	twin    bool
	t, b    int
	count   int // of the states, the spikes of a recurrent layer among them
	trained bool

	constants []term
	constant  *code // the values of constant lines
	forward   *code
	wanted    wanted // what the adjoint was written for
	back      *code
	last      *code // the adjoint of constant lines, after all steps
	at        adjointVectors

	fixed      [][]T               // [N], the vectors of the code of constant lines
	spread     [][]T               // parameters and constant lines, again and again for n neurons
	kept       [][]T               // [T-1, B, N] for each state; [1, B, N] where nothing is trained
	currents   []T                 // [T, B, N], with recurrent weights: what the formula sees as its input
	dx         []T                 // [T, B, N], where it is needed and nobody asks for it
	states     [2][][]T            // [B, N], gradients of the states behind a step and before it, taking turns
	feedback   []T                 // [B, N], gradients of the spikes by way of w_rec
	sums       []kernel.TimeSum[T] // gradients of parameters and constant lines; of no numbers where unused
	recurrence kernel.TimeSum[T]   // [N, N], gradient of w_rec
	tasks      kernel.Spare[formulaTask[T]]

	in, out, gin, gout        [][]T
	ahead, backward, weighing func(lo, hi int)
}

// formulaTask is the memory of one task.
type formulaTask[T kernel.Float] struct {
	vectors [][]T // those of the code at hand, for the block at hand
	memory  []T
	block   int
}

// blockBytes is how many bytes a vector has at most: some twenty are in the first cache.
const blockBytes = 1024

func (k *formulaKernel[T]) Name() string { return k.kind }

func (k *formulaKernel[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	x := in[0]
	if x.Dims() != 3 || x[2] != k.n {
		return nil, fmt.Errorf("%w: %s: current %v, want [T, B, %d]", ops.ErrShape, k.kind, x, k.n)
	}
	k.t, k.b, k.count = x[0], x[1], len(k.State())
	k.ahead, k.backward, k.weighing = k.forwardBlock, k.backwardBlock, k.weightRows
	k.constants = k.f.constants()
	k.constant, k.forward = k.f.constantCode(k.constants), k.f.stepCode(k.constants, k.recurrent)
	k.at = k.f.adjointVectors(k.constants)
	for range k.constant.vectors {
		k.fixed = append(k.fixed, make([]T, k.n))
	}
	for range k.f.params + len(k.constants) {
		k.spread = append(k.spread, make([]T, k.n+k.block()))
	}
	for range k.count {
		k.kept = append(k.kept, make([]T, k.b*k.n))
	}
	if k.recurrent {
		k.currents = make([]T, k.t*k.b*k.n)
	}
	var out []tensor.Shape
	for range k.outputs {
		out = append(out, x.Clone())
	}
	for range k.count {
		out = append(out, tensor.Shape{k.b, k.n})
	}
	return out, nil
}

// Differentiate makes room for what the adjoint needs.
func (k *formulaKernel[T]) Differentiate(_, _ []bool) error {
	k.trained = true
	for i := range k.kept {
		k.kept[i] = make([]T, (k.t-1)*k.b*k.n)
	}
	for range k.f.states {
		k.states[0], k.states[1] = append(k.states[0], make([]T, k.b*k.n)), append(k.states[1], make([]T, k.b*k.n))
	}
	for range k.f.params + len(k.constants) {
		k.sums = append(k.sums, kernel.TimeSum[T]{})
	}
	if k.recurrent {
		k.feedback = make([]T, k.b*k.n)
	}
	return nil
}

// block is how many neurons a vector has at most.
func (k *formulaKernel[T]) block() int {
	var x T
	return blockBytes / int(unsafe.Sizeof(x))
}

// initials returns the inputs of the kernel that are the states before the first step; weights
// w_rec.
func (k *formulaKernel[T]) initials(in [][]T) [][]T { return in[len(in)-k.count:] }

func (k *formulaKernel[T]) weights(in [][]T) []T { return in[1+k.f.params] }

// step returns a step of a sequence [T, B, N].
func (k *formulaKernel[T]) step(x []T, t int) []T { return x[t*k.b*k.n : (t+1)*k.b*k.n] }

// before and after return where a state is at the beginning of a step and at its end.
func (k *formulaKernel[T]) before(i, t int) []T {
	if t == 0 {
		return k.initials(k.in)[i]
	}
	return k.after(i, t-1)
}

func (k *formulaKernel[T]) after(i, t int) []T {
	switch {
	case t == k.t-1 || !k.trained && (k.t-1-t)%2 == 0:
		return k.out[len(k.outputs)+i]
	case k.trained:
		return k.step(k.kept[i], t)
	}
	return k.kept[i]
}

// spikesBefore is what meets w_rec in a step.
func (k *formulaKernel[T]) spikesBefore(t int) []T { return k.before(k.f.states, t) }

func (k *formulaKernel[T]) Forward(in, out [][]T) error {
	k.in, k.out = in, out
	copy(k.fixed[1:], in[1:1+k.f.params])
	runCode(k.constant, k.fixed, k.twin)
	for i, s := range k.spread {
		for at := 0; at < len(s); at += k.n {
			copy(s[at:], k.fixed[k.spreadVector(i)])
		}
	}
	k.blocks(k.ahead)
	return nil
}

// blocks calls f for blocks of neurons, or rows of a recurrent layer.
func (k *formulaKernel[T]) blocks(f func(lo, hi int)) {
	size := k.block()
	if k.recurrent {
		size = rowBlock * k.n
	}
	kernel.Blocks(k.b*k.n, size, f)
}

// take returns memory for a task that runs c.
func (k *formulaKernel[T]) take(c *code) *formulaTask[T] {
	w := k.tasks.Take()
	if w == nil {
		w = &formulaTask[T]{}
	}
	w.vectors = resized(w.vectors, c.vectors)
	w.memory = resized(w.memory, (c.vectors-len(c.used))*k.block())
	w.block = 0
	return w
}

// bind gives c what is the same for a block in all steps.
func (k *formulaKernel[T]) bind(w *formulaTask[T], c *code, lo, hi int) {
	v, n := w.vectors, hi-lo
	if w.block != n {
		w.block = n
		for i := len(c.used); i < c.vectors; i++ {
			v[i] = w.memory[(i-len(c.used))*k.block():][:n]
		}
	}
	first := lo % k.n
	for i, s := range k.spread {
		v[k.spreadVector(i)] = s[first : first+n]
	}
}

// spreadVector is the number of the vector of a parameter, or of a constant line.
func (k *formulaKernel[T]) spreadVector(i int) int {
	if i < k.f.params {
		return 1 + i
	}
	return k.f.leaves() + i - k.f.params
}

func (k *formulaKernel[T]) forwardBlock(lo, hi int) {
	w, c := k.take(k.forward), k.forward
	v, outputs := w.vectors, k.f.leaves()+len(k.constants)
	single := hi-lo <= k.block()
	for t := range k.t {
		x := k.step(k.in[0], t)
		if k.recurrent {
			k.recur(t, lo/k.n, hi/k.n)
			x = k.step(k.currents, t)
		}
		for from := lo; from < hi; from += k.block() {
			to := min(from+k.block(), hi)
			if t == 0 || !single {
				k.bind(w, c, from, to)
			}
			v[0] = x[from:to]
			for i := range k.f.states {
				v[k.f.state(i)] = k.before(i, t)[from:to]
			}
			for i := range k.count {
				v[outputs+len(k.outputs)+i] = k.after(i, t)[from:to]
			}
			for i := range k.outputs {
				v[outputs+i] = k.step(k.out[i], t)[from:to]
			}
			runCode(c, v, k.twin)
		}
	}
	k.tasks.Keep(w)
}

// recur sets the currents of some rows at a step.
func (k *formulaKernel[T]) recur(t, lo, hi int) {
	rec, n := k.weights(k.in), k.n
	spikes, y := k.spikesBefore(t), k.step(k.currents, t)
	copy(y[lo*n:hi*n], k.step(k.in[0], t)[lo*n:])
	for b := lo; b < hi; b++ {
		for j, s := range spikes[b*n : (b+1)*n] {
			if s != 0 {
				kernel.Axpy(s, rec[j*n:(j+1)*n], y[b*n:(b+1)*n])
			}
		}
	}
}

// write writes the adjoint for the gradients that there are.
func (k *formulaKernel[T]) write() {
	w := wanted{x: k.gin[0] != nil || k.recurrent, feedback: k.recurrent}
	for i := range k.outputs {
		w.outputs = append(w.outputs, k.gout[i] != nil)
	}
	for i := range k.f.params {
		w.params = append(w.params, k.gin[1+i] != nil)
	}
	k.wanted, k.back, k.last = w, k.f.adjointCode(k.constants, w), k.f.constantAdjointCode(k.constants, w)
	if w.x && k.gin[0] == nil {
		k.dx = resized(k.dx, k.t*k.b*k.n)
	}
}

// written says whether the adjoint is for the gradients that there are.
func (k *formulaKernel[T]) written() bool {
	w := &k.wanted
	if k.back == nil || w.x != (k.gin[0] != nil || k.recurrent) {
		return false
	}
	for i, is := range w.outputs {
		if is != (k.gout[i] != nil) {
			return false
		}
	}
	for i, is := range w.params {
		if is != (k.gin[1+i] != nil) {
			return false
		}
	}
	return k.gin[0] != nil || !w.x || len(k.dx) > 0
}

func (k *formulaKernel[T]) Backward(in, out, gout, gin [][]T) error {
	k.in, k.out, k.gin, k.gout = in, out, gin, gout
	if !k.written() {
		k.write()
	}
	for i := range k.sums {
		n := 0
		if k.back.used[k.at.sums+i] || k.last.used[k.at.sums+i] {
			n = k.b * k.n
		}
		k.sums[i].Begin(n, true)
	}
	k.blocks(k.backward)
	// Gradients of parameters are summed in the order of the rows.
	for i := range k.f.params {
		if d := gin[1+i]; d != nil {
			kernel.SumRows(d, k.sums[i].Part)
		}
	}
	if k.recurrent && k.weights(gin) != nil {
		k.recurrence.Begin(k.n*k.n, true)
		kernel.Blocks(k.n, rowBlock, k.weighing)
	}
	return nil
}

// input is the gradient of the input.
func (k *formulaKernel[T]) input() []T {
	if k.gin[0] != nil {
		return k.gin[0]
	}
	return k.dx
}

func (k *formulaKernel[T]) backwardBlock(lo, hi int) {
	c := k.back
	w := k.take(c)
	v, outs := w.vectors, len(k.outputs)
	single := hi-lo <= k.block()
	for i := range k.f.states {
		kernel.Load(k.states[k.t%2][i][lo:hi], k.gout[outs+i], lo)
	}
	if k.recurrent {
		kernel.Load(k.feedback[lo:hi], k.gout[len(k.gout)-1], lo)
	}
	x := k.in[0]
	if k.recurrent {
		x = k.currents
	}
	for t := k.t - 1; t >= 0; t-- {
		for from := lo; from < hi; from += k.block() {
			to := min(from+k.block(), hi)
			if t == k.t-1 || !single {
				k.bind(w, c, from, to)
				k.bindSums(v, from, to)
			}
			v[0] = k.step(x, t)[from:to]
			for i := range k.f.states {
				v[k.f.state(i)] = k.before(i, t)[from:to]
				v[k.at.next+i] = k.states[(t+1)%2][i][from:to]
				v[k.at.states+i] = k.states[t%2][i][from:to]
			}
			for i := range k.outputs {
				v[k.at.outputs+i] = k.step(k.out[i], t)[from:to]
				if k.wanted.outputs[i] {
					v[k.at.arriving+i] = k.step(k.gout[i], t)[from:to]
				}
			}
			if k.recurrent {
				v[k.at.feedback] = k.feedback[from:to]
			}
			if k.wanted.x {
				v[k.at.x] = k.step(k.input(), t)[from:to]
			}
			runCode(c, v, k.twin)
		}
		if k.recurrent {
			k.recurBack(t, lo/k.n, hi/k.n)
		}
		for i := range k.sums {
			if len(k.sums[i].Part) > 0 {
				k.sums[i].Fold(t, lo, hi)
			}
		}
	}
	for i := range k.sums {
		if len(k.sums[i].Part) > 0 {
			k.sums[i].End(lo, hi)
		}
	}
	for i, d := range k.initials(k.gin) {
		switch {
		case d == nil:
		case i < k.f.states:
			copy(d[lo:hi], k.states[0][i][lo:hi])
		default:
			copy(d[lo:hi], k.feedback[lo:hi])
		}
	}
	k.tasks.Keep(w)
	if len(k.last.list) == 0 {
		return
	}
	w = k.take(k.last)
	for from := lo; from < hi; from += k.block() {
		to := min(from+k.block(), hi)
		k.bind(w, k.last, from, to)
		k.bindSums(w.vectors, from, to)
		runCode(k.last, w.vectors, k.twin)
	}
	k.tasks.Keep(w)
}

func (k *formulaKernel[T]) bindSums(v [][]T, lo, hi int) {
	for i := range k.sums {
		if s := k.sums[i].Part; len(s) > 0 {
			v[k.at.sums+i] = s[lo:hi]
		}
	}
}

// recurBack sets the gradients of the spikes before a step, by way of w_rec.
func (k *formulaKernel[T]) recurBack(t, lo, hi int) {
	rec, n, dx := k.weights(k.in), k.n, k.step(k.input(), t)
	for b := lo; b < hi; b++ {
		d := dx[b*n : (b+1)*n]
		for j := range n {
			sum := T(0)
			for i, w := range rec[j*n : (j+1)*n] {
				sum += T(w * d[i])
			}
			k.feedback[b*n+j] = sum
		}
	}
}

// weightRows sums the gradients of some rows of w_rec, in the order of steps and rows of the batch.
func (k *formulaKernel[T]) weightRows(lo, hi int) {
	n, dw, dx := k.n, k.recurrence.Part, k.input()
	for t := range k.t {
		spikes, d := k.spikesBefore(t), k.step(dx, t)
		for b := range k.b {
			for j := lo; j < hi; j++ {
				if s := spikes[b*n+j]; s != 0 {
					kernel.Axpy(s, d[b*n:(b+1)*n], dw[j*n:(j+1)*n])
				}
			}
		}
		k.recurrence.Fold(t+1, lo*n, hi*n)
	}
	k.recurrence.Fold(0, lo*n, hi*n)
	k.recurrence.End(lo*n, hi*n)
	copy(k.weights(k.gin)[lo*n:hi*n], dw[lo*n:])
}
