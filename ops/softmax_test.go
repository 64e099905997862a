package ops_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"

	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/surrogate"
)

// row draws a row of numbers and a mask of the same length.
func row(t *rapid.T) (x, ready []float64) {
	x = rapid.SliceOfN(rapid.Float64Range(-50, 50), 1, 9).Draw(t, "x")
	ready = make([]float64, len(x))
	for i := range ready {
		ready[i] = float64(rapid.IntRange(0, 1).Draw(t, "ready"))
	}
	return x, ready
}

func TestSoftmaxRow(t *testing.T) {
	// Closed form: ln 1, ln 2, ln 5 have shares 1/8, 2/8, 5/8. Each share is made by an
	// exponential, a sum and a division: 3 roundings and that of the logarithm.
	y := make([]float64, 3)
	ops.SoftmaxRow(y, []float64{0, math.Log(2), math.Log(5)}, nil)
	for i, want := range []float64{1. / 8, 2. / 8, 5. / 8} {
		if math.Abs(y[i]-want) > 8*0x1p-53 {
			t.Errorf("share %d is %v, want %v", i, y[i], want)
		}
	}
	ops.SoftmaxRow(y, []float64{0, 700, math.Log(5)}, []float64{1, 0, 1})
	if math.Abs(y[0]-1./6) > 8*0x1p-53 || y[1] != 0 {
		t.Errorf("without the second unit: %v, want 1/6, 0, 5/6", y)
	}
	ops.SoftmaxRow(y, []float64{1, 2, 3}, make([]float64, 3))
	if !slices.Equal(y, []float64{0, 0, 0}) {
		t.Errorf("without any unit: %v, want zeros", y)
	}
	ops.SoftmaxRow(y, []float64{1, math.NaN(), 3}, nil)
	for _, v := range y {
		if !math.IsNaN(v) {
			t.Errorf("with a NaN: %v, want NaN everywhere", y)
		}
	}
	ops.SoftmaxRow(y, []float64{1, math.NaN(), 1}, []float64{1, 0, 1})
	if !slices.Equal(y, []float64{0.5, 0, 0.5}) {
		t.Errorf("with a NaN that takes no part: %v, want 0.5, 0, 0.5", y)
	}
}

func TestSoftmaxRowProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, ready := row(t)
		y := make([]float64, len(x))
		ops.SoftmaxRow(y, x, ready)
		sum, any := 0.0, slices.Contains(ready, 1)
		for i, v := range y {
			sum += v
			if v < 0 || (ready[i] == 0 && v != 0) {
				t.Fatalf("share %d of %v with mask %v is %v", i, x, ready, v)
			}
		}
		// At most 9 terms, each off by an ulp.
		if any && math.Abs(sum-1) > 9*0x1p-52 || !any && sum != 0 {
			t.Fatalf("shares %v of %v with mask %v add up to %v", y, x, ready, sum)
		}
		// The order of the shares is that of x, where the difference is more than rounding.
		for i := range x {
			for j := range x {
				if ready[i]*ready[j] == 1 && x[i] > x[j]+1e-9 && y[i] < y[j] {
					t.Fatalf("softmax of %v is %v", x, y)
				}
			}
		}
		// The gradient is orthogonal to the shift of all x; aliasing is allowed.
		g := rapid.SliceOfN(rapid.Float64Range(-1, 1), len(x), len(x)).Draw(t, "g")
		ops.SoftmaxRowGradient(g, y, g)
		total := 0.0
		for _, v := range g {
			total += v
		}
		if math.Abs(total) > 9*0x1p-50 { // 9 terms below 2, some 4 roundings each
			t.Fatalf("gradients add up to %v", total)
		}
	})
}

func TestWinnerRow(t *testing.T) {
	nan := math.NaN()
	for _, test := range []struct{ x, ready, want []float64 }{
		{[]float64{1, 3, 2}, nil, []float64{0, 1, 0}},
		{[]float64{3, 1, 3}, nil, []float64{1, 0, 0}}, // the first of equals
		{[]float64{-5}, nil, []float64{1}},
		{[]float64{1, 3, 2}, []float64{1, 0, 1}, []float64{0, 0, 1}},
		{[]float64{1, 3, 2}, []float64{0, 0, 0}, []float64{0, 0, 0}},
		{[]float64{1, nan, 2}, []float64{1, 0, 1}, []float64{0, 0, 1}},
	} {
		y := []float64{7, 7, 7}[:len(test.x)]
		ops.WinnerRow(y, test.x, test.ready)
		if !slices.Equal(y, test.want) {
			t.Errorf("winner of %v with mask %v: %v, want %v", test.x, test.ready, y, test.want)
		}
	}
	y := make([]float64, 2)
	if ops.WinnerRow(y, []float64{0, nan}, nil); y[0] == y[0] || y[1] == y[1] {
		t.Errorf("winner with a NaN: %v, want NaN everywhere", y)
	}
	rapid.Check(t, func(t *rapid.T) {
		x, _ := row(t)
		y := make([]float64, len(x))
		ops.WinnerRow(y, x, nil)
		if i := slices.Index(y, 1); x[i] != slices.Max(x) || slices.Index(x, x[i]) != i {
			t.Fatalf("winner of %v: %v", x, y)
		}
	})
}

func TestUnitOpsReject(t *testing.T) {
	g := G.NewGraph()
	node := func(name string, shape ...int) *G.Node {
		return G.NewTensor(g, tensor.Float64, len(shape), G.WithShape(shape...), G.WithName(name))
	}
	x, vector, wide := node("x", 2, 3), node("vector", 3), node("wide", 2, 4)
	soft := surrogate.FastSigmoid{}
	for name, f := range map[string]struct {
		op   func() (*G.Node, error)
		want error
	}{
		"softmax of a vector":     {func() (*G.Node, error) { return ops.Softmax(vector, nil) }, ops.ErrShape},
		"softmax, wide mask":      {func() (*G.Node, error) { return ops.Softmax(x, wide) }, ops.ErrShape},
		"sum of a vector":         {func() (*G.Node, error) { return ops.SumUnits(vector) }, ops.ErrShape},
		"winner of a vector":      {func() (*G.Node, error) { return ops.Winner(vector, nil, soft) }, ops.ErrShape},
		"winner, wide mask":       {func() (*G.Node, error) { return ops.Winner(x, wide, soft) }, ops.ErrShape},
		"winner, no surrogate":    {func() (*G.Node, error) { return ops.Winner(x, nil, nil) }, ops.ErrValue},
		"floor at NaN":            {func() (*G.Node, error) { return ops.Floor(x, math.NaN()) }, ops.ErrValue},
		"at least infinity":       {func() (*G.Node, error) { return ops.AtLeast(x, math.Inf(1)) }, ops.ErrValue},
		"where of unequal shapes": {func() (*G.Node, error) { return ops.Where(x, x, wide) }, ops.ErrShape},
	} {
		if _, err := f.op(); !errors.Is(err, f.want) {
			t.Errorf("%s: error %v, want %v", name, err, f.want)
		}
	}
}

func TestFloorSlope(t *testing.T) {
	for _, test := range []struct{ x, want float64 }{{1, 1}, {0.5, 0.5}, {0.25, 0}, {math.Inf(-1), 0}} {
		if got := ops.FloorSlope(test.x, 0.5); got != test.want {
			t.Errorf("slope of max(x, 0.5) at %v is %v, want %v", test.x, got, test.want)
		}
	}
	if s := ops.FloorSlope(math.NaN(), 0.5); s == s {
		t.Errorf("slope at NaN is %v, want NaN", s)
	}
}
