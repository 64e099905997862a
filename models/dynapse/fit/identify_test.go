package fit

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/surge-snn/surge/optim/identify"
)

// TestTowardsLeast: of a linear problem whose parameters are all determined, the step ends at the
// least squares.
func TestTowardsLeast(t *testing.T) {
	const m, n = 12, 3
	rng := rand.New(rand.NewPCG(3, 4))
	a, want, off := mat.NewDense(m, n, nil), mat.NewVecDense(n, nil), mat.NewVecDense(n, nil)
	for i := range m {
		for k := range n {
			a.Set(i, k, 100*rng.NormFloat64())
		}
	}
	for k := range n {
		want.SetVec(k, rng.NormFloat64())
	}
	found, err := identify.Analyze(a, make([]float64, n), []string{"a", "b", "c"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var r, g mat.VecDense
	r.MulVec(a, want)
	g.MulVec(a.T(), &r)
	for k, d := range towardsLeast(found, g.RawVector().Data) {
		off.SetVec(k, d+want.AtVec(k))
	}
	if mat.Norm(off, math.Inf(1)) > 1e-12 { // rounding, times the condition, below 10
		t.Errorf("off by %v", off)
	}
}

// TestRobustIntervals: currents that suit chips do not change what the target says of the nominal
// ones, so that the truth stays in the intervals.
func TestRobustIntervals(t *testing.T) {
	e, truth := draw(t, 2, 1, 100, 2, Core, false)
	res, err := Run(context.Background(), e, Settings{Starts: 4, Mismatch: 0.1, Samples: 4})
	if err != nil {
		t.Fatal(err)
	}
	nominal, err := Run(context.Background(), e, Settings{Starts: 4})
	if err != nil {
		t.Fatal(err)
	}
	if nominal.Loss > 1e-16 {
		t.Fatalf("the nominal fit ends at %v", nominal.Loss)
	}
	for _, p := range fitted {
		in, v := res.Parameter(p.String()).Interval, truth.Params[p][0]
		if in != nominal.Parameter(p.String()).Interval || v < in[0] || v > in[1] {
			t.Errorf("%v = %v is not in %v, nominal %v", p, v, in, nominal.Parameter(p.String()).Interval)
		}
	}
}
