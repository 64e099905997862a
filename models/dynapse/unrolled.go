package dynapse

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/kernel"
	"github.com/surge-snn/surge/ops"
)

// unrolled is the cell's step repeated over time and differentiated by Gorgonia, with the inputs
// and outputs of the kernel.
type unrolled[T kernel.Float] struct {
	cell    cell
	params  *graph.Params
	program *graph.Program
	in, out []tensor.Shape
}

func (u *unrolled[T]) Name() string { return "dynapsim, unrolled" }

func (u *unrolled[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	k := neuronKernel[T]{mode: u.cell.mode}
	out, err := k.Shapes(in)
	u.in, u.out = in, out
	return out, err
}

func inputName(i int) string  { return fmt.Sprint("in", i) }
func outputName(i int) string { return fmt.Sprint("out", i) }

// build makes the program: every input of the kernel is a parameter of it, and the loss is the
// product of the outputs with given weights.
func (u *unrolled[T]) build(in [][]T) error {
	u.params = graph.NewParams(0)
	settings := graph.Settings{Engine: graph.UnrolledEngine, DType: tensor.Float64, Twin: u.cell.twin}
	if _, ok := any(in[0]).([]float32); ok {
		settings.DType = tensor.Float32
	}
	first := u.cell.firstCoef()
	settings.Frozen = func(name string) bool { // coefficients without any effect
		return name == inputName(first+int(ampere)) && (u.cell.rule != Rockpool || u.cell.forced) ||
			name == inputName(first+int(threshold)) && u.cell.forced
	}
	for i, s := range u.in {
		if err := u.params.Set(inputName(i), tensor.New(tensor.WithShape(s...), tensor.WithBacking(in[i]))); err != nil {
			return err
		}
	}
	var err error
	u.program, err = graph.Build(u.params, settings, func(b *graph.Builder) {
		nodes := make([]*G.Node, len(u.in))
		for i, s := range u.in {
			nodes[i] = b.Param(inputName(i), nil, s...)
		}
		c := u.cell
		state := c.inputs()
		c.initial = nodes[state:]
		out, final := b.Scan("neurons", c, nodes[:first], nodes[first:state])
		var loss *G.Node
		for i, n := range append(out, final...) {
			b.Output(outputName(i), n)
			part := b.Check(G.Sum(b.Check(G.HadamardProd(n, b.Input(outputName(i), u.out[i]...)))))
			if loss == nil {
				loss = part
			} else {
				loss = b.Check(G.Add(loss, part))
			}
		}
		b.Loss(loss)
	})
	return err
}

func (u *unrolled[T]) Forward(in, out [][]T) error {
	if err := u.build(in); err != nil {
		return err
	}
	if err := u.program.Run(); err != nil {
		return err
	}
	for i := range out {
		copy(out[i], ops.Slice[T](u.program.Output(outputName(i))))
	}
	return nil
}

func (u *unrolled[T]) Backward(in, _, gout, gin [][]T) error {
	for i, s := range u.out {
		g := gout[i]
		if g == nil {
			g = make([]T, s.TotalSize())
		}
		if err := u.program.Set(outputName(i), g); err != nil {
			return err
		}
	}
	if err := u.program.Run(); err != nil {
		return err
	}
	for i := range in {
		if g := u.program.Grad(inputName(i)); g != nil && gin[i] != nil {
			copy(gin[i], ops.Slice[T](g))
		}
	}
	return nil
}
