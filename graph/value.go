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
//   - ByIndices along a middle axis: other elements.
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
