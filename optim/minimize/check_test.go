package minimize

import (
	"context"
	"errors"
	"testing"
)

func TestCheckFindsAWrongDerivative(t *testing.T) {
	p := rosenbrock()
	p.Names = []string{"a", "b"}
	p.Grad = func(_ context.Context, g, x []float64) (float64, error) {
		u := x[1] - x[0]*x[0]
		g[0], g[1] = -200*u*x[0]-(1-x[0]), 100*u
		return 50*u*u + (1-x[0])*(1-x[0])/2, nil
	}
	x := []float64{0.3, -0.7}
	// Third derivatives are 600 and less: the quotients are exact to 1e-7.
	if bad, err := Check(background, p, x, 0, 1e-7); err != nil || len(bad) != 0 {
		t.Errorf("mismatches %v, error %v; want none", bad, err)
	}
	right := p.Grad
	p.Grad = func(ctx context.Context, g, x []float64) (float64, error) {
		l, err := right(ctx, g, x)
		g[1] *= 1.01
		return l, err
	}
	if bad, err := Check(background, p, x, 0, 1e-3); err != nil || len(bad) != 1 || bad[0].Parameter != "b" {
		t.Errorf("mismatches %v, error %v; want one of b", bad, err)
	}
	p.Func = func(context.Context, []float64) (float64, error) { return 1, nil }
	if _, err := Check(background, p, x, 0, 1e-3); !errors.Is(err, ErrProblem) {
		t.Errorf("error %v for losses that disagree", err)
	}
	p = rosenbrock()
	p.Jacobian = FiniteJacobian(p.Residuals, Box{}, 0)
	if res, err := Fit(background, p, []float64{-1.2, 1}, nil, nil); err != nil || res.Loss > 1e-12 {
		t.Errorf("with a Jacobian of differences: %+v, %v", res, err)
	}
}
