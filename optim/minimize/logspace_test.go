package minimize

import (
	"errors"
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

func TestLogSpaceRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		i := rapid.SliceOfN(rapid.Float64Range(1e-15, 1e-3), 1, 5).Draw(t, "I")
		x, back := make([]float64, len(i)), make([]float64, len(i))
		if err := errors.Join(ToLog(x, i), FromLog(back, x)); err != nil {
			t.Fatal(err)
		}
		for k := range i {
			// |ln I| < 40 is rounded by 4e-15, which is the relative error of exp of it.
			if math.Abs(back[k]/i[k]-1) > 1e-14 {
				t.Fatalf("%v came back as %v", i[k], back[k])
			}
		}
	})
	for _, bad := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		dst := []float64{7, 7}
		if err := ToLog(dst, []float64{1, bad}); !errors.Is(err, ErrBounds) || dst[0] != 7 {
			t.Errorf("ln %v: error %v, dst %v", bad, err, dst)
		}
	}
	if err := FromLog(make([]float64, 1), []float64{800}); !errors.Is(err, ErrBounds) {
		t.Errorf("exp 800: error %v", err)
	}
	if err := ToLog(nil, []float64{1}); !errors.Is(err, ErrProblem) {
		t.Errorf("lengths: error %v", err)
	}
}

// For L = sum c I², dL/dI = 2 c I and, with I = exp(x), dL/dx = 2 c exp(2x).
func TestLogGradients(t *testing.T) {
	i, c := []float64{2e-9, 5e-12}, []float64{3, 7}
	grad, jac := make([]float64, 2), mat.NewDense(1, 2, nil)
	x := make([]float64, 2)
	if err := ToLog(x, i); err != nil {
		t.Fatal(err)
	}
	for k := range i {
		grad[k] = 2 * c[k] * i[k]
		jac.Set(0, k, grad[k])
	}
	if err := errors.Join(GradToLog(grad, i), JacobianToLog(jac, i)); err != nil {
		t.Fatal(err)
	}
	for k := range i {
		want := 2 * c[k] * math.Exp(2*x[k])
		if math.Abs(grad[k]/want-1) > 1e-13 || jac.At(0, k) != grad[k] { // as above, twice
			t.Errorf("gradient %v, Jacobian %v, want %v", grad[k], jac.At(0, k), want)
		}
	}
}

func TestLogBox(t *testing.T) {
	b, err := LogBox(Box{Lower: []float64{1, math.E}, Upper: []float64{math.E, math.Inf(1)}})
	if err != nil || b.Lower[0] != 0 || b.Lower[1] != 1 || b.Upper[0] != 1 || !math.IsInf(b.Upper[1], 1) {
		t.Errorf("box %v, error %v", b, err)
	}
	if _, err := LogBox(Box{Lower: []float64{0}}); !errors.Is(err, ErrBounds) {
		t.Errorf("error %v for a lower bound of 0", err)
	}
}
