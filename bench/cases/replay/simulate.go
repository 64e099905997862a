package replay

import (
	"context"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/bench/cases"
	"github.com/surge-snn/surge/graph"
)

// simulation is one run of a layer on the data of a case: a program whose parameters are what the
// case wants gradients for.
type simulation struct{ *graph.Program }

// simulate builds the model for the options and runs it once. grads says whether the case asks for
// gradients; its loss is then that of the model.
func simulate(ctx context.Context, o Options, dt float64, grads bool, model func(*graph.Builder)) (simulation, error) {
	s := graph.Settings{DType: tensor.Float64, Dt: dt, Twin: o.Twin, NoGrad: o.NoGrads || !grads}
	if o.Single() {
		s.DType = tensor.Float32
	}
	if o.Engine == graph.UnrolledEngine.String() {
		s.Engine = graph.UnrolledEngine
	}
	p, err := graph.Build(graph.NewParams(0), s, model)
	if err != nil {
		return simulation{}, err
	}
	if err := ctx.Err(); err != nil {
		p.Close()
		return simulation{}, err
	}
	if err := p.Run(); err != nil {
		p.Close()
		return simulation{}, err
	}
	return simulation{p}, ctx.Err()
}

// output returns a record in the given shape.
func (s simulation) output(name string, shape ...int) cases.Tensor {
	return inShape(s.Output(name), shape)
}

// grad returns the gradient of a parameter in the given shape.
func (s simulation) grad(name string, shape ...int) cases.Tensor {
	return inShape(s.Grad(name), shape)
}

func inShape(d *tensor.Dense, shape []int) cases.Tensor {
	t := cases.Tensor{Shape: append([]int{}, shape...)}
	if d.Dtype() == tensor.Float64 {
		t.Data = append(t.Data, d.Float64s()...)
		return t
	}
	for _, x := range d.Float32s() {
		t.Data = append(t.Data, float64(x))
	}
	return t
}

// perLog turns the gradient with respect to the logarithms of x into that with respect to x.
func perLog(d cases.Tensor, x []float64) cases.Tensor {
	for i := range d.Data {
		d.Data[i] /= x[i]
	}
	return d
}

// weightedSum adds the loss Σ weights·x and records it as loss_sum.
func weightedSum(b *graph.Builder, x *G.Node, weights []float64) {
	w := b.Const("loss_weights", weights, x.Shape()...)
	loss := b.Check(G.Sum(b.Check(G.HadamardProd(x, w))))
	b.Loss(loss)
	b.Output("loss_sum", loss)
}

// swapped exchanges the first two axes of x, of shape [a, b, n].
func swapped(x []float64, a, b, n int) []float64 {
	y := make([]float64, len(x))
	for i := range a {
		for j := range b {
			copy(y[(j*a+i)*n:(j*a+i+1)*n], x[(i*b+j)*n:])
		}
	}
	return y
}

// nonEmpty reports a shape of the named input with an extent of 0.
func nonEmpty(f *cases.Fields, name string, t cases.Tensor) {
	if f.Err() != nil {
		return
	}
	for _, n := range t.Shape {
		if n == 0 {
			f.FailInput(name, "extents > 0", "shape "+cases.Shape(t.Shape).String())
			return
		}
	}
}
