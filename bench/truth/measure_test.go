package truth

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestMoments: groups of rows put together are the rows: mean, and standard error of the mean.
func TestMoments(t *testing.T) {
	x := []float64{1, 4, 2, 8, 5, 7, 1}
	var one, all moments
	for _, v := range x {
		one.add(1, v, 0)
	}
	for _, part := range [][]float64{x[:3], x[3:]} {
		var m moments
		for _, v := range part {
			m.add(1, v, 0)
		}
		e := m.estimate()
		all.add(len(part), e.Value, e.SE)
	}
	a, b := one.estimate(), all.estimate()
	mean, variance := 4.0, (9.0+0+4+16+1+9+9)/7
	if math.Abs(a.Value-mean) > 1e-12 || math.Abs(a.SE-math.Sqrt(variance/7)) > 1e-12 || math.Abs(a.Value-b.Value) > 1e-12 || math.Abs(a.SE-b.SE) > 1e-12 {
		t.Errorf("%v and %v", a, b)
	}
}

// TestAgree: of two gradients with a common cosine and ratio, and errors that they share in part,
// it finds both within its errors, which are those that repetitions have; without groups to compare
// it is the plain cosine.
func TestAgree(t *testing.T) {
	one := agree([][]float64{{3, 9, 4}}, [][]float64{{4, -7, 3}}, []int{0, 2})
	if math.Abs(one.Cosine-24./25) > 1e-15 || one.Ratio != 1 || one.Signs != 1 || one.CosineSE != 0 {
		t.Errorf("%+v", one)
	}
	a, b := []float64{1, 2, 0.5, -1}, []float64{2, 3, 2, -2.5}
	const cos, ratio = (2 + 6 + 1 + 2.5) / 2.5 / 4.822, 2.5 / 4.822 // 4.822² = 23.25
	rng := rand.New(rand.NewPCG(1, 2))
	const groups, repetitions = 32, 200
	var c, r, cSE, rSE moments
	for range repetitions {
		x, y := make([][]float64, groups), make([][]float64, groups)
		for i := range groups {
			for k := range a {
				common := rng.NormFloat64()
				x[i], y[i] = append(x[i], a[k]+2*common+rng.NormFloat64()), append(y[i], b[k]+3*common+rng.NormFloat64())
			}
		}
		g := agree(x, y, []int{0, 1, 2, 3})
		c.add(1, g.Cosine, 0)
		r.add(1, g.Ratio, 0)
		cSE.add(1, g.CosineSE, 0)
		rSE.add(1, g.RatioSE, 0)
	}
	for name, x := range map[string]struct {
		got, se Estimate
		want    float64
	}{"cosine": {c.estimate(), cSE.estimate(), cos}, "ratio": {r.estimate(), rSE.estimate(), ratio}} {
		spread := x.got.SE * math.Sqrt(repetitions)
		if !(math.Abs(x.got.Value-x.want) < 4*x.got.SE) || !(math.Abs(x.se.Value/spread-1) < 0.2) {
			t.Errorf("%s: %+v, want %v; errors of %+v, want %v", name, x.got, x.want, x.se, spread)
		}
	}
}
