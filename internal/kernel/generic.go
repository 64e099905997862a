package kernel

import (
	"math"

	"github.com/surge-snn/surge/internal/fmath"
)

// The functions of this file are the specification of the kernels in assembly, which give the same
// bits: products are rounded before they are added (but for those of gather and gemm), and nothing
// depends on how many numbers a register holds. The slices have the lengths that the exported
// functions promise.

func gather[T Float](dst, init, w []T, stride int, col []int32, val []T) {
	n := len(dst)
	copy(dst, init[:n])
	for k, j := range col {
		row := w[int(j)*stride:][:n]
		if val == nil {
			for i, x := range row {
				dst[i] += x
			}
			continue
		}
		a := val[k]
		for i, x := range row {
			dst[i] = fma(a, x, dst[i])
		}
	}
}

// mask sets the bits of the elements that are not zero, and returns whether another number than 1
// is among them.
func mask[T Float](bits []uint64, x []T) (other bool) {
	for j, v := range x {
		if v != 0 {
			bits[j>>6] |= 1 << (j & 63)
			other = other || v != 1
		}
	}
	return other
}

// lif is one step of the neurons of a row; see [LIF.Step].
func lif[T Float](l *LIF[T], u, v, i, x []T, bits []uint64) {
	for j, x := range x {
		if l.Beta != nil {
			i[j] = fmath.Flush(T(l.Beta[j]*i[j]) + x)
			u[j] = fmath.Flush(v[j] + T(l.Gain[j]*(i[j]-v[j])))
		} else {
			u[j] = fmath.Flush(T(l.Alpha[j]*v[j]) + x)
		}
		if !(u[j]-l.VTh[j] <= 0) {
			bits[j>>6] |= 1 << (j & 63)
		}
	}
	for j, u := range u {
		v[j] = l.reset(j, u)
	}
}

// reset is the voltage of neuron j after a step, from that before the reset.
func (l *LIF[T]) reset(j int, u T) T {
	switch spiked := !(u-l.VTh[j] <= 0); {
	case spiked && l.VReset != nil:
		return u + (l.VReset[j] - u)
	case spiked:
		return u - l.VTh[j]
	}
	return u
}

// lifBack is the adjoint of lif for some rows; see [LIF.Back].
func lifBack[T Float](l *LIF[T], a *Adjoint[T], rows int, ds, slope []T, k T, us Rows[T]) {
	n := len(l.VTh)
	for r := range rows {
		for j, u := range us.row(r, n) {
			at := r*n + j
			above := u - l.VTh[j]
			spiked := !(above <= 0)
			dr := a.DV[at]
			du := dr
			dsj := T((0 - l.VTh[j]) * dr)
			if l.VReset != nil {
				dsj = T((l.VReset[j] - u) * dr)
				if spiked {
					du = dr * 0
				}
			}
			if l.Detach {
				dsj = 0
			}
			var spike T
			if slope != nil {
				spike = T((ds[at] + dsj) * slope[at])
			} else {
				inv := 1 / (1 + T(k*abs(above)))
				spike = T((ds[at] + dsj) * T(inv*inv))
			}
			var before T
			if a.DLeak.Data != nil {
				reset := T(0)
				if spiked {
					reset = dr
				}
				dvth := a.DVTh.row(r, n)
				if l.VReset != nil {
					a.DVReset.row(r, n)[j] += reset
				} else {
					dvth[j] -= reset
				}
				dvth[j] -= spike
				if before = a.Before.row(r, n)[j]; a.Unreset {
					before = l.reset(j, before)
				}
			}
			du = du + spike + a.G.row(r, n)[j]
			liBackOf(l.Alpha, l.Gain, l.Beta, a, r, n, j, du, before)
		}
	}
}

// liBackOf carries the gradient du of a voltage, before the reset where there is one, back over a
// step: that of neuron j in row r, from the voltage before the step.
func liBackOf[T Float](alpha, gain, beta []T, a *Adjoint[T], r, n, j int, du, before T) {
	at, dx := r*n+j, a.DX.row(r, n)
	du = fmath.Flush(du)
	if beta == nil {
		a.DV[at] = alpha[j] * du
		if a.DLeak.Data != nil {
			a.DLeak.row(r, n)[j] += T(du * before)
		}
		dx[j] = du
		return
	}
	part := T(gain[j] * du)
	a.DV[at] = du - part
	if a.DLeak.Data != nil {
		a.DLeak.row(r, n)[j] += T(du * (a.I.row(r, n)[j] - before))
	}
	di := fmath.Flush(a.DI[at] + part)
	dx[j] = di
	if a.DLeak.Data != nil {
		a.DBeta.row(r, n)[j] += T(di * a.IBefore.row(r, n)[j])
	}
	a.DI[at] = beta[j] * di
}

// gemm adds the product of some rows of A with a panel of B to a tile of C of the same number of
// columns, by rising l:
//
//	c[i*ldc + j] = fma(a[i*rs + l*cs], b[l*bs + j], c[i*ldc + j])
//
// Where fresh, the sums begin at 0.
func gemm[T Float](rows, columns int, c []T, ldc int, a []T, rs, cs int, b []T, bs, k int, fresh bool) {
	for i := range rows {
		sums := c[i*ldc:][:columns]
		if fresh {
			clear(sums)
		}
		for l := range k {
			x := a[i*rs+l*cs]
			for j, y := range b[l*bs:][:columns] {
				sums[j] = fma(x, y, sums[j])
			}
		}
	}
}

// fma returns x·y + z, rounded once.
func fma[T Float](x, y, z T) T {
	if !single[T]() {
		return T(math.FMA(float64(x), float64(y), float64(z)))
	}
	// The product is exact in float64. The sum is rounded to odd, so that rounding it once more, to
	// float32, gives what rounding the exact sum would (Boldo and Melquiond 2008,
	// doi:10.1109/TC.2007.70819).
	p, c := float64(float64(x)*float64(y)), float64(z)
	s := p + c
	if s-s != 0 { // infinite or NaN
		return T(s)
	}
	t := s - p
	rest := (p - (s - t)) + (c - t)
	if bits := math.Float64bits(s); rest != 0 && bits&1 == 0 {
		if rest > 0 == (s > 0) {
			s = math.Float64frombits(bits + 1)
		} else {
			s = math.Float64frombits(bits - 1)
		}
	}
	return T(s)
}
