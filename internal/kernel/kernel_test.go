package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// withCPUs calls f with GOMAXPROCS 1, 2, 3 and 8.
func withCPUs(t *testing.T, f func(t *testing.T)) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, cpus := range []int{1, 2, 3, 8} {
		runtime.GOMAXPROCS(cpus)
		t.Run(fmt.Sprint(cpus), f)
	}
}

// TestBlocks: every number is in one block, and the blocks do not depend on the CPUs.
func TestBlocks(t *testing.T) {
	withCPUs(t, func(t *testing.T) {
		rapid.Check(t, func(r *rapid.T) {
			n, size := rapid.IntRange(0, 50).Draw(r, "n"), rapid.IntRange(1, 60).Draw(r, "size")
			var mu sync.Mutex
			var got [][2]int
			Blocks(n, size, func(lo, hi int) {
				mu.Lock()
				defer mu.Unlock()
				got = append(got, [2]int{lo, hi})
			})
			slices.SortFunc(got, func(a, b [2]int) int { return a[0] - b[0] })
			var want [][2]int
			for lo := 0; lo < n; lo += size {
				want = append(want, [2]int{lo, min(lo+size, n)})
			}
			if !slices.Equal(got, want) {
				t.Fatalf("blocks %v, want %v", got, want)
			}
		})
	})
}

// TestBlocksPanic: a panic in a block reaches the caller, who can recover it, and the
// next call is as good as any.
func TestBlocksPanic(t *testing.T) {
	withCPUs(t, func(t *testing.T) {
		for range 3 {
			func() {
				defer func() {
					if p := recover(); p != "oops" {
						t.Errorf("recovered %v, want oops", p)
					}
				}()
				Blocks(100, 3, func(lo, hi int) {
					if lo == 30 {
						panic("oops")
					}
				})
				t.Error("no panic")
			}()
			sum := make([]int, 100)
			Blocks(100, 3, func(lo, hi int) {
				for i := lo; i < hi; i++ {
					sum[i]++
				}
			})
			if slices.Min(sum) != 1 || slices.Max(sum) != 1 {
				t.Error("a block was lost or taken twice")
			}
		}
	})
}

// TestBlocksNested: blocks within blocks do not wait for each other.
func TestBlocksNested(t *testing.T) {
	withCPUs(t, func(t *testing.T) {
		var mu sync.Mutex
		count := 0
		Blocks(8, 1, func(lo, hi int) {
			Blocks(8, 1, func(lo, hi int) {
				mu.Lock()
				count++
				mu.Unlock()
			})
		})
		if count != 64 {
			t.Errorf("%d calls, want 64", count)
		}
	})
}

func TestBlocksAllocations(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	f := func(lo, hi int) {}
	// AllocsPerRun itself runs on one CPU: the goroutines are counted by hand.
	runtime.GOMAXPROCS(4)
	Blocks(100, 3, f)
	var before, after runtime.MemStats
	const runs = 200
	runtime.ReadMemStats(&before)
	for range runs {
		Blocks(100, 3, f)
	}
	runtime.ReadMemStats(&after)
	// A goroutine of the run-time system may be new, the garbage collector empties the
	// pool, and the race detector takes from it at random: less than one object in a
	// call. One for each goroutine would be three.
	if n := after.Mallocs - before.Mallocs; n > runs {
		t.Errorf("%d allocations in %d calls", n, runs)
	}
}

// matrix draws a matrix with the given share of elements that are not zero; the numbers
// are small integers, so that every sum is exact.
func matrix[T Float](rng *rand.Rand, n int, share float64) []T {
	x := make([]T, n)
	for i := range x {
		if rng.Float64() < share {
			x[i] = T(rng.IntN(9) - 4)
		}
	}
	return x
}

// product is C = op(A)·op(B) + beta·C as in the definition.
func product[T Float](ta, tb bool, m, n, k int, a, b []T, beta T, c []T) {
	for i := range m {
		for j := range n {
			sum := beta * c[i*n+j]
			for l := range k {
				at, bt := i*k+l, l*n+j
				if ta {
					at = l*m + i
				}
				if tb {
					bt = j*k + l
				}
				sum += a[at] * b[bt]
			}
			c[i*n+j] = sum
		}
	}
}

func TestGemm(t *testing.T) {
	levels(t, func(t *testing.T) {
		t.Run("float32", testGemm[float32])
		t.Run("float64", testGemm[float64])
	})
}

func testGemm[T Float](t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		extent := rapid.IntRange(0, 70)
		m, n, k := extent.Draw(r, "m"), extent.Draw(r, "n"), rapid.IntRange(0, 9).Draw(r, "k")
		if rapid.IntRange(0, 19).Draw(r, "blocks") == 0 {
			k = rapid.IntRange(250, 530).Draw(r, "deep")
		}
		ta, tb := rapid.Bool().Draw(r, "ta"), rapid.Bool().Draw(r, "tb")
		beta := T(rapid.IntRange(0, 1).Draw(r, "beta"))
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(r, "seed"), 0))
		a, b, c := matrix[T](rng, m*k, 0.7), matrix[T](rng, k*n, 0.7), matrix[T](rng, m*n, 1)
		want := slices.Clone(c)
		product(ta, tb, m, n, k, a, b, beta, want)
		Gemm(ta, tb, m, n, k, a, b, beta, c)
		if !slices.Equal(c, want) {
			t.Fatalf("product %v, want %v", c, want)
		}
		if !ta && !tb && beta == 1 && m*n*k > 0 { // and with A packed: once more C + A·B
			var left, right Packed[T]
			left.Resize(m, k)
			for i := range a {
				left.Panel(i % k / left.Width())[i/k*left.Width()+i%k%left.Width()] = a[i]
			}
			right.Pack(RowMajor(b, k, n))
			left.Times(c, &right, new(Scratch[T]))
			product(ta, tb, m, n, k, a, b, beta, want)
			if !slices.Equal(c, want) {
				t.Fatalf("product %v of packed matrices, want %v", c, want)
			}
		}
	})
}

// TestGemmForgetsResult: with beta = 0 what C held has no influence, even a NaN.
func TestGemmForgetsResult(t *testing.T) {
	c := []float64{math.NaN(), math.Inf(1)}
	Gemm(false, false, 1, 2, 1, []float64{2}, []float64{3, 4}, 0, c)
	if !slices.Equal(c, []float64{6, 8}) {
		t.Errorf("product %v, want [6 8]", c)
	}
}

func TestEvents(t *testing.T) {
	levels(t, func(t *testing.T) {
		t.Run("float32", testEvents[float32])
		t.Run("float64", testEvents[float64])
	})
}

// listed returns the events of a rows×cols matrix.
func listed[T Float](e *Events[T], r *Recorder[T], x []T, rows, cols int) {
	r.Reset()
	e.Resize(rows, cols)
	mask := make([]uint64, Words(cols))
	for i := range rows {
		row := x[i*cols : (i+1)*cols]
		if Mask(mask, row) {
			row = nil
		}
		r.Record(e, i, mask, row)
	}
}

// panels returns a row-major matrix in panels.
func panels[T Float](x []T, rows, n, width int) Panels[T] {
	p := Panels[T]{Rows: rows, N: n, Width: width, Data: make([]T, len(x))}
	for i := range rows {
		for from := 0; from < n; from += width {
			dst, ld := p.From(i, from)
			copy(dst[:ld], x[i*n+from:])
		}
	}
	return p
}

// testEvents: gathering and scattering by events are the products with the matrix, in
// exact arithmetic; the receivers are reused.
func testEvents[T Float](t *testing.T) {
	var e Events[T]
	var recorder Recorder[T]
	var columns Columns[T]
	rapid.Check(t, func(r *rapid.T) {
		extent := rapid.IntRange(1, 9)
		rows, cols, n := extent.Draw(r, "rows"), rapid.IntRange(1, 90).Draw(r, "cols"), rapid.IntRange(1, 300).Draw(r, "n")
		if rapid.IntRange(0, 9).Draw(r, "chunks") == 0 {
			rows = rapid.IntRange(500, 1100).Draw(r, "many rows")
		}
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(r, "seed"), 0))
		x := matrix[T](rng, rows*cols, rapid.Float64Range(0, 1).Draw(r, "share"))
		if rapid.Bool().Draw(r, "spikes") {
			for i, v := range x {
				if v != 0 {
					x[i] = 1
				}
			}
		}
		w, d := matrix[T](rng, cols*n, 1), matrix[T](rng, rows*n, 1)
		listed(&e, &recorder, x, rows, cols)
		count := 0
		for _, v := range x {
			if v != 0 {
				count++
			}
		}
		if e.Len() != count {
			t.Fatalf("%d events, want %d", e.Len(), count)
		}
		y, want := matrix[T](rng, rows*n, 1), make([]T, rows*n)
		copy(want, y)
		product(false, false, rows, n, cols, x, w, 1, want)
		e.Gather(y, n, y, n, 0, rows, n, w, n)
		if !slices.Equal(y, want) {
			t.Fatalf("gathered %v, want %v", y, want)
		}
		more := rapid.Bool().Draw(r, "more")
		beta := T(0)
		if more {
			beta = 1
		}
		dw, want := matrix[T](rng, cols*n, 1), make([]T, cols*n)
		copy(want, dw)
		limit := rapid.IntRange(max(0, rows-20), rows).Draw(r, "limit")
		first := rapid.IntRange(0, limit).Draw(r, "first")
		product(true, false, cols, n, limit-first, x[first*cols:limit*cols], d[first*n:], beta, want)
		columns.Transpose(&e)
		skip := rapid.IntRange(0, 3).Draw(r, "skip")
		columns.Scatter(dw, panels(append(make([]T, skip*n), d...), rows+skip, n, 64*rapid.IntRange(1, 5).Draw(r, "panel")), first, limit, skip, more)
		if !slices.Equal(dw, want) {
			t.Fatalf("scattered %v, want %v", dw, want)
		}
	})
}

// TestEventsKeepNaN: a NaN is an event, or it would be lost.
func TestEventsKeepNaN(t *testing.T) {
	var e Events[float64]
	listed(&e, &Recorder[float64]{}, []float64{0, math.NaN()}, 1, 2)
	y := make([]float64, 1)
	e.Gather(y, 1, y, 1, 0, 1, 1, []float64{1, 1}, 1)
	if !math.IsNaN(y[0]) {
		t.Errorf("gathered %v", y)
	}
}

func TestSumRows(t *testing.T) {
	dst := []float64{9, 9, 9}
	SumRows(dst, []float64{1, 2, 3, 10, 20, 30})
	if !slices.Equal(dst, []float64{11, 22, 33}) {
		t.Errorf("sums %v", dst)
	}
}

// TestVanishing: what decays on its way back through time ends at 0, not at a subnormal number,
// and what is larger than the bound stays.
func TestVanishing(t *testing.T) {
	t.Run("float32", func(t *testing.T) { testVanishing[float32](t, 0x1p-100) })
	t.Run("float64", func(t *testing.T) { testVanishing[float64](t, 0x1p-960) })
}

func testVanishing[T Float](t *testing.T, least float64) {
	levels(t, func(t *testing.T) {
		const n = 37
		alpha, zero := make([]T, n), make([]T, n)
		for j := range alpha {
			alpha[j] = 0.5
		}
		l := LI[T]{Alpha: alpha}
		lif := LIF[T]{Gain: alpha, VTh: alpha, Beta: alpha}
		rows := func() Rows[T] { return Rows[T]{make([]T, n), n} }
		v, dv, di := make([]T, n), make([]T, n), make([]T, n)
		for j := range v {
			v[j], dv[j], di[j] = 1, 1, 1
		}
		decay := Adjoint[T]{DV: v, DX: rows(), G: Rows[T]{zero, n}}
		spiking := Adjoint[T]{DV: dv, DI: di, DX: rows(), G: Rows[T]{zero, n}}
		for step := range 1100 {
			l.Back(&decay)
			lif.Back(&spiking, 1, zero, zero, 0, Rows[T]{zero, n})
			want := T(math.Ldexp(1, -step)) // powers of two are exact
			if float64(want) <= least {
				want = 0
			}
			for j := range n {
				if decay.DX.Data[j] != want {
					t.Fatalf("step %d: dx[%d] of a leaky integrator is %v, want %v", step, j, decay.DX.Data[j], want)
				}
				if x := math.Abs(float64(spiking.DX.Data[j])); x != 0 && x <= least {
					t.Fatalf("step %d: dx[%d] of a LIF neuron is %v, no larger than %v", step, j, x, least)
				}
			}
		}
		for j := range n {
			if spiking.DX.Data[j] != 0 || dv[j] != 0 {
				t.Fatalf("%d: gradients %v and %v are left", j, spiking.DX.Data[j], dv[j])
			}
		}
	})
}
