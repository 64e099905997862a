package graph

import (
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// value computes the result of an operation of Gorgonia's into dst.
type value func(dst *tensor.Dense, in []G.Value) error

// valueOf returns what the machine computes for an operation whose value is wrong in Gorgonia
// 0.9.18 and tensor 0.9.24; nil for all others:
//
//   - Sum and Max of tensors of four axes and more: some middle axes are mixed up;
//   - AveragePool2D: divided by the width of the image, not by the size of the kernel;
//   - ByIndices along a middle axis: other elements;
//   - a Slice of one element that keeps an axis: a scalar, which what reads it does not take;
//   - Tensordot over axes of length 1 alone: an error.
func valueOf(n *G.Node, operands []*G.Node) value {
	if n.Dims() == 0 {
		return nil
	}
	in := operands[0].Shape()
	switch name := stockName(n.Op()); {
	case (name == "sumOp" || name == "maxOp") && in.Dims() >= 4:
		m := reduced(in, intsField(n.Op(), "along"))
		if name == "sumOp" {
			return linear(m)
		}
		return func(dst *tensor.Dense, in []G.Value) error {
			x, err := plainTensor(in[0])
			if err == nil && dst.Dtype() == tensor.Float32 {
				largest(m, dst.Float32s(), x.Float32s())
			} else if err == nil {
				largest(m, dst.Float64s(), x.Float64s())
			}
			return err
		}
	case name == "sliceOp" && n.Shape().TotalSize() == 1:
		return linear(cut(n.Op(), in))
	case name == "tensordotOp" && summed(n.Op(), in) == 1:
		return func(dst *tensor.Dense, in []G.Value) error {
			x, err := plainTensor(in[0])
			if err != nil {
				return err
			}
			y, err := plainTensor(in[1])
			if err == nil && dst.Dtype() == tensor.Float32 {
				outer(dst.Float32s(), x.Float32s(), y.Float32s())
			} else if err == nil {
				outer(dst.Float64s(), x.Float64s(), y.Float64s())
			}
			return err
		}
	case name == "avgPoolOp":
		return linear(averages(n.Op(), in, n.Shape()))
	case name == "byIndicesOp":
		axis := intField(n.Op(), "axis")
		return func(dst *tensor.Dense, in []G.Value) error {
			x, err := plainTensor(in[0])
			if err != nil {
				return err
			}
			m, err := picked(x.Shape(), axis, in[1].Data().([]int))
			if err == nil {
				applyTo(m, dst, x)
			}
			return err
		}
	}
	return nil
}

// cut is the map of a Slice of a tensor.
func cut(op G.Op, in tensor.Shape) *gather {
	start, end, step := 0, in[intField(op, "along")], 1
	if s, ok := field(op, "Slice").Interface().(tensor.Slice); ok && s != nil && s.End() > s.Start() {
		start, end, step = s.Start(), s.End(), max(s.Step(), 1)
	}
	along, to, m := intField(op, "along"), 0, &gather{}
	eachIndex(in, func(from int, idx []int) {
		if i := idx[along]; i >= start && i < end && (i-start)%step == 0 {
			m.add(from, to)
			to++
		}
	})
	return m
}

// summed is how many products a Tensordot adds up for each element.
func summed(op G.Op, in tensor.Shape) int {
	n := 1
	for _, k := range intsField(op, "aAxes") {
		n *= in[k]
	}
	return n
}

// outer is the outer product.
func outer[T float32 | float64](dst, x, y []T) {
	for i, v := range x {
		for j, w := range y {
			dst[i*len(y)+j] = v * w
		}
	}
}

func linear(m *gather) value {
	return func(dst *tensor.Dense, in []G.Value) error {
		x, err := plainTensor(in[0])
		if err == nil {
			applyTo(m, dst, x)
		}
		return err
	}
}

// largest is Max over what m adds up. A NaN stays a NaN.
func largest[T float32 | float64](m *gather, y, x []T) {
	seen := make([]bool, len(y))
	for k, i := range m.from {
		to := m.to[k]
		if !seen[to] {
			y[to], seen[to] = x[i], true
		}
		y[to] = max(y[to], x[i])
	}
}
