package diagram

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
)

// Kind is what a node stands for; it determines its look.
type Kind int

// The kinds of nodes.
const (
	Operation Kind = iota // of two operands or so
	Kernel                // an operation that stands for many
	Input                 // data that differs from run to run
	Parameter             // what is trained
	Constant              // data that stays
	Output                // what is recorded
)

// Node is a box with a label and, in a second line, a detail such as a shape.
type Node struct {
	Label, Detail string
	Kind          Kind
	Group         int // index of its group, or NoGroup
}

// NoGroup is the group of a node that is in none.
const NoGroup = -1

// Edge leads from an operand to what reads it; numbers are indices of nodes. A loop leads to
// the next time step.
type Edge struct {
	From, To int
	Loop     bool
}

// Diagram is a directed graph. Without its loops it has no cycles.
type Diagram struct {
	Title  string
	Groups []string // labels
	Nodes  []Node
	Edges  []Edge
}

// look is the appearance of a kind.
type look struct {
	fill, line string
	shape      string // of Graphviz
	radius     float64
}

var looks = [...]look{
	Operation: {"#ffffff", "#555555", "box", 4},
	Kernel:    {"#fdebd3", "#d55e00", "box", 4},
	Input:     {"#d9eaf6", "#0072b2", "box", 12},
	Parameter: {"#d6f0e6", "#009e73", "box", 12},
	Constant:  {"#eeeeee", "#777777", "box", 12},
	Output:    {"#f5e1ec", "#cc79a7", "box", 12},
}

// loopColor is that of loops.
const loopColor = "#d55e00"

// WriteDOT writes the diagram in the DOT language of Graphviz.
func (d *Diagram) WriteDOT(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "digraph {\n\tlabel=%s; labelloc=t; fontname=Helvetica; fontsize=12; rankdir=TB;\n", quote(d.Title))
	fmt.Fprint(b, "\tnode [fontname=Helvetica, fontsize=10, style=\"filled,rounded\", margin=\"0.1,0.04\", height=0.3];\n\tedge [color=\"#555555\", arrowsize=0.6];\n")
	node := func(indent string, i int) {
		n := d.Nodes[i]
		l := looks[n.Kind]
		text := n.Label
		if n.Detail != "" {
			text += "\n" + n.Detail
		}
		fmt.Fprintf(b, "%sn%d [label=%s, shape=%s, fillcolor=%q, color=%q];\n", indent, i, quote(text), l.shape, l.fill, l.line)
	}
	members := d.members()
	for g, label := range d.Groups {
		fmt.Fprintf(b, "\tsubgraph cluster_%d {\n\t\tlabel=%s; color=\"#999999\"; style=rounded;\n", g, quote(label))
		for _, i := range members[g+1] {
			node("\t\t", i)
		}
		fmt.Fprint(b, "\t}\n")
	}
	for _, i := range members[0] {
		node("\t", i)
	}
	for _, e := range d.Edges {
		fmt.Fprintf(b, "\tn%d -> n%d", e.From, e.To)
		if e.Loop {
			fmt.Fprintf(b, " [style=dashed, color=%q, constraint=false]", loopColor)
		}
		fmt.Fprint(b, ";\n")
	}
	fmt.Fprint(b, "}\n")
	return b.Flush()
}

// members lists the nodes of no group, then those of each group.
func (d *Diagram) members() [][]int {
	m := make([][]int, len(d.Groups)+1)
	for i, n := range d.Nodes {
		m[n.Group+1] = append(m[n.Group+1], i)
	}
	return m
}

func quote(s string) string { return strconv.Quote(s) }
