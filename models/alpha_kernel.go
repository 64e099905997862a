package models

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/kernel"
	"github.com/surge-snn/surge/ops"
)

func (c alphaCell) Kernel(*graph.Builder) ops.Kernels {
	return ops.Kernels{Float32: &alphaKernel[float32]{alphaCell: c}, Float64: &alphaKernel[float64]{alphaCell: c}}
}

// alphaKernel is alphaCell for the whole sequence. Nothing is kept for the adjoint but
// inputs and outputs.
type alphaKernel[T kernel.Float] struct {
	alphaCell
	t, b   int
	dh, dg []T    // [B, N], the gradients that come from later steps
	sums   [6][]T // [B, N], gradients of a, c, g_syn_bar, resist_scale, syn_rest, bias

	in, gin           alphaIn[[]T]
	out, gout         [][]T
	forward, backward func(lo, hi int) // made once: a method value is allocated
}

func (k *alphaKernel[T]) Name() string { return "alpha" }

func (k *alphaKernel[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	o := in[0]
	if o.Dims() != 3 || o[2] != k.n {
		return nil, fmt.Errorf("%w: alpha: input %v, want [T, B, %d]", ops.ErrShape, o, k.n)
	}
	k.t, k.b = o[0], o[1]
	k.dh, k.dg = make([]T, k.b*k.n), make([]T, k.b*k.n)
	for i := range k.sums {
		k.sums[i] = make([]T, k.b*k.n)
	}
	k.forward, k.backward = k.forwardRows, k.backwardRows
	return []tensor.Shape{o.Clone(), o.Clone(), o.Clone(), {k.b, k.n}, {k.b, k.n}}, nil
}

func (k *alphaKernel[T]) Forward(in, out [][]T) error {
	k.in, k.out = splitAlpha(k.alphaCell, in), out
	kernel.Blocks(k.b, rowBlock, k.forward)
	return nil
}

func (k *alphaKernel[T]) forwardRows(lo, hi int) {
	a, out := &k.in, k.out
	step := k.b * k.n
	for b := lo; b < hi; b++ {
		r0, r1 := b*k.n, (b+1)*k.n
		h, g := out[3][r0:r1], out[4][r0:r1]
		copy(h, a.h0[r0:r1])
		copy(g, a.g0[r0:r1])
		for at := r0; at < k.t*step; at += step {
			is, gs, hs := out[0][at:at+k.n], out[1][at:at+k.n], out[2][at:at+k.n]
			for j, o := range a.o[at : at+k.n] {
				rise := h[j]
				h[j] = T(a.a[j]*h[j]) + T(a.gbar[j]*o)
				if k.rule != AlphaExact {
					rise = h[j]
				}
				if k.rule != AlphaEulerDt {
					rise *= a.c[j]
				}
				g[j] = T(a.a[j]*g[j]) + T(rise)
				i := -(g[j] * a.scale[j])
				if k.rest {
					i *= a.v[at+j] - a.rest[j]
				}
				if k.bias {
					i = T(i) + a.bias[j]
				}
				is[j], gs[j], hs[j] = i, g[j], h[j]
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
	for _, s := range k.sums {
		clear(s)
	}
	kernel.Blocks(k.b, rowBlock, k.backward)
	d := &k.gin
	for i, p := range [...][]T{d.a, d.c, d.gbar, d.scale, d.rest, d.bias} {
		if p != nil {
			kernel.SumRows(p, k.sums[i])
		}
	}
	return nil
}

func (k *alphaKernel[T]) backwardRows(lo, hi int) {
	a, out, d, gout := &k.in, k.out, &k.gin, k.gout
	step := k.b * k.n
	for b := lo; b < hi; b++ {
		r0, r1 := b*k.n, (b+1)*k.n
		da, dc, dgbar := k.sums[0][r0:r1], k.sums[1][r0:r1], k.sums[2][r0:r1]
		dscale, drest, dbias := k.sums[3][r0:r1], k.sums[4][r0:r1], k.sums[5][r0:r1]
		dh, dg := k.dh[r0:r1], k.dg[r0:r1]
		kernel.Load(dh, gout[3], r0)
		kernel.Load(dg, gout[4], r0)
		for t := k.t - 1; t >= 0; t-- {
			at := t*step + r0
			for j := range k.n {
				hBefore, gBefore := a.h0[r0+j], a.g0[r0+j]
				if t > 0 {
					hBefore, gBefore = out[2][at-step+j], out[1][at-step+j]
				}
				g, h := out[1][at+j], out[2][at+j]
				if gout[1] != nil {
					dg[j] += gout[1][at+j]
				}
				if gout[2] != nil {
					dh[j] += gout[2][at+j]
				}
				if gout[0] != nil {
					e := gout[0][at+j]
					dbias[j] += e
					u := T(1)
					if k.rest {
						u = a.v[at+j] - a.rest[j]
						dv := -T(e * T(g*a.scale[j]))
						drest[j] -= dv
						if d.v != nil {
							d.v[at+j] = dv
						}
					}
					e = -(e * u)
					dg[j] += T(e * a.scale[j])
					dscale[j] += T(e * g)
				} else if d.v != nil {
					d.v[at+j] = 0
				}
				rise := T(1)
				if k.rule != AlphaEulerDt {
					rise = a.c[j]
				}
				rise *= dg[j]
				if k.rule == AlphaExact {
					dc[j] += T(dg[j] * hBefore)
				} else {
					dc[j] += T(dg[j] * h)
					dh[j] += T(rise)
					rise = 0
				}
				da[j] += T(dh[j]*hBefore) + T(dg[j]*gBefore)
				dgbar[j] += T(dh[j] * a.o[at+j])
				if d.o != nil {
					d.o[at+j] = a.gbar[j] * dh[j]
				}
				dh[j] = T(a.a[j]*dh[j]) + T(rise)
				dg[j] *= a.a[j]
			}
		}
		kernel.Store(d.h0, dh, r0)
		kernel.Store(d.g0, dg, r0)
	}
}
