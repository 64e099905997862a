package graph_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/surge-snn/surge/graph"
)

// dotOf returns the graph of network in DOT.
func dotOf(t *testing.T, steps int, s graph.Settings, folded bool) string {
	t.Helper()
	p := setup(t, graph.NewParams(1), s, network(steps, nil), drive(steps))
	var b bytes.Buffer
	if err := p.WriteDOT(&b, folded); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestFoldedGraph: folded, the graph does not depend on the number of time steps, but for
// the shapes; it has a loop for every state of the layer, and no gradients.
func TestFoldedGraph(t *testing.T) {
	s := graph.Settings{Engine: graph.UnrolledEngine}
	three, many := dotOf(t, 3, s, true), dotOf(t, 40, s, true)
	if got := strings.ReplaceAll(strings.ReplaceAll(many, "40 time steps", "3 time steps"), "(40, ", "(3, "); got != three {
		t.Errorf("folded graph of 40 time steps\n%s\nof 3\n%s", many, three)
	}
	if n := strings.Count(three, "style=dashed"); n != 4 {
		t.Errorf("%d loops, want 4, from vmem to the difference and the sum, isyn and spikes", n)
	}
	for text, want := range map[string]int{
		`label="h (lif), 3 time steps, unrolled"`: 1, `label="h/w_rec\n(7, 7)"`: 1, `label="initial h/isyn\n(9, 7)"`: 1,
		`label="final h/vmem"`: 1, `label="loss"`: 1, `label="vmem"`: 1, `label="spikes"`: 1, "gradient": 0, "rehearsal": 0,
		`label="A × B\n(9, 7)"`: 2,
	} {
		if got := strings.Count(three, text); got != want {
			t.Errorf("%d times %s, want %d, in\n%s", got, text, want, three)
		}
	}
	if fused := dotOf(t, 3, graph.Settings{}, true); strings.Contains(fused, "style=dashed") || !strings.Contains(fused, `label="lif"`) {
		t.Errorf("graph of the fused engine\n%s", fused)
	}
}

// TestWholeGraph: the whole graph has every product of every time step: of the input, of the
// spikes, and the gradients of these with respect to both operands; nobody asks for the
// gradient of the input, or of the spikes before the first time step.
func TestWholeGraph(t *testing.T) {
	const T = 4
	whole := dotOf(t, T, graph.Settings{Engine: graph.UnrolledEngine}, false)
	for text, want := range map[string]int{
		`"A × B\n`: 2 * T, `"Aᵀ × B\n(5, 7)`: T, `"Aᵀ × B\n(7, 7)`: T, `"A × Bᵀ\n(9, 7)`: T - 1, `"A × Bᵀ\n(9, 5)`: 0,
		"style=dashed": 0, `label="gradient of h/w_rec"`: 1,
	} {
		if got := strings.Count(whole, text); got != want {
			t.Errorf("%d times %s, want %d", got, text, want)
		}
	}
}

func TestDrawingAfterClose(t *testing.T) {
	p := setup(t, graph.NewParams(1), graph.Settings{}, network(2, nil), drive(2))
	var b bytes.Buffer
	if err := p.WriteSVG(&b); err != nil || !strings.HasPrefix(b.String(), "<svg ") {
		t.Errorf("%v, %.20q", err, b.String())
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	wantError(t, p.WriteSVG(&b), graph.ErrClosed, "")
	wantError(t, p.WriteDOT(&b, true), graph.ErrClosed, "")
}
