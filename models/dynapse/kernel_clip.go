package dynapse

import (
	"math"
	"slices"
)

// clips says whether rows whose gradient is large are scaled down.
func (k *neuronKernel[T]) clips() bool {
	return !math.IsInf(k.clip, 1) && !k.forced && k.rules()[0].moves()
}

// rowSums says that each row has its own sums of the adjoint of a coefficient.
func (k *neuronKernel[T]) rowSums() bool { return k.perRow || k.clips() }

// clipRows scales the gradients of rows down whose norm, with respect to the logarithms of the
// coefficients, is more than clip times the median of all rows.
func (k *neuronKernel[T]) clipRows(f *flow[T]) {
	norms := make([]float64, k.b)
	for b := range norms {
		sum := 0.0
		for c := range k.coefs() {
			values := k.in.coef[c]
			if k.perRow {
				values = values[b*k.n:]
			}
			for j, g := range f.partial[c].Part[b*k.n : (b+1)*k.n] {
				x := float64(g)
				if coef(c) != threshold {
					x *= float64(values[j])
				}
				sum += float64(x * x)
			}
		}
		norms[b] = math.Sqrt(sum)
	}
	sorted := slices.Sorted(slices.Values(norms))
	bound := k.clip * sorted[k.b/2]
	for b, norm := range norms {
		if norm > bound && bound > 0 {
			k.scaleRow(f, b, T(bound/norm))
		}
	}
}

// scaleRow multiplies all gradients of a row of the batch.
func (k *neuronKernel[T]) scaleRow(f *flow[T], b int, scale T) {
	row := func(x []T, row, width int) {
		for j := row * width; j < (row+1)*width && j < len(x); j++ {
			x[j] *= scale
		}
	}
	for c := range k.coefs() {
		row(f.partial[c].Part, b, k.n)
	}
	if len(f.dx) == len(k.in.x) {
		for t := range k.t {
			row(f.dx, t*k.b+b, k.n*k.types())
		}
	}
	for _, x := range append([][]T{f.isyn, f.iahp, f.post, f.pre, f.spikes, f.timer}, f.more[:]...) {
		row(x, b, k.n)
	}
}
