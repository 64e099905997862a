package minimize

import (
	"context"
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/surge-snn/surge/optim"
)

func TestRobustLosses(t *testing.T) {
	losses := []float64{4, 1, 3, 2, 5}
	for _, c := range []struct {
		r    Robust
		want float64
	}{
		{Robust{}, 3},
		{Robust{Quantile: 0.5}, 3},
		{Robust{Quantile: 0.9}, 4.6},             // 0.9·4 = 3.6: between 4 and 5
		{Robust{Quantile: 0.6, Tail: true}, 4.5}, // the worst two
		{Robust{Quantile: 0.5, Tail: true}, 4.2}, // the worst 2.5: (5 + 4 + 3/2) / 2.5
		{Robust{Quantile: 0.99, Tail: true}, 5},  // never less than one sample
	} {
		if got := c.r.Loss(losses); math.Abs(got-c.want) > 1e-14 {
			t.Errorf("%+v: %v, want %v", c.r, got, c.want)
		}
	}
	if !math.IsNaN((Robust{Quantile: 0.5}).Loss([]float64{1, math.NaN(), 2})) {
		t.Error("a NaN among the samples is lost")
	}
}

func TestRobustWeights(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		losses := rapid.SliceOfN(rapid.Float64Range(-5, 5), 1, 20).Draw(t, "losses")
		r := Robust{Quantile: rapid.Float64Range(0, 0.999).Draw(t, "q"), Tail: rapid.Bool().Draw(t, "tail")}
		w := make([]float64, len(losses))
		r.Weigh(w, losses)
		sum := 0.0
		for _, v := range w {
			if v < 0 {
				t.Fatalf("weights %v", w)
			}
			sum += v
		}
		if math.Abs(sum-1) > 1e-14 { // 20 roundings
			t.Fatalf("weights sum to %v", sum)
		}
	})
}

// Samples with minima at c_m: the mean's is at the mean of c, and the gradients of all
// statistics agree with differences.
func TestRobustProblem(t *testing.T) {
	c := []float64{-1, 0.5, 0.7, 4}
	losses := func(_ context.Context, losses, x []float64) error {
		for m := range c {
			losses[m] = (x[0] - c[m]) * (x[0] - c[m])
		}
		return nil
	}
	for _, r := range []Robust{{}, {Quantile: 0.8}, {Quantile: 0.5, Tail: true}} {
		r.Samples, r.Losses = len(c), losses
		r.Grad = func(ctx context.Context, grad, l []float64, weigh func(weights, losses []float64), x []float64) error {
			if err := losses(ctx, l, x); err != nil {
				return err
			}
			w := make([]float64, len(l))
			weigh(w, l)
			grad[0] = 0
			for m := range c {
				grad[0] += w[m] * 2 * (x[0] - c[m])
			}
			return nil
		}
		p, err := r.Problem()
		if err != nil {
			t.Fatal(err)
		}
		if bad, err := Check(background, p, []float64{2.2}, 0, 1e-8); err != nil || len(bad) != 0 { // quadratic: exact quotients
			t.Errorf("%+v: mismatches %v, %v", r, bad, err)
		}
		if r.Quantile == 0 {
			res, err := Fit(background, p, []float64{0}, nil, LBFGS{})
			if err != nil || math.Abs(res.X[0]-1.05) > 1e-7 {
				t.Errorf("mean: %v, %v, want 1.05", res.X, err)
			}
		}
	}
	for _, r := range []Robust{{}, {Samples: 1, Quantile: 1, Losses: losses}} {
		if _, err := r.Problem(); !errors.Is(err, optim.ErrSettings) {
			t.Errorf("%+v: error %v", r, err)
		}
	}
}
