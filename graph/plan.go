package graph

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/ops"
)

// newMachine plans the machine that makes the given records, all of them if there are none
// given. A node that reads or sets values outside
// of the graph ([G.Read], [G.Set]) is an error, as is an input without a value.
//
// Cost: linear in the number of nodes.
func newMachine(g *G.ExprGraph, records ...*slot) (*machine, error) {
	return newMachineInPieces(g, 0, records)
}

// newMachineInPieces is newMachine with kernels that go through sequences by pieces of so many time
// steps, if that is above 0; see [ops.Cut].
func newMachineInPieces(g *G.ExprGraph, length int, records []*slot) (*machine, error) {
	m := &machine{}
	if err := m.collect(g, length, records); err != nil {
		return nil, err
	}
	m.values = make([]G.Value, len(m.steps))
	m.place()
	last := m.lastReads()
	return m, m.allocate(last)
}

// collect makes the steps: the nodes that a record depends on, in the order of the graph or that of
// the pieces.
func (m *machine) collect(g *G.ExprGraph, length int, records []*slot) error {
	wanted := make(map[*slot]bool, len(records))
	for _, r := range records {
		wanted[r] = true
	}
	nodes := g.AllNodes()
	operands := make([][]*G.Node, len(nodes))
	position := make(map[*G.Node]int32, len(nodes))
	live := make([]bool, len(nodes))
	for i, n := range nodes {
		if n.Op() != nil && n.Op().Type() == nil {
			return fmt.Errorf("%w: node %v reads or sets a value outside of the graph; Builder.Output records values", ErrBuild, n)
		}
		operands[i] = children(g, n)
		for _, c := range operands[i] {
			if _, ok := position[c]; !ok {
				return fmt.Errorf("%w: an operand of %v, %v, is not in the graph before it", ErrBuild, n, c)
			}
		}
		position[n] = int32(i)
		r, ok := n.Op().(*recordOp)
		live[i] = ok && (len(records) == 0 || wanted[r.slot])
	}
	count := 0
	for i := len(nodes) - 1; i >= 0; i-- {
		if live[i] {
			count++
			for _, c := range operands[i] {
				live[position[c]] = true
			}
		}
	}
	run, reads := make([]*G.Node, 0, count), make([][]*G.Node, 0, count)
	for i, n := range nodes {
		if live[i] {
			run, reads = append(run, n), append(reads, operands[i])
		}
	}
	m.steps = make([]step, 0, count)
	for _, i := range ops.Cut(run, reads, length) {
		n := run[i]
		s := step{node: n, op: n.Op()}
		if s.op == nil {
			if n.Value() == nil {
				return fmt.Errorf("%w: input %q has no value", ErrBuild, n.Name())
			}
		} else {
			for _, c := range reads[i] {
				s.in = append(s.in, position[c])
			}
			s.dtype, s.shape = n.Dtype(), n.Shape()
			s.size = s.shape.TotalSize()
			switch s.sum, s.value = sumOf(n, reads[i], &m.sums), valueOf(n, reads[i]); {
			case s.sum != nil:
				if s.reads = true; n.Dims() > 0 {
					s.method = byValue
				}
			case s.value != nil:
				s.method = byValue
			default:
				s.method, s.reads = methodOf(n, reads[i])
			}
		}
		position[n] = int32(len(m.steps))
		m.steps = append(m.steps, s)
	}
	return nil
}

// settle lets kernels leave unwritten what no step reads as a tensor.
func (m *machine) settle() {
	nodes, operands := make([]*G.Node, len(m.steps)), make([][]*G.Node, len(m.steps))
	for i, s := range m.steps {
		nodes[i] = s.node
		for _, c := range s.in {
			operands[i] = append(operands[i], m.steps[c].node)
		}
	}
	ops.Settle(nodes, operands)
}

// follow tells kernels when the inputs that they read are others.
func (m *machine) follow(inputs []*slot) {
	revisions := make(map[*G.Node]*ops.Revision, len(inputs))
	for _, s := range inputs {
		revisions[s.node] = s.revision
	}
	for _, s := range m.steps {
		for i, c := range s.in {
			ops.Follow(s.node, i, revisions[m.steps[c].node])
		}
	}
}

// place lets kernels write what is recorded, and read by nobody else, where it is recorded.
func (m *machine) place() {
	readers := make([]int, len(m.steps))
	for _, s := range m.steps {
		for _, c := range s.in {
			readers[c]++
		}
	}
	for _, s := range m.steps {
		if r, ok := s.op.(*recordOp); ok && readers[s.in[0]] == 1 {
			ops.Place(m.steps[s.in[0]].node, r.slot.value)
		}
	}
}

// lastReads returns, for each step, the last step that reads its value or a value that may
// share its memory; the step itself if there is none.
func (m *machine) lastReads() []int32 {
	last := make([]int32, len(m.steps))
	for i := len(m.steps) - 1; i >= 0; i-- {
		last[i] = max(last[i], int32(i))
		until := int32(i)
		if m.steps[i].reads {
			until = last[i]
		}
		for _, c := range m.steps[i].in {
			last[c] = max(last[c], until)
		}
	}
	return last
}

// buffer is memory of the machine, with a tensor for every shape in which it is used.
type buffer struct {
	data    *tensor.Dense
	tensors []*tensor.Dense
}

// as returns the buffer as a tensor of a shape. It is the same for every step, and no
// step may change it.
func (b *buffer) as(shape tensor.Shape) *tensor.Dense {
	for _, t := range b.tensors {
		if sameShape(t.Shape(), shape) {
			return t
		}
	}
	t := b.private(shape)
	b.tensors = append(b.tensors, t)
	return t
}

// private returns the buffer as a tensor of its own, for an operation that may change it.
func (b *buffer) private(shape tensor.Shape) *tensor.Dense {
	return tensor.New(tensor.WithShape(shape.Clone()...), tensor.WithBacking(b.data.Data()))
}

// kind is what buffers that can replace each other have in common.
type kind struct {
	dtype tensor.Dtype
	size  int
}

// allocate hands out the buffers.
func (m *machine) allocate(last []int32) error {
	free := map[kind][]*buffer{}
	owned := make([]*buffer, len(m.steps)) // the buffer of the step's own value
	ends := make([][]int32, len(m.steps))  // steps of which the memory is free after this one
	for i := range m.steps {
		ends[last[i]] = append(ends[last[i]], int32(i))
	}
	looked := 0
	for i := range m.steps {
		s := &m.steps[i]
		if need := m.memory + s.size; need > looked {
			looked = need + need/8 // not at every step
			if err := fits(fmt.Sprintf("the program, at %v of shape %v,", s.op, s.shape), need, s.dtype.Size()); err != nil {
				return err
			}
		}
		if s.method != byDo {
			b := m.inPlace(s, int32(i), last, owned)
			if b == nil {
				k := kind{s.dtype, s.size}
				if f := free[k]; len(f) > 0 {
					b, free[k] = f[len(f)-1], f[:len(f)-1]
				} else {
					m.memory += s.size
					b = &buffer{data: zeros(s.dtype, tensor.Shape{s.size})}
				}
			}
			owned[i] = b
			if s.method == byPrealloc || s.method == byUnsafe {
				s.out = b.private(s.shape)
			} else {
				s.out = b.as(s.shape)
			}
		}
		for _, e := range ends[i] {
			if b := owned[e]; b != nil {
				k := kind{m.steps[e].dtype, m.steps[e].size}
				free[k] = append(free[k], b)
			} else if m.steps[e].op != nil {
				s.drop = append(s.drop, e)
			}
		}
	}
	return nil
}

// inPlace returns the buffer of an operand over which step i may write its result, and
// takes it from the operand; nil if there is none. Only an elementwise operation of the machine's
// own may: it reads each element before it writes it, and both operands are of one layout.
func (m *machine) inPlace(s *step, i int32, last []int32, owned []*buffer) *buffer {
	if s.method < byAdd || s.method > byNeg {
		return nil
	}
	for _, c := range s.in {
		if b := owned[c]; b != nil && last[c] == i {
			owned[c] = nil
			return b
		}
	}
	return nil
}
