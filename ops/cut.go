package ops

import (
	G "gorgonia.org/gorgonia"
)

// Cut makes kernels that are a [Stepper] run in pieces of so many time steps, and returns the order
// in which the nodes are to run, as indices into nodes. nodes are all that will run, in an order
// that is possible, operands those of each. Kernels of which one reads what another gives, without
// anything between them, go through a piece together: no sequence between them is kept as a whole
// if nobody else reads it. The adjoint computes the pieces again, from the states before them. A
// length that is not positive changes nothing.
func Cut(nodes []*G.Node, operands [][]*G.Node, length int) []int {
	if length <= 0 || len(operands) != len(nodes) || checkNodes("Cut", nodes...) != nil {
		order := make([]int, len(nodes))
		for i := range order {
			order[i] = i
		}
		return order
	}
	c := cutter{length: length, depends: map[*G.Node]dependence{}, token: map[*G.Node]bool{}}
	for i, n := range nodes {
		c.add(i, n, operands[i])
	}
	c.close()
	for i, n := range nodes {
		separate(n, operands[i])
	}
	return c.order
}

// separate makes chains run whole where a stream goes from one into another kernel: it has one
// piece at a time.
func separate(n *G.Node, operands []*G.Node) {
	for i, o := range operands {
		switch op := n.Op().(type) {
		case forwardOp:
			if from, ok := o.Op().(outputOp); ok && op.streamed[i] && from.chain != op.chain {
				from.chain.dissolve()
				op.chain.dissolve()
			}
		case adjointOp:
			if from, ok := o.Op().(inputGradOp); ok && op.readsStream(i) && from.back != op.back {
				from.chain.dissolve()
				op.chain.dissolve()
			}
		}
	}
}

func (c *chain) dissolve() {
	if c != nil {
		for _, m := range c.members {
			m.chain, m.back = nil, nil
		}
	}
}

// dependence says how a node depends on the kernels that are being put together.
type dependence int

const (
	independent dependence = iota
	inside                 // one of them, or what hands on their results
	behind                 // by way of something else: it can run only after them
)

type cutter struct {
	length   int
	order    []int
	inside   []int
	behind   []int
	depends  map[*G.Node]dependence
	token    map[*G.Node]bool // nodes that say that a gradient has arrived, or several
	chain    *chain
	adjoints *adjointChain
}

// add adds the next node.
func (c *cutter) add(i int, n *G.Node, operands []*G.Node) {
	most, tokens := independent, len(operands) > 0
	for _, o := range operands {
		most, tokens = max(most, c.depends[o]), tokens && c.token[o]
	}
	where := most
	switch op := n.Op().(type) {
	case forwardOp:
		steps, ok := op.steps()
		if !ok || steps <= c.length {
			where = reads(most)
			break
		}
		if most == behind || c.adjoints != nil || c.chain != nil && c.chain.steps != steps {
			c.close()
		}
		if c.chain == nil {
			c.chain = newChain(steps, c.length)
		}
		op.chain, c.chain.members = c.chain, append(c.chain.members, op.fused)
		where = inside
	case adjointOp:
		if op.chain == nil {
			where = reads(most)
			break
		}
		if most == behind || c.chain != nil || c.adjoints != nil && c.adjoints.of != op.chain {
			c.close()
		}
		if c.adjoints == nil {
			c.adjoints = &adjointChain{of: op.chain}
			op.chain.trained = true
		}
		op.back, c.adjoints.members = c.adjoints, append(c.adjoints.members, op.fused)
		where = inside
	case outputGradOp:
		c.token[n] = true
	case outputOp, inputGradOp:
	default:
		if c.token[n] = tokens; !tokens {
			where = reads(most)
		}
	}
	c.depends[n] = where
	switch where {
	case independent:
		c.order = append(c.order, i)
	case inside:
		c.inside = append(c.inside, i)
	default:
		c.behind = append(c.behind, i)
	}
}

// reads is where an operation runs that reads values.
func reads(d dependence) dependence {
	if d == independent {
		return independent
	}
	return behind
}

// close ends what is being put together.
func (c *cutter) close() {
	c.order = append(append(c.order, c.inside...), c.behind...)
	c.inside, c.behind = c.inside[:0], c.behind[:0]
	clear(c.depends)
	c.chain, c.adjoints = nil, nil
}

// steps returns the length of the sequences of a kernel that computes them in pieces.
func (m *fused) steps() (int, bool) {
	if !m.kernel.isStepper() || m.inShape[0].Dims() < 2 {
		return 0, false
	}
	return m.inShape[0][0], true
}

// mostRepeats is how often a piece is computed again at most.
const mostRepeats = 3

// newChain prepares pieces of a length. All states between them are held if there are no more than
// a piece has steps; where they would be most of the memory there are slots for fewer of them, and
// the others are computed once or twice more on the way to a piece.
func newChain(steps, length int) *chain {
	c := &chain{steps: steps, length: length, pieces: (steps + length - 1) / length}
	for repeats := 1; repeats <= mostRepeats; repeats++ {
		free := 1
		for reach(free, repeats) < c.pieces {
			free++
		}
		if c.slots = free - 1; free < length {
			break
		}
	}
	return c
}

// reach is how many pieces can be taken from the last to the first with so many states beside that
// before all of them, each piece computed so often at most before it is its turn: C(free + repeats,
// free), as of these the ones behind the first state have one state less, and those before it one
// repetition less (Griewank, doi:10.1080/10556789208805505).
func reach(free, repeats int) int {
	n := 1
	for i := 1; i <= repeats; i++ {
		n = n * (free + i) / i
	}
	return n
}

// splitPieces returns after how many of n > 1 pieces the first state is held on the way to the last
// one, so that they all are computed as few times as can be.
func splitPieces(n, free int) int {
	repeats := 1
	for reach(free, repeats) < n {
		repeats++
	}
	least := 0
	if repeats > 1 {
		least = reach(free, repeats-2)
	}
	return max(1, least, n-reach(free-1, repeats))
}
