package minimize

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"github.com/surge-snn/surge/optim"
)

// linear is ½ |A x - y|² with A [n, n].
func linear(a *mat.Dense, y []float64) Problem {
	n := len(y)
	return squares(n, func(r []float64, jac *mat.Dense, x []float64) {
		for k := range n {
			r[k] = dot(a.RawRowView(k), x) - y[k]
		}
		jac.Copy(a)
	})
}

func drawGrid(t *rapid.T, n int) Grid {
	g := Grid{Levels: make([][]float64, n)}
	for i := range g.Levels {
		g.Levels[i] = rapid.SliceOfNDistinct(rapid.Float64Range(-3, 3), 1, 6, rapid.ID).Draw(t, "levels")
		slices.Sort(g.Levels[i])
	}
	return g
}

// brute returns the least loss on the whole grid.
func brute(t *rapid.T, p Problem, g Grid) float64 {
	best := math.Inf(1)
	point := make([]int, len(g.Levels))
	for {
		loss, err := p.loss(background, g.At(point))
		if err != nil {
			t.Fatal(err)
		}
		best = min(best, loss)
		i := 0
		for ; i < len(point); i++ {
			if point[i]++; point[i] < len(g.Levels[i]) {
				break
			}
			point[i] = 0
		}
		if i == len(point) {
			return best
		}
	}
}

// A beam that holds the whole grid finds the least loss, like rounding that keeps all.
func TestGridSearchIsExactWithAWideBeam(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 3).Draw(t, "n")
		g := drawGrid(t, n)
		a := mat.NewDense(n, n, rapid.SliceOfN(rapid.Float64Range(-2, 2), n*n, n*n).Draw(t, "A"))
		p := linear(a, rapid.SliceOfN(rapid.Float64Range(-2, 2), n, n).Draw(t, "y"))
		want := brute(t, p, g)
		start := make([]int, n)
		res, err := RefineGrid(background, p, g, [][]int{start}, &RefineSettings{Beam: 216})
		if err != nil {
			t.Fatal(err)
		}
		if res.Loss != want || res.Status != Converged {
			t.Fatalf("loss %v, %v; want %v", res.Loss, res.Status, want)
		}
		x := make([]float64, n)
		l, err := Linearize(background, p, x)
		if err != nil {
			t.Fatal(err)
		}
		points, err := g.Round(x, l, 216)
		if err != nil {
			t.Fatal(err)
		}
		loss, err := p.loss(background, g.At(points[0]))
		if err != nil {
			t.Fatal(err)
		}
		// The linearization is exact but for rounding, and for parameters that count as not seen:
		// derivatives up to 1e-10 of the largest, 2, times levels that differ by up to 6 and
		// residuals up to 20.
		if loss > want+3e-8 {
			t.Fatalf("rounding gives %v, want %v", loss, want)
		}
		for _, point := range points {
			if err := g.on(point); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// In the valley of a product, single moves are stuck where pairs are not.
func TestRefineGridPairs(t *testing.T) {
	p := linear(mat.NewDense(2, 2, []float64{10, 10, 0.1, -0.1}), []float64{10, 1})
	levels := make([]float64, 21) // -10, -9, ..., 10
	for k := range levels {
		levels[k] = float64(k - 10)
	}
	g := Grid{Levels: [][]float64{levels, levels}}
	start := [][]int{{10, 11}} // x + y = 1 holds; x - y = 10 does not
	single, err := RefineGrid(background, p, g, start, nil)
	if err != nil {
		t.Fatal(err)
	}
	pairs, err := RefineGrid(background, p, g, start, &RefineSettings{Pairs: true})
	if err != nil {
		t.Fatal(err)
	}
	// On x + y = 1 the nearest to x - y = 10 are 9 and 11: ½ 0.1² is the loss.
	if !slices.Equal(single.Levels, start[0]) || math.Abs(pairs.Loss-0.005) > 1e-12 {
		t.Errorf("single moves end at %v, pairs with a loss of %v, want no move and 0.005", single.Levels, pairs.Loss)
	}
	l, err := Linearize(background, p, []float64{5.5, -4.5})
	if err != nil {
		t.Fatal(err)
	}
	points, err := g.Round([]float64{5.5, -4.5}, l, 4)
	if err != nil {
		t.Fatal(err)
	}
	if x := g.At(points[0]); x[0]+x[1] != 1 || math.Abs(x[0]-5.5) != 0.5 {
		t.Errorf("rounded to %v, want 5, -4 or 6, -5", x)
	}
}

func TestRefineGridStops(t *testing.T) {
	g := Grid{Levels: [][]float64{{0, 1, 2, 3}, {0, 1, 2, 3}}}
	p := bowl([]float64{3, 3})
	batches := 0
	p.Batch = func(ctx context.Context, losses []float64, xs [][]float64) error {
		batches++
		for k, x := range xs {
			losses[k], _ = p.loss(ctx, x)
		}
		return nil
	}
	res, err := RefineGrid(background, p, g, [][]int{{0, 0}}, nil)
	if err != nil || !slices.Equal(res.X, []float64{3, 3}) || res.Loss != 0 || batches == 0 {
		t.Errorf("%+v, %v after %d batches; want [3 3]", res, err, batches)
	}
	few, err := RefineGrid(background, p, g, [][]int{{0, 0}}, &RefineSettings{Budget: 4})
	if err != nil || few.Evaluations != 4 || few.Status != BudgetReached || few.X == nil {
		t.Errorf("%+v, %v; want 4 evaluations", few, err)
	}
	p.Box.Upper = []float64{2, 5}
	if res, err = RefineGrid(background, p, g, [][]int{{0, 0}}, nil); err != nil || !slices.Equal(res.X, []float64{2, 3}) {
		t.Errorf("%+v, %v; want [2 3] within bounds", res, err)
	}
	for _, c := range []struct {
		g     Grid
		start [][]int
		want  error
	}{
		{Grid{}, [][]int{{0, 0}}, ErrProblem},
		{g, nil, ErrProblem},
		{g, [][]int{{0, 4}}, ErrBounds},
		{g, [][]int{{3, 0}}, ErrBounds},
		{Grid{Levels: [][]float64{{1, 0}, {0}}}, [][]int{{0, 0}}, ErrProblem},
		{Grid{Levels: [][]float64{{math.NaN()}, {0}}}, [][]int{{0, 0}}, optim.ErrNonFinite},
		{Grid{Levels: g.Levels, Neighbours: func(int, int) []int { return []int{-1} }}, [][]int{{0, 0}}, ErrBounds},
	} {
		if _, err := RefineGrid(background, p, c.g, c.start, nil); !errors.Is(err, c.want) {
			t.Errorf("error %v, want %v", err, c.want)
		}
	}
}
