package lanes

import (
	"math"

	"github.com/surge-snn/surge/internal/fmath"
)

// The specification: any other code gives the same bits. Every product is rounded by a conversion,
// which forbids the compiler to fuse it with the sum. The slices have the lengths that the exported
// functions promise.

func advance(mask []uint64, v1, i1, v, i []float64, f Factors, q float64) {
	n := len(v)
	v1, i1, i = v1[:n], i1[:n], i[:n]
	for j := range v {
		a := float64(f.Mem*v[j]) + float64(f.Kappa*i[j])
		b := float64(f.Syn * i[j])
		v1[j], i1[j] = a, b
		if a >= q || i[j] > q && b <= a {
			mask[j>>6] |= 1 << (j & 63)
		}
	}
}

func retreat(a, b []float64, f Factors) {
	b = b[:len(a)]
	for j, x := range a {
		b[j] = float64(f.Kappa*x) + float64(f.Syn*b[j])
		a[j] = float64(f.Mem * x)
	}
}

func add(y, x []float64) {
	y = y[:len(x)]
	for j, v := range x {
		y[j] += v
	}
}

func moved(w, a, b []float64, alpha, beta float64) float64 {
	var s [8]float64
	a, b = a[:len(w)], b[:len(w)]
	for j, x := range w {
		s[j%8] += float64(x * (float64(b[j]*beta) - float64(a[j]*alpha)))
	}
	for n := 4; n > 0; n /= 2 {
		for j := range n {
			s[j] += s[j+n]
		}
	}
	return s[0]
}

func finite(x []float64) bool {
	for _, v := range x {
		if v-v != 0 {
			return false
		}
	}
	return true
}

func run(v, i []float64, steps []Step, w []float64, q float64) (done int, hits uint64) {
	var v1, i1 [Block]float64
	var mask [1]uint64
	for k, s := range steps {
		mask[0] = 0
		if advance(mask[:], v1[:len(v)], i1[:len(v)], v, i, s.Factors, q); mask[0] != 0 {
			return k, mask[0]
		}
		copy(v, v1[:])
		copy(i, i1[:])
		add(i, w[s.Row:s.Row+len(i)])
	}
	return len(steps), 0
}

func climb(v, i, best, current []float64, at []int64, steps []Step, first int, w []float64) (done int, hits uint64) {
	for k, s := range steps {
		for j := range v {
			if a, b := float64(s.Mem*v[j])+float64(s.Kappa*i[j]), float64(s.Syn*i[j]); i[j] > v[j] && b <= a && i[j] > best[j] {
				hits |= 1 << j
			}
		}
		if hits != 0 {
			return k, hits
		}
		for j := range v {
			a, b := float64(s.Mem*v[j])+float64(s.Kappa*i[j]), float64(s.Syn*i[j])
			if a > best[j] {
				best[j], current[j], at[j] = a, b, int64(first+k)
			}
			v[j], i[j] = a, b+w[s.Row+j]
		}
	}
	return len(steps), 0
}

func runBack(a, b []float64, steps []Step, w, g, time []float64, alpha, beta float64) {
	for k := len(steps) - 1; k >= 0; k-- {
		from, to := steps[k].Row, steps[k].Row+len(a)
		if time != nil {
			time[k] += moved(w[from:to], a, b, alpha, beta)
		}
		if g != nil {
			add(g[from:to], b)
		}
		retreat(a, b, steps[k].Factors)
	}
}

func cross(hits, unsure []uint64, z, mem, v, i, now []float64, q, last float64) {
	n := len(v)
	z, mem, i, now = z[:n], mem[:n], i[:n], now[:n]
	for j, v := range v {
		a, slope, square := v+i[j], i[j]-v, float64((v+i[j])*(v+i[j]))
		d, margin := square-float64(4*i[j]*q), float64(1e-6*square)
		r := math.Sqrt(d)
		gap := float64(4 * i[j] * (q - v))
		if !(gap > 0) {
			gap = 0
		}
		e := float64((slope + r) * (a + r))
		z[j] = gap / e
		mem[j] = e / (e + gap)
		sure := d > margin && z[j] < 1<<54
		bit := uint64(1) << (j & 63)
		if sure && slope > 0 && a > 0 && float64(mem[j]*now[j]) > last {
			hits[j>>6] |= bit
		}
		if !sure && !(d < -margin) {
			unsure[j>>6] |= bit
		}
	}
}

func log1p(dst, x []float64) {
	for j, x := range x {
		dst[j] = fmath.Log1p(x)
	}
}

func expm1(dst, x []float64) {
	for j, x := range x {
		dst[j] = fmath.Expm1(x)
	}
}
