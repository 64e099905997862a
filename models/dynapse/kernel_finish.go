package dynapse

import (
	"math"

	"github.com/surge-snn/surge/internal/kernel"
)

// finish makes the gradients of the inputs of the flows.
func (k *neuronKernel[T]) finish() {
	f := &k.flows[0]
	if k.clips() {
		k.clipRows(f)
	}
	for i := range k.flows {
		if !k.perRow {
			for c := range k.coefs() {
				kernel.SumRows(k.flows[i].coef[c], k.flows[i].partial[c].Part)
			}
		}
	}
	if len(k.flows) == 2 {
		k.mix(f, &k.flows[1])
	}
	d := &k.gin
	for c, p := range d.coef {
		kernel.Store(p, f.coef[c], 0)
	}
	for j := range f.isyn {
		f.isyn[j] *= k.isyn0[j]
		f.iahp[j] *= k.iahp0[j]
	}
	for i, p := range [][]T{d.isyn, d.iahp, d.imem, d.vmem, d.timer} {
		kernel.Store(p, [][]T{f.isyn, f.iahp, f.post, f.pre, f.timer}[i], 0)
	}
	if kernel.Store(d.spikes, f.spikes, 0); f.rule.moves() && len(k.flows) == 1 && !k.forced {
		clear(d.spikes)
	}
	for i, p := range d.more {
		kernel.Store(p, f.more[i], 0)
	}
	if d.wrec != nil {
		k.weightGradient(f.dx, d.wrec)
	}
}

// mix adds flow s to flow f at a share of its norm: see [SurgeMixed]. The norms are those of the
// gradients with respect to the logarithms of the coefficients.
func (k *neuronKernel[T]) mix(f, s *flow[T]) {
	clear(f.spikes) // of no effect in SurgeT
	clear(s.coef[threshold])
	nt, ns := k.norm(f), k.norm(s)
	scale := share * nt / ns
	switch {
	case ns == 0:
		return
	case nt == 0:
		scale = 1
	}
	k.scale = T(scale)
	for c := range k.coefs() {
		kernel.Axpy(k.scale, s.coef[c], f.coef[c])
	}
	for i, x := range [][]T{s.post, s.pre, s.isyn, s.iahp, s.spikes, s.timer} {
		kernel.Axpy(k.scale, x, [][]T{f.post, f.pre, f.isyn, f.iahp, f.spikes, f.timer}[i])
	}
	for i := range k.types() - 1 {
		kernel.Axpy(k.scale, s.more[i], f.more[i])
	}
	if len(f.dx) == len(k.in.x) {
		kernel.Blocks(k.t, 8, k.combine)
	}
}

func (k *neuronKernel[T]) combineRows(lo, hi int) {
	step := k.b * k.n * k.types()
	kernel.Axpy(k.scale, k.flows[1].dx[lo*step:hi*step], k.flows[0].dx[lo*step:hi*step])
}

// norm returns the norm of the gradient with respect to the logarithms of the coefficients.
func (k *neuronKernel[T]) norm(f *flow[T]) float64 {
	sum := 0.0
	for c := range k.coefs() {
		for j, g := range f.coef[c] {
			x := float64(g)
			if coef(c) != threshold { // which is a logarithm already
				x *= float64(k.in.coef[c][j])
			}
			sum += float64(x * x)
		}
	}
	return math.Sqrt(sum)
}

// weightGradient computes the gradient of the recurrent weights from that of the weighted input:
//
//	dw[i][j] = Σ_t spikes[t-1][i] dx[t][j]
func (k *neuronKernel[T]) weightGradient(dx, dw []T) {
	width := k.n * k.types()
	if k.ownWrec {
		kernel.Blocks(k.b, 1, func(b, _ int) { k.rowWeights(b, dx, dw[b*k.n*width:(b+1)*k.n*width]) })
		return
	}
	d := kernel.RowMajor(dx, k.t*k.b, width)
	rows := (k.t - 1) * k.b
	k.rows.Add(dw, kernel.Span{To: rows, All: rows}, func(from, to int, more bool) {
		k.byNeuron().Scatter(dw, d, from, to, k.b, more)
	})
	if k.start.Len() > 0 {
		k.first.Transpose(&k.start)
		k.first.Scatter(dw, d, 0, k.b, 0, true)
	}
}

// rowWeights computes the gradient dw of the weights of one row.
func (k *neuronKernel[T]) rowWeights(b int, dx, dw []T) {
	clear(dw)
	width := k.n * k.types()
	for t := range k.t {
		row := t*k.b + b
		events, first := k.entering(t, b)
		col, val := events.Row(first)
		for e, i := range col {
			s := T(1)
			if val != nil {
				s = val[e]
			}
			kernel.Axpy(s, dx[row*width:(row+1)*width], dw[int(i)*width:(int(i)+1)*width])
		}
	}
}
