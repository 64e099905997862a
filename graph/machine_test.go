package graph_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/surge-snn/surge/graph"
)

// compareWithGorgonia compares the gradients of a model. They are the same terms, summed in
// another order: at most some 1000 roundings of half a unit in the last place.
func compareWithGorgonia(t *testing.T, params *graph.Params, s graph.Settings, model func(b *graph.Builder)) {
	t.Helper()
	const tolerance = 1000 * 0x1p-53
	own, err := graph.Build(params, s, model)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := graph.BuildWithGorgoniasGrad(params, s, model)
	if err != nil {
		t.Fatal(err)
	}
	mustRun(t, own)
	mustRun(t, theirs)
	for _, name := range own.Report().Trained {
		got, want := values(own.Grad(name)), values(theirs.Grad(name))
		largest := math.Abs(slices.MaxFunc(want, func(a, b float64) int { return int(math.Copysign(1, math.Abs(a)-math.Abs(b))) }))
		for i := range got {
			if math.Abs(got[i]-want[i]) > tolerance*largest {
				t.Errorf("%v: gradient of %q: element %d is %v, Gorgonia's %v", s.Engine, name, i, got[i], want[i])
				break
			}
		}
	}
	if fmt.Sprint(own.Report().Trained) != fmt.Sprint(theirs.Report().Trained) {
		t.Errorf("trained %v, with Gorgonia's gradient %v", own.Report().Trained, theirs.Report().Trained)
	}
}
