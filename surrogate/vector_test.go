package surrogate

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// tails are arguments where float32 overflows or underflows on the way.
var tails = []float64{0, 1e-45, 1e-30, 1e10, 1e15, 1e18, 1e20, 3e38, math.Inf(1)}

func TestSlopesFloat32(t *testing.T) {
	const u = 0x1p-24 // the rounding of float32
	rapid.Check(t, func(t *rapid.T) {
		s, k := drawn(t)
		var x []float32
		for range 32 {
			x = append(x, float32(rapid.Float64Range(-4, 4).Draw(t, "k x")/k))
		}
		for _, v := range tails {
			x = append(x, float32(v), float32(-v))
		}
		got := make([]float32, len(x))
		Slopes(s, got, x)
		for i, v := range x {
			want := s.Slope(float64(v))
			// What the comment of Slopes promises. Ten roundings: k, k x, the
			// sum and the division twice over in the square, and the square.
			abs := 0x1p-126 * max(1, s.Peak())
			switch s.(type) {
			case Triangle: // 1 - k|x| cancels
				abs += 4 * u * s.Peak()
			case Boxcar, StepPWL:
				if z := math.Abs(k * float64(v)); math.Abs(z-1) < 4*u {
					continue // on the edge
				}
			}
			if !near(float64(got[i]), want, 10*u, abs) {
				t.Fatalf("%v: slope at %g is %g, scalar %g", s, v, got[i], want)
			}
		}
	})
}

func TestVectorsEqualScalars(t *testing.T) {
	x := []float64{math.NaN(), -0.04, 1e-3, 0.31, 1, math.Copysign(0, -1)}
	for _, v := range tails {
		x = append(x, v, -v)
	}
	x32 := make([]float32, len(x))
	for i, v := range x {
		x32[i] = float32(v)
	}
	all := []Surrogate{own{name: "own", slope: 1, peak: 1, area: 1}}
	for _, row := range catalogue {
		all = append(all, row.New(), row.New(0.7))
	}
	same := func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) || a != a && b != b }
	for _, s := range all {
		slopes, antis, antis32 := make([]float64, len(x)), append([]float64(nil), x...), make([]float32, len(x))
		Slopes(s, slopes, x)
		Antiderivatives(s, antis, antis) // in place
		Antiderivatives(s, antis32, x32)
		for i, v := range x {
			if !same(slopes[i], s.Slope(v)) {
				t.Errorf("%v: slope at %g is %v, scalar %v", s, v, slopes[i], s.Slope(v))
			}
			if want := s.Antiderivative(v); !same(antis[i], want) {
				t.Errorf("%v: antiderivative at %g is %v, scalar %v", s, v, antis[i], want)
			}
			if want := float32(s.Antiderivative(float64(x32[i]))); !same(float64(antis32[i]), float64(want)) {
				t.Errorf("%v: antiderivative at float32 %g is %v, scalar %v", s, v, antis32[i], want)
			}
		}
	}
}

// As with copy, only what both slices have is written, and nothing is an index error.
func TestVectorLengths(t *testing.T) {
	for _, f := range []func(s Surrogate, dst, x []float32){Slopes[float32], Antiderivatives[float32]} {
		dst := []float32{7, 7, 7}
		f(FastSigmoid{}, dst, []float32{1, 2})
		if dst[0] == 7 || dst[1] == 7 || dst[2] != 7 {
			t.Errorf("short x: %v, want two elements written", dst)
		}
		dst = []float32{7, 7, 7}
		f(FastSigmoid{}, dst[:1], []float32{1, 2, 3})
		if dst[0] == 7 || dst[1] != 7 || dst[2] != 7 {
			t.Errorf("short dst: %v, want one element written", dst)
		}
		f(ATan{}, nil, nil)
	}
}

func TestVectorsDoNotAllocate(t *testing.T) {
	x := make([]float32, 64)
	for _, row := range catalogue {
		s := row.New()
		if n := testing.AllocsPerRun(10, func() {
			Slopes(s, x, x)
			Antiderivatives(s, x, x)
		}); n != 0 {
			t.Errorf("%v: %v allocations", s, n)
		}
	}
}

func BenchmarkSlopes(b *testing.B) {
	x, dst := make([]float32, 4096), make([]float32, 4096)
	for i := range x {
		x[i] = float32(i%97-48) / 48
	}
	all := []Surrogate{own{name: "own", slope: 1, peak: 1, area: 1}}
	for _, row := range catalogue {
		all = append(all, row.New())
	}
	for _, s := range all {
		b.Run(s.String(), func(b *testing.B) {
			b.SetBytes(int64(4 * len(x)))
			for b.Loop() {
				Slopes(s, dst, x)
			}
		})
	}
}
