package node

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/eventprop"
	"github.com/surge-snn/surge/ops"
)

// FirstSpike returns the first time of each neuron, [B, N], from times [B, N, K] as [Layer.Apply]
// returns them: End for a neuron without a spike.
//
//	y[b, n] = times[b, n, 0]
func FirstSpike(times *G.Node) (*G.Node, error) {
	return one(ops.Kernels{Float32: &first[float32]{}, Float64: &first[float64]{}}, nil, times)
}

// Decode returns the spikes of time steps, [T, B, N], for layers that go through time: the number
// of spikes with
//
//	t Dt <= time < (t+1) Dt
//
// in step t. A spike outside of the steps is an error of the run (ops.ErrValue). The counts are
// constant but for jumps, so that their derivative says nothing; the gradient is what moving the
// spike to the steps next to its step t changes,
//
//	dL/d(time) = (dL/dy[t+1] - dL/dy[t-1])/(2 Dt)
//
// with one of the two and Dt at the ends. [Interpolate] has an exact one.
func Decode(times, mask *G.Node, steps int, dt float64) (*G.Node, error) {
	d := decoding{steps: steps, dt: dt}
	return one(ops.Kernels{Float32: &decode[float32]{decoding: d}, Float64: &decode[float64]{decoding: d}}, []bool{true, false}, times, mask)
}

// Interpolate is [Decode] with each spike divided between the two steps whose middles are next to
// it,
//
//	y[t] = sum over the spikes of max(0, 1 - |time/Dt - (t + 1/2)|)
//
// and in the first and last half step all in that step, so that its parts sum to 1. It is
// continuous in times, and its gradient is
//
//	dL/d(time) = (dL/dy[t+1] - dL/dy[t])/Dt,  (t + 1/2) Dt <= time < (t + 3/2) Dt
//
// which is exact but in the middles themselves, and 0 in the half steps at the ends.
func Interpolate(times, mask *G.Node, steps int, dt float64) (*G.Node, error) {
	d := decoding{steps: steps, dt: dt, divide: true}
	return one(ops.Kernels{Float32: &decode[float32]{decoding: d}, Float64: &decode[float64]{decoding: d}}, []bool{true, false}, times, mask)
}

// Encode returns the times and mask, [B, N, K], of the spikes of time steps, [T, B, N]: a value of
// 1 in step t is a spike at (t + 1/2) Dt, absent spikes are at end. Other values than 0 and 1, and
// more than k spikes of a neuron, are errors of the run (ops.ErrValue, eventprop.ErrLimit).
//
// Steps have no derivative; the gradient is what moving the spike from its step t changes,
//
//	dL/dx[t+1] += Dt dL/d(time),  dL/dx[t-1] -= Dt dL/d(time)
//
// so that from times to steps by [Interpolate] or [Decode] and back the derivative of a spike that
// is alone is 1. That a spike vanishes or appears is not in it. Masks give no gradient.
func Encode(spikes *G.Node, k int, dt, end float64) (times, mask *G.Node, err error) {
	e := encoding{k, dt, end}
	out, err := ops.Apply(ops.Kernels{Float32: &encode[float32]{encoding: e}, Float64: &encode[float64]{encoding: e}}, []bool{true}, spikes)
	if err != nil {
		return nil, nil, err
	}
	return out[0], out[1], nil
}

func one(k ops.Kernels, wrt []bool, in ...*G.Node) (*G.Node, error) {
	out, err := ops.Apply(k, wrt, in...)
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

type first[T ops.Float] struct{ k int }

func (*first[T]) Name() string { return "first spike" }

func (f *first[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	if len(in[0]) != 3 || in[0][2] == 0 {
		return nil, fmt.Errorf("%w: first spike of %v, want [B, N, K]", ops.ErrShape, in[0])
	}
	f.k = in[0][2]
	return []tensor.Shape{{in[0][0], in[0][1]}}, nil
}

func (f *first[T]) Forward(in, out [][]T) error {
	for i := range out[0] {
		out[0][i] = in[0][i*f.k]
	}
	return nil
}

func (f *first[T]) Backward(_, _, gout, gin [][]T) error {
	clear(gin[0])
	for i, g := range gout[0] {
		gin[0][i*f.k] = g
	}
	return nil
}

type decoding struct {
	steps  int
	dt     float64
	divide bool // between two steps
}

type decode[T ops.Float] struct {
	decoding
	rows, k int // B N
}

func (*decode[T]) Name() string { return "decode spikes" }

func (d *decode[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	if len(in[0]) != 3 || !in[0].Eq(in[1]) {
		return nil, fmt.Errorf("%w: decode times %v with mask %v, want [B, N, K] twice", ops.ErrShape, in[0], in[1])
	}
	if d.steps <= 0 || !(d.dt > 0) || math.IsInf(d.dt, 1) {
		return nil, fmt.Errorf("%w: decode into %d steps of %g s", ops.ErrValue, d.steps, d.dt)
	}
	d.rows, d.k = in[0][0]*in[0][1], in[0][2]
	return []tensor.Shape{{d.steps, in[0][0], in[0][1]}}, nil
}

// split returns the steps a <= b of a spike, and the part that is in b.
func (d *decoding) split(time float64) (a, b int, part float64) {
	if !d.divide {
		a = int(math.Floor(time / d.dt))
		return a, a, 0
	}
	x := time/d.dt - 0.5
	low := math.Floor(x)
	a, b = int(low), int(low)+1
	if a < 0 || b >= d.steps {
		a = min(max(a, 0), d.steps-1)
		return a, a, 0
	}
	return a, b, x - low
}

func (d *decode[T]) Forward(in, out [][]T) error {
	clear(out[0])
	for i, m := range in[1] {
		if m == 0 {
			continue
		}
		time := float64(in[0][i])
		if step := math.Floor(time / d.dt); !(step >= 0 && step < float64(d.steps)) {
			return fmt.Errorf("%w: spike %d of row %d at %g s is outside of %d steps of %g s", ops.ErrValue, i%d.k, i/d.k, time, d.steps, d.dt)
		}
		a, b, part := d.split(time)
		out[0][a*d.rows+i/d.k] += T(1 - part)
		out[0][b*d.rows+i/d.k] += T(part)
	}
	return nil
}

func (d *decode[T]) Backward(in, _, gout, gin [][]T) error {
	clear(gin[0])
	for i, m := range in[1] {
		if m == 0 {
			continue
		}
		a, b, _ := d.split(float64(in[0][i]))
		if !d.divide {
			a, b = max(a-1, 0), min(a+1, d.steps-1)
		}
		if a < b {
			rise := float64(gout[0][b*d.rows+i/d.k]) - float64(gout[0][a*d.rows+i/d.k])
			gin[0][i] = T(rise / (float64(b-a) * d.dt))
		}
	}
	return nil
}

type encoding struct {
	k       int
	dt, end float64
}

type encode[T ops.Float] struct {
	encoding
	steps, rows int
	count       []int
}

func (*encode[T]) Name() string { return "encode spikes" }

func (e *encode[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	if len(in[0]) != 3 {
		return nil, fmt.Errorf("%w: encode %v, want [T, B, N]", ops.ErrShape, in[0])
	}
	if e.k <= 0 || !(e.dt > 0) || !(e.end >= float64(in[0][0])*e.dt) {
		return nil, fmt.Errorf("%w: encode %d steps of %g s into %d spikes before %g s", ops.ErrValue, in[0][0], e.dt, e.k, e.end)
	}
	e.steps, e.rows = in[0][0], in[0][1]*in[0][2]
	out := tensor.Shape{in[0][1], in[0][2], e.k}
	return []tensor.Shape{out, out.Clone()}, nil
}

func (e *encode[T]) Forward(in, out [][]T) error {
	times, mask := out[0], out[1]
	for i := range times {
		times[i], mask[i] = T(e.end), 0
	}
	e.count = append(e.count[:0], make([]int, e.rows)...)
	for i, v := range in[0] {
		step, row := i/e.rows, i%e.rows
		switch {
		case v == 0:
		case v != 1:
			return fmt.Errorf("%w: step %d of row %d is %v, want 0 or 1", ops.ErrValue, step, row, v)
		case e.count[row] == e.k:
			return fmt.Errorf("%w: row %d spikes again in step %d, and there is room for %d", eventprop.ErrLimit, row, step, e.k)
		default:
			at := row*e.k + e.count[row]
			times[at], mask[at] = T((float64(step)+0.5)*e.dt), 1
			e.count[row]++
		}
	}
	return nil
}

func (e *encode[T]) Backward(in, _, gout, gin [][]T) error {
	clear(gin[0])
	if gout[0] == nil {
		return nil
	}
	clear(e.count)
	for i, v := range in[0] {
		if v == 0 {
			continue
		}
		row := i % e.rows
		g := T(T(e.dt) * gout[0][row*e.k+e.count[row]])
		e.count[row]++
		if i >= e.rows {
			gin[0][i-e.rows] -= g
		}
		if i+e.rows < len(in[0]) {
			gin[0][i+e.rows] += g
		}
	}
	return nil
}
