package suite

import (
	"math"
	"testing"
)

// TestMixture: a truth that is a sum of two gradients is found.
func TestMixture(t *testing.T) {
	a, b := []float64{1, 2, 3}, []float64{1, 0, -1}
	want, zero := []float64{2.5, 4, 5.5}, make([]float64, 3) // 2 a + b/2
	m, _ := mixture(a, b, zero, zero, want)
	for k := range want {
		if math.Abs(m[k]-want[k]) > 1e-12 {
			t.Errorf("%v, want %v", m, want)
		}
	}
}

// TestIndependent: the error of the cosine is that of many draws, for small errors of the
// parameters: the standard deviation over draws of two parameters on the unit circle is that of the
// angle times sin.
func TestIndependent(t *testing.T) {
	g, truth, se := []float64{3, 4}, []float64{4, 3}, []float64{0.01, 0.01}
	c := independent(g, se, truth, make([]float64, 2))
	cos := 24.0 / 25
	sin := math.Sqrt(1 - cos*cos)
	// The angle of g moves by 0.01/5 for a step across it.
	if math.Abs(c.Cosine.Value-cos) > 1e-12 || math.Abs(c.Cosine.SE-sin*0.01/5) > 1e-12 || math.Abs(c.Ratio.Value-1) > 1e-12 ||
		math.Abs(c.Ratio.SE-0.01/5) > 1e-12 || c.Signs != 1 {
		t.Errorf("%+v", c)
	}
}
