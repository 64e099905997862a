package models

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/internal/kernel"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/surrogate"
)

// formulaKernel is formulaCell for the whole sequence. The rows of a batch are independent of each
// other: tasks take blocks of rows through all time steps. Kept for the adjoint are the states at
// the beginning of each step, from which the lines are computed again.
type formulaKernel[T kernel.Float] struct {
	formulaCell
	twin    bool
	t, b    int
	trained bool
	kept    [][]T // [T, B, N] for each state, the spikes of a recurrent layer among them
	dx      []T   // [T, B, N]
	partial [][]T // [B, N], gradients of the parameters of the formula by row of the batch
	blocks  []formulaBlock[T]

	in, out, gin, gout    [][]T
	forward, back, weight func(lo, hi int)
}

// formulaBlock is the memory of one task.
type formulaBlock[T kernel.Float] struct {
	value, adjoint [][]T // by line; those of leaves are elsewhere
	state, dstate  [][]T // [N] each
	x, tmp         []T
}

func (k *formulaKernel[T]) Name() string { return k.kind }

func (k *formulaKernel[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	x := in[0]
	if x.Dims() != 3 || x[2] != k.n {
		return nil, fmt.Errorf("%w: %s: current %v, want [T, B, %d]", ops.ErrShape, k.kind, x, k.n)
	}
	k.t, k.b = x[0], x[1]
	k.forward, k.back, k.weight = k.forwardRows, k.backRows, k.weightRows
	k.blocks = make([]formulaBlock[T], (k.b+rowBlock-1)/rowBlock)
	leaves := 1 + k.f.params + k.f.states
	for i := range k.blocks {
		w := &k.blocks[i]
		w.value, w.adjoint = make([][]T, len(k.f.lines)), make([][]T, len(k.f.lines))
		for j := leaves; j < len(k.f.lines); j++ {
			w.value[j], w.adjoint[j] = make([]T, k.n), make([]T, k.n)
		}
		for range k.State() {
			w.state, w.dstate = append(w.state, make([]T, k.n)), append(w.dstate, make([]T, k.n))
		}
		w.x, w.tmp = make([]T, k.n), make([]T, k.n)
	}
	var out []tensor.Shape
	for range k.outputs {
		out = append(out, x.Clone())
	}
	for range k.State() {
		out = append(out, tensor.Shape{k.b, k.n})
	}
	return out, nil
}

// Differentiate makes room for what the adjoint needs.
func (k *formulaKernel[T]) Differentiate(_, _ []bool) error {
	k.trained = true
	size := k.t * k.b * k.n
	for range k.State() {
		k.kept = append(k.kept, make([]T, size))
	}
	for range k.f.params {
		k.partial = append(k.partial, make([]T, k.b*k.n))
	}
	k.dx = make([]T, size)
	return nil
}

// initials returns the inputs of the kernel that are the states before the first step; weights
// w_rec.
func (k *formulaKernel[T]) initials(in [][]T) [][]T { return in[len(in)-len(k.State()):] }

func (k *formulaKernel[T]) weights(in [][]T) []T { return in[1+k.f.params] }

func (k *formulaKernel[T]) Forward(in, out [][]T) error {
	k.in, k.out = in, out
	kernel.Blocks(k.b, rowBlock, k.forward)
	return nil
}

func (k *formulaKernel[T]) forwardRows(lo, hi int) {
	w, n := &k.blocks[lo/rowBlock], k.n
	for b := lo; b < hi; b++ {
		for s, x := range k.initials(k.in) {
			copy(w.state[s], x[b*n:(b+1)*n])
		}
		for t := range k.t {
			at := (t*k.b + b) * n
			if k.trained {
				for s := range w.state {
					copy(k.kept[s][at:at+n], w.state[s])
				}
			}
			k.step(w, at, w.state)
			for i, o := range k.f.outputs {
				copy(k.out[i][at:at+n], w.value[o])
			}
			for s, o := range k.f.next {
				copy(w.state[s], w.value[o])
			}
			if k.recurrent {
				copy(w.state[len(w.state)-1], w.value[k.f.feedback])
			}
		}
		for s, x := range w.state {
			copy(k.out[len(k.outputs)+s][b*n:(b+1)*n], x)
		}
	}
}

// step computes the lines of a row at a time step, whose elements begin at at.
func (k *formulaKernel[T]) step(w *formulaBlock[T], at int, state [][]T) {
	n := k.n
	x := k.in[0][at : at+n]
	if k.recurrent {
		copy(w.x, x)
		rec := k.weights(k.in)
		for j, s := range state[len(state)-1] {
			if s != 0 {
				kernel.Axpy(s, rec[j*n:(j+1)*n], w.x)
			}
		}
		x = w.x
	}
	v := w.value
	v[0] = x
	for i := range k.f.params {
		v[1+i] = k.in[1+i]
	}
	for i := range k.f.states {
		v[1+k.f.params+i] = state[i]
	}
	for i := 1 + k.f.params + k.f.states; i < len(k.f.lines); i++ {
		k.line(&k.f.lines[i], v[i], v)
	}
}

// line computes one line.
func (k *formulaKernel[T]) line(l *line, y []T, v [][]T) {
	a, b := v[l.a], v[l.b]
	switch l.op {
	case add:
		kernel.Add(y, a, b)
	case sub:
		kernel.Sub(y, a, b)
	case mul:
		kernel.Mul(y, a, b)
	case div:
		for i, a := range a {
			y[i] = a / b[i]
		}
	case affine:
		c, d := T(l.c), T(l.d)
		for i, a := range a {
			y[i] = T(c*a) + d
		}
	case exp:
		fmath.ExpTo(y, a)
	case floor:
		c := T(l.c)
		for i, a := range a {
			y[i] = max(a, c)
		}
	case atLeast:
		c := T(l.c)
		for i, a := range a {
			y[i] = 0
			if a >= c {
				y[i] = 1
			}
		}
	case detach:
		copy(y, a)
	case fire:
		if k.twin {
			surrogate.Antiderivatives(l.sharper, y, a)
		} else {
			ops.FiringCounts(l.firing, y, a)
		}
	}
}

func (k *formulaKernel[T]) Backward(in, out, gout, gin [][]T) error {
	k.in, k.out, k.gin, k.gout = in, out, gin, gout
	for _, p := range k.partial {
		clear(p)
	}
	kernel.Blocks(k.b, rowBlock, k.back)
	if d := gin[0]; d != nil {
		copy(d, k.dx)
	}
	// Gradients of parameters are summed in the order of the rows.
	for i, p := range k.partial {
		if d := gin[1+i]; d != nil {
			kernel.SumRows(d, p)
		}
	}
	if k.recurrent && k.weights(gin) != nil {
		kernel.Blocks(k.n, rowBlock, k.weight)
	}
	return nil
}

func (k *formulaKernel[T]) backRows(lo, hi int) {
	w, n := &k.blocks[lo/rowBlock], k.n
	outs := len(k.outputs)
	for b := lo; b < hi; b++ {
		for s := range w.dstate {
			clear(w.dstate[s])
			if g := k.gout[outs+s]; g != nil {
				copy(w.dstate[s], g[b*n:(b+1)*n])
			}
		}
		for t := k.t - 1; t >= 0; t-- {
			at := (t*k.b + b) * n
			for s := range w.state {
				copy(w.state[s], k.kept[s][at:at+n])
			}
			k.step(w, at, w.state)
			k.stepBack(w, b, at)
		}
		for s, d := range k.initials(k.gin) {
			if d != nil {
				copy(d[b*n:(b+1)*n], w.dstate[s])
			}
		}
	}
}

// stepBack is the adjoint of step: w.dstate goes from the states behind the step to those before
// it.
func (k *formulaKernel[T]) stepBack(w *formulaBlock[T], b, at int) {
	n, d := k.n, w.adjoint
	first := 1 + k.f.params + k.f.states
	for i := first; i < len(d); i++ {
		clear(d[i])
	}
	for i, o := range k.f.outputs {
		if g := k.gout[i]; g != nil {
			kernel.Add(d[o], d[o], g[at:at+n])
		}
	}
	for s, o := range k.f.next {
		kernel.Add(d[o], d[o], w.dstate[s])
	}
	if k.recurrent {
		o := k.f.feedback
		kernel.Add(d[o], d[o], w.dstate[len(w.dstate)-1])
	}
	d[0] = k.dx[at : at+n]
	clear(d[0])
	for i := range k.f.params {
		d[1+i] = k.partial[i][b*n : (b+1)*n]
	}
	for i := range k.f.states {
		d[1+k.f.params+i] = w.dstate[i]
		clear(w.dstate[i])
	}
	for i := len(d) - 1; i >= first; i-- {
		k.lineBack(&k.f.lines[i], d[i], w.value[i], w.value, d, w.tmp)
	}
	if k.recurrent {
		// The spikes before the step meet the gradient of its input.
		rec, ds := k.weights(k.in), w.dstate[len(w.dstate)-1]
		for j := range ds {
			sum := T(0)
			for i, w := range rec[j*n : (j+1)*n] {
				sum += T(w * d[0][i])
			}
			ds[j] = sum
		}
	}
}

// lineBack adds to the adjoints of the operands of a line.
func (k *formulaKernel[T]) lineBack(l *line, g, y []T, v, d [][]T, tmp []T) {
	da, db := d[l.a], d[l.b]
	a, b := v[l.a], v[l.b]
	switch l.op {
	case add:
		kernel.Add(da, da, g)
		kernel.Add(db, db, g)
	case sub:
		kernel.Add(da, da, g)
		kernel.Sub(db, db, g)
	case mul:
		for i, g := range g {
			da[i] += T(g * b[i])
			db[i] += T(g * a[i])
		}
	case div:
		for i, g := range g {
			q := g / b[i]
			da[i] += q
			db[i] -= T(q * y[i])
		}
	case affine:
		kernel.Axpy(T(l.c), g, da)
	case exp:
		for i, g := range g {
			da[i] += T(g * y[i])
		}
	case floor:
		for i, g := range g {
			da[i] += T(g * ops.FloorSlope(a[i], T(l.c)))
		}
	case fire:
		surrogate.Slopes(l.sharper, tmp, a)
		for i, g := range g {
			da[i] += T(g * tmp[i])
		}
	}
}

// weightRows sums the gradients of some rows of w_rec, in the order of steps and rows of the batch.
func (k *formulaKernel[T]) weightRows(lo, hi int) {
	n, dw, spikes := k.n, k.weights(k.gin), k.kept[len(k.kept)-1]
	clear(dw[lo*n : hi*n])
	for r := range k.t * k.b {
		for j := lo; j < hi; j++ {
			if s := spikes[r*n+j]; s != 0 {
				kernel.Axpy(s, k.dx[r*n:(r+1)*n], dw[j*n:(j+1)*n])
			}
		}
	}
}
