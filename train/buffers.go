package train

import (
	"maps"
	"slices"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/optim"
)

// hold leaves the buffers of the parameters, as running means, to the caller, and returns the
// leaves with the values that each Gradient computes for them.
func (n *Network) hold() optim.Tree {
	n.held = true
	return n.moved
}

// movedBy returns the new values of buffers that a program computes, by name.
func movedBy(p *graph.Program) (t optim.Tree) {
	moved := p.Moved()
	for _, name := range slices.Sorted(maps.Keys(moved)) {
		t = append(t, leaf(name, moved[name]))
	}
	return t
}

// copyResults takes what a program for fewer rows has computed.
func (n *Network) copyResults(p *pass) {
	for _, l := range n.grads {
		copyLeaf(l, leaf(l.Name, p.prog.Grad(l.Name)))
	}
	for i, from := range movedBy(p.prog) {
		copyLeaf(n.moved[i], from)
	}
}

func copyLeaf(to, from optim.Leaf) {
	copy(to.F32, from.F32)
	copy(to.F64, from.F64)
}

// namesOf returns the names of the leaves.
func namesOf(t optim.Tree) (names []string) {
	for _, l := range t {
		names = append(names, l.Name)
	}
	return names
}
