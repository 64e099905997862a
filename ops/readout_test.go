package ops_test

import (
	"math"
	"math/rand/v2"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"

	"github.com/surge-snn/surge/ops"
)

func TestOverTime(t *testing.T) {
	const T, B, N = 4, 2, 3
	x := normal(3, T, B, N)
	column := func(i int) (v []float64) {
		for t := range T {
			v = append(v, x.data[t*B*N+i])
		}
		return v
	}
	for name, c := range map[string]struct {
		f     func(*G.Node) (*G.Node, error)
		value func(v []float64) float64
	}{
		"sum":  {ops.SumOverTime, func(v []float64) float64 { return v[3] + v[2] + v[1] + v[0] }},
		"mean": {ops.MeanOverTime, func(v []float64) float64 { return (v[3] + v[2] + v[1] + v[0]) / 4 }},
		"max":  {ops.MaxOverTime, func(v []float64) float64 { return max(v[0], v[1], v[2], v[3]) }},
		"last": {ops.LastStep, func(v []float64) float64 { return v[3] }},
	} {
		t.Run(name, func(t *testing.T) {
			want := make([]float64, B*N)
			for i := range want {
				want[i] = c.value(column(i))
			}
			checkValue(t, one(c.f), want, x)
			checkGradient(t, one(c.f), []int{0}, x)
			checkGradient(t, one(c.f), []int{0}, normal(3, 1, 2, 2)) // a single step
		})
	}
}

// TestMaxOverTimeOfTies: the gradient goes to the first of equal maxima; a NaN wins.
func TestMaxOverTimeOfTies(t *testing.T) {
	p := newPlain(t, tensor.Float64, one(ops.MaxOverTime), []int{0}, array{[]int{4, 1, 1}, []float64{1, 2, 2, 0}})
	p.mustRun(t)
	w := normal(99, 1, 1).data[0]
	if got := numbers(p.grads[0]); got[1] != w || got[0] != 0 || got[2] != 0 || got[3] != 0 {
		t.Errorf("gradient %v, want %v at step 1", got, w)
	}
	set(p.inputs[0], 0, math.NaN())
	if p.mustRun(t); !math.IsNaN(numbers(p.y)[0]) {
		t.Errorf("maximum %v of a sequence with NaN", p.y)
	}
}

// TestFirstSpikeTime: for spikes of 0 and 1 the result is the index of the first spike
// times dt.
func TestFirstSpikeTime(t *testing.T) {
	f := func(dt float64) function {
		return one(func(s *G.Node) (*G.Node, error) { return ops.FirstSpikeTime(s, dt) })
	}
	rapid.Check(t, func(r *rapid.T) {
		T, B, N := rapid.IntRange(1, 8).Draw(r, "T"), rapid.IntRange(1, 3).Draw(r, "B"), rapid.IntRange(1, 3).Draw(r, "N")
		// Exact: the sum counts steps, and dt is a power of two.
		dt := math.Ldexp(1, rapid.IntRange(-12, 2).Draw(r, "dt"))
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(r, "seed"), 1))
		rate := rapid.Float64Range(0, 1).Draw(r, "rate")
		s := array{[]int{T, B, N}, make([]float64, T*B*N)}
		for i := range s.data {
			if rng.Float64() < rate {
				s.data[i] = 1
			}
		}
		for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
			p := newPlain(t, dtype, f(dt), nil, s)
			p.mustRun(t)
			for i, got := range numbers(p.y) {
				first := 0
				for first < T && s.data[first*B*N+i] == 0 {
					first++
				}
				if want := dt * float64(first); got != want {
					t.Fatalf("%v: neuron %d: first spike at %v s, want %v", dtype, i, got, want)
				}
			}
		}
	})
	// The formula is smooth in s, also at 0 and 1, where the gradient is wanted.
	checkGradient(t, f(0.1), []int{0}, array{[]int{5, 1, 2}, []float64{0, 0, 1, 0, 0, 0, 1, 0, 0, 0}})
	checkGradient(t, f(0.1), []int{0}, array{[]int{3, 1, 2}, []float64{0.2, 0.5, 0.7, 0.1, 0.9, 0.4}})
	for _, dt := range []float64{0, -1, math.Inf(1), math.NaN()} {
		g := G.NewGraph()
		_, err := ops.FirstSpikeTime(newNode(g, tensor.Float64, "s", normal(1, 2, 2, 2)), dt)
		wantError(t, err, ops.ErrValue, "FirstSpikeTime with dt")
	}
}

func TestRowsAndSpread(t *testing.T) {
	rows := one(func(x *G.Node) (*G.Node, error) { return ops.Rows(x, 2, 3) })
	checkValue(t, rows, []float64{1, 2, 3, 1, 2, 3}, array{[]int{3}, []float64{1, 2, 3}})
	checkValue(t, rows, []float64{7, 7, 7, 7, 7, 7}, array{[]int{1}, []float64{7}})
	checkGradient(t, rows, []int{0}, normal(1, 3))
	checkGradient(t, rows, []int{0}, normal(1, 1))
	spread := one(func(x *G.Node) (*G.Node, error) { return ops.Spread(x, 4) })
	checkValue(t, spread, []float64{7, 7, 7, 7}, array{[]int{1}, []float64{7}})
	checkGradient(t, spread, []int{0}, normal(1, 1))
}
