package graph

import (
	"sort"

	G "gorgonia.org/gorgonia"
)

// region is the part of the model that a node belongs to.
type region struct {
	scan     int  // number of the unrolled layer, or outside
	step     int  // time step, or everyStep
	gradient bool // added by the gradient of such a part
}

const (
	outside   = -1 // of every unrolled layer
	everyStep = -1 // what is the same in every time step of a layer
)

// mark is where in the order of the nodes a region begins.
type mark struct {
	first int64
	region
}

// enter makes the nodes that are added from now on belong to r.
func (b *Builder) enter(r region) {
	n := int64(len(b.g.AllNodes()))
	if k := len(b.marks); k > 0 && b.marks[k-1].first == n {
		b.marks = b.marks[:k-1]
	}
	b.marks = append(b.marks, mark{n, r})
}

// regionOf returns the region of a node.
func (b *Builder) regionOf(n *G.Node) region {
	id := n.ID()
	i := sort.Search(len(b.marks), func(i int) bool { return b.marks[i].first > id })
	if i == 0 {
		return region{scan: outside}
	}
	return b.marks[i-1].region
}
