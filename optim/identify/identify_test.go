package identify

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"github.com/surge-snn/surge/optim"
	"github.com/surge-snn/surge/optim/minimize"
)

// sensitivities makes a matrix with 30 rows whose row space is spanned by the given
// combinations: outputs that depend on these alone. Numbers are arbitrary but fixed.
func sensitivities(n int, combinations ...[]float64) *mat.Dense {
	s := mat.NewDense(30, n, nil)
	for m := range 30 {
		for c, weights := range combinations {
			for i, w := range weights {
				s.Set(m, i, s.At(m, i)+100*math.Sin(float64(1+m*(c+1)))*w)
			}
		}
	}
	return s
}

func TestIdentifyNamesProducts(t *testing.T) {
	for _, c := range []struct {
		name         string
		names        []string
		combinations [][]float64
		open         int
		text         []string
		verdicts     string // y or n
	}{
		{"a product", []string{"a", "b", "c"}, [][]float64{{1, 1, 0}, {0, 0, 1}}, 1, []string{"a and b: only as a*b"}, "nny"},
		{
			"a synaptic jump", []string{"Igain_syn", "Iscale", "Ipulse", "Itau_syn"},
			[][]float64{{1, 1, -1, 0}, {0, 0, 0, 1}}, 2, []string{"Igain_syn, Iscale and Ipulse: only as Igain_syn*Iscale/Ipulse"}, "nnny",
		},
		{"a power", []string{"a", "b"}, [][]float64{{1, -2}}, 1, []string{"a and b: only as a/b^2"}, "nn"},
		{"no effect", []string{"a", "Iw_ahp"}, [][]float64{{1, 0}}, 1, []string{"Iw_ahp: no effect on the target"}, "yn"},
		{"two products", []string{"a", "b", "c", "d"}, [][]float64{{1, 1, 0, 0}, {0, 0, 1, -1}}, 2, []string{"a and b: only as a*b", "c and d: only as c/d"}, "nnnn"},
		{"odd weights", []string{"a", "b"}, [][]float64{{1, 0.7315}}, 1, []string{"a and b: only as a*b^0.73"}, "nn"},
		{"all", []string{"a", "b"}, [][]float64{{1, 0.3}, {1, -1}}, 0, nil, "yy"},
	} {
		t.Run(c.name, func(t *testing.T) {
			sens := sensitivities(len(c.names), c.combinations...)
			id, err := Analyze(sens, make([]float64, len(c.names)), c.names, nil)
			if err != nil {
				t.Fatal(err)
			}
			if len(id.Open) != c.open {
				t.Fatalf("%d open directions, want %d", len(id.Open), c.open)
			}
			var texts []string
			for _, d := range id.Open {
				texts = append(texts, d.Text)
				var along mat.VecDense
				along.MulVec(sens, mat.NewVecDense(len(d.Weights), d.Weights))
				// Weights that are rounded to two digits in words are not in numbers; those
				// that are whole are exact. 1e-10 is rounding of entries near 100.
				if n := mat.Norm(&along, 2); n > 1e-9 || !math.IsInf(d.SD, 1) {
					t.Errorf("direction %v is seen: %v; SD %v", d.Weights, n, d.SD)
				}
			}
			for _, want := range c.text {
				if !strings.Contains(strings.Join(texts, "; "), want) {
					t.Errorf("texts %q, want %q", texts, want)
				}
			}
			for i, v := range c.verdicts {
				if (id.Estimates[i].Verdict == Determined) != (v == 'y') {
					t.Errorf("%s determined: %v (SD %v)", c.names[i], id.Estimates[i].Verdict, id.Estimates[i].SD)
				}
			}
		})
	}
}

// The standard deviations of a line's intercept and slope at t = 0, 1, 2, 3 with noise σ
// are the roots of the diagonal of σ² (AᵀA)⁻¹ = σ² [14 -6; -6 4] / 20.
func TestIdentifyIntervals(t *testing.T) {
	const sigma = 0.02
	sens := mat.NewDense(4, 2, nil)
	for k := range 4 {
		sens.SetRow(k, []float64{1 / sigma, float64(k) / sigma})
	}
	id, err := Analyze(sens, []float64{5, -1}, []string{"a", "b"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	alone := []float64{sigma / 2, sigma / math.Sqrt(14)} // sums of 1 and of t²: 4 and 14
	for i, want := range []float64{sigma * math.Sqrt(14.0/20), sigma * math.Sqrt(4.0/20)} {
		e := id.Estimates[i]
		if math.Abs(e.Alone-alone[i]) > 1e-15 {
			t.Errorf("alone %v, want %v", e.Alone, alone[i])
		}
		if math.Abs(e.SD-want) > 1e-14 || math.Abs(e.High-e.Low-2*1.959964*want) > 1e-7 || e.Verdict != Determined {
			t.Errorf("estimate %+v, want SD %v", e, want)
		}
	}
	// A prior of SD 0.1 on b and no data on it: SD 0.1 exactly.
	id, err = Analyze(mat.NewDense(1, 2, []float64{100, 0}), []float64{0, 0}, []string{"a", "b"}, &Settings{Priors: []minimize.Prior{{}, {SD: 0.1}}, Resolution: 0.2})
	if err != nil || math.Abs(id.Estimates[1].SD-0.1) > 1e-15 || len(id.Open) != 0 {
		t.Errorf("%+v, %v; want an SD of 0.1", id, err)
	}
}

// Whatever the sensitivities: a combination that is left out of all rows is found, and
// nothing is NaN.
func TestIdentifyFindsAnyNullSpace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 6).Draw(t, "n")
		rank := rapid.IntRange(0, n).Draw(t, "rank")
		weights := make([][]float64, rank)
		names := make([]string, n)
		for i := range names {
			names[i] = string(rune('a' + i))
		}
		for c := range weights {
			weights[c] = rapid.SliceOfN(rapid.Map(rapid.IntRange(-3, 3), func(v int) float64 { return float64(v) }), n, n).Draw(t, "weights")
		}
		sens := sensitivities(n, weights...)
		id, err := Analyze(sens, make([]float64, n), names, nil)
		if err != nil {
			t.Fatal(err)
		}
		for k, s := range id.Singular {
			if math.IsNaN(s) || (k > 0 && s > id.Singular[k-1]) {
				t.Fatalf("singular values %v", id.Singular)
			}
		}
		if len(id.Open) < n-rank {
			t.Fatalf("%d open directions of %d parameters and %d combinations", len(id.Open), n, rank)
		}
		for _, d := range id.Open {
			if slices.ContainsFunc(d.Weights, notFinite) || math.IsNaN(d.SD) || d.Text == "" || floats.Norm(d.Weights, math.Inf(1)) == 0 {
				t.Fatalf("direction %+v", d)
			}
		}
		for _, e := range id.Estimates {
			if math.IsNaN(e.SD) || math.IsNaN(e.Low) || math.IsNaN(e.High) {
				t.Fatalf("estimate %+v", e)
			}
		}
	})
}

func TestIdentifyErrors(t *testing.T) {
	one := mat.NewDense(1, 1, []float64{1})
	for _, c := range []struct {
		sens  *mat.Dense
		names []string
		s     *Settings
		want  error
	}{
		{nil, nil, nil, minimize.ErrProblem},
		{one, nil, nil, minimize.ErrProblem},
		{one, []string{"a"}, &Settings{Resolution: -1}, optim.ErrSettings},
		{mat.NewDense(1, 1, []float64{math.NaN()}), []string{"a"}, nil, optim.ErrNonFinite},
	} {
		if _, err := Analyze(c.sens, []float64{0}, c.names, c.s); !errors.Is(err, c.want) {
			t.Errorf("error %v, want %v", err, c.want)
		}
	}
}

func TestFeasibleInterval(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := rapid.Float64Range(-10, 10)
		a, b := at.Draw(t, "a"), at.Draw(t, "b")
		low, high := min(a, b), max(a, b)
		x := min(max(low+rapid.Float64Range(0, 1).Draw(t, "x")*(high-low), low), high)
		const lower, upper, tol = -9, 9, 1e-3
		if x < lower || x > upper {
			t.Skip()
		}
		calls := 0
		i, err := FeasibleInterval(context.Background(), func(_ context.Context, x float64) (bool, error) {
			calls++
			return low <= x && x <= high, nil
		}, x, lower, upper, tol)
		if err != nil {
			t.Fatal(err)
		}
		if i.LowOpen != (low <= lower) || i.HighOpen != (high >= upper) {
			t.Fatalf("%+v for [%v, %v]", i, low, high)
		}
		if wantLow := max(low, lower); i.Low > wantLow || i.Low < wantLow-tol {
			t.Fatalf("%+v for [%v, %v]", i, low, high)
		}
		if wantHigh := min(high, upper); i.High < wantHigh || i.High > wantHigh+tol {
			t.Fatalf("%+v for [%v, %v]", i, low, high)
		}
		if calls > 70 { // 2 sides, each 15 doublings of 1e-3 up to 18 and 15 halvings, and x
			t.Fatalf("%d calls", calls)
		}
	})
	no := func(context.Context, float64) (bool, error) { return false, nil }
	if _, err := FeasibleInterval(context.Background(), no, 0, -1, 1, 1e-3); !errors.Is(err, minimize.ErrBounds) {
		t.Errorf("error %v for a start that is not feasible", err)
	}
	if _, err := FeasibleInterval(context.Background(), no, 2, -1, 1, 1e-3); !errors.Is(err, minimize.ErrBounds) {
		t.Errorf("error %v for a start out of bounds", err)
	}
	if _, err := FeasibleInterval(context.Background(), no, 0, -1, 1, 0); !errors.Is(err, optim.ErrSettings) {
		t.Errorf("error %v for a tolerance of 0", err)
	}
}

// The words of the contract of the program.
func TestVerdictWords(t *testing.T) {
	if Determined.String() != "yes" || Undetermined.String() != "no" {
		t.Errorf("verdicts are %q and %q, want yes and no", Determined, Undetermined)
	}
}
