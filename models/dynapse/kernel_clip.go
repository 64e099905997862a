package dynapse

import (
	"math"
	"slices"
)

// clipRows scales the gradients of rows down whose norm, with respect to the logarithms of the coefficients, is more than
// clip times the median of all rows.
func (k *neuronKernel[T]) clipRows(a, d *neuronIn[[]T]) {
	if math.IsInf(k.clip, 1) {
		return
	}
	norms := make([]float64, k.b)
	for b := range norms {
		sum := 0.0
		coefs, _, _ := k.row(b, a)
		for c := range k.coefs() {
			for j, g := range k.partial[c][b*k.n : (b+1)*k.n] {
				x := float64(g)
				if coef(c) != threshold {
					x *= float64(coefs[c][j])
				}
				sum += float64(x * x)
			}
		}
		norms[b] = math.Sqrt(sum)
	}
	sorted := slices.Sorted(slices.Values(norms))
	bound := k.clip * sorted[k.b/2]
	for b, norm := range norms {
		if !(norm > bound) || bound == 0 {
			continue
		}
		scale := T(bound / norm)
		row := func(x []T, row, width int) {
			if x != nil {
				for j := row * width; j < (row+1)*width; j++ {
					x[j] *= scale
				}
			}
		}
		for c := range k.coefs() {
			row(k.partial[c], b, k.n)
		}
		for t := range k.t {
			row(d.x, t*k.b+b, k.n*k.types())
		}
		for _, x := range append([][]T{d.isyn, d.iahp, d.imem, d.vmem, d.spikes, d.timer}, d.more[:]...) {
			row(x, b, k.n)
		}
	}
}
