package graph

import (
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/internal/kernel"
)

// sum is Gorgonia's Sum (and so its Mean) of float32 with float64 inside: one float32 after the
// other, the sum of a million numbers of one size is 1 % off.
type sum struct {
	shape  tensor.Shape
	gone   []bool
	stride []int // of the result along the axes of the operand
	index  []int
	size   int        // elements of the result
	acc    *[]float64 // of all sums of a machine
}

// sumOf returns what sums n in float64; nil: it is no sum, or of another type.
func sumOf(n *G.Node, operands []*G.Node, acc *[]float64) *sum {
	if stockName(n.Op()) != "sumOp" || n.Dtype() != tensor.Float32 || operands[0].Dims() == 0 {
		return nil
	}
	in := operands[0].Shape().Clone()
	s := &sum{shape: in, gone: make([]bool, len(in)), stride: make([]int, len(in)), index: make([]int, len(in)), size: n.Shape().TotalSize(), acc: acc}
	for _, k := range intsField(n.Op(), "along") {
		s.gone[k] = true
	}
	size := 1
	for k := len(in) - 1; k >= 0; k-- {
		if !s.gone[k] {
			s.stride[k] = size
			size *= in[k]
		}
	}
	if size != s.size {
		return nil
	}
	return s
}

// of returns the sum, in dst if it is no scalar; nil: the operand has another form than is usual.
func (s *sum) of(dst *tensor.Dense, operand G.Value) G.Value {
	x, err := plainTensor(operand)
	if err != nil || x.Dtype() != tensor.Float32 || x.DataSize() != s.shape.TotalSize() || x.DataSize() == 0 {
		return nil
	}
	if len(*s.acc) < s.size {
		*s.acc = make([]float64, s.size)
	}
	acc := (*s.acc)[:s.size]
	s.add(acc, x.Float32s())
	if dst == nil {
		return G.NewF32(float32(acc[0]))
	}
	y := dst.Float32s()
	for i, v := range acc {
		y[i] = float32(v)
	}
	return dst
}

// add goes through the rows of the last axis in order.
func (s *sum) add(acc []float64, x []float32) {
	clear(acc)
	clear(s.index)
	last := len(s.shape) - 1
	n, to := s.shape[last], 0
	for lo := 0; lo < len(x); lo += n {
		row := x[lo : lo+n]
		if s.gone[last] {
			total := 0.0
			for _, v := range row {
				total += float64(v)
			}
			acc[to] += total
		} else {
			kernel.Accumulate(acc[to:to+n], row)
		}
		for k := last - 1; k >= 0; k-- {
			s.index[k]++
			to += s.stride[k]
			if s.index[k] < s.shape[k] {
				break
			}
			to -= s.stride[k] * s.shape[k]
			s.index[k] = 0
		}
	}
}
