package models

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/kernel"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/surrogate"
)

func (c lifCell) Kernel(b *graph.Builder) ops.Kernels {
	return ops.Kernels{
		Float32: &lifKernel[float32]{lifCell: c, twin: b.Twin()},
		Float64: &lifKernel[float64]{lifCell: c, twin: b.Twin()},
	}
}

// lifKernel is lifCell for the whole sequence. The rows of a batch are independent of
// each other: tasks take fixed blocks of them through all time steps. Kept for the
// adjoint are the outputs, and the synaptic current where there is one.
type lifKernel[T kernel.Float] struct {
	lifCell
	twin    bool
	t, b    int
	isyn    []T    // [T, B, N]
	spiked  []T    // [T, B, N], spikes of the step before; recurrent only
	dx      []T    // [T, B, N], where nobody else asks for it
	partial [4][]T // [B, N], gradients of parameters by row of the batch
	scratch []T    // [blocks, 6, N]

	// What Forward or Backward is at work on, and the tasks: made once, so that a run
	// allocates nothing.
	in, gin           lifIn[[]T]
	out, gout         lifOut[[]T]
	forward, backward func(lo, hi int)
}

// rowBlock is how many rows of a batch one task takes through time.
const rowBlock = 4

// lifIn names the inputs of the kernel.
type lifIn[T any] struct{ x, alpha, vth, beta, vreset, wrec, v0, i0, s0 T }

func split[T any](c lifCell, in []T) (a lifIn[T]) {
	next := func(have bool) (v T) {
		if have {
			v, in = in[0], in[1:]
		}
		return v
	}
	a.x, a.alpha, a.vth = next(true), next(true), next(true)
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
	k.t, k.b = x[0], x[1]
	size := x.TotalSize()
	if k.synapse {
		k.isyn = make([]T, size)
	}
	if k.recurrent {
		k.spiked = make([]T, size)
	}
	k.scratch = make([]T, (k.b+rowBlock-1)/rowBlock*6*k.n)
	k.forward, k.backward = k.forwardRows, k.backwardRows
	out := []tensor.Shape{x.Clone(), x.Clone()}
	for range k.State() {
		out = append(out, tensor.Shape{k.b, k.n})
	}
	return out, nil
}

// rows returns the i-th of the six rows of scratch memory of the block that starts at lo.
func (k *lifKernel[T]) rows(lo, i int) []T {
	at := (lo/rowBlock*6 + i) * k.n
	return k.scratch[at : at+k.n : at+k.n]
}

func (k *lifKernel[T]) Forward(in, out [][]T) error {
	k.in, k.out = split(k.lifCell, in), splitOut(k.lifCell, out)
	kernel.Blocks(k.b, rowBlock, k.forward)
	return nil
}

func (k *lifKernel[T]) forwardRows(lo, hi int) {
	a, o := &k.in, &k.out
	step := k.b * k.n
	above := k.rows(lo, 0)
	for b := lo; b < hi; b++ {
		r0, r1 := b*k.n, (b+1)*k.n
		v := o.v[r0:r1]
		copy(v, a.v0[r0:r1])
		var i, s []T
		if k.synapse {
			i = o.i[r0:r1]
			copy(i, a.i0[r0:r1])
		}
		if k.recurrent {
			s = o.s[r0:r1]
			copy(s, a.s0[r0:r1])
		}
		for t := range k.t {
			at, end := t*step+r0, t*step+r1
			u, spikes := o.vmem[at:end], o.spikes[at:end]
			copy(u, a.x[at:end])
			if k.recurrent {
				copy(k.spiked[at:end], s)
				for m, sm := range s {
					if sm != 0 {
						kernel.Axpy(sm, a.wrec[m*k.n:(m+1)*k.n], u)
					}
				}
			}
			if k.synapse {
				kept := k.isyn[at:end]
				for j, x := range u {
					i[j] = T(a.beta[j]*i[j]) + x
					kept[j] = i[j]
					u[j] = T(a.alpha[j]*v[j]) + T((1-a.alpha[j])*i[j])
				}
			} else {
				for j, x := range u {
					u[j] = T(a.alpha[j]*v[j]) + x
				}
			}
			for j, uj := range u {
				above[j] = uj - a.vth[j]
			}
			if k.twin {
				surrogate.Antiderivatives(k.surrogate, spikes, above)
			} else {
				ops.Heaviside(spikes, above)
			}
			for j, sj := range spikes {
				v[j] = k.reset(u[j], sj, j)
			}
			copy(s, spikes)
		}
	}
}

// reset returns the voltage of neuron j after the step, from that before the reset.
func (k *lifKernel[T]) reset(u, spike T, j int) T {
	if k.toValue {
		return u + T(spike*(k.in.vreset[j]-u))
	}
	return u - T(k.in.vth[j]*spike)
}

func (k *lifKernel[T]) Backward(in, out, gout, gin [][]T) error {
	k.in, k.out = split(k.lifCell, in), splitOut(k.lifCell, out)
	k.gin, k.gout = split(k.lifCell, gin), splitOut(k.lifCell, gout)
	for j := range k.partial {
		if k.partial[j] == nil {
			k.partial[j] = make([]T, k.b*k.n)
		}
		clear(k.partial[j])
	}
	dx := k.gin.x
	if dx == nil {
		if k.dx == nil {
			k.dx = make([]T, len(k.in.x))
		}
		dx = k.dx
		k.gin.x = dx
	}
	kernel.Blocks(k.b, rowBlock, k.backward)
	// Gradients of parameters are summed in the order of the rows.
	for j, p := range [...][]T{k.gin.alpha, k.gin.vth, k.gin.beta, k.gin.vreset} {
		if p != nil {
			kernel.SumRows(p, k.partial[j])
		}
	}
	if k.gin.wrec != nil {
		kernel.Gemm(true, false, k.n, k.n, k.t*k.b, k.spiked, dx, 0, k.gin.wrec)
	}
	return nil
}

func (k *lifKernel[T]) backwardRows(lo, hi int) {
	a, o, g, d := &k.in, &k.out, &k.gout, &k.gin
	step := k.b * k.n
	above, slope, dv := k.rows(lo, 0), k.rows(lo, 1), k.rows(lo, 2)
	di, ds, rec := k.rows(lo, 3), k.rows(lo, 4), k.rows(lo, 5)
	for b := lo; b < hi; b++ {
		r0, r1 := b*k.n, (b+1)*k.n
		dalpha, dvth, dbeta, dvreset := k.partial[0][r0:r1], k.partial[1][r0:r1], k.partial[2][r0:r1], k.partial[3][r0:r1]
		kernel.Load(dv, g.v, r0)
		kernel.Load(di, g.i, r0)
		kernel.Load(rec, g.s, r0)
		for t := k.t - 1; t >= 0; t-- {
			at, end := t*step+r0, t*step+r1
			u, spikes, dxt := o.vmem[at:end], o.spikes[at:end], d.x[at:end]
			kernel.Load(ds, g.spikes, at)
			for j := range ds {
				ds[j] += rec[j]
				above[j] = u[j] - a.vth[j]
			}
			surrogate.Slopes(k.surrogate, slope, above)
			for j, sj := range spikes {
				dr := dv[j]
				var du, dsj T
				if k.toValue {
					du = T(dr * (1 - sj))
					dsj = T((a.vreset[j] - u[j]) * dr)
					dvreset[j] += T(sj * dr)
				} else {
					du = dr
					dsj = T(-a.vth[j] * dr)
					dvth[j] -= T(sj * dr)
				}
				if k.detach {
					dsj = 0
				}
				spike := T((ds[j] + dsj) * slope[j])
				dvth[j] -= spike
				du += spike
				if g.vmem != nil {
					du += g.vmem[at+j]
				}
				before := a.v0[r0+j] // the voltage after the step before
				if t > 0 {
					before = k.reset(o.vmem[at-step+j], o.spikes[at-step+j], j)
				}
				dv[j] = a.alpha[j] * du
				if !k.synapse {
					dalpha[j] += T(du * before)
					dxt[j] = du
					continue
				}
				dalpha[j] += T(du * (before - k.isyn[at+j]))
				dij := di[j] + T((1-a.alpha[j])*du)
				dxt[j] = dij
				ibefore := a.i0[r0+j]
				if t > 0 {
					ibefore = k.isyn[at-step+j]
				}
				dbeta[j] += T(dij * ibefore)
				di[j] = a.beta[j] * dij
			}
			if k.recurrent {
				kernel.Gemm(false, true, 1, k.n, k.n, dxt, a.wrec, 0, rec)
			}
		}
		kernel.Store(d.v0, dv, r0)
		kernel.Store(d.i0, di, r0)
		kernel.Store(d.s0, rec, r0)
	}
}
