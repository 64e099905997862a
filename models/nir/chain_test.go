package nir

import (
	"strings"
	"testing"
)

// row is a graph of neurons of kinds, a1 -> n1 -> a2 -> n2 ..., of n neurons each.
func row(n int, kinds ...string) *Graph {
	g := &Graph{Nodes: map[string]*Node{"input": New("Input", "shape", Integers(n)), "output": New("Output", "shape", Integers(n))}}
	last := "input"
	link := func(name string, node *Node) {
		g.Nodes[name] = node
		g.Edges = append(g.Edges, Edge{last, name})
		last = name
	}
	for i, kind := range kinds {
		w := make([]float64, n*n)
		for k := range w {
			w[k] = 0.3 + 0.2*float64(k%3)
		}
		id := string(rune('1' + i))
		link("a"+id, New("Affine", "weight", Matrix(n, n, w), "bias", Fill(0, n)))
		node := New(kind, "tau", Fill(5, n), "tau_mem", Fill(5, n), "tau_syn", Fill(3, n), "r", Fill(1, n), "v_leak", Fill(0, n), "v_threshold", Fill(1, n), "v_reset", Fill(0, n), "w_in", Fill(1, n))
		for name := range node.Values {
			known := false
			for _, f := range Kinds[kind] {
				known = known || f.Name == name
			}
			if !known {
				delete(node.Values, name)
			}
		}
		link("n"+id, node)
	}
	g.Edges = append(g.Edges, Edge{last, "output"})
	return g
}

func (g *Graph) with(edges ...Edge) *Graph {
	g = g.Clone()
	g.Edges = append(g.Edges, edges...)
	return g
}

// TestLeftOut: what a reader does not run is silent there, and the comparison says why; what it
// makes of a node that it does not know is left to chance where nothing else leads on.
func TestLeftOut(t *testing.T) {
	dt := map[string]any{"dt": 1.0, "discretisation": "euler"}
	skip := row(3, "LIF", "CubaLIF").with(Edge{"n1", "output"}) // n2 is the one beside
	skip.Edges[4], skip.Edges[5] = skip.Edges[5], skip.Edges[4]
	branch := row(3, "LIF", "LIF").with(Edge{"n1", "output"})
	branch.Edges[2], branch.Edges[5] = branch.Edges[5], branch.Edges[2] // the first edge of n1 leads to output
	for _, c := range []struct {
		what, peer string
		g          *Graph
		want       string
	}{
		{"the last node", "sinabs", row(3, "CubaLIF"), "node \"n1\" is not run: sinabs does not know the kind CubaLIF, and leaves it out with its edges"},
		{"a node beside", "sinabs", skip, "node \"n2\" is not run: sinabs does not know the kind CubaLIF, and leaves it out with its edges"},
		{"a node in the middle", "sinabs", row(3, "CubaLIF", "LIF"), "and which is left to chance"},
		{"two nodes", "sinabs", row(3, "CubaLIF", "CubaLIF"), "fails with two (KeyError)"},
		{"a branch", "spyx", branch, "node \"n2\" is not run: spyx follows the first edge of each node"},
		{"a loop", "spyx", row(3, "IF").with(Edge{"n1", "a1"}), ""},
		{"a loop ahead", "spyx", reversed(row(3, "IF").with(Edge{"n1", "a1"})), "does not come to an end"},
		{"a branch", "lava-dl", row(7, "CubaLIF").with(Edge{"a1", "output"}), "branching networks are not supported"},
		{"5 neurons", "lava-dl", row(5, "IF", "CubaLIF"), "has 7 neurons there"},
		{"a loop", "lava-dl", row(3, "IF").with(Edge{"n1", "a1"}), "branching networks are not supported"},
	} {
		c.g.Metadata = dt
		own, err := Surge(c.g)
		if err != nil {
			t.Fatal(err)
		}
		net, err := Compile(c.g, own, 0)
		if err != nil {
			t.Fatal(c.what, err)
		}
		all, err := Compare(c.g, net, []string{c.peer}, RandomInput(net, 40, 0.5, 1), 40)
		if err != nil {
			t.Fatal(c.what, err)
		}
		if said := all[0].Refuses + strings.Join(all[0].Why, ". "); c.want != "" && !strings.Contains(said, c.want) {
			t.Errorf("%s with %s: %+v, want %q", c.what, c.peer, all[0], c.want)
		}
	}
}

func reversed(g *Graph) *Graph {
	for i := range len(g.Edges) / 2 {
		k := len(g.Edges) - 1 - i
		g.Edges[i], g.Edges[k] = g.Edges[k], g.Edges[i]
	}
	return g
}
