package train

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestVictorPurpura(t *testing.T) {
	for _, c := range []struct {
		a, b []float64
		q    float64
		want float64
	}{
		{nil, nil, 1, 0},
		{[]float64{1}, nil, 1, 1},
		{[]float64{1, 2, 3}, []float64{1, 3}, 7, 1},
		{[]float64{1}, []float64{1.5}, 1, 0.5},
		{[]float64{1}, []float64{4}, 1, 2}, // taken away and put in
		{[]float64{1, 2, 3}, []float64{7}, 0, 2},
		{[]float64{0.3, 0.1}, []float64{0.1, 0.32}, 10, 0.2},
		{[]float64{0, 1}, []float64{0.9, 1.9}, 1, 1.8},
	} {
		if got, err := VictorPurpura(c.a, c.b, c.q); err != nil || math.Abs(got-c.want) > 1e-14 {
			t.Errorf("%v, %v, q %v: %v, %v, want %v", c.a, c.b, c.q, got, err, c.want)
		}
	}
	for _, q := range []float64{-1, math.NaN(), math.Inf(1)} {
		if _, err := VictorPurpura(nil, nil, q); err == nil {
			t.Errorf("q %v is taken", q)
		}
	}
	if _, err := VictorPurpura([]float64{math.NaN()}, nil, 1); err == nil {
		t.Error("a spike at NaN is taken")
	}
}

func TestVanRossumDistance(t *testing.T) {
	for _, c := range []struct {
		a, b []float64
		want float64
	}{
		{nil, nil, 0},
		{[]float64{1}, nil, 0.5},
		{[]float64{1}, []float64{1}, 0},
		{[]float64{1}, []float64{100}, 1},
		{[]float64{0}, []float64{math.Ln2}, 0.5}, // 1 - exp(-ln 2)
	} {
		if got, err := VanRossumDistance(c.a, c.b, 1); err != nil || math.Abs(got-c.want) > 1e-14 {
			t.Errorf("%v, %v: %v, %v, want %v", c.a, c.b, got, err, c.want)
		}
	}
	if _, err := VanRossumDistance(nil, nil, 0); err == nil {
		t.Error("tau 0 is taken")
	}
}

// Both are metrics: symmetric, zero of equals, and (the root, for van Rossum) with the triangle
// inequality.
func TestDistancesAreMetrics(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		train := func(name string) []float64 {
			return rapid.SliceOfN(rapid.Float64Range(0, 1), 0, 6).Draw(t, name)
		}
		a, b, c := train("a"), train("b"), train("c")
		q := rapid.Float64Range(0, 50).Draw(t, "q")
		for _, d := range []func(x, y []float64) float64{
			func(x, y []float64) float64 { v, _ := VictorPurpura(x, y, q); return v },
			func(x, y []float64) float64 { v, _ := VanRossumDistance(x, y, 1/(q+1)); return math.Sqrt(v) },
		} {
			ab, ba, ac, cb, aa := d(a, b), d(b, a), d(a, c), d(c, b), d(a, a)
			// Sums of 36 terms of size 1 or less; the root of their rounding error.
			if math.Abs(ab-ba) > 1e-6 || aa > 1e-6 || ab > ac+cb+1e-6 || ab < 0 {
				t.Fatalf("d(a,b) %v, d(b,a) %v, d(a,c) %v, d(c,b) %v, d(a,a) %v", ab, ba, ac, cb, aa)
			}
		}
	})
}
