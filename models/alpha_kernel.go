package models

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/cells"
	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/internal/kernel"
	"github.com/surge-snn/surge/ops"
)

func (c alphaCell) Kernel(*graph.Builder) ops.Kernels {
	return ops.Kernels{Float32: &alphaKernel[float32]{alphaCell: c}, Float64: &alphaKernel[float64]{alphaCell: c}}
}

// alphaKernel is alphaCell for the whole sequence. Nothing is kept for the adjoint but inputs and
// outputs. Those that nobody reads are not written where no adjoint will run.
type alphaKernel[T kernel.Float] struct {
	alphaCell
	t, b    int
	trained bool                 // an adjoint will run
	own     [2][]T               // conductances and intermediate variables that nobody else reads
	dh, dg  []T                  // [B, N], the gradients that come from later steps
	sums    [6]kernel.TimeSum[T] // gradients of a, c, g_syn_bar, resist_scale, syn_rest, bias

	ones  []T // [N]
	tasks []alphaTask[T]

	in, gin           alphaIn[[]T]
	out, gout         [][]T
	forward, backward func(lo, hi int) // made once: a method value is allocated
}

// alphaTask is what a block of rows needs.
type alphaTask[T kernel.Float] struct {
	scratch  *cells.Scratch
	forward  cells.AlphaExact[T]
	backward cells.AlphaBack[T]
	drive, e []T // [N], v - syn_rest, and the adjoint of the current
}

func (k *alphaKernel[T]) Name() string { return "alpha" }

func (k *alphaKernel[T]) Differentiate(_, _ []bool) error {
	k.trained = true
	return nil
}

func (k *alphaKernel[T]) Output(i int) (*ops.Stream[T], bool)   { return nil, i == 1 || i == 2 }
func (k *alphaKernel[T]) Gradient(int) *ops.Stream[T]           { return nil }
func (k *alphaKernel[T]) ReadInput(int, *ops.Stream[T]) bool    { return false }
func (k *alphaKernel[T]) ReadGradient(int, *ops.Stream[T]) bool { return false }

func (k *alphaKernel[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	o := in[0]
	if o.Dims() != 3 || o[2] != k.n {
		return nil, fmt.Errorf("%w: alpha: input %v, want [T, B, %d]", ops.ErrShape, o, k.n)
	}
	k.t, k.b = o[0], o[1]
	k.dh, k.dg = make([]T, k.b*k.n), make([]T, k.b*k.n)
	k.ones = make([]T, k.n)
	for j := range k.ones {
		k.ones[j] = 1
	}
	k.tasks = make([]alphaTask[T], (k.b+rowBlock-1)/rowBlock)
	for i := range k.tasks {
		k.tasks[i] = alphaTask[T]{scratch: cells.NewScratch(), drive: make([]T, k.n), e: make([]T, k.n)}
	}
	k.forward, k.backward = k.forwardRows, k.backwardRows
	return []tensor.Shape{o.Clone(), o.Clone(), o.Clone(), {k.b, k.n}, {k.b, k.n}}, nil
}

func (k *alphaKernel[T]) Forward(in, out [][]T) error {
	k.in, k.out = splitAlpha(k.alphaCell, in), out
	k.records()
	kernel.Blocks(k.b, rowBlock, k.forward)
	return nil
}

// records makes memory for the outputs g and h where they are not given.
func (k *alphaKernel[T]) records() {
	for i := range k.own {
		if k.trained && k.out[1+i] == nil {
			k.own[i] = resized(k.own[i], k.t*k.b*k.n)
			k.out[1+i] = k.own[i]
		}
	}
}

// recorded is the part of an output, or other where it is not written.
func recorded[T kernel.Float](x []T, at, end int, other []T) []T {
	if x == nil {
		return other
	}
	return x[at:end]
}

// rise is c, which is 1 for AlphaEulerDt.
func (k *alphaKernel[T]) rise() []T {
	if k.rule == AlphaEulerDt {
		return k.ones
	}
	return k.in.c
}

func (k *alphaKernel[T]) forwardRows(lo, hi int) {
	a, out, w := &k.in, k.out, &k.tasks[lo/rowBlock]
	step, f := k.b*k.n, &w.forward
	copy(out[3][lo*k.n:hi*k.n], a.h0[lo*k.n:hi*k.n])
	copy(out[4][lo*k.n:hi*k.n], a.g0[lo*k.n:hi*k.n])
	f.A, f.C, f.Gbar, f.Scale = a.a, k.rise(), a.gbar, a.scale
	for t := range k.t {
		for b := lo; b < hi; b++ {
			r0, r1 := b*k.n, (b+1)*k.n
			at, end := t*step+r0, t*step+r1
			f.O, f.H, f.G, f.I = a.o[at:end], out[3][r0:r1], out[4][r0:r1], out[0][at:end]
			f.OutG, f.OutH = recorded(out[1], at, end, f.G), recorded(out[2], at, end, f.H)
			if k.rule == AlphaExact {
				f.Run(w.scratch)
			} else {
				f.Alpha.Run(w.scratch)
			}
			if k.rest {
				kernel.Sub(w.drive, a.v[at:end], a.rest)
				kernel.Mul(f.I, f.I, w.drive)
			}
			if k.bias {
				kernel.Add(f.I, f.I, a.bias)
			}
		}
	}
}

// Backward goes back through time. With e = dL/di[t] and u[t] = v[t] - SynRest (1 where SynRest is
// not set), G and H what arrives at g[t] and h[t] themselves:
//
//	dL/dg[t] = G[t] + a dL/dg[t+1] - e scale u[t]
//	dL/dh[t] = H[t] + a dL/dh[t+1] + c dL/dg[t]          (AlphaExact: + c dL/dg[t+1])
//	dL/do[t] = GSynBar dL/dh[t]
//	dL/dv[t] = -e scale g[t]
func (k *alphaKernel[T]) Backward(in, out, gout, gin [][]T) error {
	k.in, k.out, k.gin, k.gout = splitAlpha(k.alphaCell, in), out, splitAlpha(k.alphaCell, gin), gout
	k.records()
	for i := range k.sums {
		k.sums[i].Begin(k.b*k.n, true)
	}
	kernel.Blocks(k.b, rowBlock, k.backward)
	d := &k.gin
	for i, p := range [...][]T{d.a, d.c, d.gbar, d.scale, d.rest, d.bias} {
		if p != nil {
			k.sums[i].Rows(p)
		}
	}
	return nil
}

func (k *alphaKernel[T]) backwardRows(lo, hi int) {
	a, out, d, w := &k.in, k.out, &k.gin, &k.tasks[lo/rowBlock]
	step, f := k.b*k.n, &w.backward
	f.A, f.C, f.Gbar = a.a, k.rise(), a.gbar
	kernel.Load(k.dh[lo*k.n:hi*k.n], k.gout[3], lo*k.n)
	kernel.Load(k.dg[lo*k.n:hi*k.n], k.gout[4], lo*k.n)
	for t := k.t - 1; t >= 0; t-- {
		for b := lo; b < hi; b++ {
			r0, r1 := b*k.n, (b+1)*k.n
			at, end := t*step+r0, t*step+r1
			f.DH, f.DG = k.dh[r0:r1], k.dg[r0:r1]
			k.currentBack(w, r0, r1, at, end)
			f.O, f.H, f.H0, f.G0 = a.o[at:end], out[2][at:end], a.h0[r0:r1], a.g0[r0:r1]
			if t > 0 {
				f.H0, f.G0 = out[2][at-step:end-step], out[1][at-step:end-step]
			}
			f.DA, f.DC, f.DGbar = k.sums[0].Part[r0:r1], k.sums[1].Part[r0:r1], k.sums[2].Part[r0:r1]
			f.DO = w.e
			if d.o != nil {
				f.DO = d.o[at:end]
			}
			if k.rule == AlphaExact {
				k.exactBack(f)
			} else {
				f.Run(w.scratch)
			}
		}
		for i := range k.sums {
			k.sums[i].Fold(t, lo*k.n, hi*k.n)
		}
	}
	kernel.Store(d.h0, k.dh[lo*k.n:hi*k.n], lo*k.n)
	kernel.Store(d.g0, k.dg[lo*k.n:hi*k.n], lo*k.n)
}

// currentBack adds to the adjoints of g and h what arrives at a step of a row: at their records,
// and at the current.
func (k *alphaKernel[T]) currentBack(w *alphaTask[T], r0, r1, at, end int) {
	a, d, f := &k.in, &k.gin, &w.backward
	if k.gout[1] != nil {
		kernel.Add(f.DG, f.DG, k.gout[1][at:end])
	}
	if k.gout[2] != nil {
		kernel.Add(f.DH, f.DH, k.gout[2][at:end])
	}
	if k.gout[0] == nil {
		if d.v != nil {
			clear(d.v[at:end])
		}
		return
	}
	e, g := k.gout[0][at:end], k.out[1][at:end]
	if k.bias {
		sum := k.sums[5].Part[r0:r1]
		kernel.Add(sum, sum, e)
	}
	if k.rest {
		drest := k.sums[4].Part[r0:r1]
		for j, g := range g {
			dv := -T(e[j] * T(g*a.scale[j]))
			drest[j] -= dv
			if d.v != nil {
				d.v[at+j] = dv
			}
		}
		kernel.Sub(w.drive, a.v[at:end], a.rest)
		kernel.Mul(w.e, e, w.drive)
		e = w.e
	}
	dscale := k.sums[3].Part[r0:r1]
	kernel.Mul(w.drive, e, g)
	kernel.Sub(dscale, dscale, w.drive)
	kernel.Mul(w.drive, e, a.scale)
	kernel.Sub(f.DG, f.DG, w.drive)
}

// exactBack is the adjoint where h before the step is in the equation of g.
func (k *alphaKernel[T]) exactBack(f *cells.AlphaBack[T]) {
	for j, dg := range f.DG {
		dg, dh := fmath.Flush(dg), fmath.Flush(f.DH[j])
		f.DC[j] += T(dg * f.H0[j])
		f.DA[j] += T(dh*f.H0[j]) + T(dg*f.G0[j])
		f.DGbar[j] += T(dh * f.O[j])
		f.DO[j] = T(f.Gbar[j] * dh)
		f.DH[j] = T(f.A[j]*dh) + T(f.C[j]*dg)
		f.DG[j] = T(f.A[j] * dg)
	}
}
