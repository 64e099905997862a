package models

import (
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/internal/kernel"
)

// liKernel is liCell for the whole sequence, by blocks of rows as in lifKernel.
type liKernel[T kernel.Float] struct {
	liCell
	t, b    int
	isyn    []T    // [T, B, N]
	carry   [2][]T // [B, N], gradients of vmem and isyn on their way back in time
	partial [2][]T // [B, N], gradients of alpha and beta by row of the batch

	in, gin           liIn[[]T]
	out, gout         liOut[[]T]
	forward, backward func(lo, hi int)
}

// liIn names the inputs of the kernel.
type liIn[T any] struct{ x, alpha, beta, v0, i0 T }

func splitLI[T any](c liCell, in []T) liIn[T] {
	if c.synapse {
		return liIn[T]{x: in[0], alpha: in[1], beta: in[2], v0: in[3], i0: in[4]}
	}
	return liIn[T]{x: in[0], alpha: in[1], v0: in[2]}
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
	if k.synapse {
		k.isyn = make([]T, x.TotalSize())
	}
	k.forward, k.backward = k.forwardRows, k.backwardRows
	out := []tensor.Shape{x.Clone()}
	for range k.State() {
		out = append(out, tensor.Shape{k.b, k.n})
	}
	return out, nil
}

func (k *liKernel[T]) Forward(in, out [][]T) error {
	k.in, k.out = splitLI(k.liCell, in), splitLIOut(k.liCell, out)
	kernel.Blocks(k.b, rowBlock, k.forward)
	return nil
}

func (k *liKernel[T]) forwardRows(lo, hi int) {
	a, o := &k.in, &k.out
	step := k.b * k.n
	copy(o.v[lo*k.n:hi*k.n], a.v0[lo*k.n:])
	if k.synapse {
		copy(o.i[lo*k.n:hi*k.n], a.i0[lo*k.n:])
	}
	for t := range k.t {
		for b := lo; b < hi; b++ {
			r0 := b * k.n
			at := t*step + r0
			for j := range k.n {
				current := a.x[at+j]
				if k.synapse {
					i := T(a.beta[j]*o.i[r0+j]) + current
					o.i[r0+j], k.isyn[at+j] = i, i
					current = T((1 - a.alpha[j]) * i)
				}
				v := T(a.alpha[j]*o.v[r0+j]) + current
				o.v[r0+j], o.vmem[at+j] = v, v
			}
		}
	}
}

func (k *liKernel[T]) Backward(in, out, gout, gin [][]T) error {
	k.in, k.out = splitLI(k.liCell, in), splitLIOut(k.liCell, out)
	k.gin, k.gout = splitLI(k.liCell, gin), splitLIOut(k.liCell, gout)
	for j := range k.partial {
		if k.partial[j] == nil {
			k.partial[j], k.carry[j] = make([]T, k.b*k.n), make([]T, k.b*k.n)
		}
		clear(k.partial[j])
	}
	kernel.Blocks(k.b, rowBlock, k.backward)
	for j, p := range [...][]T{k.gin.alpha, k.gin.beta} {
		if p != nil {
			kernel.SumRows(p, k.partial[j])
		}
	}
	return nil
}

func (k *liKernel[T]) backwardRows(lo, hi int) {
	a, o, g, d := &k.in, &k.out, &k.gout, &k.gin
	step := k.b * k.n
	for b := lo; b < hi; b++ {
		r0, r1 := b*k.n, (b+1)*k.n
		dv, di := k.carry[0][r0:r1], k.carry[1][r0:r1]
		dalpha, dbeta := k.partial[0][r0:r1], k.partial[1][r0:r1]
		kernel.Load(dv, g.v, r0)
		kernel.Load(di, g.i, r0)
		for t := k.t - 1; t >= 0; t-- {
			at := t*step + r0
			for j := range k.n {
				du := dv[j]
				if g.vmem != nil {
					du += g.vmem[at+j]
				}
				before := a.v0[r0+j]
				if t > 0 {
					before = o.vmem[at-step+j]
				}
				dv[j] = a.alpha[j] * du
				dx := du
				if k.synapse {
					dalpha[j] += T(du * (before - k.isyn[at+j]))
					dx = di[j] + T((1-a.alpha[j])*du)
					ibefore := a.i0[r0+j]
					if t > 0 {
						ibefore = k.isyn[at-step+j]
					}
					dbeta[j] += T(dx * ibefore)
					di[j] = a.beta[j] * dx
				} else {
					dalpha[j] += T(du * before)
				}
				if d.x != nil {
					d.x[at+j] = dx
				}
			}
		}
		kernel.Store(d.v0, dv, r0)
		kernel.Store(d.i0, di, r0)
	}
}
