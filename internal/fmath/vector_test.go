package fmath

import (
	"math"
	"slices"
	"testing"
)

func testExpTo[T float32 | float64](t *testing.T) {
	var x []T
	for _, v := range hard() {
		x = append(x, T(v))
	}
	x = append(x, T(math.NaN()), T(math.Inf(1)), T(math.Inf(-1)))
	want := make([]T, len(x))
	for i, v := range x {
		want[i] = T(Exp(float64(v)))
	}
	same := func(a, b T) bool { return a == b || a != a && b != b }
	for _, n := range []int{0, 1, 63, 64, 65, len(x)} { // around the length of a block
		got := make([]T, n+1)
		got[n] = 7
		ExpTo(got[:n], x)
		if !slices.EqualFunc(got[:n], want[:n], same) || got[n] != 7 {
			t.Errorf("ExpTo of %d elements differs from Exp", n)
		}
	}
	ExpTo(x, x)
	if !slices.EqualFunc(x, want, same) {
		t.Error("ExpTo in place differs from Exp")
	}
	dst := []T{7, 7}
	if ExpTo(dst, []T{0}); dst[0] != 1 || dst[1] != 7 {
		t.Errorf("ExpTo of one element gives %v", dst)
	}
	if n := testing.AllocsPerRun(10, func() { ExpTo(x, x) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestExpTo32(t *testing.T) { testExpTo[float32](t) }
func TestExpTo64(t *testing.T) { testExpTo[float64](t) }

func benchmarkExpTo[T float32 | float64](b *testing.B) {
	x, y := make([]T, 1024), make([]T, 1024)
	for i := range x {
		x[i] = -0.01 * T(i)
	}
	b.Run("ExpTo", func(b *testing.B) {
		for b.Loop() {
			ExpTo(y, x)
		}
	})
	b.Run("loop", func(b *testing.B) {
		for b.Loop() {
			for i, v := range x {
				y[i] = T(Exp(float64(v)))
			}
		}
	})
	b.Run("math", func(b *testing.B) {
		for b.Loop() {
			for i, v := range x {
				y[i] = T(math.Exp(float64(v)))
			}
		}
	})
}

func BenchmarkExpTo32(b *testing.B) { benchmarkExpTo[float32](b) }
func BenchmarkExpTo64(b *testing.B) { benchmarkExpTo[float64](b) }
