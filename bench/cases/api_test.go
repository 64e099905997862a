package cases_test

import (
	"io"
	"testing"

	"github.com/surge-snn/surge/bench/cases"
	"github.com/surge-snn/surge/internal/hostile"
)

// TestNoPanic calls everything that is exported with arguments that nobody means.
func TestNoPanic(t *testing.T) {
	good, err := cases.Parse("c.json", []byte(`{"model":"lif","params":{"x":1,"w":null},"inputs":{"x":{"shape":[2],"data":[1,2]}},"outputs":{"x":{"shape":[2],"data":[1,2]}}}`))
	if err != nil {
		t.Fatal(err)
	}
	tolerance := func(cases.Quantity) (cases.Tolerance, bool) { return cases.Tolerance{}, true }
	hostile.API{
		Functions: map[string]any{"Read": cases.Read, "Parse": cases.Parse, "Compare": cases.Compare, "Scalar": cases.Scalar, "Vector": cases.Vector},
		Types:     []any{new(cases.Case), new(cases.Quantity), new(cases.Tolerance), new(cases.Fields), new(cases.Result), new(cases.Shape)},
		Pool: hostile.Of(io.Discard, good, *good, good.Fields(), *good.Fields(), cases.Vector([]float64{1, 2}), tolerance, cases.Finite,
			&cases.Result{Outputs: map[string]cases.Tensor{"x": cases.Vector([]float64{1, 2})}}),
	}.Test(t)
}
