package ops_test

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/ops"
)

// leak is a leaky integrator without parameters, v[t] = a v[t-1] + x[t], over a sequence
// [T, B, N]: what the author of a layer writes to have its time loop in one operation.
type leak[T ops.Float] struct {
	a        T
	t, width int
}

func (*leak[T]) Name() string { return "leak" }

// Shapes is called once, before everything else: the place to keep sizes and make
// buffers.
func (k *leak[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	if in[0].Dims() != 3 {
		return nil, fmt.Errorf("%w: leak of %v, want a sequence [T, B, N]", ops.ErrShape, in[0])
	}
	k.t, k.width = in[0][0], in[0][1]*in[0][2]
	return []tensor.Shape{in[0].Clone()}, nil
}

func (k *leak[T]) Forward(in, out [][]T) error {
	x, v := in[0], out[0]
	copy(v, x[:k.width])
	for i := k.width; i < len(x); i++ {
		v[i] = T(k.a*v[i-k.width]) + x[i]
	}
	return nil
}

// Backward runs the adjoint λ[t] = g[t] + a λ[t+1], with dL/dx = λ.
func (k *leak[T]) Backward(_, _, gout, gin [][]T) error {
	if gout[0] == nil { // the output is not used
		clear(gin[0])
		return nil
	}
	copy(gin[0], gout[0])
	for i := len(gin[0]) - 1; i >= k.width; i-- {
		gin[0][i-k.width] += T(k.a * gin[0][i])
	}
	return nil
}

// A kernel of one's own in a graph, with its gradient.
func ExampleKernel() {
	g := G.NewGraph()
	x := G.NewTensor(g, tensor.Float64, 3, G.WithName("x"), G.WithShape(3, 1, 1),
		G.WithValue(tensor.New(tensor.WithShape(3, 1, 1), tensor.WithBacking([]float64{1, 0, 2}))))

	kernels := ops.Kernels{Float32: &leak[float32]{a: 0.5}, Float64: &leak[float64]{a: 0.5}}
	out, err := ops.Apply(kernels, nil, x)
	if err != nil {
		fmt.Println(err)
		return
	}
	v := G.Must(ops.LastStep(out[0]))
	grad, err := G.Grad(G.Must(G.Sum(v)), x)
	if err != nil {
		fmt.Println(err)
		return
	}
	var value, slope G.Value
	G.Read(v, &value)
	G.Read(grad[0], &slope)
	m := G.NewTapeMachine(g)
	defer m.Close()
	if err := m.RunAll(); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(value.Data(), slope.Data())
	// Output: [2.25] [0.25 0.5 1]
}
