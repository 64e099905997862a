package graph

import (
	"fmt"
	"hash"
	"hash/fnv"
	"math"

	"github.com/chewxy/hm"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/ops"
)

// softmax takes the place of the operation of Gorgonia's SoftMax and LogSoftMax, as soon as the
// Builder sees it:
//
//	SoftMax:     y = exp(x)/Σ exp(x),     dx = y (g - Σ y g)
//	LogSoftMax:  y = x - ln Σ exp(x),     dx = g - exp(y) Σ g
//
// along an axis. Gorgonia's Log, which its derivative of Pow is made of, too, turns the SoftMax
// that it is applied to into a LogSoftMax, for all who read it; and of a column without an axis its
// gradient is along another axis than the value.
type softmax struct {
	shape tensor.Shape
	axis  int
	log   bool
	dtype tensor.Dtype
}

// softmaxOf is the softmax of a node of Gorgonia's, which has the shape of its operand.
func (b *Builder) softmaxOf(n *G.Node) *softmax {
	s := n.Shape()
	axis := intField(n.Op(), "axis")
	switch {
	case axis != -1:
	case s.IsColVec():
		axis = 0 // where it is not said, as Gorgonia has it
	default:
		axis = s.Dims() - 1
	}
	if axis < 0 || axis >= s.Dims() {
		b.Fail(fmt.Errorf("%w: %v of shape %v, want an axis of it", ErrShape, n.Op(), s))
	}
	return &softmax{shape: s.Clone(), axis: axis, log: field(n.Op(), "isLog").Bool(), dtype: n.Dtype()}
}

func (*softmax) OwnsResult()  {}
func (o *softmax) Arity() int { return 1 }
func (o *softmax) Type() hm.Type {
	t := func() hm.Type { return G.TensorType{Dims: o.shape.Dims(), Of: o.dtype} }
	return hm.NewFnType(t(), t())
}
func (o *softmax) InferShape(...G.DimSizer) (tensor.Shape, error) { return o.shape.Clone(), nil }
func (o *softmax) ReturnsPtr() bool                               { return true }
func (o *softmax) CallsExtern() bool                              { return false }
func (o *softmax) OverwritesInput() int                           { return -1 }
func (o *softmax) WriteHash(h hash.Hash)                          { fmt.Fprint(h, o) }
func (o *softmax) Hashcode() uint32 {
	h := fnv.New32a()
	o.WriteHash(h)
	return h.Sum32()
}

func (o *softmax) String() string {
	if o.log {
		return fmt.Sprintf("LogSoftMax(%d)", o.axis)
	}
	return fmt.Sprintf("SoftMax(%d)", o.axis)
}

func (o *softmax) Do(in ...G.Value) (G.Value, error) {
	y := zeros(o.dtype, o.shape)
	return y, o.DoInto(y, in...)
}

// DoInto computes the result in float64, in dst.
func (o *softmax) DoInto(dst *tensor.Dense, in ...G.Value) error {
	x, err := plainTensor(in[0])
	if err != nil {
		return err
	}
	if o.dtype == tensor.Float32 {
		softmaxLines(o, dst.Float32s(), x.Float32s())
	} else {
		softmaxLines(o, dst.Float64s(), x.Float64s())
	}
	return nil
}

// lines calls f for each line along the axis, with the number of its first element.
func (o *softmax) lines(f func(first, n, stride int)) {
	n, stride := o.shape[o.axis], 1
	for _, k := range o.shape[o.axis+1:] {
		stride *= k
	}
	for outer := 0; outer < o.shape.TotalSize(); outer += n * stride {
		for inner := range stride {
			f(outer+inner, n, stride)
		}
	}
}

func softmaxLines[T ops.Float](o *softmax, y, x []T) {
	o.lines(func(first, n, stride int) {
		top, sum := math.Inf(-1), 0.0
		for k := range n {
			top = max(top, float64(x[first+k*stride]))
		}
		for k := range n {
			sum += fmath.Exp(float64(x[first+k*stride]) - top)
		}
		whole := fmath.Log(sum)
		for k := range n {
			d := float64(x[first+k*stride]) - top
			if o.log {
				y[first+k*stride] = T(d - whole)
			} else {
				y[first+k*stride] = T(fmath.Exp(d) / sum)
			}
		}
	})
}

// DiffWRT, and SymDiff, make it a G.SDOp.
func (o *softmax) DiffWRT(int) []bool { return []bool{true} }

// SymDiff adds the gradient.
func (o *softmax) SymDiff(_ G.Nodes, y, g *G.Node) (G.Nodes, error) {
	k := ops.Kernels{Float32: softmaxGradient[float32]{o}, Float64: softmaxGradient[float64]{o}}
	return ops.Apply(k, []bool{false, false}, y, g)
}

type softmaxGradient[T ops.Float] struct{ of *softmax }

func (k softmaxGradient[T]) Name() string                                   { return "d" + k.of.String() }
func (softmaxGradient[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) { return in[:1], nil }
func (softmaxGradient[T]) Backward(_, _, _, _ [][]T) error                  { return nil }
func (k softmaxGradient[T]) Forward(in, out [][]T) error {
	y, g, dx := in[0], in[1], out[0]
	k.of.lines(func(first, n, stride int) {
		sum := 0.0
		for i := range n {
			at := first + i*stride
			if k.of.log {
				sum += float64(g[at])
			} else {
				sum += float64(float64(y[at]) * float64(g[at]))
			}
		}
		for i := range n {
			at := first + i*stride
			if k.of.log {
				dx[at] = T(float64(g[at]) - float64(fmath.Exp(float64(y[at]))*sum))
			} else {
				dx[at] = T(float64(y[at]) * (float64(g[at]) - sum))
			}
		}
	})
	return nil
}
