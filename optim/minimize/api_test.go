package minimize_test

import (
	"context"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/surge-snn/surge/internal/hostile"
	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/optim/minimize"
)

// spy is a method that ends at once and leaves its Evaluator.
type spy struct{ e **minimize.Evaluator }

func (s spy) Start(_ *minimize.Problem, x []float64) (optim.State, error) {
	return optim.State{Kind: "spy", Slots: []optim.Slot{optim.Vector("x", slices.Clone(x))}}, nil
}

func (s spy) Step(e *minimize.Evaluator, state *optim.State) (minimize.Status, error) {
	*s.e = e
	_, err := e.Loss(state.Vector(0))
	return minimize.Converged, err
}

// TestNoPanic calls everything that is exported with arguments that nobody means.
func TestNoPanic(t *testing.T) {
	square := func(_ context.Context, x []float64) (float64, error) { return x[0] * x[0], nil }
	falls := func(context.Context, []float64) (float64, error) { panic("a caller's function") }
	residuals := func(_ context.Context, r, x []float64) error { copy(r, x); return nil }
	jacobian := func(_ context.Context, r []float64, j *mat.Dense, x []float64) error { copy(r, x); return nil }
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	var own *minimize.Evaluator
	if _, err := minimize.Fit(t.Context(), minimize.Problem{Func: square}, []float64{1}, nil, spy{&own}); err != nil {
		t.Fatal(err)
	}
	pool := hostile.Of(t.Context(), own, &minimize.Problem{Func: square}, cancelled, square, falls, residuals, jacobian, mat.NewDense(2, 2, nil), new(mat.Dense), []float64{1, 2},
		minimize.Problem{Func: square}, minimize.Problem{Func: falls}, minimize.Problem{NumResiduals: 2, Residuals: residuals, Jacobian: jacobian},
		&minimize.Settings{Budget: 20}, minimize.LBFGS{}, minimize.LevenbergMarquardt{}, minimize.NelderMead{}, minimize.CMAES{}, minimize.Descent{}, minimize.MultiStart{}, minimize.Sequence{})
	functions := map[string]any{
		"FiniteJacobian": minimize.FiniteJacobian, "FromLog": minimize.FromLog, "ToLog": minimize.ToLog, "GradToLog": minimize.GradToLog,
		"JacobianToLog": minimize.JacobianToLog, "LogBox": minimize.LogBox, "RefineGrid": minimize.RefineGrid, "Linearize": minimize.Linearize,
		"Check": minimize.Check, "Fit": minimize.Fit,
	}
	hostile.API{Functions: functions, Pool: pool, Types: []any{minimize.Box{}, minimize.Grid{}, minimize.Problem{}, minimize.Side(0), minimize.Status(0), &minimize.Evaluator{}, minimize.Robust{},
		minimize.CMAES{}, minimize.Descent{}, minimize.LBFGS{}, minimize.LevenbergMarquardt{}, minimize.MultiStart{}, minimize.NelderMead{}, minimize.Sequence{}}}.Test(t)
}
