//go:build amd64 && !noasm

package lanes

import (
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// kernels are the sets of instructions that this processor has.
func kernels(t *testing.T, test func(t *testing.T)) {
	had2, had512 := avx2, avx512
	t.Cleanup(func() { avx2, avx512 = had2, had512 })
	for _, k := range []struct {
		name       string
		has        bool
		avx2, long bool
	}{{"AVX2", had2, true, false}, {"AVX-512", had512, true, true}} {
		t.Run(k.name, func(t *testing.T) {
			if !k.has {
				t.Skip("not in this processor")
			}
			avx2, avx512 = k.avx2, k.long
			test(t)
		})
	}
}

// number draws what may go wrong beside what is common.
func number(r *rapid.T, name string) float64 {
	edge := rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1, math.Inf(1), math.Inf(-1), math.NaN(), 5e-324, 1.7e308})
	return rapid.OneOf(rapid.Float64Range(-2, 2), rapid.Float64Range(-2, 2), rapid.Float64Range(-2, 2), edge).Draw(r, name)
}

// numbers draws n of them, with other numbers around that must stay as they are, and at any
// address.
func numbers(r *rapid.T, n int, name string) []float64 {
	before := rapid.IntRange(0, 15).Draw(r, "before")
	all := make([]float64, before+n+20)
	for k := range all {
		all[k] = -77
	}
	x := all[before : before+n]
	common := rapid.Bool().Draw(r, "common") // else edges hide the rest
	for k := range x {
		if common {
			x[k] = rapid.Float64Range(-2, 2).Draw(r, name)
		} else {
			x[k] = number(r, name)
		}
	}
	return x
}

func cloned(x []float64) []float64 { return append([]float64(nil), x[:len(x)+20]...)[:len(x)] }

// equal compares bits; one NaN is as good as another.
func equal(a, b float64) bool {
	return math.Float64bits(a) == math.Float64bits(b) || a != a && b != b
}

// same compares bits, of the 20 elements beyond the end too.
func same(t *rapid.T, what string, got, want []float64) {
	t.Helper()
	got, want = got[:len(want)+20], want[:len(want)+20]
	for k := range want {
		if !equal(got[k], want[k]) {
			t.Fatalf("%s[%d] of %d is %v, want %v", what, k, len(want)-20, got[k], want[k])
		}
	}
}

// TestSpecification: the kernels give the bits of generic.go.
func TestSpecification(t *testing.T) {
	kernels(t, func(t *testing.T) {
		rapid.Check(t, func(r *rapid.T) {
			n := rapid.IntRange(0, 70).Draw(r, "n")
			v, i, w := numbers(r, n, "v"), numbers(r, n, "i"), numbers(r, n, "w")
			f := Factors{number(r, "mem"), number(r, "syn"), number(r, "kappa")}
			if rapid.Bool().Draw(r, "decay") {
				f = Factors{0.75, 0.5, 0.25}
			}
			alpha, beta := number(r, "alpha"), number(r, "beta")
			q := number(r, "q")

			v1, i1, v2, i2 := numbers(r, n, "v1"), numbers(r, n, "i1"), make([]float64, n+20), make([]float64, n+20)
			copy(v2, v1[:n+20])
			copy(i2, i1[:n+20])
			got, want := make([]uint64, Words(n)+1), make([]uint64, Words(n)+1)
			for k := range got {
				got[k] = math.MaxUint64
			}
			want[len(want)-1] = math.MaxUint64
			Advance(got[:Words(n)], v1, i1, v, i, f, q)
			advance(want[:Words(n)], v2[:n], i2[:n], v, i, f, q)
			same(r, "v1", v1, v2[:n])
			same(r, "i1", i1, i2[:n])
			for k := range got {
				if got[k] != want[k] {
					t.Fatalf("mask[%d] is %b, want %b", k, got[k], want[k])
				}
			}

			a, b, a2, b2 := cloned(v), cloned(i), cloned(v), cloned(i)
			Retreat(a, b, f)
			retreat(a2, b2, f)
			same(r, "a", a, a2)
			same(r, "b", b, b2)

			y, y2 := cloned(v), cloned(v)
			Add(y, i)
			add(y2, i)
			same(r, "y", y, y2)

			if got, want := Moved(w, v, i, alpha, beta), moved(w, v, i, alpha, beta); !equal(got, want) {
				t.Fatalf("Moved is %v, want %v", got, want)
			}

			if got, want := Finite(v), finite(v); got != want {
				t.Fatalf("Finite is %v, want %v", got, want)
			}

			z1, mem1 := numbers(r, n, "z"), numbers(r, n, "mem")
			z2, mem2 := cloned(z1), cloned(mem1)
			last := number(r, "last")
			var hits, unsure [2][3]uint64
			hits[0], unsure[0] = [3]uint64{9, 9, 9}, [3]uint64{9, 9, 9}
			hits[1], unsure[1] = hits[0], unsure[0]
			clear(hits[1][:Words(n)])
			clear(unsure[1][:Words(n)])
			Cross(hits[0][:], unsure[0][:], z1, mem1, v, i, w, q, last)
			cross(hits[1][:], unsure[1][:], z2, mem2, v, i, w, q, last)
			same(r, "z", z1, z2)
			same(r, "mem", mem1, mem2)
			if hits[0] != hits[1] || unsure[0] != unsure[1] {
				t.Fatalf("Cross gives %b, %b, want %b, %b", hits[0], unsure[0], hits[1], unsure[1])
			}
		})
	})
}

// TestRunSpecification is TestSpecification for Run, Climb and RunBack.
func TestRunSpecification(t *testing.T) {
	kernels(t, func(t *testing.T) {
		rapid.Check(t, func(r *rapid.T) {
			n := rapid.IntRange(0, Block).Draw(r, "n")
			v, i := numbers(r, n, "v"), numbers(r, n, "i")
			w := numbers(r, 5*n, "w")
			steps := make([]Step, rapid.IntRange(0, 9).Draw(r, "steps"))
			for k := range steps {
				steps[k] = Step{Factors{0.75, 0.5, 0.25}, n * rapid.IntRange(0, 4).Draw(r, "row")}
			}
			if len(steps) > 0 && rapid.Bool().Draw(r, "edge") {
				steps[0].Kappa = number(r, "kappa")
			}
			q := rapid.SampledFrom([]float64{0.1, 1, 3}).Draw(r, "q")

			v1, i1, v2, i2 := cloned(v), cloned(i), cloned(v), cloned(i)
			done, hits := Run(v1, i1, steps, w, q)
			wantDone, wantHits := len(steps), uint64(0)
			if n > 0 {
				wantDone, wantHits = run(v2, i2, steps, w, q)
			}
			if done != wantDone || hits != wantHits {
				t.Fatalf("%d steps, %b, want %d, %b", done, hits, wantDone, wantHits)
			}
			same(r, "v", v1, v2)
			same(r, "i", i1, i2)

			v1, i1, v2, i2 = cloned(v), cloned(i), cloned(v), cloned(i)
			best, current := numbers(r, n, "best"), numbers(r, n, "current")
			best2, current2 := cloned(best), cloned(current)
			at, at2 := make([]int64, n+9), make([]int64, n+9)
			done, hits = Climb(v1, i1, best, current, at[:n], steps, 3, w)
			wantDone, wantHits = len(steps), 0
			if n > 0 {
				wantDone, wantHits = climb(v2, i2, best2, current2, at2[:n], steps, 3, w)
			}
			if done != wantDone || hits != wantHits {
				t.Fatalf("climb: %d steps, %b, want %d, %b", done, hits, wantDone, wantHits)
			}
			same(r, "v", v1, v2)
			same(r, "i", i1, i2)
			same(r, "best", best, best2)
			same(r, "current", current, current2)
			if !slices.Equal(at, at2) {
				t.Fatalf("at %v, want %v", at, at2)
			}

			var g1, g2, time1, time2 []float64
			if rapid.Bool().Draw(r, "gradient") {
				g1, g2 = cloned(w), cloned(w)
			}
			if rapid.Bool().Draw(r, "time") {
				time1 = numbers(r, len(steps), "time")
				time2 = cloned(time1)
			}
			a1, b1, a2, b2 := cloned(v), cloned(i), cloned(v), cloned(i)
			alpha, beta := number(r, "alpha"), number(r, "beta")
			RunBack(a1, b1, steps, w, g1, time1, alpha, beta)
			if n > 0 {
				runBack(a2, b2, steps, w, g2, time2, alpha, beta)
			}
			same(r, "a", a1, a2)
			same(r, "b", b1, b2)
			if g1 != nil {
				same(r, "g", g1, g2)
			}
			if time1 != nil {
				same(r, "time", time1, time2)
			}
		})
	})
}

// TestLog1pSpecification: Log1p has the bits of fmath.Log1p, for numbers of all sizes and next to
// the ends of the intervals of its table.
func TestLog1pSpecification(t *testing.T) {
	const largest = 1<<54 - 4
	x := []float64{0, 5e-324, 1. / 128, math.Nextafter(1./128, 0), 1 << 53, 1<<53 - 1, largest}
	for k := range uint64(256 * 12) {
		edge := math.Float64frombits(0x3ff0000000000000+k<<45) - 1
		x = append(x, edge, math.Nextafter(edge, 2e9), math.Abs(math.Nextafter(edge, -1)))
	}
	kernels(t, func(t *testing.T) {
		got, want := make([]float64, len(x)), make([]float64, len(x))
		Log1p(got, x)
		log1p(want, x)
		for k := range x {
			if !equal(got[k], want[k]) {
				t.Fatalf("Log1p(%v) is %v, want %v", x[k], got[k], want[k])
			}
		}
		rapid.Check(t, func(r *rapid.T) {
			n := rapid.IntRange(0, 20).Draw(r, "n")
			x := numbers(r, n, "x")
			for k := range x {
				x[k] = rapid.OneOf(rapid.Float64Range(0, 0.02), rapid.Float64Range(0, 10), rapid.Float64Range(0, largest)).Draw(r, "x")
			}
			want := cloned(x)
			Log1p(x, x)
			log1p(want, want)
			same(r, "ln(1 + x)", x, want)
		})
	})
}

// TestExpm1Specification: Expm1 has the bits of fmath.Expm1 in its range.
func TestExpm1Specification(t *testing.T) {
	kernels(t, func(t *testing.T) {
		rapid.Check(t, func(r *rapid.T) {
			n := rapid.IntRange(0, 20).Draw(r, "n")
			x := numbers(r, n, "x")
			for k := range x {
				x[k] = rapid.OneOf(rapid.Float64Range(math.Nextafter(-1./8, 0), -5e-324), rapid.Float64Range(-0x1p-50, -5e-324)).Draw(r, "x")
			}
			want := cloned(x)
			Expm1(x, x)
			expm1(want, want)
			same(r, "e^x - 1", x, want)
		})
	})
}

// TestRegisters: kernels for AVX2 use none of the registers that only AVX-512 has, which this
// processor might not notice.
func TestRegisters(t *testing.T) {
	text, err := os.ReadFile("lanes_amd64.s")
	if err != nil {
		t.Fatal(err)
	}
	more, kernel := regexp.MustCompile(`\b(Z\d+|K\d|[XY](1[6-9]|[23]\d))\b`), ""
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "TEXT") {
			kernel = line
		}
		if strings.Contains(kernel, "AVX2(") && more.MatchString(line) {
			t.Errorf("%s has %s", kernel, line)
		}
	}
}

var sink float64

// BenchmarkLanes has the kernels at the sizes of two hidden layers and one of outputs.
func BenchmarkLanes(b *testing.B) {
	for _, n := range []int{10, 100, 350} {
		v, i, v1, i1, mask := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n), make([]uint64, Words(n))
		f := Factors{0.9, 0.8, 0.1}
		for j := range v {
			v[j], i[j] = 1, 1
		}
		name := strconv.Itoa(n)
		b.Run("Advance/"+name, func(b *testing.B) {
			for b.Loop() {
				Advance(mask, v1, i1, v, i, f, 1)
			}
		})
		b.Run("Retreat/"+name, func(b *testing.B) {
			for b.Loop() {
				Retreat(v, i, Factors{1, 1, 0}) // or they become subnormal
			}
		})
		b.Run("Add/"+name, func(b *testing.B) {
			for b.Loop() {
				Add(v1, i)
			}
		})
		b.Run("Cross/"+name, func(b *testing.B) {
			z, mem, now, unsure := make([]float64, n), make([]float64, n), make([]float64, n), make([]uint64, Words(n))
			for b.Loop() {
				Cross(mask, unsure, z, mem, v1, i1, now, 1, 0.5)
			}
		})
		b.Run("Log1p/"+name, func(b *testing.B) {
			dst := make([]float64, n)
			for b.Loop() {
				Log1p(dst, v1)
			}
		})
		b.Run("Moved/"+name, func(b *testing.B) {
			for b.Loop() {
				sink += Moved(v1, v, i, 1, 2)
			}
		})
	}
}

// TestSeriesSpecification: the kernels of series give the bits of the generic code.
func TestSeriesSpecification(t *testing.T) {
	const room, numberOf, constants = 7, 5, 3 // coefficients of each series
	kernels(t, func(t *testing.T) {
		rapid.Check(t, func(r *rapid.T) {
			lanes := func(n int, name string) []Lane {
				x := make([]Lane, n)
				for i, v := range numbers(r, n*Width, name) {
					x[i/Width][i%Width] = v
				}
				return x
			}
			c, con := lanes(room*numberOf, "c"), lanes(constants, "con")
			bar, conBar := lanes(room*numberOf, "bar"), lanes(constants, "conBar")
			k := rapid.IntRange(1, room-2).Draw(r, "k")
			var code []SeriesOp
			for range rapid.IntRange(1, 6).Draw(r, "operations") {
				o := SeriesOp{Kind: SeriesKind(rapid.IntRange(0, int(SeriesOver)).Draw(r, "kind"))}
				index := func() int { return room * rapid.IntRange(0, numberOf-1).Draw(r, "series") }
				o.C, o.A, o.B = index(), index(), index()
				if o.Kind <= SeriesScale {
					o.B = rapid.IntRange(0, constants-1).Draw(r, "constant")
				}
				code = append(code, o)
			}
			compare := func(what string, got, want []Lane) {
				for i := range want {
					for l, x := range want[i] {
						if !equal(got[i][l], x) {
							t.Fatalf("%s[%d] of lane %d is %v, want %v; %+v, k = %d", what, i, l, got[i][l], x, code, k)
						}
					}
				}
			}
			from := rapid.IntRange(0, k).Draw(r, "from")
			want := slices.Clone(c)
			for i := from; i < k; i++ {
				series(code, want, con, i)
			}
			got := slices.Clone(c)
			Series(code, got, con, from, k)
			compare("c", got, want)
			wantBar, wantConBar := slices.Clone(bar), slices.Clone(conBar)
			for i := k - 1; i >= from; i-- {
				seriesBack(code, c, wantBar, con, wantConBar, i)
			}
			SeriesBack(code, c, bar, con, conBar, from, k)
			compare("bar", bar, wantBar)
			compare("conBar", conBar, wantConBar)

			bound := lanes(2, "bound")
			e := Expansion{Until: lanes(1, "until")[0], Power: lanes(1, "power")[0]}
			for l := range e.Small {
				e.Small[l] = float64(rapid.IntRange(0, 2).Draw(r, "small"))
			}
			e.Small[0] = 0
			mine := e
			want, got = slices.Clone(c), slices.Clone(c)
			wantK := expand(code, want, con, bound, room, from, k, &e)
			if gotK := Expand(code, got, con, bound, room, from, k, &mine); gotK != wantK {
				t.Fatalf("up to coefficient %d, want %d", gotK, wantK)
			}
			compare("c of Expand", got, want)
			compare("Expansion", []Lane{mine.Until, mine.Power, mine.Small, mine.Used}, []Lane{e.Until, e.Power, e.Small, e.Used})

			var y, wantY Lane
			used, h := e.Used, lanes(1, "h")[0]
			for l := range used {
				used[l] = float64(rapid.IntRange(0, room-1).Draw(r, "used"))
			}
			polynomials(&wantY, c[:room], &used, &h)
			Polynomials(&y, c[:room], &used, &h)
			compare("Polynomials", []Lane{y}, []Lane{wantY})
			bounds(&wantY, c[:room], &used, &h)
			Bounds(&y, c[:room], &used, &h)
			compare("Bounds", []Lane{y}, []Lane{wantY})
			powers(want[:room], &y, &used, &h)
			Powers(got[:room], &y, &used, &h)
			compare("Powers", got[:room], want[:room])
		})
	})
}

// BenchmarkSeries makes the coefficients of dy/dt = -x, dx/dt = I y, dI/dt = -I to order 20.
func BenchmarkSeries(b *testing.B) {
	const room = 21
	code := []SeriesOp{
		{SeriesScale, 3 * room, 0, 0}, {SeriesProduct, 4 * room, room, 2 * room}, {SeriesScale, 5 * room, 2 * room, 0},
		{SeriesIntegrate, room, 3 * room, 1}, {SeriesIntegrate, 0, 4 * room, 1}, {SeriesIntegrate, 2 * room, 5 * room, 1},
	}
	c, con := make([]Lane, 6*room), []Lane{{-1, -1, -1, -1, -1, -1, -1, -1}, {1, 1, 1, 1, 1, 1, 1, 1}}
	for k := range 3 {
		c[k*room] = Lane{1, 2, 3, 4, 5, 6, 7, 8}
	}
	for b.Loop() {
		Series(code, c, con, 0, room-1)
	}
}
