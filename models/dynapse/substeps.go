package dynapse

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/internal/kernel"
	"github.com/surge-snn/surge/ops"
)

// steps says in which of the steps of a bin its content is.
type steps uint8

const (
	firstStep steps = iota // input, which arrives at once
	lastStep               // what the bin ended with; recorded spikes
	everyStep              // counts, which add up, and a constant current
)

func (s steps) at(i, k int) bool {
	return s == everyStep || s == firstStep && i == 0 || s == lastStep && i == k-1
}

// spread writes every bin [size] of x as k steps: its content in those that to names, and zeros
// elsewhere.
func spread[T kernel.Float](dst, x []T, size, k int, to steps) {
	for t := 0; t*size < len(x); t++ {
		bin := x[t*size : (t+1)*size]
		for i := range k {
			step := dst[(t*k+i)*size : (t*k+i+1)*size]
			if to.at(i, k) {
				copy(step, bin)
			} else {
				clear(step)
			}
		}
	}
}

// gather is the transpose: a bin is the sum of those of its k steps that from names.
func gather[T kernel.Float](dst, x []T, size, k int, from steps) {
	for t := 0; t*size < len(dst); t++ {
		bin := dst[t*size : (t+1)*size]
		if from == firstStep {
			copy(bin, x[t*k*size:])
			continue
		}
		copy(bin, x[(t*k+k-1)*size:])
		if from == lastStep {
			continue
		}
		for i := range k - 1 {
			for j, v := range x[(t*k+i)*size : (t*k+i+1)*size] {
				bin[j] += v
			}
		}
	}
}

// simulateSubsteps is Simulate with several steps per bin: a simulation of the steps, whose records
// are then gathered.
func (n Network) simulateSubsteps(in Input) (*Run, error) {
	t, b, input, forced := in.T, in.B, in.Counts, in.Forced
	k, step := n.Substeps, b*n.N
	width := step * mode{four: n.FourSynapses}.types()
	if k < 1 {
		return nil, fmt.Errorf("%w: %d substeps, want at least 1", ErrParameter, k)
	}
	if n.N <= 0 || t <= 0 || b <= 0 || len(input) != t*width {
		return nil, fmt.Errorf("%w: input has %d elements for %d steps, %d rows, %d neurons, want %d", ErrParameter, len(input), t, b, n.N, t*width)
	}
	if forced != nil && len(forced) != t*step {
		return nil, fmt.Errorf("%w: forced spikes has %d elements, want %d for %d steps, %d rows, %d neurons", ErrParameter, len(forced), t*step, t, b, n.N)
	}
	if dc := in.DC; dc != nil && len(dc) != t*step {
		return nil, fmt.Errorf("%w: dc has %d elements, want %d for %d steps, %d rows, %d neurons", ErrParameter, len(dc), t*step, t, b, n.N)
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
	spread(x, input, width, k, firstStep)
	var s []float64
	if forced != nil {
		s = make([]float64, k*len(forced))
		spread(s, forced, step, k, lastStep)
	}
	var dc []float64
	if in.DC != nil {
		dc = make([]float64, k*len(in.DC))
		spread(dc, in.DC, step, k, everyStep)
	}
	fine, err := inner.Simulate(Input{T: k * t, B: b, Counts: x, Initial: in.Initial, Forced: s, DC: dc})
	if err != nil {
		return nil, err
	}
	r := &Run{T: t, B: b, N: n.N, Final: fine.Final, network: n, samples: fine.samples, params: params, in: in}
	bins := func(x []float64, from steps) []float64 {
		if x == nil {
			return nil
		}
		y := make([]float64, t*step)
		gather(y, x, step, k, from)
		return y
	}
	r.Records = Records{
		Spikes: bins(fine.Spikes, everyStep), Imem: bins(fine.Imem, lastStep), Vmem: bins(fine.Vmem, lastStep),
		Isyn: bins(fine.Isyn, lastStep), Iahp: bins(fine.Iahp, lastStep),
		Igaba: bins(fine.Igaba, lastStep), Inmda: bins(fine.Inmda, lastStep), Ishunt: bins(fine.Ishunt, lastStep),
	}
	r.backward = func(c Cotangents, g *Gradient) error {
		inSteps := func(x []float64, to steps) []float64 {
			if x == nil {
				return nil
			}
			y := make([]float64, k*len(x))
			spread(y, x, step, k, to)
			return y
		}
		d := Cotangents{LnImem: inSteps(c.LnImem, lastStep), Records: Records{
			Spikes: inSteps(c.Spikes, everyStep), Imem: inSteps(c.Imem, lastStep), Vmem: inSteps(c.Vmem, lastStep),
			Isyn: inSteps(c.Isyn, lastStep), Iahp: inSteps(c.Iahp, lastStep),
			Igaba: inSteps(c.Igaba, lastStep), Inmda: inSteps(c.Inmda, lastStep), Ishunt: inSteps(c.Ishunt, lastStep),
		}}
		if err := fine.backward(d, g); err != nil {
			return err
		}
		all := g.Input
		g.Input = make([]float64, len(input))
		gather(g.Input, all, width, k, firstStep)
		for i := range g.Params[Dt] {
			g.Params[Dt][i] /= float64(k)
		}
		g.params = params
		return nil
	}
	return r, nil
}

// spreadKernel turns bins [T, B, N] into steps [kT, B, N].
type spreadKernel[T kernel.Float] struct {
	k, size int
	to      steps
}

func (k *spreadKernel[T]) Name() string { return "steps of bins" }

func (k *spreadKernel[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	s := in[0].Clone()
	if s.Dims() != 3 {
		return nil, fmt.Errorf("%w: input %v, want [T, B, N]", ops.ErrShape, s)
	}
	k.size = s[1] * s[2]
	s[0] *= k.k
	return []tensor.Shape{s}, nil
}

func (k *spreadKernel[T]) Forward(in, out [][]T) error {
	spread(out[0], in[0], k.size, k.k, k.to)
	return nil
}

func (k *spreadKernel[T]) Backward(_, _, gout, gin [][]T) error {
	if gout[0] == nil {
		clear(gin[0])
		return nil
	}
	gather(gin[0], gout[0], k.size, k.k, k.to)
	return nil
}

// gatherKernel turns steps [kT, B, N] into bins [T, B, N].
type gatherKernel[T kernel.Float] struct {
	k, size int
	from    steps
}

func (k *gatherKernel[T]) Name() string { return "bins of steps" }

func (k *gatherKernel[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	s := in[0].Clone()
	k.size = s[1] * s[2]
	s[0] /= k.k
	return []tensor.Shape{s}, nil
}

func (k *gatherKernel[T]) Forward(in, out [][]T) error {
	gather(out[0], in[0], k.size, k.k, k.from)
	return nil
}

func (k *gatherKernel[T]) Backward(_, _, gout, gin [][]T) error {
	if gout[0] == nil {
		clear(gin[0])
		return nil
	}
	spread(gin[0], gout[0], k.size, k.k, k.from)
	return nil
}
