package optim

import (
	"math"
	"testing"
)

// TestAdagradForLong: a million squares of one size have the sum that they have, in float32, too.
func TestAdagradForLong(t *testing.T) {
	const steps = 1_000_000
	a := Adagrad{}
	g := Tree{{Name: "w", F32: []float32{0, 0}}}
	s := a.Init(g)
	for range steps {
		g[0].F32[0], g[0].F32[1] = 0.1, 3e-4
		if err := a.Update(g, nil, &s); err != nil {
			t.Fatal(err)
		}
	}
	for i, x := range []float32{0.1, 3e-4} {
		got, want := float64(s.Slots[0].Tree[0].F32[i]), steps*float64(float32(x*x))
		if math.Abs(got-want) > 1e-7*want { // one rounding of float32
			t.Errorf("sum of %d squares of %v is %v, want %v", steps, x, got, want)
		}
	}
}

// TestAdagradWithoutRest: the state of an earlier version goes on.
func TestAdagradWithoutRest(t *testing.T) {
	a, g := Adagrad{}, Tree{{Name: "w", F64: []float64{2}}}
	s := a.Init(g)
	s.Slots = s.Slots[:1]
	if err := a.Update(g, nil, &s); err != nil {
		t.Fatal(err)
	}
	if got := s.Slots[0].Tree[0].F64[0]; got != 4 {
		t.Errorf("sum %v, want 4", got)
	}
}
