package models

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/ops"
)

// Linear is a matrix of synaptic weights, applied in each time step:
//
//	y[t] = x[t]·W + bias
//
// with x [T, B, in], W [in, Out], bias [Out], y [T, B, Out]. It is Linear and Affine of NIR, and
// Linear of PyTorch, whose matrices are transposed. Parameters: name (W) and name/bias.
//
// Cost of the fused kernel: Out multiply-adds per input that is not zero, forward and for
// dW; a dense product for the gradient of x where it is wanted.
type Linear struct {
	// Out is the number of outputs.
	Out int
	// Bias adds a learned bias, which BiasInit initialises; nil means 0.
	Bias     bool
	BiasInit graph.Init
	// Init initialises W; nil means FanIn(0, 1).
	Init graph.Init
	// Mask, where it is not nil, holds a 0 or 1 for each element of W, row-major:
	// connections that do not exist. Their weights are 0, and learning never revives them:
	// those of given parameters, as when a trained network is pruned, become 0 when the
	// program is built. (The momentum of an optimizer that goes on from before moves them in
	// the parameters, to no effect on y: start it anew.) [FanIn], [Kaiming] and [Xavier] count
	// the others.
	Mask []float64
}

// Apply adds the layer. x is a sequence [T, B, in].
func (l Linear) Apply(b *graph.Builder, name string, x *G.Node) *G.Node {
	if x.Dims() != 3 || l.Out <= 0 {
		b.Fail(fmt.Errorf("%w: Linear %q: input of shape %v to %d outputs, want [T, B, N] and a positive number", ErrParameter, name, x.Shape(), l.Out))
	}
	in := x.Shape()[2]
	init := l.Init
	if init == nil {
		init = FanIn(0, 1)
	}
	params := []*G.Node{weights(b, name, init, l.Mask, in, l.Out)}
	if l.Bias {
		params = append(params, bias(b, name, l.BiasInit, l.Out))
	}
	out, _ := b.Scan(name, linearCell{}, []*G.Node{x}, params)
	return out[0]
}

// bias adds a bias, of zeros where init is nil.
func bias(b *graph.Builder, name string, init graph.Init, out int) *G.Node {
	if init == nil {
		init = Constant(0)
	}
	return b.Param(name+"/bias", init, out)
}

// weights adds a weight matrix [in, out], with a mask of zeros and ones unless that is nil.
func weights(b *graph.Builder, name string, init graph.Init, mask []float64, in, out int) *G.Node {
	if mask == nil {
		return b.Param(name, init, in, out)
	}
	checkMask(b, name, mask, in*out)
	w := b.Param(name, Masked(init, mask), in, out)
	switch v := w.Value().Data().(type) {
	case []float32:
		prune(v, mask)
	case []float64:
		prune(v, mask)
	}
	return masked(b, name, mask, w)
}

// prune sets the weights that a mask leaves out to 0. It writes to no others, so that programs can
// be built beside one that runs.
func prune[T ops.Float](w []T, mask []float64) {
	for i, exists := range mask {
		if exists == 0 && w[i] != 0 {
			w[i] = 0
		}
	}
}

func checkMask(b *graph.Builder, name string, m []float64, n int) {
	if len(m) != n {
		b.Fail(fmt.Errorf("%w: mask of %q has %d elements, want %d", ErrParameter, name, len(m), n))
	}
	for i, v := range m {
		if v != 0 && v != 1 {
			b.Fail(fmt.Errorf("%w: mask of %q: element %d is %v, want 0 or 1", ErrParameter, name, i, v))
		}
	}
}

// masked multiplies a weight matrix with its mask, so that no gradient reaches what does not exist.
func masked(b *graph.Builder, name string, m []float64, w *G.Node) *G.Node {
	return b.Check(G.HadamardProd(w, b.Const(name+"/mask", m, w.Shape()...)))
}

type linearCell struct{}

func (linearCell) Kind() string             { return "linear" }
func (linearCell) State() []graph.StateSpec { return nil }
func (linearCell) Outputs() []string        { return []string{"y"} }

func (linearCell) Step(b *graph.Builder, x, params, _ []*G.Node) (out, next []*G.Node) {
	y := b.Check(G.Mul(x[0], params[0]))
	if len(params) > 1 {
		y = b.Check(G.Add(y, params[1]))
	}
	return []*G.Node{y}, nil
}

func (linearCell) Kernel(*graph.Builder) ops.Kernels {
	return ops.Kernels{Float32: &linearKernel[float32]{}, Float64: &linearKernel[float64]{}}
}
