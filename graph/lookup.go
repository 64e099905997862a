package graph

import G "gorgonia.org/gorgonia"

// lookup is Gorgonia's table from the number of a node to its place in the graph.
//
// Gorgonia fills it on demand, by a search through all nodes, and asks for each new
// node right after it was added: a graph of N nodes costs N²/2 steps, most of the time of
// building an unrolled model. But the number of a node is its place, as long as no
// node is removed, and nothing here removes one. So the table can be written ahead.
//
// It is a private field, which only package unsafe reaches. Where another version of
// Gorgonia has no such field, nothing is written ahead and building is slower.
type lookup map[int64]int

// chunk is how many entries are written at a time.
const chunk = 512

func lookupOf(g *G.ExprGraph) lookup {
	l, _ := private[map[int64]int](g, "byID")
	return l
}

// reserve writes the table ahead of the nodes of the graph.
func (b *Builder) reserve() {
	if b.lookup == nil || len(b.g.AllNodes())+chunk/2 < b.reserved {
		return
	}
	for range chunk {
		b.lookup[int64(b.reserved)] = b.reserved
		b.reserved++
	}
}
