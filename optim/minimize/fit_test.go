package minimize

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/optimize/functions"
	"pgregory.net/rapid"

	"github.com/surge-snn/surge/optim"
)

var background = context.Background()

// smooth makes a problem of a function and its gradient.
func smooth(f func(x []float64) float64, g func(grad, x []float64)) Problem {
	return Problem{
		Func: func(_ context.Context, x []float64) (float64, error) { return f(x), nil },
		Grad: func(_ context.Context, grad, x []float64) (float64, error) {
			g(grad, x)
			return f(x), nil
		},
	}
}

// squares makes a least-squares problem of residuals and their derivatives.
func squares(m int, f func(r []float64, jac *mat.Dense, x []float64)) Problem {
	return Problem{
		NumResiduals: m,
		Residuals: func(_ context.Context, r, x []float64) error {
			f(r, mat.NewDense(m, len(x), nil), x)
			return nil
		},
		Jacobian: func(_ context.Context, r []float64, jac *mat.Dense, x []float64) error {
			f(r, jac, x)
			return nil
		},
	}
}

func rosenbrock() Problem {
	return squares(2, func(r []float64, jac *mat.Dense, x []float64) {
		r[0], r[1] = 10*(x[1]-x[0]*x[0]), 1-x[0]
		jac.SetRow(0, []float64{-20 * x[0], 10})
		jac.SetRow(1, []float64{-1, 0})
	})
}

// powell is Powell's function, whose Jacobian is singular at the minimum.
func powell() Problem {
	s5, s10 := math.Sqrt(5), math.Sqrt(10)
	return squares(4, func(r []float64, jac *mat.Dense, x []float64) {
		a, b := x[1]-2*x[2], x[0]-x[3]
		r[0], r[1], r[2], r[3] = x[0]+10*x[1], s5*(x[2]-x[3]), a*a, s10*b*b
		jac.SetRow(0, []float64{1, 10, 0, 0})
		jac.SetRow(1, []float64{0, 0, s5, -s5})
		jac.SetRow(2, []float64{0, 2 * a, -4 * a, 0})
		jac.SetRow(3, []float64{2 * s10 * b, 0, 0, -2 * s10 * b})
	})
}

// bowl is ½ sum_i k_i (x_i - c_i)², k_i = i + 1. Within a box its minimum is the
// projection of c.
func bowl(c []float64) Problem {
	return squares(len(c), func(r []float64, jac *mat.Dense, x []float64) {
		jac.Zero()
		for i := range x {
			k := math.Sqrt(float64(i + 1))
			r[i] = k * (x[i] - c[i])
			jac.Set(i, i, k)
		}
	})
}

// methods are all there are, at settings that suffice for the small problems here.
func methods() map[string]Method {
	return map[string]Method{
		"descent":     Descent{Transform: optim.Adam{LR: optim.Exponential{Init: 0.1, Rate: 0.5, Every: 1000}}, Steps: 10000, Patience: 10000},
		"lbfgs":       LBFGS{},
		"lm":          LevenbergMarquardt{},
		"nelder-mead": NelderMead{Evaluations: 4000},
		"cmaes":       CMAES{Evaluations: 6000, Seed: 1},
		"multistart":  MultiStart{Starts: 4, Keep: 2},
		"sequence":    Sequence{{Method: Descent{Steps: 20}}, {Method: LBFGS{}}},
	}
}

func names() []string {
	return []string{"descent", "lbfgs", "lm", "nelder-mead", "cmaes", "multistart", "sequence"}
}

func TestFitFindsKnownMinima(t *testing.T) {
	centre := []float64{0.3, -2, 1.5}
	boxed := bowl(centre)
	boxed.Box = Box{Lower: []float64{-1, -1, 0.5}, Upper: []float64{1, 1, 0.5}}
	problems := []struct {
		name string
		p    Problem
		init []float64
		want []float64
		// tol is for x. Losses are exact to 1e-16 or so; near a minimum an error of d in x
		// changes the loss by d² (Powell: d⁴, so that 1e-1 in x is 1e-4 or so). Descent, whose
		// last steps are 0.1/2^10 = 1e-4 long, does not end at a point but near it.
		tol float64
	}{
		{"rosenbrock", rosenbrock(), []float64{-1.2, 1}, []float64{1, 1}, 2e-2},
		{"powell", powell(), []float64{3, -1, 0, 1}, []float64{0, 0, 0, 0}, 1e-1},
		{"bowl", bowl(centre), []float64{0, 0, 0}, centre, 1e-4},
		{"boxed bowl", boxed, []float64{0, 0, 0.5}, []float64{0.3, -1, 0.5}, 1e-4},
	}
	all := methods()
	for _, c := range problems {
		for _, name := range names() {
			t.Run(c.name+"/"+name, func(t *testing.T) {
				res, err := Fit(background, c.p, c.init, nil, all[name])
				if err != nil {
					t.Fatal(err)
				}
				for i, w := range c.want {
					if math.Abs(res.X[i]-w) > c.tol {
						t.Errorf("x = %v, want %v; %v after %d evaluations, %d gradients, %d Jacobians", res.X, c.want, res.Status, res.Evaluations, res.Gradients, res.Jacobians)
						break
					}
				}
				if (name == "lbfgs" || name == "lm") && res.Status != Converged {
					t.Errorf("status %v, want converged", res.Status)
				}
			})
		}
	}
}

// The test functions of gonum come with their minima.
func TestLBFGSOnGonumsFunctions(t *testing.T) {
	type function interface {
		Func([]float64) float64
		Grad(grad, x []float64)
		Minima() []functions.Minimum
	}
	for _, c := range []struct {
		f    function
		init []float64
	}{
		{functions.BrownBadlyScaled{}, []float64{1, 1}},
		{functions.Beale{}, []float64{1, 1}},
		{functions.ExtendedRosenbrock{}, []float64{-1.2, 1, -1.2, 1, -1.2, 1}},
		{functions.Wood{}, []float64{-3, -1, -3, -1}},
		{functions.HelicalValley{}, []float64{-1, 0, 0}},
		{functions.BiggsEXP2{}, []float64{1, 2}},
	} {
		t.Run(fmt.Sprintf("%T", c.f), func(t *testing.T) {
			// Brown's minimum is at 1e6, many steps of the default length away.
			res, err := Fit(background, smooth(c.f.Func, c.f.Grad), c.init, nil, LBFGS{MaxStep: 1e6})
			if err != nil {
				t.Fatal(err)
			}
			// All minima have the loss 0; the gradient's tolerance of 1e-8 leaves less
			// than 1e-10 with curvatures above 1e-6.
			if res.Loss > 1e-10 {
				t.Errorf("loss %v at %v, want %v; %v after %d gradients", res.Loss, res.X, c.f.Minima(), res.Status, res.Gradients)
			}
		})
	}
}

// A straight line through points has a closed form; so has its prior.
func TestLevenbergMarquardtOnALineWithAPrior(t *testing.T) {
	ts, ys := []float64{0, 1, 2, 3}, []float64{1, 2.9, 5.2, 6.8}
	p := squares(4, func(r []float64, jac *mat.Dense, x []float64) {
		for k, u := range ts {
			r[k] = x[0] + x[1]*u - ys[k]
			jac.SetRow(k, []float64{1, u})
		}
	})
	p.Priors = []Prior{{}, {Mean: 1, SD: 0.5}}
	res, err := Fit(background, p, []float64{0, 0}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	// Normal equations: [4 6; 6 14+4] [a b]ᵀ = [15.9, 33.7+4].
	det := 4*18.0 - 36
	want := []float64{(15.9*18 - 6*37.7) / det, (4*37.7 - 6*15.9) / det}
	for i, w := range want {
		if math.Abs(res.X[i]-w) > 1e-8 { // Tol bounds the loss to 1e-10, x to its root times 1e-3
			t.Errorf("x[%d] = %v, want %v", i, res.X[i], w)
		}
	}
	if res.Status != Converged {
		t.Errorf("status %v", res.Status)
	}
}

// Two points determine y = a exp(-b t) exactly: b = ln(y0/y1)/(t1-t0), a = y0 exp(b t0).
func TestLevenbergMarquardtOnAnExponential(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y0 := rapid.Float64Range(0.5, 5).Draw(t, "y0")
		y1 := y0 * rapid.Float64Range(0.1, 0.9).Draw(t, "y1/y0")
		p := squares(2, func(r []float64, jac *mat.Dense, x []float64) {
			for k, c := range [][2]float64{{1, y0}, {3, y1}} {
				f := math.Exp(x[0] - math.Exp(x[1])*c[0]) // x = ln a, ln b
				r[k] = f - c[1]
				jac.SetRow(k, []float64{f, -f * math.Exp(x[1]) * c[0]})
			}
		})
		b := math.Log(y0/y1) / 2
		res, err := Fit(background, p, []float64{0, 0}, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i, w := range []float64{math.Log(y0) + b, math.Log(b)} {
			if math.Abs(res.X[i]-w) > 1e-6 { // a loss of 0 is reached to rounding
				t.Fatalf("x = %v, want %v at %d; %v", res.X, w, i, res.Status)
			}
		}
	})
}

// Points stay in their bounds, the best never gets worse, the budget is kept.
func TestFitKeepsItsPromises(t *testing.T) {
	all := methods()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 4).Draw(t, "n")
		at := rapid.Float64Range(-3, 3)
		centre, lower, upper, init := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
		for i := range n {
			centre[i] = at.Draw(t, "centre")
			a, b := at.Draw(t, "a"), at.Draw(t, "b")
			lower[i], upper[i] = min(a, b), max(a, b)
			if rapid.IntRange(0, 4).Draw(t, "fixed") == 0 {
				upper[i] = lower[i]
			}
			init[i] = lower[i] + rapid.Float64Range(0, 1).Draw(t, "init")*(upper[i]-lower[i])
			init[i] = min(max(init[i], lower[i]), upper[i])
		}
		p := bowl(centre)
		p.Box = Box{lower, upper}
		hole := rapid.Float64Range(-3, 3).Draw(t, "hole") // a region without a loss
		wrap := func(x []float64) error {
			if i := p.Box.Outside(x); i >= 0 {
				t.Fatalf("x[%d] = %v, want in [%v, %v]", i, x[i], lower[i], upper[i])
			}
			return nil
		}
		residuals, jacobian := p.Residuals, p.Jacobian
		spoil := func(r, x []float64) {
			if math.Abs(x[0]-hole) < 0.2 && x[0] != init[0] {
				r[0] = math.NaN()
			}
		}
		p.Residuals = func(ctx context.Context, r, x []float64) error {
			defer spoil(r, x)
			return errors.Join(wrap(x), residuals(ctx, r, x))
		}
		p.Jacobian = func(ctx context.Context, r []float64, jac *mat.Dense, x []float64) error {
			defer spoil(r, x)
			return errors.Join(wrap(x), jacobian(ctx, r, jac, x))
		}
		m := all[rapid.SampledFrom(names()).Draw(t, "method")]
		budget := rapid.IntRange(1, 300).Draw(t, "budget")
		res, err := Fit(background, p, init, &Settings{Budget: budget}, m)
		if err != nil {
			t.Fatal(err)
		}
		if cost := res.Evaluations + 3*res.Gradients + (1+n)*res.Jacobians; cost > budget {
			t.Fatalf("cost %d, budget %d", cost, budget)
		}
		best := math.Inf(1)
		for _, h := range res.History {
			if h.Best > best {
				t.Fatalf("best rises from %v to %v at step %d", best, h.Best, h.Step)
			}
			best = h.Best
		}
		if r := make([]float64, n); residuals(background, r, res.X) != nil || halfSquare(r) != res.Loss || res.Loss > res.Init {
			t.Fatalf("loss %v at %v, want %v, and at most that of init, %v", res.Loss, res.X, halfSquare(r), res.Init)
		}
		if res.Status == Running {
			t.Fatal("still running")
		}
	})
}

func TestFitStopsWithItsContext(t *testing.T) {
	for _, name := range names() {
		ctx, cancel := context.WithCancel(background)
		p := powell()
		calls := 0
		residuals, jacobian := p.Residuals, p.Jacobian
		p.Residuals = func(ctx context.Context, r, x []float64) error {
			if calls++; calls == 12 {
				cancel()
				return ctx.Err()
			}
			return residuals(ctx, r, x)
		}
		p.Jacobian = func(ctx context.Context, r []float64, jac *mat.Dense, x []float64) error {
			if calls++; calls == 12 {
				cancel()
				return fmt.Errorf("model: %w", ctx.Err())
			}
			return jacobian(ctx, r, jac, x)
		}
		res, err := Fit(ctx, p, []float64{3, -1, 0, 1}, nil, methods()[name])
		if err != nil || res.Status != Interrupted || calls != 12 || res.X == nil {
			t.Errorf("%s: status %v, error %v after %d calls; want interrupted, none, 12", name, res.Status, err, calls)
		}
		cancel()
	}
	ctx, cancel := context.WithTimeout(background, 0)
	defer cancel()
	if res, err := Fit(ctx, powell(), []float64{3, -1, 0, 1}, nil, nil); res != nil || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("result %v, error %v; want none and the deadline", res, err)
	}
}

func TestFitReportsErrors(t *testing.T) {
	good := rosenbrock()
	broken := errors.New("no chip")
	named := func(change func(p *Problem)) Problem {
		p := good
		p.Names = []string{"Itau_mem", "Igain_mem"}
		change(&p)
		return p
	}
	state, err := Fit(background, good, []float64{-1.2, 1}, &Settings{Budget: 20}, LBFGS{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name     string
		p        Problem
		init     []float64
		settings *Settings
		method   Method
		want     error
		text     string
	}{
		{"nothing", Problem{}, []float64{1}, nil, nil, ErrProblem, "nil"},
		{"no parameters", good, nil, nil, nil, ErrProblem, "no parameters"},
		{"names", named(func(p *Problem) { p.Names = p.Names[:1] }), []float64{1, 1}, nil, nil, ErrProblem, "1 names for 2"},
		{"twice", named(func(p *Problem) { p.Names = []string{"a", "a"} }), []float64{1, 1}, nil, nil, ErrProblem, `"a"`},
		{"bounds", named(func(p *Problem) { p.Box = Box{Lower: []float64{0, 2}, Upper: []float64{1, 1}} }), []float64{1, 1}, nil, nil, ErrBounds, "2"},
		{"outside", named(func(p *Problem) { p.Box = Box{Upper: []float64{1, 1}} }), []float64{1, 3}, nil, nil, ErrBounds, "Igain_mem is 3"},
		{"NaN", named(func(*Problem) {}), []float64{math.NaN(), 3}, nil, nil, optim.ErrNonFinite, "Itau_mem is NaN"},
		{"prior", named(func(p *Problem) { p.Priors = []Prior{{}, {SD: -1}} }), []float64{1, 3}, nil, nil, ErrProblem, "Igain_mem"},
		{"budget", good, []float64{1, 1}, &Settings{Budget: -1}, nil, optim.ErrSettings, "-1"},
		{"no gradient", Problem{Func: smooth(func([]float64) float64 { return 0 }, nil).Func}, []float64{1}, nil, LBFGS{}, ErrProblem, "Grad"},
		{"no Jacobian", smooth(func([]float64) float64 { return 0 }, func([]float64, []float64) {}), []float64{1}, nil, LevenbergMarquardt{}, ErrProblem, "Jacobian"},
		{"settings", good, []float64{0, 1}, nil, LBFGS{Memory: -1}, optim.ErrSettings, "-1"},
		{"starts", good, []float64{0, 1}, nil, MultiStart{Starts: -2}, optim.ErrSettings, "-2"},
		{"no stages", good, []float64{0, 1}, nil, Sequence{}, optim.ErrSettings, "stages"},
		{"other method", good, []float64{-1.2, 1}, &Settings{Resume: &state.State}, Descent{}, optim.ErrState, "lbfgs"},
		{"other start", good, []float64{-1.2, 2}, &Settings{Resume: &state.State}, LBFGS{}, optim.ErrState, "init"},
		{"empty state", good, []float64{-1.2, 1}, &Settings{Resume: &optim.State{}}, LBFGS{}, optim.ErrState, "fit"},
		{"record", good, []float64{0, 1}, &Settings{Record: func(Progress) error { return broken }}, nil, broken, "step 0"},
		{"model", Problem{Func: func(context.Context, []float64) (float64, error) { return 0, broken }}, []float64{1}, nil, nil, broken, "evaluation 1"},
		{"never finite", Problem{Func: func(context.Context, []float64) (float64, error) { return math.NaN(), nil }}, []float64{1}, nil, nil, optim.ErrNonFinite, "no finite loss"},
	} {
		_, err := Fit(background, c.p, c.init, c.settings, c.method)
		if !errors.Is(err, c.want) || !strings.Contains(fmt.Sprint(err), c.text) {
			t.Errorf("%s: error %v, want %v with %q", c.name, err, c.want, c.text)
		}
	}
}
