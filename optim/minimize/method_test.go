package minimize

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/surge-snn/surge/optim"
)

// Gradients that are infinite in a region are left out: the search ends within its
// bounds, near the minimum beside the region, and says how often it met one.
func TestDescentLeavesBadRegions(t *testing.T) {
	// Every step of optim.SGD halves the distance to the minimum, back to the edge of the
	// region as often as it takes; Adam's steps are 0.1 long and overshoot in x[1]. A
	// gradient that is finite leaves its loss valid: such a point may be the best.
	t.Run("infinite", func(t *testing.T) { leavesBadRegion(t, math.Inf(-1), optim.SGD{LR: optim.Constant(0.5)}, 1.5, 1e-6) })
	t.Run("square overflows", func(t *testing.T) { leavesBadRegion(t, -1e200, optim.Adam{LR: optim.Constant(0.1)}, 1.6, 1) })
}

func leavesBadRegion(t *testing.T, bad float64, transform optim.Transform, most, tol float64) {
	p := bowl([]float64{2, 1})
	p.Box = Box{Lower: []float64{-4, -4}, Upper: []float64{4, 4}}
	f := p
	p.Grad = func(ctx context.Context, grad, x []float64) (float64, error) {
		loss, err := f.grad(ctx, grad, x)
		if x[0] > 1.5 {
			grad[0], grad[1] = bad, bad
		}
		return loss, err
	}
	res, err := Fit(background, p, []float64{-3, -3}, nil, Descent{Transform: transform})
	if err != nil {
		t.Fatal(err)
	}
	if res.NonFinite == 0 || res.X[0] > most || res.X[0] < 1.4 || math.Abs(res.X[1]-1) > tol {
		t.Errorf("x = %v after %d bad points, %v", res.X, res.NonFinite, res.Status)
	}
}

// The stage's loss is another one than the fit's: where it ends is a start for the next
// stage, but the result is the best by the loss of the fit.
func TestSequenceChangesLosses(t *testing.T) {
	first, second := bowl([]float64{5, 5}), bowl([]float64{1, 2})
	seen := [][]float64{}
	residuals := second.Residuals
	second.Residuals = func(ctx context.Context, r, x []float64) error {
		seen = append(seen, slices.Clone(x))
		return residuals(ctx, r, x)
	}
	res, err := Fit(background, second, []float64{0, 0}, nil, Sequence{{Problem: &first}})
	if err != nil {
		t.Fatal(err)
	}
	if len(seen) != 2 || maxAbs([]float64{seen[1][0] - 5, seen[1][1] - 5}) > 1e-4 {
		t.Errorf("points of the fit's loss: %v, want init and the minimum of the stage, [5 5]", seen)
	}
	if !slices.Equal(res.X, []float64{0, 0}) || math.Abs(res.Loss-4.5) > 1e-14 { // ½ (1 + 2·4) at 0, ½ (16 + 2·9) at 5; rounding
		t.Errorf("result %v with loss %v, want init, whose loss of 4.5 is less", res.X, res.Loss)
	}
	res, err = Fit(background, second, []float64{0, 0}, nil, Sequence{{Problem: &first, Method: Descent{Steps: 3}}, {}})
	if err != nil || math.Abs(res.X[0]-1) > 1e-6 || math.Abs(res.X[1]-2) > 1e-6 || res.Status != Converged {
		t.Errorf("%+v, %v; want [1 2]", res.X, err)
	}
}

// Halving ends half of the starts after every round, and the best one runs on.
func TestMultiStartHalves(t *testing.T) {
	p := powell()
	m := MultiStart{Starts: 8, Rung: 2, Keep: 1, Method: LevenbergMarquardt{}}
	var ends []int
	_, err := Fit(background, p, []float64{3, -1, 0, 1}, &Settings{Record: func(pr Progress) error {
		running := 0
		for _, s := range pr.State.Members[0].Members[0].Members {
			if Status(s.Counts[0]) == Running {
				running++
			}
		}
		ends = append(ends, running)
		return nil
	}}, m)
	if err != nil {
		t.Fatal(err)
	}
	if len(ends) < 5 || !slices.Equal(ends[:4], []int{8, 4, 2, 1}) {
		t.Errorf("starts at work after each round: %v, want 8, 4, 2, 1 and on", ends)
	}
}

// With all directions at a bound or fixed there is nothing to do.
func TestMethodsEndInACorner(t *testing.T) {
	for _, name := range names() {
		p := bowl([]float64{5, -5, 0})
		p.Box = Box{Lower: []float64{-1, -1, 2}, Upper: []float64{1, 1, 2}}
		res, err := Fit(background, p, []float64{1, -1, 2}, nil, methods()[name])
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(res.X, []float64{1, -1, 2}) || !slices.Equal(res.Sides, []Side{AtUpper, AtLower, Fixed}) {
			t.Errorf("%s: %v at %v", name, res.Sides, res.X)
		}
		if slices.Contains([]string{"descent", "lbfgs", "lm", "multistart", "sequence"}, name) && (res.Status != Converged) {
			t.Errorf("%s: %v, want converged", name, res.Status)
		}
	}
}

// A damped step is the minimum of its model in the box: no point of a grid is lower.
func TestDampedStepIsOptimal(t *testing.T) {
	r := mat.NewDense(2, 2, []float64{3, 2.9, 0, 0.2})
	lin := Linearization{R: r, Q: []float64{-2, 1.5}}
	box := Box{Lower: []float64{-0.5, -1}, Upper: []float64{0.7, 0.25}}
	const lambda = 0.01
	value := func(d []float64) float64 { return lambda/2*dot(d, d) - lin.decrease(d) }
	d, err := lin.step(box, []float64{0, 0}, lambda, 0.6)
	if err != nil {
		t.Fatal(err)
	}
	if d[0] < -0.5 || d[0] > 0.6 || d[1] < -0.6 || d[1] > 0.25 {
		t.Fatalf("step %v leaves the box", d)
	}
	for i := range 101 {
		for j := range 101 {
			y := []float64{-0.5 + 1.1*float64(i)/100, -0.6 + 0.85*float64(j)/100}
			if value(y) < value(d)-1e-14 { // rounding of terms up to 5
				t.Fatalf("%v is lower at %v than at %v", value(y), y, d)
			}
		}
	}
}

func TestBatchStopsAndFails(t *testing.T) {
	broken := errors.New("no chip")
	p := bowl([]float64{1, 1})
	sizes := []int{}
	p.Batch = func(ctx context.Context, losses []float64, xs [][]float64) error {
		sizes = append(sizes, len(xs))
		for k, x := range xs {
			losses[k], _ = p.loss(ctx, x)
		}
		if len(sizes) == 3 {
			losses[0] = -1e9 // means nothing
			return broken
		}
		return nil
	}
	res, err := Fit(background, p, []float64{0, 0}, nil, CMAES{Population: 7})
	if !errors.Is(err, broken) || res == nil || res.Loss < 0 || res.Evaluations != 22 || !slices.Equal(sizes, []int{7, 7, 7}) {
		t.Errorf("%+v, %v after batches of %v", res, err, sizes)
	}
}

// TestBatchAlone: a problem of Batch alone is that of a Func with the same losses, for methods that
// ask for one point and for those that ask for many.
func TestBatchAlone(t *testing.T) {
	f := bowl([]float64{1, -2})
	both := Problem{Func: f.loss}
	alone := Problem{Batch: func(ctx context.Context, losses []float64, xs [][]float64) (err error) {
		for k, x := range xs {
			if losses[k], err = f.loss(ctx, x); err != nil {
				return err
			}
		}
		return nil
	}}
	for _, m := range []Method{NelderMead{}, CMAES{}} {
		want, err := Fit(background, both, []float64{0, 0}, nil, m)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Fit(background, alone, []float64{0, 0}, nil, m)
		if err != nil || got.Loss != want.Loss || !slices.Equal(got.X, want.X) || got.Evaluations != want.Evaluations {
			t.Errorf("%T: %+v, %v, want %+v", m, got, err, want)
		}
	}
}

// The words of the contract of the program.
func TestStatusWords(t *testing.T) {
	for s, want := range map[Status]string{Running: "running", Converged: "converged", NoProgress: "no-progress", BudgetReached: "budget", Interrupted: "interrupted", 9: "Status(9)"} {
		if s.String() != want {
			t.Errorf("%d is %q, want %q", s, s, want)
		}
	}
	for s, want := range map[Side]string{Inside: "inside", AtLower: "at lower bound", AtUpper: "at upper bound", Fixed: "fixed", -1: "Side(-1)"} {
		if s.String() != want {
			t.Errorf("%d is %q, want %q", s, s, want)
		}
	}
}
