package fit

import (
	"context"
	"slices"
	"testing"

	"github.com/surge-snn/surge/models/dynapse"
	"github.com/surge-snn/surge/optim/minimize"
)

// TestDive: where the true currents are levels of a grid that has no others near them, a search
// from between the levels ends at the truth, at which nothing is left of the traces.
func TestDive(t *testing.T) {
	ctx := context.Background()
	e, truth := draw(t, 3, 1, 200, 1, All, false)
	f := newSession(compile(t, e), Settings{})
	x := point(f.problem, truth)
	g := minimize.Grid{Levels: make([][]float64, len(x))}
	start, near := slices.Clone(x), make([]int, len(x))
	for k, v := range x {
		g.Levels[k] = []float64{v - 0.12, v - 0.06, v, v + 0.06, v + 0.12}
		if near[k] = 2; !f.coords[k].is(dynapse.Iref) {
			start[k], near[k] = v+0.04, 3
		}
	}
	points, err := f.dive(ctx, g, near, start, 1)
	if err != nil {
		t.Fatal(err)
	}
	if len(points) == 0 || !slices.Equal(points[0], slices.Repeat([]int{2}, len(x))) {
		t.Errorf("levels %v, want all 2", points)
	}
}
