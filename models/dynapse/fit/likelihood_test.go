package fit

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/surge-snn/surge/optim/minimize"
)

// traced returns the forced problem of a recording of Isyn in which one bin of 100 is missing.
func traced(t *testing.T, steps, rows int) *forced {
	e, _ := draw(t, 1, 1, 60, rows, Core, false)
	r := &e.Recordings[0]
	r.T, r.Input = steps, make([]float64, steps*rows)
	r.Target, r.Use = [numQuantities][]float64{Isyn: slices.Repeat([]float64{1e-12}, steps*rows)}, [numQuantities]bool{Isyn: true}
	r.Weight = slices.Repeat([]float64{1}, steps*rows)
	for i := range r.Weight {
		r.Target[Isyn][i] *= 1 + float64(i%2)
		if i/rows%100 == 50 {
			r.Weight[i] = 0
		}
	}
	return compile(t, e).forced(0, 0)
}

// TestFilter: noise of known correlation is independent and of variance 1 when it is filtered, and
// a slope between bins that it hides from least squares is found by the likelihood with the
// standard error of the innovations.
func TestFilter(t *testing.T) {
	const steps, rows, r = 1500, 4, 0.9
	fp := traced(t, steps, rows)
	noise := autoregressive(rand.New(rand.NewPCG(7, 8)), steps, rows, r)
	e, fast := make([]float64, len(fp.samples)), mat.NewDense(len(fp.samples), 1, nil)
	for m, s := range fp.samples {
		e[m] = noise[s.at]
		fast.Set(m, 0, float64(s.at/rows%2))
	}
	c := newColoured(fp)
	c.settled(e, 0)
	y := c.filter(e)
	square, next, pairs := 0.0, 0.0, 0
	for _, v := range y {
		square += v * v / float64(len(y))
	}
	for i := range c.series {
		c.series[i].lagged(1, func(a, b int) {
			next += y[a] * y[b]
			pairs++
		})
	}
	if next /= float64(pairs); math.Abs(square-1) > 0.03 || math.Abs(next) > 0.05 { // standard errors of 6,000 samples: 0.018 and 0.013
		t.Errorf("filtered noise has variance %v, covariance %v from bin to bin", square, next)
	}
	// A change in every other bin is 1+r between bins, of innovations with sqrt(1-r²), so that it
	// is known to sqrt(1-r²)/(1+r)/sqrt(M).
	filtered := c.filterColumns(fast, 1)
	none := []minimize.Prior{{}}
	got := leastSquares(filtered, y, none, []float64{0})[0]
	if want := math.Sqrt(1-r*r) / (1 + r) * 2 / math.Sqrt(float64(len(y))); math.Abs(got) > 3*want {
		t.Errorf("a change of 0 is found as %v, with a standard error of %v", got, want)
	}
}

// TestLeastSquares: a prior holds a coordinate that the residuals say nothing of.
func TestLeastSquares(t *testing.T) {
	sens := mat.NewDense(2, 2, []float64{1e4, 0, 0, 0})
	d := leastSquares(sens, []float64{-1e4, 0}, []minimize.Prior{{}, {Mean: 3, SD: 1e-4}}, []float64{5, 2})
	if math.Abs(d[0]-1) > 1e-6 || math.Abs(d[1]-1) > 1e-6 {
		t.Errorf("%v, want 1 and 1", d)
	}
}
