package models

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/cells"
	"github.com/surge-snn/surge/internal/kernel"
	"github.com/surge-snn/surge/ops"
)

func (c expSynCell) Kernel(*graph.Builder) ops.Kernels {
	return ops.Kernels{Float32: &expSynKernel[float32]{expSynCell: c}, Float64: &expSynKernel[float64]{expSynCell: c}}
}

// expSynKernel is expSynCell for the whole sequence. Nothing is kept for the adjoint
// but inputs and outputs.
type expSynKernel[T kernel.Float] struct {
	expSynCell
	t, b          int
	di            []T // [B, N], the gradient that comes from later steps
	dbeta, dsigma kernel.TimeSum[T]
	tasks         []expSynTask[T]
	gradient      *ops.Stream[T] // of isyn, where it is computed when it is read
	zeros         []T            // [N], a cotangent that nobody gave
	faint         bool           // some β is so small that a product with it does not give its factors back

	in, gin           expSynIn[T]
	out, gout         [][]T
	forward, backward func(lo, hi int) // made once: a method value is allocated
}

// expSynTask is what a block of rows needs.
type expSynTask[T kernel.Float] struct {
	scratch  *cells.Scratch
	g        []T // the gradient that arrives in a step
	forward  cells.ExpSyn[T]
	backward cells.ExpSynBack[T]
}

// expSynIn names the inputs of the kernel.
type expSynIn[T any] struct{ x, zeta, beta, sigma, i0 []T }

func splitExpSyn[T any](c expSynCell, in [][]T) expSynIn[T] {
	if c.noise {
		return expSynIn[T]{in[0], in[1], in[2], in[3], in[4]}
	}
	return expSynIn[T]{x: in[0], beta: in[1], i0: in[2]}
}

func (k *expSynKernel[T]) Name() string { return "expsyn" }

func (k *expSynKernel[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	x := in[0]
	if x.Dims() != 3 || x[2] != k.n {
		return nil, fmt.Errorf("%w: expsyn: input %v, want [T, B, %d]", ops.ErrShape, x, k.n)
	}
	k.t, k.b = x[0], x[1]
	k.di = make([]T, k.b*k.n)
	k.zeros = make([]T, k.n)
	k.tasks = make([]expSynTask[T], (k.b+rowBlock-1)/rowBlock)
	for i := range k.tasks {
		k.tasks[i].scratch = cells.NewScratch()
	}
	k.forward, k.backward = k.forwardRows, k.backwardRows
	return []tensor.Shape{x.Clone(), {k.b, k.n}}, nil
}

func (k *expSynKernel[T]) Output(int) (*ops.Stream[T], bool)  { return nil, false }
func (k *expSynKernel[T]) Gradient(int) *ops.Stream[T]        { return nil }
func (k *expSynKernel[T]) ReadInput(int, *ops.Stream[T]) bool { return false }
func (k *expSynKernel[T]) ReadGradient(i int, s *ops.Stream[T]) bool {
	if i != 0 || s.Rows == nil {
		return false
	}
	k.gradient = s
	return true
}

// arriving returns the gradient of isyn in step t that comes from outside, nil if there is none.
func (k *expSynKernel[T]) arriving(t, lo, hi int, w *expSynTask[T], s *kernel.Scratch[T]) []T {
	switch first := t * k.b; {
	case k.gout[0] != nil:
		return k.gout[0][(first+lo)*k.n : (first+hi)*k.n]
	case k.gradient == nil:
		return nil
	default:
		w.g = resized(w.g, (hi-lo)*k.n)
		k.gradient.Rows(w.g, k.n, first+lo, hi-lo, 0, k.n, s)
		return w.g
	}
}

func (k *expSynKernel[T]) Forward(in, out [][]T) error {
	k.in, k.out = splitExpSyn(k.expSynCell, in), out
	kernel.Blocks(k.b, rowBlock, k.forward)
	return nil
}

func (k *expSynKernel[T]) forwardRows(lo, hi int) {
	if !k.noise {
		k.decayRows(lo, hi)
		return
	}
	a, out := &k.in, k.out
	step := k.b * k.n
	for b := lo; b < hi; b++ {
		r0, r1 := b*k.n, (b+1)*k.n
		i := out[1][r0:r1]
		copy(i, a.i0[r0:r1])
		for at := r0; at < k.t*step; at += step {
			y := out[0][at : at+k.n]
			for j, x := range a.x[at : at+k.n] {
				x += T(a.sigma[j] * a.zeta[at+j])
				i[j] = (i[j] + x) * a.beta[j]
				y[j] = i[j]
			}
		}
	}
}

// decayRows is forwardRows without noise, step by step: the rows of a block are neighbours in
// memory.
func (k *expSynKernel[T]) decayRows(lo, hi int) {
	w, step := &k.tasks[lo/rowBlock], k.b*k.n
	copy(k.out[1][lo*k.n:hi*k.n], k.in.i0[lo*k.n:hi*k.n])
	w.forward.Beta = k.in.beta
	for t := range k.t {
		for b := lo; b < hi; b++ {
			r0, r1 := b*k.n, (b+1)*k.n
			w.forward.I = k.out[1][r0:r1]
			w.forward.X, w.forward.Out = k.in.x[t*step+r0:t*step+r1], k.out[0][t*step+r0:t*step+r1]
			w.forward.Run(w.scratch)
		}
	}
}

// Backward goes back through time with d = dL/di[t], which holds what arrives at the
// output of the step and what the next step passes on:
//
//	d[t]        = g[t] + β d[t+1]
//	dL/dx[t]    = β d[t],   dL/dζ[t] = σ' dL/dx[t]          σ' = σ sqrt(dt)
//	dL/dβ       = Σ_t d[t] (i[t-1] + x[t] + σ' ζ[t])
//	dL/dσ'      = Σ_t dL/dx[t] ζ[t]
func (k *expSynKernel[T]) Backward(in, out, gout, gin [][]T) error {
	k.in, k.out, k.gin, k.gout = splitExpSyn(k.expSynCell, in), out, splitExpSyn(k.expSynCell, gin), gout
	k.dbeta.Begin(k.b*k.n, true)
	k.dsigma.Begin(k.b*k.n, true)
	k.faint = false
	for _, b := range k.in.beta {
		k.faint = k.faint || !(b > 1e-20)
	}
	kernel.Blocks(k.b, rowBlock, k.backward)
	k.dbeta.End(0, k.b*k.n)
	if !k.noise && !k.faint {
		for i := range k.dbeta.Part {
			k.dbeta.Part[i] /= k.in.beta[i%k.n]
		}
	}
	if k.gin.beta != nil {
		kernel.SumRows(k.gin.beta, k.dbeta.Part)
	}
	if k.gin.sigma != nil {
		k.dsigma.Rows(k.gin.sigma)
	}
	return nil
}

func (k *expSynKernel[T]) backwardRows(lo, hi int) {
	s := kernel.TakeScratch[T]()
	defer kernel.KeepScratch(s)
	if !k.noise && !k.faint {
		k.undecayRows(lo, hi, s)
		return
	}
	a, out, d, w := &k.in, k.out, &k.gin, &k.tasks[lo/rowBlock]
	step := k.b * k.n
	for b := lo; b < hi; b++ {
		r0, r1 := b*k.n, (b+1)*k.n
		di, dbeta, dsigma := k.di[r0:r1], k.dbeta.Part[r0:r1], k.dsigma.Part[r0:r1]
		kernel.Load(di, k.gout[1], r0)
		for t := k.t - 1; t >= 0; t-- {
			at := t*step + r0
			gout := k.arriving(t, b, b+1, w, s)
			for j := range k.n {
				g := di[j]
				if gout != nil {
					g += gout[j]
				}
				before := a.i0[r0+j]
				if t > 0 {
					before = out[0][at-step+j]
				}
				x := a.x[at+j]
				if k.noise {
					x += T(a.sigma[j] * a.zeta[at+j])
				}
				dbeta[j] += T(g * (before + x))
				dx := a.beta[j] * g
				di[j] = dx
				if d.x != nil {
					d.x[at+j] = dx
				}
				if k.noise {
					dsigma[j] += T(dx * a.zeta[at+j])
					if d.zeta != nil {
						d.zeta[at+j] = a.sigma[j] * dx
					}
				}
			}
			k.dbeta.Fold(t, r0, r1)
			k.dsigma.Fold(t, r0, r1)
		}
		kernel.Store(d.i0, di, r0)
	}
}

// undecayRows is backwardRows without noise. As i[t] = β (i[t-1] + x[t]), the input is not needed:
// dL/dβ = Σ_t d[t] i[t]/β.
func (k *expSynKernel[T]) undecayRows(lo, hi int, s *kernel.Scratch[T]) {
	w, step := &k.tasks[lo/rowBlock], k.b*k.n
	a := &w.backward
	a.Beta = k.in.beta
	kernel.Load(k.di[lo*k.n:hi*k.n], k.gout[1], lo*k.n)
	for t := k.t - 1; t >= 0; t-- {
		g := k.arriving(t, lo, hi, w, s)
		for b := lo; b < hi; b++ {
			r0, r1 := b*k.n, (b+1)*k.n
			at, end := t*step+r0, t*step+r1
			a.DI, a.DOut, a.Out, a.GOut, a.DX = k.di[r0:r1], k.dbeta.Part[r0:r1], k.out[0][at:end], k.zeros, k.di[r0:r1]
			if g != nil {
				a.GOut = g[r0-lo*k.n : r1-lo*k.n]
			}
			if k.gin.x != nil {
				a.DX = k.gin.x[at:end]
			}
			a.Run(w.scratch)
		}
		k.dbeta.Fold(t, lo*k.n, hi*k.n)
	}
	kernel.Store(k.gin.i0, k.di[lo*k.n:hi*k.n], lo*k.n)
}
