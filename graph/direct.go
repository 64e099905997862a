package graph

import (
	"fmt"
	"reflect"
	"strings"

	"gonum.org/v1/gonum/blas"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/internal/kernel"
)

// methodOf decides how the machine computes a node, and says whether the result may share
// memory with an operand.
func methodOf(n *G.Node, operands []*G.Node) (m method, shares bool) {
	op := n.Op()
	_, owns := op.(resultOwner)
	dense := n.Dims() > 0 && (n.Dtype() == tensor.Float32 || n.Dtype() == tensor.Float64)
	if _, ok := op.(intoDoer); ok && owns && dense {
		return byInto, false
	}
	if owns {
		return byDo, false
	}
	switch reflect.TypeOf(op).String() {
	case "gorgonia.elemBinOp":
		if !dense {
			return byDo, false
		}
		if sameShape(operands[0].Shape(), n.Shape()) && sameShape(operands[1].Shape(), n.Shape()) {
			switch name, _, _ := strings.Cut(op.String(), " "); name {
			case "+":
				return byAdd, false
			case "-":
				return bySub, false
			case "⊙":
				return byMul, false
			}
		}
		return byPrealloc, false
	case "gorgonia.elemUnaryOp":
		switch {
		case !dense:
			return byDo, false
		case op.String() == "neg":
			return byNeg, false
		}
		return byUnsafe, false
	case "*gorgonia.repeatOp":
		if dense {
			return byRepeat, false
		}
		return byDo, true
	case "gorgonia.linAlgBinOp":
		a, b := operands[0].Shape(), operands[1].Shape()
		if !dense || len(a) != 2 || len(b) != 2 || a.TotalSize() == 0 {
			return byDo, false
		}
		product := map[string]method{"A × B": byGemm, "Aᵀ × B": byGemmTN, "A × Bᵀ": byGemmNT, "Aᵀ × Bᵀ": byGemmTT}
		if m, ok := product[op.String()]; ok {
			if min(a[0], a[1], b[0], b[1]) > 1 {
				return m, false
			}
			// Gorgonia takes a row for a column here and there.
			return byPrealloc, false
		}
		return byDo, false
	}
	return byDo, true
}

// plain says whether v is a tensor with as many elements as the result, in the order of its shape.
func (s *step) plain(v G.Value) bool {
	d, ok := v.(*tensor.Dense)
	return ok && d.Dtype() == s.dtype && d.DataSize() == s.size && ordered(d)
}

// ordered says whether the elements of d lie in the order of its shape.
func ordered(d *tensor.Dense) bool { return !d.DataOrder().IsColMajor() && !d.RequiresIterator() }

// direct computes the operations that the machine knows itself; false: the operands have
// another form than is usual.
func (s *step) direct(args []G.Value) bool {
	if !sameShape(s.out.Shape(), s.shape) { // an operation has reshaped its operand
		return false
	}
	switch {
	case s.method == byRepeat:
		return s.repeat(args[0])
	case s.method >= byGemm:
		return s.product(args)
	}
	for _, v := range args {
		if !s.plain(v) {
			return false
		}
	}
	a, b := args[0].(*tensor.Dense), args[len(args)-1].(*tensor.Dense)
	if s.dtype == tensor.Float32 {
		elementwise(s.method, s.out.Float32s(), a.Float32s(), b.Float32s())
	} else {
		elementwise(s.method, s.out.Float64s(), a.Float64s(), b.Float64s())
	}
	return true
}

// repeat writes v over and over along an axis in which it has one element, as the gradient of a sum
// does.
func (s *step) repeat(v G.Value) bool {
	if v.Dtype() != s.dtype {
		return false
	}
	var axis int
	if _, err := fmt.Sscanf(s.op.String(), "Repeat%d", &axis); err != nil || axis >= len(s.shape) {
		return false
	}
	inner := 1
	for _, n := range s.shape[axis+1:] {
		inner *= n
	}
	if d, ok := v.(*tensor.Dense); ok && (!ordered(d) || !repeats(d.Shape(), s.shape, axis)) {
		return false
	}
	switch x := v.Data().(type) {
	case float32:
		repeat(s.out.Float32s(), []float32{x}, 1)
	case float64:
		repeat(s.out.Float64s(), []float64{x}, 1)
	case []float32:
		repeat(s.out.Float32s(), x, inner)
	case []float64:
		repeat(s.out.Float64s(), x, inner)
	default:
		return false
	}
	return true
}

// repeats says whether shape is the result's with one element along the axis; axes of one element
// may be missing at the end.
func repeats(shape, result tensor.Shape, axis int) bool {
	for i, n := range result {
		have := 1
		if i < len(shape) {
			have = shape[i]
		}
		if i == axis {
			n = 1
		}
		if have != n {
			return false
		}
	}
	return len(shape) <= len(result)
}

// repeat writes every piece of x of inner elements as often as fills dst.
func repeat[T float32 | float64](dst, x []T, inner int) {
	pieces := len(x) / inner
	times := len(dst) / len(x)
	const block = 1 << 15 // elements of a task
	per := max(block/inner, 1)
	kernel.Blocks(pieces*times, per, func(lo, hi int) {
		for k := lo; k < hi; {
			from := x[k/times*inner:][:inner]
			end := min(hi, (k/times+1)*times)
			if inner == 1 {
				v := from[0]
				to := dst[k:end]
				for i := range to {
					to[i] = v
				}
				k = end
				continue
			}
			copy(dst[k*inner:], from)
			k++
		}
	})
}

// elementwise computes a∘b into dst, which may be a or b. All three have one length.
func elementwise[T float32 | float64](m method, dst, a, b []T) {
	switch m {
	case byAdd:
		kernel.Add(dst, a, b)
	case bySub:
		kernel.Sub(dst, a, b)
	case byMul:
		kernel.Mul(dst, a, b)
	case byNeg:
		for i := range dst {
			dst[i] = -a[i]
		}
	}
}

// product computes a matrix product with the routine that Gorgonia uses.
func (s *step) product(args []G.Value) bool {
	a, okA := args[0].(*tensor.Dense)
	b, okB := args[1].(*tensor.Dense)
	if !okA || !okB || a.Dtype() != s.dtype || b.Dtype() != s.dtype || a.Dims() != 2 || b.Dims() != 2 || !ordered(a) || !ordered(b) {
		return false
	}
	m, n, k := s.shape[0], s.shape[1], a.Shape()[1]
	ta, tb := blas.NoTrans, blas.NoTrans
	if s.method == byGemmTN || s.method == byGemmTT {
		ta, k = blas.Trans, a.Shape()[0]
	}
	if s.method == byGemmNT || s.method == byGemmTT {
		tb = blas.Trans
	}
	if a.DataSize() != m*k || b.DataSize() != k*n {
		return false
	}
	if s.dtype == tensor.Float32 {
		tensor.WhichBLAS().Sgemm(ta, tb, m, n, k, 1, a.Float32s(), a.Shape()[1], b.Float32s(), b.Shape()[1], 0, s.out.Float32s(), n)
	} else {
		tensor.WhichBLAS().Dgemm(ta, tb, m, n, k, 1, a.Float64s(), a.Shape()[1], b.Float64s(), b.Shape()[1], 0, s.out.Float64s(), n)
	}
	return true
}
