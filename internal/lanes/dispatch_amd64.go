//go:build !noasm

package lanes

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// What the processor has, and the kernels need.
var (
	avx2   = cpu.X86.HasAVX2
	avx512 = avx2 && cpu.X86.HasAVX512F && cpu.X86.HasBMI2
)

// as returns a pointer to the first element as what it is: T and E are the same type.
func as[E, T Float](x []T) *E { return (*E)(unsafe.Pointer(unsafe.SliceData(x))) }

// single tells whether T is float32, which the compiler knows.
func single[T Float]() bool {
	var x T
	return unsafe.Sizeof(x) == 4
}

// The functions return whether they have done the work of the one in generic.go. The slices are not empty.

func fastAdvance[T Float](mask []uint64, v1, i1, v, i []T, f Factors[T], q T) bool {
	m, n := unsafe.SliceData(mask), len(v)
	if single[T]() {
		mem, syn, kappa, level := float32(f.Mem), float32(f.Syn), float32(f.Kappa), float32(q)
		switch {
		case avx512:
			advance32AVX512(m, as[float32](v1), as[float32](i1), as[float32](v), as[float32](i), n, mem, syn, kappa, level)
		case avx2:
			advance32AVX2(m, as[float32](v1), as[float32](i1), as[float32](v), as[float32](i), n, mem, syn, kappa, level)
		}
		return avx2
	}
	mem, syn, kappa, level := float64(f.Mem), float64(f.Syn), float64(f.Kappa), float64(q)
	switch {
	case avx512:
		advance64AVX512(m, as[float64](v1), as[float64](i1), as[float64](v), as[float64](i), n, mem, syn, kappa, level)
	case avx2:
		advance64AVX2(m, as[float64](v1), as[float64](i1), as[float64](v), as[float64](i), n, mem, syn, kappa, level)
	}
	return avx2
}

func fastRetreat[T Float](a, b []T, f Factors[T]) bool {
	n := len(a)
	if single[T]() {
		mem, syn, kappa := float32(f.Mem), float32(f.Syn), float32(f.Kappa)
		switch {
		case avx512:
			retreat32AVX512(as[float32](a), as[float32](b), n, mem, syn, kappa)
		case avx2:
			retreat32AVX2(as[float32](a), as[float32](b), n, mem, syn, kappa)
		}
		return avx2
	}
	mem, syn, kappa := float64(f.Mem), float64(f.Syn), float64(f.Kappa)
	switch {
	case avx512:
		retreat64AVX512(as[float64](a), as[float64](b), n, mem, syn, kappa)
	case avx2:
		retreat64AVX2(as[float64](a), as[float64](b), n, mem, syn, kappa)
	}
	return avx2
}

func fastAdd[T Float](y, x []T) bool {
	n := len(x)
	switch {
	case !avx2:
	case single[T]() && avx512:
		add32AVX512(as[float32](y), as[float32](x), n)
	case single[T]():
		add32AVX2(as[float32](y), as[float32](x), n)
	case avx512:
		add64AVX512(as[float64](y), as[float64](x), n)
	default:
		add64AVX2(as[float64](y), as[float64](x), n)
	}
	return avx2
}

func fastMoved[T Float](w, a, b []T, alpha, beta T) (T, bool) {
	n := len(w)
	switch {
	case !avx2:
		return 0, false
	case single[T]() && avx512:
		return T(moved32AVX512(as[float32](w), as[float32](a), as[float32](b), n, float32(alpha), float32(beta))), true
	case single[T]():
		return T(moved32AVX2(as[float32](w), as[float32](a), as[float32](b), n, float32(alpha), float32(beta))), true
	case avx512:
		return T(moved64AVX512(as[float64](w), as[float64](a), as[float64](b), n, float64(alpha), float64(beta))), true
	}
	return T(moved64AVX2(as[float64](w), as[float64](a), as[float64](b), n, float64(alpha), float64(beta))), true
}

func fastFinite[T Float](x []T) (all, ok bool) {
	n := len(x)
	switch {
	case !avx2:
		return false, false
	case single[T]() && avx512:
		return finite32AVX512(as[float32](x), n), true
	case single[T]():
		return finite32AVX2(as[float32](x), n), true
	case avx512:
		return finite64AVX512(as[float64](x), n), true
	}
	return finite64AVX2(as[float64](x), n), true
}

// words returns a step as the kernels read it: four words.
func words(steps []Step) *float64 { return (*float64)(unsafe.Pointer(unsafe.SliceData(steps))) }

func fastRun(v, i []float64, steps []Step, w []float64, q float64) (done int, hits uint64, ok bool) {
	switch {
	case avx512:
		done, hits = run64AVX512(&v[0], &i[0], len(v), words(steps), len(steps), &w[0], q)
	case avx2:
		done, hits = run64AVX2(&v[0], &i[0], len(v), words(steps), len(steps), &w[0], q)
	}
	return done, hits, avx2
}

func fastClimb(v, i, best, current []float64, at []int64, steps []Step, first int, w []float64) (done int, hits uint64, ok bool) {
	switch {
	case avx512:
		done, hits = climb64AVX512(&v[0], &i[0], &best[0], &current[0], &at[0], len(v), words(steps), len(steps), first, &w[0])
	case avx2:
		done, hits = climb64AVX2(&v[0], &i[0], &best[0], &current[0], &at[0], len(v), words(steps), len(steps), first, &w[0])
	}
	return done, hits, avx2
}

func fastRunBack(a, b []float64, steps []Step, w, g, time []float64, alpha, beta float64) bool {
	gradient, moved := unsafe.SliceData(g), unsafe.SliceData(time)
	switch {
	case avx512:
		runBack64AVX512(&a[0], &b[0], len(a), words(steps), len(steps), &w[0], gradient, moved, alpha, beta)
	case avx2:
		runBack64AVX2(&a[0], &b[0], len(a), words(steps), len(steps), &w[0], gradient, moved, alpha, beta)
	}
	return avx2
}
