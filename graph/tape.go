package graph

import (
	"fmt"

	G "gorgonia.org/gorgonia"
)

// tape is Gorgonia's tape machine. It runs the nodes that nobody reads, too.
type tape struct{ vm G.VM }

func newTape(g *G.ExprGraph) *tape { return &tape{G.NewTapeMachine(g)} }

func (t *tape) run() error {
	defer t.vm.Reset() // or the next run would do nothing
	if err := t.vm.RunAll(); err != nil {
		return fmt.Errorf("graph: run: %w", err)
	}
	return nil
}

// checkTape ends the build if the tape machine would compute a wrong value. A Slice of one element
// is a scalar there, which what reads it may not take.
func (b *Builder) checkTape() {
	for _, n := range b.g.AllNodes() {
		if n.Op() == nil || stockName(n.Op()) == "sliceOp" {
			continue
		}
		if operands := children(b.g, n); len(operands) > 0 && valueOf(n, operands) != nil {
			b.Failf("%v of %v: the tape machine computes a wrong value, the own machine a right one", n.Op(), operands[0].Shape())
		}
	}
}

// uniqueHashes says whether the nodes of a graph have different hashes: Gorgonia's compiler
// takes nodes of one hash for one, even where the graph has kept them apart.
func uniqueHashes(g *G.ExprGraph) bool {
	seen := make(map[uint32]bool, len(g.AllNodes()))
	for _, n := range g.AllNodes() {
		if seen[n.Hashcode()] {
			return false
		}
		seen[n.Hashcode()] = true
	}
	return true
}
