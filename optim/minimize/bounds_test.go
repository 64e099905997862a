package minimize

import (
	"errors"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestBox(t *testing.T) {
	inf := math.Inf(1)
	for _, b := range []Box{
		{Lower: []float64{1}}, {Upper: []float64{0, math.NaN()}}, {Lower: []float64{1, 2}, Upper: []float64{0, 3}}, {Lower: []float64{0, inf}}, {Upper: []float64{0, -inf}},
	} {
		if err := b.Check(2); !errors.Is(err, ErrBounds) {
			t.Errorf("%v: error %v, want ErrBounds", b, err)
		}
	}
	b := Box{Lower: []float64{0, 0, 0, 2}, Upper: []float64{1, 1, inf, 2}}
	if err := b.Check(4); err != nil {
		t.Fatal(err)
	}
	x := []float64{-1, 5, 3, 9}
	if i := b.Outside(x); i != 0 {
		t.Errorf("outside at %d", i)
	}
	b.Project(x)
	if !slices.Equal(x, []float64{0, 1, 3, 2}) || b.Outside(x) >= 0 {
		t.Errorf("projected to %v", x)
	}
	if s := b.Sides(x); !slices.Equal(s, []Side{AtLower, AtUpper, Inside, Fixed}) {
		t.Errorf("sides %v", s)
	}
	if (Box{}).Outside([]float64{1, math.NaN()}) != 1 {
		t.Error("NaN is within bounds")
	}
}

// Reflection ends within the bounds, leaves what is within, and is a distance of at
// most |v - w| apart for two points.
func TestFoldIsAContraction(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := rapid.Float64Range(-1e3, 1e3)
		a, c := at.Draw(t, "a"), at.Draw(t, "c")
		b := Box{Lower: []float64{min(a, c)}, Upper: []float64{max(a, c)}}
		switch rapid.IntRange(0, 3).Draw(t, "open") {
		case 0:
			b.Lower = nil
		case 1:
			b.Upper = nil
		}
		v, w := at.Draw(t, "v"), at.Draw(t, "w")
		fv, fw := b.fold(0, v), b.fold(0, w)
		if b.Outside([]float64{fv}) >= 0 {
			t.Fatalf("fold(%v) = %v is outside", v, fv)
		}
		if b.Outside([]float64{v}) < 0 && fv != v {
			t.Fatalf("fold(%v) = %v", v, fv)
		}
		// Four roundings of numbers up to 4e3.
		if math.Abs(fv-fw) > math.Abs(v-w)+1e-11 {
			t.Fatalf("fold(%v) = %v, fold(%v) = %v", v, fv, w, fw)
		}
	})
}
