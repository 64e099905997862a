//go:build !noasm

package lanes

import (
	"math"
	"unsafe"

	"golang.org/x/sys/cpu"

	"github.com/surge-snn/surge/internal/fmath"
)

// What the processor has, and the kernels need.
var (
	avx2   = cpu.X86.HasAVX2
	avx512 = avx2 && cpu.X86.HasAVX512F && cpu.X86.HasBMI2
)

// The functions return whether they have done the work of the one in generic.go. The slices are not
// empty.

func fastAdvance(mask []uint64, v1, i1, v, i []float64, f Factors, q float64) bool {
	switch {
	case avx512:
		advanceAVX512(&mask[0], &v1[0], &i1[0], &v[0], &i[0], len(v), f.Mem, f.Syn, f.Kappa, q)
	case avx2:
		advanceAVX2(&mask[0], &v1[0], &i1[0], &v[0], &i[0], len(v), f.Mem, f.Syn, f.Kappa, q)
	}
	return avx2
}

func fastRetreat(a, b []float64, f Factors) bool {
	switch {
	case avx512:
		retreatAVX512(&a[0], &b[0], len(a), f.Mem, f.Syn, f.Kappa)
	case avx2:
		retreatAVX2(&a[0], &b[0], len(a), f.Mem, f.Syn, f.Kappa)
	}
	return avx2
}

func fastAdd(y, x []float64) bool {
	switch {
	case avx512:
		addAVX512(&y[0], &x[0], len(x))
	case avx2:
		addAVX2(&y[0], &x[0], len(x))
	}
	return avx2
}

func fastMoved(w, a, b []float64, alpha, beta float64) (sum float64, ok bool) {
	switch {
	case avx512:
		sum = movedAVX512(&w[0], &a[0], &b[0], len(w), alpha, beta)
	case avx2:
		sum = movedAVX2(&w[0], &a[0], &b[0], len(w), alpha, beta)
	}
	return sum, avx2
}

func fastFinite(x []float64) (all, ok bool) {
	switch {
	case avx512:
		all = finiteAVX512(&x[0], len(x))
	case avx2:
		all = finiteAVX2(&x[0], len(x))
	}
	return all, avx2
}

// words returns a step as the kernels read it: four words.
func words(steps []Step) *float64 { return (*float64)(unsafe.Pointer(unsafe.SliceData(steps))) }

func fastRun(v, i []float64, steps []Step, w []float64, q float64) (done int, hits uint64, ok bool) {
	switch {
	case avx512:
		done, hits = runAVX512(&v[0], &i[0], len(v), words(steps), len(steps), &w[0], q)
	case avx2:
		done, hits = runAVX2(&v[0], &i[0], len(v), words(steps), len(steps), &w[0], q)
	}
	return done, hits, avx2
}

func fastClimb(v, i, best, current []float64, at []int64, steps []Step, first int, w []float64) (done int, hits uint64, ok bool) {
	switch {
	case avx512:
		done, hits = climbAVX512(&v[0], &i[0], &best[0], &current[0], &at[0], len(v), words(steps), len(steps), first, &w[0])
	case avx2:
		done, hits = climbAVX2(&v[0], &i[0], &best[0], &current[0], &at[0], len(v), words(steps), len(steps), first, &w[0])
	}
	return done, hits, avx2
}

func fastRunBack(a, b []float64, steps []Step, w, g, time []float64, alpha, beta float64) bool {
	gradient, moved := unsafe.SliceData(g), unsafe.SliceData(time)
	switch {
	case avx512:
		runBackAVX512(&a[0], &b[0], len(a), words(steps), len(steps), &w[0], gradient, moved, alpha, beta)
	case avx2:
		runBackAVX2(&a[0], &b[0], len(a), words(steps), len(steps), &w[0], gradient, moved, alpha, beta)
	}
	return avx2
}

func fastCross(hits, unsure []uint64, z, mem, v, i, now []float64, q, last float64) bool {
	switch {
	case avx512:
		crossAVX512(&hits[0], &unsure[0], &z[0], &mem[0], &v[0], &i[0], &now[0], len(v), q, last)
	case avx2:
		crossAVX2(&hits[0], &unsure[0], &z[0], &mem[0], &v[0], &i[0], &now[0], len(v), q, last)
	}
	return avx2
}

func fastLog1p(dst, x []float64) bool {
	switch {
	case avx512:
		log1pAVX512(&dst[0], &x[0], len(x), fmath.LogTable())
	case avx2:
		log1pAVX2(&dst[0], &x[0], len(x), fmath.LogTable())
	}
	return avx2
}

func fastExpm1(dst, x []float64) bool {
	switch {
	case avx512:
		expm1AVX512(&dst[0], &x[0], len(x))
	case avx2:
		expm1AVX2(&dst[0], &x[0], len(x))
	}
	return avx2
}

func fastPropagate(p Each, r Rates, part float64, doublings int) bool {
	h := math.Ldexp(part, doublings)
	switch {
	case avx512:
		propagateAVX512(&p.Mem[0], &p.Syn[0], &p.Kappa[0], &r.Alpha[0], &r.Beta[0], &r.PerGap[0], len(p.Mem), h, -part, doublings)
	case avx2:
		propagateAVX2(&p.Mem[0], &p.Syn[0], &p.Kappa[0], &r.Alpha[0], &r.Beta[0], &r.PerGap[0], len(p.Mem), h, -part, doublings)
	}
	return avx2
}

func fastAdvanceEach(mask []uint64, v1, i1, v, i []float64, p Each, q []float64) bool {
	switch {
	case avx512:
		advanceEachAVX512(&mask[0], &v1[0], &i1[0], &v[0], &i[0], len(v), &p.Mem[0], &p.Syn[0], &p.Kappa[0], &q[0])
	case avx2:
		advanceEachAVX2(&mask[0], &v1[0], &i1[0], &v[0], &i[0], len(v), &p.Mem[0], &p.Syn[0], &p.Kappa[0], &q[0])
	}
	return avx2
}

func fastRetreatEach(a, b []float64, p Each) bool {
	switch {
	case avx512:
		retreatEachAVX512(&a[0], &b[0], len(a), &p.Mem[0], &p.Syn[0], &p.Kappa[0])
	case avx2:
		retreatEachAVX2(&a[0], &b[0], len(a), &p.Mem[0], &p.Syn[0], &p.Kappa[0])
	}
	return avx2
}

func fastSlopes(mem, syn, v, i, a, b []float64, p Each, r Rates, h float64) bool {
	switch {
	case avx512:
		slopesAVX512(&mem[0], &syn[0], &v[0], &i[0], &a[0], &b[0], len(mem), &p.Mem[0], &p.Syn[0], &p.Kappa[0], &r.TauMem[0], &r.Alpha[0], &r.Beta[0], h)
	case avx2:
		slopesAVX2(&mem[0], &syn[0], &v[0], &i[0], &a[0], &b[0], len(mem), &p.Mem[0], &p.Syn[0], &p.Kappa[0], &r.TauMem[0], &r.Alpha[0], &r.Beta[0], h)
	}
	return avx2
}

func fastFlow(p Each, r Rates, h []float64) bool {
	table := (*float64)(fmath.ExpTable())
	switch {
	case avx512:
		flowAVX512(&p.Mem[0], &p.Syn[0], &p.Kappa[0], &r.Alpha[0], &r.Beta[0], &r.PerGap[0], &h[0], len(h), table)
	case avx2:
		flowAVX2(&p.Mem[0], &p.Syn[0], &p.Kappa[0], &r.Alpha[0], &r.Beta[0], &r.PerGap[0], &h[0], len(h), table)
	}
	return avx2
}

func fastApproach(h, v, i, q []float64, r Rates) bool {
	switch {
	case avx512:
		approachAVX512(&h[0], &v[0], &i[0], &q[0], &r.TauMem[0], &r.Beta[0], len(h))
	case avx2:
		approachAVX2(&h[0], &v[0], &i[0], &q[0], &r.TauMem[0], &r.Beta[0], len(h))
	}
	return avx2
}

func fastHalley(h, limit, v, i, q []float64, p Each, r Rates) bool {
	switch {
	case avx512:
		halleyAVX512(&h[0], &limit[0], &v[0], &i[0], &q[0], &p.Mem[0], &p.Syn[0], &p.Kappa[0], &r.Alpha[0], &r.Beta[0], len(h))
	case avx2:
		halleyAVX2(&h[0], &limit[0], &v[0], &i[0], &q[0], &p.Mem[0], &p.Syn[0], &p.Kappa[0], &r.Alpha[0], &r.Beta[0], len(h))
	}
	return avx2
}

func fastSettle(hits []uint64, h, limit, v, i, q []float64, p Each, r Rates) bool {
	switch {
	case avx512:
		settleAVX512(&hits[0], &h[0], &limit[0], &v[0], &i[0], &q[0], &p.Mem[0], &p.Syn[0], &p.Kappa[0], &r.Alpha[0], &r.Beta[0], len(h))
	case avx2:
		settleAVX2(&hits[0], &h[0], &limit[0], &v[0], &i[0], &q[0], &p.Mem[0], &p.Syn[0], &p.Kappa[0], &r.Alpha[0], &r.Beta[0], len(h))
	}
	return avx2
}

// code returns operations as the kernels read them: four words each.
func code(ops []SeriesOp) *int { return (*int)(unsafe.Pointer(unsafe.SliceData(ops))) }

// first returns the first number of x, or nil.
func first(x []Lane) *float64 { return (*float64)(unsafe.Pointer(unsafe.SliceData(x))) }

func fastExpand(ops []SeriesOp, c, con, bound []Lane, stride, from, last int, e *Expansion) bool {
	switch {
	case avx512:
		expandAVX512(code(ops), len(ops), &c[0][0], first(con), first(bound), len(bound), stride, from, last, &e.Until[0])
	case avx2:
		expandAVX2(code(ops), len(ops), &c[0][0], first(con), first(bound), len(bound), stride, from, last, &e.Until[0])
	}
	return avx2
}

func fastSeriesBack(ops []SeriesOp, c, bar, con, conBar []Lane, from, to int) bool {
	switch {
	case avx512:
		seriesBackAVX512(code(ops), len(ops), &c[0][0], &bar[0][0], first(con), first(conBar), from, to)
	case avx2:
		seriesBackAVX2(code(ops), len(ops), &c[0][0], &bar[0][0], first(con), first(conBar), from, to)
	}
	return avx2
}

func fastPolynomials(y *Lane, c []Lane, used, h *Lane) bool {
	switch {
	case avx512:
		polynomialsAVX512(&y[0], &c[0][0], len(c), &used[0], &h[0])
	case avx2:
		polynomialsAVX2(&y[0], &c[0][0], len(c), &used[0], &h[0])
	}
	return avx2
}

func fastBounds(y *Lane, c []Lane, used, h *Lane) bool {
	switch {
	case avx512:
		boundsAVX512(&y[0], &c[0][0], len(c), &used[0], &h[0])
	case avx2:
		boundsAVX2(&y[0], &c[0][0], len(c), &used[0], &h[0])
	}
	return avx2
}

func fastPowers(c []Lane, x, used, h *Lane) bool {
	switch {
	case avx512:
		powersAVX512(&c[0][0], len(c), &x[0], &used[0], &h[0])
	case avx2:
		powersAVX2(&c[0][0], len(c), &x[0], &used[0], &h[0])
	}
	return avx2
}
