package graph

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// machine runs the operations of a graph in the order in which they were added to it,
// operands first. Every node has memory of its own: no operation is allowed to write
// its result over an operand, as Gorgonia's tape machine allows. (There an addition to
// a reshaped parameter overwrites the parameter: Reshape returns the memory of its
// operand.) What an operation allocated in one run is reused in the next where the
// operation can write to given memory.
//
// Cost: building it is linear in the number of nodes.
type machine struct {
	steps  []step
	values []G.Value // of each step's node in this run or, before its turn, in the last one
	args   []G.Value
}

// step computes the value of one node.
type step struct {
	node  *G.Node
	op    G.Op  // nil for an input, which has a value already
	in    []int // steps that compute the operands
	dtype tensor.Dtype
	size  int  // elements of the result
	reuse bool // UsePreallocDo may write to the result of the last run
}

// newMachine returns the machine of a graph. A node that reads or sets values outside
// of the graph ([G.Read], [G.Set]) is an error, as is an input without a value.
func newMachine(g *G.ExprGraph) (*machine, error) {
	m := &machine{}
	position := make(map[*G.Node]int, len(g.AllNodes()))
	for _, n := range g.AllNodes() {
		s := step{node: n, op: n.Op()}
		if s.op == nil {
			if n.Value() == nil {
				return nil, fmt.Errorf("%w: input %q has no value", ErrBuild, n.Name())
			}
		} else {
			if s.op.Type() == nil {
				return nil, fmt.Errorf("%w: node %v reads or sets a value outside of the graph; Builder.Output records values", ErrBuild, n)
			}
			for _, c := range children(g, n) {
				i, ok := position[c]
				if !ok {
					return nil, fmt.Errorf("%w: an operand of %v, %v, is not in the graph before it", ErrBuild, n, c)
				}
				s.in = append(s.in, i)
			}
			s.dtype, s.size, s.reuse = n.Dtype(), n.Shape().TotalSize(), reusable(s.op)
		}
		position[n] = len(m.steps)
		m.steps = append(m.steps, s)
	}
	m.values = make([]G.Value, len(m.steps))
	return m, nil
}

// reusable says whether op writes to given memory and nothing but its result: true for
// Gorgonia's elementwise operations of two operands and its products.
func reusable(op G.Op) bool {
	_, can := op.(G.UsePreallocDoer)
	_, binary := op.(G.BinaryOp)
	return can && binary
}

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
			continue
		}
		m.args = m.args[:0]
		for _, i := range s.in {
			m.args = append(m.args, m.values[i])
		}
		v, err := s.do(m.values[at], m.args)
		if err != nil {
			return fmt.Errorf("graph: run: %v: %w", s.op, err)
		}
		m.values[at] = v
	}
	return nil
}

// do computes the node, into the memory of last if possible.
func (s *step) do(last G.Value, args []G.Value) (v G.Value, err error) {
	done := false
	if memory, ok := last.(*tensor.Dense); ok && s.reuse {
		v, err = s.op.(G.UsePreallocDoer).UsePreallocDo(memory, args...)
		done = err == nil
	}
	if !done {
		if v, err = s.op.Do(args...); err != nil {
			return nil, err
		}
	}
	if v == nil {
		return nil, fmt.Errorf("%w: no result", ErrBuild)
	}
	if v.Dtype() != s.dtype || v.Shape().TotalSize() != s.size {
		return nil, fmt.Errorf("%w: result is %v of shape %v, declared as %v of shape %v", ErrShape, v.Dtype(), v.Shape(), s.dtype, s.node.Shape())
	}
	return v, nil
}
