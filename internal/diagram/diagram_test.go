package diagram

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"gonum.org/v1/gonum/graph/formats/dot"
	"gonum.org/v1/gonum/graph/formats/dot/ast"
	"pgregory.net/rapid"
)

// random draws a diagram whose edges lead from lower to higher numbers and whose groups are
// ranges of numbers, so that neither nodes nor groups form a cycle.
func random(t *rapid.T) *Diagram {
	d := &Diagram{Title: "a <title> & \"more\""}
	for len(d.Nodes) < rapid.IntRange(1, 25).Draw(t, "nodes") {
		group := NoGroup
		if rapid.Bool().Draw(t, "grouped") {
			group = len(d.Groups)
			d.Groups = append(d.Groups, fmt.Sprintf("group %d", group))
		}
		for range rapid.IntRange(1, 6).Draw(t, "members") {
			n := Node{Label: strings.Repeat("x", rapid.IntRange(1, 30).Draw(t, "label")), Kind: Kind(rapid.IntRange(0, int(Output)).Draw(t, "kind")), Group: group}
			if rapid.Bool().Draw(t, "detailed") {
				n.Detail = "(1, 2)"
			}
			d.Nodes = append(d.Nodes, n)
		}
	}
	seen := map[Edge]bool{}
	for range rapid.IntRange(0, 40).Draw(t, "edges") {
		e := Edge{From: rapid.IntRange(0, len(d.Nodes)-1).Draw(t, "from"), To: rapid.IntRange(0, len(d.Nodes)-1).Draw(t, "to")}
		if e.Loop = e.From >= e.To; !seen[e] {
			seen[e] = true
			d.Edges = append(d.Edges, e)
		}
	}
	return d
}

// TestLayout: nothing overlaps, everything lies within its frame and the page, and edges that are
// no loops lead downwards.
func TestLayout(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := random(t)
		l := d.layout()
		const slack = 1e-6 // rounding of sums of some 100 numbers below 10 000
		type rect struct{ x0, y0, x1, y1 float64 }
		overlap := func(a, b rect) bool {
			return a.x0 < b.x1-slack && b.x0 < a.x1-slack && a.y0 < b.y1-slack && b.y0 < a.y1-slack
		}
		within := func(a, b rect) bool {
			return a.x0 >= b.x0-slack && a.y0 >= b.y0-slack && a.x1 <= b.x1+slack && a.y1 <= b.y1+slack
		}
		page := rect{0, 0, l.size.w, l.size.h}
		var boxes, frames []rect
		for _, f := range l.frames {
			frames = append(frames, rect{f.at.x, f.at.y, f.at.x + f.size.w, f.at.y + f.size.h})
		}
		for i, n := range d.Nodes {
			c, s := l.center[i], box(n)
			r := rect{c.x - s.w/2, c.y - s.h/2, c.x + s.w/2, c.y + s.h/2}
			boxes = append(boxes, r)
			if !within(r, page) {
				t.Fatalf("node %d at %v lies outside of the page %v", i, r, page)
			}
			for g, f := range frames {
				if g == n.Group && !within(r, f) || g != n.Group && overlap(r, f) {
					t.Fatalf("node %d of group %d at %v, frame %d at %v", i, n.Group, r, g, f)
				}
			}
		}
		for _, all := range [][]rect{boxes, frames} {
			for i, a := range all {
				for _, b := range all[:i] {
					if overlap(a, b) {
						t.Fatalf("%v and %v overlap", a, b)
					}
				}
			}
		}
		for k, e := range d.Edges {
			path := l.paths[k]
			if e.Loop {
				continue
			}
			for i := range path[1:] {
				if path[i+1].y < path[i].y-slack {
					t.Fatalf("edge %v leads upwards: %v", e, path)
				}
			}
		}
	})
}

// TestCrossings: two edges that need not cross do not.
func TestCrossings(t *testing.T) {
	p := layered([]size{{10, 10}, {10, 10}, {10, 10}, {10, 10}}, [][2]int{{0, 3}, {1, 2}}, nil)
	if (p.center[0].x < p.center[1].x) != (p.center[3].x < p.center[2].x) {
		t.Errorf("edges 0-3 and 1-2 cross: %v", p.center)
	}
}

func TestSVGIsXML(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := random(t)
		var b bytes.Buffer
		if err := d.WriteSVG(&b); err != nil {
			t.Fatal(err)
		}
		labels := map[string]int{}
		for dec := xml.NewDecoder(&b); ; {
			tok, err := dec.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if c, ok := tok.(xml.CharData); ok {
				labels[string(c)]++
			}
		}
		want := map[string]int{d.Title: 1}
		for _, n := range d.Nodes {
			want[n.Label]++
		}
		for label, n := range want {
			if labels[label] != n {
				t.Fatalf("%d texts %q, want %d", labels[label], label, n)
			}
		}
	})
}

func TestDOTIsDOT(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := random(t)
		var b bytes.Buffer
		if err := d.WriteDOT(&b); err != nil {
			t.Fatal(err)
		}
		f, err := dot.ParseBytes(b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		groups, nodes, edges := 0, 0, 0
		var count func(list []ast.Stmt)
		count = func(list []ast.Stmt) {
			for _, s := range list {
				switch s := s.(type) {
				case *ast.Subgraph:
					groups++
					count(s.Stmts)
				case *ast.NodeStmt:
					nodes++
				case *ast.EdgeStmt:
					edges++
				}
			}
		}
		count(f.Graphs[0].Stmts)
		if groups != len(d.Groups) || nodes != len(d.Nodes) || edges != len(d.Edges) {
			t.Fatalf("%d groups, %d nodes, %d edges, want %d, %d, %d", groups, nodes, edges, len(d.Groups), len(d.Nodes), len(d.Edges))
		}
	})
}
