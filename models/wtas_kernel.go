package models

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/fmath"
	"github.com/surge-snn/surge/internal/kernel"
	"github.com/surge-snn/surge/ops"
	"github.com/surge-snn/surge/surrogate"
)

func (c wtasCell) Kernel(b *graph.Builder) ops.Kernels {
	return ops.Kernels{
		Float32: &wtasKernel[float32]{wtasCell: c, twin: b.Twin()},
		Float64: &wtasKernel[float64]{wtasCell: c, twin: b.Twin()},
	}
}

// wtasKernel is wtasCell for the whole sequence. Rows of the batch are independent of each
// other. Kept for the adjoint are the outputs and the state before the first step; outputs that
// nobody reads are not written without one.
type wtasKernel[T kernel.Float] struct {
	wtasCell
	twin       bool
	t, b       int
	trained    bool   // an adjoint will run
	own        [4][]T // spikes, shares, thresholds and refractory times that nobody else reads
	spikes     kernel.Events[T]
	columns    kernel.Columns[T]
	sorted     bool                 // columns are those of this run
	gradient   *ops.Stream[T]       // of the spikes
	thr0, rfr0 []T                  // [B, N], before the first step
	row        [5][]T               // [B, N] each, what a row needs in a step
	sums       [3]kernel.TimeSum[T] // gradients of resist_m, thr_gain and sharpness
	tasks      []wtasTask[T]

	in, gin           wtasIn[T]
	out, gout         wtasOut[T]
	forward, backward func(lo, hi int) // made once: a method value is allocated
}

// wtasIn names the inputs of the kernel.
type wtasIn[T any] struct{ j, resist, gain, rest, sharp, v, thr, rfr, tols, steps []T }

func splitWTAS[T any](c wtasCell, in [][]T) wtasIn[T] {
	a := wtasIn[T]{j: in[0], resist: in[1], gain: in[2]}
	in = in[3:]
	if !c.given {
		a.rest, in = in[0], in[1:]
	}
	if c.sharp {
		a.sharp, in = in[0], in[1:]
	}
	a.v, a.thr, a.rfr, a.tols, a.steps = in[0], in[1], in[2], in[3], in[4]
	return a
}

// wtasOut names the outputs of the kernel; the last ones are the state after the last step.
type wtasOut[T any] struct {
	s, v, vp, thr, rfr, tols               []T
	vEnd, thrEnd, rfrEnd, tolsEnd, stepEnd []T
}

func splitWTASOut[T any](out [][]T) wtasOut[T] {
	return wtasOut[T]{out[0], out[1], out[2], out[3], out[4], out[5], out[6], out[7], out[8], out[9], out[10]}
}

func (k *wtasKernel[T]) Name() string { return "wtas" }

func (k *wtasKernel[T]) Differentiate(_, _ []bool) error {
	k.trained = true
	return nil
}

// Output hands the spikes on as events; no output is written that nobody reads.
func (k *wtasKernel[T]) Output(i int) (*ops.Stream[T], bool) {
	if i == 0 {
		return &ops.Stream[T]{Events: &k.spikes, Columns: k.byUnit}, true
	}
	return nil, i < len(k.Outputs())
}

func (k *wtasKernel[T]) Gradient(int) *ops.Stream[T]        { return nil }
func (k *wtasKernel[T]) ReadInput(int, *ops.Stream[T]) bool { return false }

func (k *wtasKernel[T]) ReadGradient(i int, s *ops.Stream[T]) bool {
	if i != 0 || s.Rows == nil {
		return false
	}
	k.gradient = s
	return true
}

// byUnit lists the spikes of this run by unit.
func (k *wtasKernel[T]) byUnit() *kernel.Columns[T] {
	if !k.sorted {
		k.columns.Transpose(&k.spikes)
		k.sorted = true
	}
	return &k.columns
}

// records makes memory for outputs that the adjoint reads and that are not given.
func (k *wtasKernel[T]) records() {
	for i, x := range []*[]T{&k.out.s, &k.out.vp, &k.out.thr, &k.out.rfr} {
		if k.trained && *x == nil {
			k.own[i] = resized(k.own[i], k.t*k.b*k.n)
			*x = k.own[i]
		}
	}
}

func (k *wtasKernel[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	j := in[0]
	if j.Dims() != 3 || j[2] != k.n {
		return nil, fmt.Errorf("%w: wtas: current %v, want [T, B, %d]", ops.ErrShape, j, k.n)
	}
	k.t, k.b = j[0], j[1]
	buffers := []*[]T{&k.thr0, &k.rfr0}
	for i := range k.row {
		buffers = append(buffers, &k.row[i])
	}
	for _, p := range buffers {
		*p = make([]T, k.b*k.n)
	}
	k.tasks = make([]wtasTask[T], (k.b+rowBlock-1)/rowBlock)
	for i := range k.tasks {
		k.tasks[i] = newWTASTask[T](k.n)
	}
	k.forward, k.backward = k.forwardRows, k.backwardRows
	var out []tensor.Shape
	for range k.Outputs() {
		out = append(out, j.Clone())
	}
	for range k.State() {
		out = append(out, tensor.Shape{k.b, k.n})
	}
	return out, nil
}

func (k *wtasKernel[T]) Forward(in, out [][]T) error {
	a, o := splitWTAS(k.wtasCell, in), splitWTASOut(out)
	refract := T(k.refract)
	// The state before the first step.
	copy(k.thr0, a.thr)
	copy(k.rfr0, a.rfr)
	copy(o.tolsEnd, a.tols)
	copy(o.stepEnd, a.steps)
	if !k.given {
		for i := range k.thr0 {
			if k.thr0[i] == 0 {
				k.thr0[i] = a.rest[i%k.n]
			}
			if k.rfr0[i] == 0 {
				k.rfr0[i] = refract
			}
		}
	}
	copy(o.thrEnd, k.thr0)
	copy(o.rfrEnd, k.rfr0)
	k.in, k.out = a, o
	k.records()
	k.spikes.Resize(k.t*k.b, k.n)
	k.sorted = false
	kernel.Blocks(k.b, rowBlock, k.forward)
	return nil
}

func (k *wtasKernel[T]) forwardRows(lo, hi int) {
	a, o := &k.in, &k.out
	step, refract, w := k.b*k.n, T(k.refract), &k.tasks[lo/rowBlock]
	w.recorder.Reset()
	for b := lo; b < hi; b++ {
		r0, r1 := b*k.n, (b+1)*k.n
		ready, above := k.row[0][r0:r1], k.row[1][r0:r1]
		thr, rfr, tols, steps := o.thrEnd[r0:r1], o.rfrEnd[r0:r1], o.tolsEnd[r0:r1], o.stepEnd[r0:r1]
		var compete []T // units in the competition; nil: all
		if k.exclude {
			compete = ready
		}
		for t := range k.t {
			at := t*step + r0
			end := at + k.n
			s, v, vp := recorded(o.s, at, end, w.s), recorded(o.v, at, end, o.vEnd[r0:r1]), recorded(o.vp, at, end, w.vp)
			if k.lanes() && k.runRow(w, r0, r1, at, s, v, vp) {
				w.recorder.Record(&k.spikes, t*k.b+b, w.mask, nil)
				continue
			}
			threshold(ready, rfr, refract)
			for i, j := range a.j[at:end] {
				v[i] = j * a.resist[i] * ready[i]
			}
			ops.SoftmaxRow(vp, v, compete)
			for i, p := range vp {
				above[i] = p - thr[i]
			}
			for i, k := range a.sharp {
				above[i] *= k
			}
			k.spike(s, above, compete)
			fired := T(0)
			for _, si := range s {
				fired += si
			}
			surplus := fired - 1
			for i, si := range s {
				// Times in float64 as ops.Affine has them: a last bit may decide about ready.
				now := T(float64(float64(steps[i])*k.dt) + k.t0)
				thr[i] = max(thr[i]+T(surplus*a.gain[i]), thrFloor)
				rfr[i] = T(later(k.clock, rfr[i])*(1-si)) + T(float64(si)*k.dt)
				tols[i] = T((1-si)*tols[i]) + T(si*now)
				steps[i]++
			}
			for i, x := range [][]T{o.thr, o.rfr, o.tols} {
				copy(recorded(x, at, end, nil), [][]T{thr, rfr, tols}[i])
			}
			if kernel.Mask(w.mask, s) {
				s = nil // all are 1
			}
			w.recorder.Record(&k.spikes, t*k.b+b, w.mask, s)
		}
		if o.v != nil {
			copy(o.vEnd[r0:r1], o.v[len(o.v)-step+r0:])
		}
	}
}

// spike writes the spikes of the units whose share is above the threshold by x.
func (k *wtasKernel[T]) spike(s, x, compete []T) {
	switch {
	case k.twin:
		surrogate.Antiderivatives(k.surrogate, s, x)
	case k.hard:
		ops.WinnerRow(s, x, compete)
		return
	default:
		ops.Heaviside(s, x)
	}
	for i, c := range compete {
		s[i] *= c
	}
}

// threshold writes 1 where x >= lo and 0 elsewhere.
func threshold[T kernel.Float](dst, x []T, lo T) {
	for i, v := range x {
		dst[i] = 0
		if v >= lo {
			dst[i] = 1
		}
	}
}

// Backward goes back through time, with capitals for what arrives at a record, q for the threshold
// before its floor, x = vp[t] - thr[t-1] and the surrogate's slope S':
//
//	dq       = (THR[t] + dthr[t]) f          f = 1, 1/2 or 0 above, at and below the floor
//	ds       = S[t] + Σ_n dq_n ThrGain_n     (the same for all units of the row)
//	dx       = ds k S'(k x)             (times m with ExcludeRefractory; k is Sharpness, or 1)
//	dk       = ds x S'(k x)
//	dthr[t-1] = dq - dx
//	dv       = m (V[t] + softmaxᵀ(VP[t] + dx))
//	dj       = ResistM dv
func (k *wtasKernel[T]) Backward(in, out, gout, gin [][]T) error {
	k.in, k.out = splitWTAS(k.wtasCell, in), splitWTASOut(out)
	k.gout, k.gin = splitWTASOut(gout), splitWTAS(k.wtasCell, gin)
	k.records()
	for i := range k.sums {
		k.sums[i].Begin(k.b*k.n, true)
	}
	kernel.Load(k.row[4], k.gout.thrEnd, 0)
	kernel.Blocks(k.b, rowBlock, k.backward)
	d := &k.gin
	for i, p := range [...][]T{d.resist, d.gain, d.sharp} {
		if p != nil {
			k.sums[i].Rows(p)
		}
	}
	for _, p := range [...][]T{d.v, d.rfr, d.tols, d.steps} {
		clear(p)
	}
	k.share()
	return nil
}

func (k *wtasKernel[T]) backwardRows(lo, hi int) {
	a, o, g, d := &k.in, &k.out, &k.gout, &k.gin
	step, w := k.b*k.n, &k.tasks[lo/rowBlock]
	for b := lo; b < hi; b++ {
		r0, r1 := b*k.n, (b+1)*k.n
		dresist, dgain, dsharp := k.sums[0].Part[r0:r1], k.sums[1].Part[r0:r1], k.sums[2].Part[r0:r1]
		ready, x, slope, dv, dthr := k.row[0][r0:r1], k.row[1][r0:r1], k.row[2][r0:r1], k.row[3][r0:r1], k.row[4][r0:r1]
		for t := k.t - 1; t >= 0; t-- {
			at, end := t*step+r0, t*step+r1
			s, vp := o.s[at:end], o.vp[at:end]
			thr, rfr := k.thr0[r0:r1], k.rfr0[r0:r1]
			if t > 0 {
				thr, rfr = o.thr[at-step:end-step], o.rfr[at-step:end-step]
			}
			threshold(ready, rfr, T(k.refract))
			gs := recorded(g.s, at, end, nil)
			if gs == nil && k.gradient != nil {
				gs = w.s
				k.gradient.Rows(gs, k.n, t*k.b+b, 1, 0, k.n, &w.product)
			}
			fired := T(0)
			for _, si := range s {
				fired += si
			}
			surplus := fired - 1
			ds := T(0)
			for i := range dthr {
				if g.thr != nil {
					dthr[i] += g.thr[at+i]
				}
				dthr[i] *= ops.FloorSlope(thr[i]+T(surplus*a.gain[i]), thrFloor)
				ds += T(dthr[i] * a.gain[i])
				dgain[i] += T(dthr[i] * surplus)
				x[i] = vp[i] - thr[i]
			}
			for i, k := range a.sharp {
				x[i] *= k
			}
			surrogate.Slopes(k.surrogate, slope, x)
			kernel.Load(dv, g.vp, at) // dL/dvp first
			for i := range dthr {
				dx := ds
				if gs != nil {
					dx += gs[i]
				}
				dx *= slope[i]
				if k.exclude {
					dx *= ready[i]
				}
				if k.sharp {
					dsharp[i] += T(dx * (vp[i] - thr[i]))
					dx *= a.sharp[i]
				}
				dthr[i] = fmath.Flush(dthr[i] - dx)
				dv[i] += dx
			}
			ops.SoftmaxRowGradient(dv, vp, dv)
			for i := range dv {
				if g.v != nil {
					dv[i] += g.v[at+i]
				}
				if t == k.t-1 && g.vEnd != nil {
					dv[i] += g.vEnd[r0+i]
				}
				dv[i] = fmath.Flush(dv[i] * ready[i])
				dresist[i] += T(dv[i] * a.j[at+i])
				if d.j != nil {
					d.j[at+i] = dv[i] * a.resist[i]
				}
			}
			for i := range k.sums {
				k.sums[i].Fold(t, r0, r1)
			}
		}
	}
}

// share gives the gradient of the first thresholds to the state they came from: the
// program's, or rest.
func (k *wtasKernel[T]) share() {
	d, dthr := &k.gin, k.row[4]
	if k.given {
		kernel.Store(d.thr, dthr, 0)
		return
	}
	clear(d.thr)
	clear(d.rest)
	for i, v := range dthr {
		switch {
		case k.in.thr[i] != 0:
			if d.thr != nil {
				d.thr[i] = v
			}
		case d.rest != nil:
			d.rest[i%k.n] += v
		}
	}
}
