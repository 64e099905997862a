package dynapse

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/internal/kernel"
	"github.com/surge-snn/surge/ops"
)

// spread writes every bin [N] of x, in k steps: its content in the first, or with all in each of them.
func spread[T kernel.Float](dst, x []T, step, k int, all bool) {
	for t := 0; t*step < len(x); t++ {
		bin := x[t*step : (t+1)*step]
		for i := range k {
			to := dst[(t*k+i)*step : (t*k+i+1)*step]
			if i == 0 || all {
				copy(to, bin)
			} else {
				clear(to)
			}
		}
	}
}

// gather is the reverse: a bin is the sum of its k steps, or with last the last of them.
func gather[T kernel.Float](dst, x []T, step, k int, last bool) {
	for t := 0; t*step < len(dst); t++ {
		bin := dst[t*step : (t+1)*step]
		copy(bin, x[(t*k+k-1)*step:])
		if last {
			continue
		}
		for i := range k - 1 {
			for j, v := range x[(t*k+i)*step : (t*k+i+1)*step] {
				bin[j] += v
			}
		}
	}
}

// simulateSubsteps is Simulate with several steps per bin: a simulation of the steps, whose records are then gathered.
func (n Network) simulateSubsteps(t, b int, input []float64, initial State, forced []float64) (*Run, error) {
	k, step := n.Substeps, b*n.N
	if k < 1 || forced != nil {
		return nil, fmt.Errorf("%w: %d substeps, want at least 1, and 1 with forced spikes", ErrParameter, k)
	}
	if n.N <= 0 || t <= 0 || b <= 0 || len(input) != t*step {
		return nil, fmt.Errorf("%w: input has %d elements for %d steps, %d rows, %d neurons", ErrParameter, len(input), t, b, n.N)
	}
	params, err := n.Params.expandSamples(n.N, max(n.Samples, 1))
	if err != nil {
		return nil, err
	}
	inner := n
	inner.Substeps = 1
	inner.Params[Dt] = make([]float64, max(len(n.Params[Dt]), 1))
	for i := range inner.Params[Dt] {
		inner.Params[Dt][i] = params[Dt][i] / float64(k)
	}
	x := make([]float64, k*len(input))
	spread(x, input, step, k, false)
	fine, err := inner.Simulate(k*t, b, x, initial, nil)
	if err != nil {
		return nil, err
	}
	r := &Run{T: t, B: b, N: n.N, Final: fine.Final, network: n, samples: fine.samples, params: params, rest: initial, input: input}
	bins := func(x []float64, last bool) []float64 {
		y := make([]float64, len(input))
		gather(y, x, step, k, last)
		return y
	}
	r.Records = Records{
		Spikes: bins(fine.Spikes, false), Imem: bins(fine.Imem, true), Vmem: bins(fine.Vmem, true),
		Isyn: bins(fine.Isyn, true), Iahp: bins(fine.Iahp, true),
	}
	r.backward = func(c Cotangents, g *Gradient) error {
		steps := func(x []float64, last bool) []float64 {
			if x == nil {
				return nil
			}
			y := make([]float64, k*len(x))
			if !last {
				spread(y, x, step, k, true)
				return y
			}
			for i := range t {
				copy(y[(i*k+k-1)*step:], x[i*step:(i+1)*step])
			}
			return y
		}
		d := Cotangents{LnImem: steps(c.LnImem, true), Records: Records{
			Spikes: steps(c.Spikes, false), Imem: steps(c.Imem, true), Vmem: steps(c.Vmem, true),
			Isyn: steps(c.Isyn, true), Iahp: steps(c.Iahp, true),
		}}
		if err := fine.backward(d, g); err != nil {
			return err
		}
		all := g.Input
		g.Input = make([]float64, len(input))
		for i := range t {
			copy(g.Input[i*step:(i+1)*step], all[i*k*step:])
		}
		for i := range g.Params[Dt] {
			g.Params[Dt][i] /= float64(k)
		}
		g.params = params
		return nil
	}
	return r, nil
}

// spreadKernel turns bins [T, B, N] into steps [kT, B, N] with the input in the first step of its bin.
type spreadKernel[T kernel.Float] struct{ k, step int }

func (k *spreadKernel[T]) Name() string { return "steps of bins" }

func (k *spreadKernel[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	s := in[0].Clone()
	if s.Dims() != 3 {
		return nil, fmt.Errorf("%w: input %v, want [T, B, N]", ops.ErrShape, s)
	}
	k.step = s[1] * s[2]
	s[0] *= k.k
	return []tensor.Shape{s}, nil
}

func (k *spreadKernel[T]) Forward(in, out [][]T) error {
	spread(out[0], in[0], k.step, k.k, false)
	return nil
}

func (k *spreadKernel[T]) Backward(_, _, gout, gin [][]T) error {
	clear(gin[0])
	if gout[0] != nil {
		for t := 0; t*k.step < len(gin[0]); t++ {
			copy(gin[0][t*k.step:(t+1)*k.step], gout[0][t*k.k*k.step:])
		}
	}
	return nil
}

// gatherKernel turns steps [kT, B, N] into bins [T, B, N]: sums, or the last step of each.
type gatherKernel[T kernel.Float] struct {
	k, step int
	last    bool
}

func (k *gatherKernel[T]) Name() string { return "bins of steps" }

func (k *gatherKernel[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	s := in[0].Clone()
	k.step = s[1] * s[2]
	s[0] /= k.k
	return []tensor.Shape{s}, nil
}

func (k *gatherKernel[T]) Forward(in, out [][]T) error {
	gather(out[0], in[0], k.step, k.k, k.last)
	return nil
}

func (k *gatherKernel[T]) Backward(_, _, gout, gin [][]T) error {
	clear(gin[0])
	if gout[0] == nil {
		return nil
	}
	if !k.last {
		spread(gin[0], gout[0], k.step, k.k, true)
		return nil
	}
	for t := 0; t*k.step < len(gout[0]); t++ {
		copy(gin[0][(t*k.k+k.k-1)*k.step:], gout[0][t*k.step:(t+1)*k.step])
	}
	return nil
}
