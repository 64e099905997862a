package graph

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// runner computes all nodes of a graph once.
type runner interface{ run() error }

// machine runs the operations of a graph in the order in which they were added to it,
// operands first, and only those that something recorded depends on.
//
// Results live in memory of the machine, which the plan hands out before the first run: a
// buffer is used again when the last reader of everything that may share it has run. No
// operation writes over an operand that is read again, over an input, a parameter, or the
// memory of another operation. (On Gorgonia's tape machine an addition to a reshaped
// parameter overwrites the parameter: Reshape returns the memory of its operand.)
//
// Which operations write where:
//
//   - Sum, difference, elementwise product, negation and matrix product of Gorgonia are
//     computed by the machine itself, with the same roundings, and without any allocation;
//   - what Gorgonia computes wrongly is computed by the machine (valueOf), sums of float32 with
//     float64 inside (sumOf);
//   - operations with a method DoInto (those of package ops) and Gorgonia's other elementwise
//     operations write into a buffer; the latter allocate small objects in each run;
//   - the result of any other operation is its own, new in each run as a rule, and may share
//     memory with its operands, unless the operation has a method OwnsResult. It is let go
//     after its last reader.
//
// An operation must not keep the memory of an operand for a later one, unless that is an
// operand of the later one, too.
type machine struct {
	steps  []step
	values []G.Value // of each step's node
	args   []G.Value
	memory int // elements of all buffers
	sums   []float64
	// check, where it is not nil, is asked after every step.
	check func(n *G.Node, v G.Value) error
}

// step computes the value of one node.
type step struct {
	node   *G.Node
	op     G.Op // nil for an input, which has a value already
	in     []int32
	drop   []int32       // values that nobody reads after this step
	out    *tensor.Dense // where the result goes; nil: the operation brings memory of its own
	dtype  tensor.Dtype
	shape  tensor.Shape
	size   int // elements of the result
	method method
	value  value // of method byValue, where it is no sum
	sum    *sum  // of float32
	reads  bool  // the result may share memory with an operand
}

// method is how the value of a step is computed.
type method uint8

const (
	byDo       method = iota // Op.Do
	byPrealloc               // Op.UsePreallocDo
	byUnsafe                 // copy the operand, then Op.UnsafeDo
	byInto                   // DoInto
	byValue                  // what valueOf says
	byAdd                    // the machine itself, from here on
	bySub
	byMul
	byNeg
	byGemm
	byGemmTN
	byGemmNT
	byGemmTT
	byRepeat
)

// intoDoer is an operation that writes its result into given memory, which no operand
// shares; see package ops.
type intoDoer interface {
	DoInto(dst *tensor.Dense, in ...G.Value) error
}

// resultOwner is an operation whose result shares no memory with an operand.
type resultOwner interface{ OwnsResult() }

// run computes all nodes. The error of an operation and its panic are errors that
// name the operation; the next run starts afresh.
func (m *machine) run() (err error) {
	at := 0
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("graph: run: panic in %v: %v", m.steps[at].op, r)
		}
	}()
	for ; at < len(m.steps); at++ {
		s := &m.steps[at]
		if s.op == nil {
			m.values[at] = s.node.Value()
		} else {
			m.args = m.args[:0]
			for _, i := range s.in {
				m.args = append(m.args, m.values[i])
			}
			v, err := s.do(m.args)
			if err != nil {
				return fmt.Errorf("graph: run: %v: %w", s.op, err)
			}
			m.values[at] = v
		}
		if m.check != nil {
			if err := m.check(s.node, m.values[at]); err != nil {
				return err
			}
		}
		for _, i := range s.drop {
			m.values[i] = nil
		}
	}
	return nil
}

// do computes the node, into the memory of the step where it has some.
func (s *step) do(args []G.Value) (v G.Value, err error) {
	switch {
	case s.sum != nil:
		if s.out != nil && !sameShape(s.out.Shape(), s.shape) { // an operation has reshaped its operand
			if err := s.out.Reshape(s.shape...); err != nil {
				return nil, err
			}
		}
		if v = s.sum.of(s.out, args[0]); v == nil {
			v, err = s.op.Do(args...)
		}
	case s.method >= byAdd && s.direct(args):
		return s.out, nil
	case s.method == byInto:
		if !sameShape(s.out.Shape(), s.shape) { // an operation has reshaped its operand
			if err := s.out.Reshape(s.shape...); err != nil {
				return nil, err
			}
		}
		return s.out, s.op.(intoDoer).DoInto(s.out, args...)
	case s.method == byValue:
		return s.out, s.value(s.out, args)
	case s.method == byPrealloc:
		v, err = s.op.(G.UsePreallocDoer).UsePreallocDo(s.out, args...)
	case s.method == byUnsafe && s.plain(args[0]):
		copyData(s.out, args[0].(*tensor.Dense))
		v, err = s.op.(G.UnsafeDoer).UnsafeDo(s.out)
	default:
		v, err = s.op.Do(args...)
	}
	if err != nil {
		return nil, err
	}
	if v == nil {
		return nil, fmt.Errorf("%w: no result", ErrBuild)
	}
	if v.Dtype() != s.dtype || v.Shape().TotalSize() != s.size {
		return nil, fmt.Errorf("%w: result is %v of shape %v, declared as %v of shape %v", ErrShape, v.Dtype(), v.Shape(), s.dtype, s.shape)
	}
	return v, nil
}
