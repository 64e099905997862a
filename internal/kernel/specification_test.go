package kernel

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// drawn are numbers of all kinds: most are common, some are zeros of both signs, denormal, huge,
// infinite or NaN, or at the bound below which gradients are flushed.
func drawn[T Float](rng *rand.Rand, n int, edges bool) []T {
	edge := []float64{0, math.Copysign(0, -1), 1, 1e-40, -3e38, math.Inf(1), math.Inf(-1), math.NaN(), 5e-324, 1.7e308,
		0x1p-100, -0x1.000002p-100, 0x1p-960, 0x1.0000000000001p-960}
	x := make([]T, n)
	for i := range x {
		x[i] = T(rng.NormFloat64())
		if edges && rng.IntN(10) == 0 {
			x[i] = T(edge[rng.IntN(len(edge))])
		}
	}
	return x
}

// guarded returns a slice at any address, with numbers around that must stay as they are.
func guarded[T Float](rng *rand.Rand, x []T) (whole, inside []T) {
	before := rng.IntN(16)
	whole = make([]T, before+len(x)+40)
	for i := range whole {
		whole[i] = -77
	}
	copy(whole[before:], x)
	return whole, whole[before : before+len(x) : before+len(x)]
}

// same compares bits; one NaN is as good as another.
func same[T Float](a, b T) bool {
	return math.Float64bits(float64(a)) == math.Float64bits(float64(b)) || a != a && b != b
}

// outcome is all that a kernel has written.
type outcome[T Float] struct {
	numbers map[string][]T
	bits    []uint64
}

// kernels calls every kernel for n elements with the numbers of a seed.
func kernels[T Float](seed uint64, n int, edges bool) outcome[T] {
	rng := rand.New(rand.NewPCG(seed, 1))
	o := outcome[T]{numbers: map[string][]T{}}
	arg := func(name string) []T {
		whole, x := guarded(rng, drawn[T](rng, n, edges))
		o.numbers[name] = whole
		return x
	}
	bit := func() []uint64 {
		b := make([]uint64, Words(n)+1)
		for i := range b {
			b[i] = math.MaxUint64
		}
		return b
	}
	flag := func(is bool) {
		if is {
			o.bits = append(o.bits, 1)
		} else {
			o.bits = append(o.bits, 0)
		}
	}

	Axpy(T(rng.NormFloat64()), arg("axpy x"), arg("axpy y"))
	sums := make([]float64, n)
	Accumulate(sums, arg("accumulate first"))
	Accumulate(sums, arg("accumulate second"))
	for _, s := range sums {
		o.numbers["accumulated"] = append(o.numbers["accumulated"], T(s))
		o.bits = append(o.bits, math.Float64bits(s+0))
	}
	dot := Dot(arg("dot x"), arg("dot y"))
	o.numbers["dot"] = []T{dot}
	Add(arg("add z"), arg("add x"), arg("add y"))
	Sub(arg("sub z"), arg("sub x"), arg("sub y"))
	Mul(arg("mul z"), arg("mul x"), arg("mul y"))
	flag(Finite(arg("finite")))
	flag(FiniteSquare(arg("finite square")))
	FastSigmoid(arg("fast sigmoid"), arg("fast sigmoid x"), 25)
	ATan(arg("atan"), arg("atan x"), 3, 1)
	Triangle(arg("triangle"), arg("triangle x"), 2)
	Boxcar(arg("boxcar"), arg("boxcar x"), 2)
	StepPWL(arg("step"), arg("step x"), 2)
	Div(arg("div z"), arg("div x"), arg("div y"))
	AddMul(arg("add mul z"), arg("add mul x"), arg("add mul y"), arg("add mul w"))
	SubMul(arg("sub mul z"), arg("sub mul x"), arg("sub mul y"), arg("sub mul w"))
	Mix(arg("mix z"), arg("mix x"), arg("mix y"), arg("mix w"))
	AddScaled(arg("add scaled z"), arg("add scaled x"), arg("add scaled y"), T(rng.NormFloat64()))
	Affine(arg("affine z"), arg("affine x"), T(rng.NormFloat64()), T(rng.NormFloat64()))
	AtLeast(arg("at least z"), arg("at least x"), 0)
	AtMost(arg("at most z"), arg("at most x"), 1)
	AtLeastSlope(arg("at least slope z"), arg("at least slope x"), 1)
	Reached(arg("reached z"), arg("reached x"), 1)
	Fired(arg("fired z"), arg("fired x"), 0)
	wide := arg("exp x")
	for i := range wide {
		wide[i] *= T(rng.IntN(100))
	}
	Exp(arg("exp z"), wide)
	Adam[T]{NewMean[T](0.9), NewMean[T](0.999), -1e-3, 3, 1e-8}.Update(arg("adam g"), arg("adam m"), arg("adam v"))

	b := bit()
	x := arg("mask x")
	for i := range x {
		if rng.IntN(3) > 0 {
			x[i] = T(rng.IntN(2))
		}
	}
	flag(Mask(b[:Words(n)], x))
	o.bits = append(o.bits, b...)

	stride, rows := n+rng.IntN(3), 7
	w := drawn[T](rng, rows*stride+1, edges)
	lists := make([]row[T], 3)
	for kind := range 3 { // without values, with values, both
		for i := range lists {
			lists[i] = row[T]{col: make([]int32, rng.IntN(9))}
			for k := range lists[i].col {
				lists[i].col[k] = int32(rng.IntN(rows))
			}
			if kind == 1 || kind == 2 && i > 0 {
				lists[i].val = drawn[T](rng, len(lists[i].col), edges)
			}
		}
		ld := n + rng.IntN(3)
		whole, dst := guarded(rng, drawn[T](rng, 3*ld, edges))
		o.numbers["gathered "+string(rune('0'+kind))] = whole
		gatherRows(dst, ld, drawn[T](rng, 3*n, edges), n, lists, kind > 0, n, w, stride)
	}

	for k := range 16 {
		syn, value, learned, inside := k&1 != 0, k&2 != 0, k&4 != 0, k&8 != 0
		rows := 1 + rng.IntN(3)
		name := func(s string) string { return fmt.Sprintf("%d %s", k, s) }
		many := func(s string, ld int) Rows[T] {
			whole, x := guarded(rng, drawn[T](rng, rows*(n+ld), edges))
			o.numbers[name(s)] = whole
			return Rows[T]{x, n + ld}
		}
		l := LIF[T]{Alpha: arg("alpha"), VTh: arg("vth"), Detach: rng.IntN(2) == 0}
		li := LI[T]{Alpha: l.Alpha}
		a := Adjoint[T]{DV: many("dv", 0).Data, DX: many("dx", 2), G: many("g", 1), DI: many("di", 0).Data}
		if syn {
			l.Alpha, l.Gain, l.Beta = nil, l.Alpha, arg("beta")
			li = LI[T]{Gain: l.Gain, Beta: l.Beta}
		}
		if value {
			l.VReset = arg("vreset")
		}
		if learned {
			a.DLeak, a.DVTh, a.DBeta, a.DVReset = many("dalpha", 4), many("dvth", 4), many("dbeta", 4), many("dvreset", 4)
			a.Before, a.I, a.IBefore = many("before", 5), many("i", 6), many("ibefore", 7)
			a.Unreset = rng.IntN(2) == 0
		}
		words := Words(n) + rng.IntN(2)
		b := make([]uint64, rows*words+1)
		for i := range b {
			b[i] = math.MaxUint64
		}
		u := many("u", 3)
		l.Step(rows, u, many("v", 0).Data, many("isyn", 0).Data, many("x", 1), b, words)
		o.bits = append(o.bits, b...)
		slope := many("slope", 0).Data
		if inside {
			slope = nil
		}
		l.Back(&a, rows, many("ds", 0).Data, slope, 25, u)
		if inside {
			continue
		}
		li.Step(arg(name("li v")), arg(name("li v0")), arg(name("li i")), arg(name("li i0")), arg(name("li x")))
		li.Back(&a)
	}

	m, k := rng.IntN(60), rng.IntN(30)
	if rng.IntN(20) == 0 {
		k += 500
	}
	whole, c := guarded(rng, drawn[T](rng, m*n, edges))
	o.numbers["product"] = whole
	Gemm(rng.IntN(2) == 0, rng.IntN(2) == 0, m, n, k, drawn[T](rng, m*k, edges), drawn[T](rng, k*n, edges), T(rng.IntN(2)), c)
	return o
}

// TestSpecification: all sets of instructions give the bits of the generic code.
func TestSpecification(t *testing.T) {
	t.Run("float32", testSpecification[float32])
	t.Run("float64", testSpecification[float64])
}

func testSpecification[T Float](t *testing.T) {
	levels(t, func(t *testing.T) {
		rapid.Check(t, func(r *rapid.T) {
			n := rapid.IntRange(0, 70).Draw(r, "n")
			if rapid.IntRange(0, 9).Draw(r, "long") == 0 {
				n = rapid.IntRange(200, 600).Draw(r, "n")
			}
			seed, edges := rapid.Uint64().Draw(r, "seed"), rapid.Bool().Draw(r, "edges")
			got := kernels[T](seed, n, edges)
			var want outcome[T]
			generic(func() { want = kernels[T](seed, n, edges) })
			for name, w := range want.numbers {
				g := got.numbers[name]
				for i := range w {
					if !same(g[i], w[i]) {
						r.Fatalf("%s[%d] of %d is %v, want %v", name, i, n, g[i], w[i])
					}
				}
			}
			for i, w := range want.bits {
				if got.bits[i] != w {
					r.Fatalf("bits %d are %b, want %b", i, got.bits[i], w)
				}
			}
		})
	})
}

// TestFMA: the product and the sum of float32 are rounded once, as in exact arithmetic.
func TestFMA(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		number := func(name string) float32 {
			x := math.Float32frombits(rapid.Uint32().Draw(r, name))
			if rapid.Bool().Draw(r, "near "+name) {
				x = float32(math.Ldexp(1+float64(rapid.IntRange(-4, 4).Draw(r, name+" ulp"))*0x1p-23, rapid.IntRange(-30, 30).Draw(r, name+" exponent")))
			}
			return x
		}
		x, y, z := number("x"), number("y"), number("z")
		if got, want := fma(x, y, z), exactFMA(x, y, z); !same(got, want) {
			r.Fatalf("fma(%v, %v, %v) = %v, want %v", x, y, z, got, want)
		}
	})
}

// exactFMA computes with numbers of any length.
func exactFMA(x, y, z float32) float32 {
	fx, fy, fz := float64(x), float64(y), float64(z)
	if s := fx*fy + fz; s-s != 0 || s == 0 {
		return float32(s) // nothing is rounded
	}
	big := func(v float64) *big.Float { return new(big.Float).SetPrec(1000).SetFloat64(v) }
	product := big(0).Mul(big(fx), big(fy))
	sum, _ := product.Add(product, big(fz)).Float32()
	return sum
}
