package graph

import (
	"fmt"

	G "gorgonia.org/gorgonia"
)

// derivative is the derivative of an operation.
type derivative struct {
	// wrt says with respect to which operands; nil: those that Gorgonia says.
	wrt []bool
	// terms adds the gradients of the operands x of y, whose own gradient is g. It returns nil
	// where Gorgonia's are right.
	terms func(b *Builder, x []*G.Node, y, g *G.Node) []*G.Node
}

// derivativeOf returns the derivative that takes the place of that of the operation itself; nil
// where there is none.
func derivativeOf(op G.Op) *derivative {
	switch stockName(op) {
	case "elemUnaryOp":
		return &derivative{terms: unaryTerms}
	case "linAlgBinOp":
		return &derivative{terms: productTerms}
	case "tensordotOp":
		return &derivative{terms: contractionTerms}
	case "maxOp":
		return &derivative{terms: maxTerms}
	case "minBetween", "maxBetween":
		return &derivative{terms: betweenTerms}
	case "concatOp":
		return &derivative{terms: concatTerms}
	case "sliceOp":
		return &derivative{terms: sliceTerms}
	case "atOp":
		return &derivative{wrt: []bool{true}, terms: atTerms}
	case "byIndicesOp":
		return &derivative{wrt: []bool{true, false}, terms: pickTerms}
	case "avgPoolOp":
		return &derivative{terms: averageTerms}
	case "globalAveragePoolOp":
		return &derivative{wrt: []bool{true}, terms: globalAverageTerms}
	case "dtConvOp": // truncation is flat; Gorgonia's gradient would be truncated, too
		return &derivative{wrt: []bool{false}}
	case "GroupNormOp":
		return &derivative{terms: groupNormTerms}
	}
	return nil
}

// differentiable says with respect to which of its operands a node has a derivative.
func differentiable(n *G.Node, operands int) []bool {
	if n.Op() == nil || operands == 0 {
		return nil
	}
	if d := derivativeOf(n.Op()); d != nil && d.wrt != nil {
		return d.wrt
	}
	if op, ok := n.Op().(G.SDOp); ok {
		return op.DiffWRT(operands)
	}
	return nil
}

// hasDerivative says whether an operation has a derivative at all.
func hasDerivative(op G.Op) bool {
	_, ok := op.(G.SDOp)
	return ok || derivativeOf(op) != nil
}

// terms adds the gradients of the operands of n, whose own gradient is g: nil where there is
// none.
func (b *Builder) terms(n *G.Node, operands []*G.Node, g *G.Node) []*G.Node {
	var terms []*G.Node
	if d := derivativeOf(n.Op()); d != nil {
		terms = d.terms(b, operands, n, g)
	}
	if terms == nil {
		op, ok := n.Op().(G.SDOp)
		if !ok {
			b.Failf("gradient of %v: none", n.Op())
		}
		var err error
		if terms, err = op.SymDiff(operands, n, g); err != nil {
			b.Fail(fmt.Errorf("%w: gradient of %v: %w", ErrBuild, op, err))
		}
	}
	b.settle()
	return terms
}

// shaped returns the gradient of n that an operation sends in the shape of n. Gorgonia leaves
// out or adds axes of length 1 here and there; a gradient of another size is an error.
func (b *Builder) shaped(op G.Op, operand int, n, grad *G.Node) *G.Node {
	want, got := n.Shape(), grad.Shape()
	switch {
	case sameShape(want, got):
		return grad
	case want.TotalSize() != got.TotalSize():
		b.Fail(fmt.Errorf("%w: gradient of %v with respect to operand %d has shape %v, want %v", ErrShape, op, operand, got, want))
	}
	if want.Dims() == 0 {
		return b.Check(G.Sum(grad))
	}
	return b.Check(G.Reshape(grad, want.Clone()))
}
