package ops

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/surge-snn/surge/internal/fmath"
)

// HeldCurrent returns, for membranes and exponential synaptic currents of given time constants, the
// current that does to the voltage, held for one step of dt seconds, what a current of 1 at its
// beginning does, which decays within it. With a = dt/TauMem and s = dt/TauSyn,
//
//	c = κ/(1 - exp(-a)),   κ = a exp(-a) (1 - exp(-(s-a)))/(s-a)
//
// so that v[t] = v[t-1] + (1 - exp(-a)) (c i[t] - v[t-1]) is the exact solution of
//
//	TauMem dv/dt = -v + i,   TauSyn di/dt = -i
//
// (Rotter & Diesmann 1999, doi:10.1007/s004220050570). Both operands are logarithms of seconds,
// [N]; see [Approach] for 1 - exp(-a).
func HeldCurrent(logTauMem, logTauSyn *G.Node, dt float64) (*G.Node, error) {
	if !(dt > 0) || math.IsInf(dt, 0) {
		return nil, fmt.Errorf("%w: HeldCurrent with dt = %v s, want a positive number", ErrValue, dt)
	}
	return apply1(Kernels{&heldCurrent[float32]{dt: dt}, &heldCurrent[float64]{dt: dt}}, nil, logTauMem, logTauSyn)
}

type heldCurrent[T Float] struct{ dt float64 }

func (k *heldCurrent[T]) Name() string      { return fmt.Sprintf("HeldCurrent(%v)", k.dt) }
func (k *heldCurrent[T]) TimeStep() float64 { return k.dt }

func (k *heldCurrent[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	if in[0].Dims() != 1 || !sameShape(in[0], in[1]) {
		return nil, fmt.Errorf("%w: HeldCurrent of %v and %v, want [N] twice", ErrShape, in[0], in[1])
	}
	return []tensor.Shape{in[0].Clone()}, nil
}

// rates returns a and s of neuron i.
func (k *heldCurrent[T]) rates(in [][]T, i int) (a, s float64) {
	return k.dt * fmath.Exp(-float64(in[0][i])), k.dt * fmath.Exp(-float64(in[1][i]))
}

func (k *heldCurrent[T]) Forward(in, out [][]T) error {
	for i := range out[0] {
		a, s := k.rates(in, i)
		psi, _ := membranePart(a)
		phi, _ := synapsePart(s - a)
		out[0][i] = T(psi * phi)
	}
	return nil
}

func (k *heldCurrent[T]) Backward(in, _, gout, gin [][]T) error {
	for i := range in[0] {
		var g float64
		if gout[0] != nil {
			g = float64(gout[0][i])
		}
		a, s := k.rates(in, i)
		psi, dpsi := membranePart(a)
		phi, dphi := synapsePart(s - a)
		if gin[0] != nil {
			gin[0][i] = T(-g * a * (float64(dpsi*phi) - float64(psi*dphi)))
		}
		if gin[1] != nil {
			gin[1][i] = T(-g * s * psi * dphi)
		}
	}
	return nil
}

// membranePart is a/(exp(a) - 1) with its derivative; below 1e-4 the beginning of its series, whose
// next term is a⁴/720.
func membranePart(a float64) (value, slope float64) {
	if a < 1e-4 {
		return 1 - float64(a/2) + float64(a*a)/12, -0.5 + a/6
	}
	e := fmath.Expm1(a)
	if math.IsInf(e, 1) {
		return 0, 0
	}
	return a / e, (e - float64(a*(e+1))) / e / e
}

// synapsePart is (1 - exp(-d))/d with its derivative; near 0 the beginning of its series, whose
// next terms are d³/24 and d³/30.
func synapsePart(d float64) (value, slope float64) {
	if math.Abs(d) < 1e-4 {
		return 1 - float64(d/2) + float64(d*d)/6, -0.5 + d/3 - float64(d*d/8)
	}
	e := -fmath.Expm1(-d)
	return e / d, (1 - e - e/d) / d
}

// ScaleUnits returns x with each unit, the last axis, times a number of its own: y[..., n] = x[...,
// n] c[n] for x [..., N] and c [N].
func ScaleUnits(x, c *G.Node) (*G.Node, error) {
	return apply1(Kernels{&scaleUnits[float32]{}, &scaleUnits[float64]{}}, nil, x, c)
}

type scaleUnits[T Float] struct {
	n    int
	sums []float64
}

func (*scaleUnits[T]) Name() string { return "ScaleUnits" }

func (k *scaleUnits[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	s := in[0]
	if s.Dims() == 0 || !sameShape(in[1], tensor.Shape{s[s.Dims()-1]}) {
		return nil, fmt.Errorf("%w: ScaleUnits of %v by %v, want [..., N] and [N]", ErrShape, s, in[1])
	}
	k.n = in[1][0]
	k.sums = make([]float64, k.n)
	return []tensor.Shape{s.Clone()}, nil
}

func (k *scaleUnits[T]) Forward(in, out [][]T) error {
	c := in[1]
	for lo := 0; lo < len(out[0]); lo += k.n {
		x, y := in[0][lo:lo+k.n], out[0][lo:lo+k.n]
		for i, v := range x {
			y[i] = v * c[i]
		}
	}
	return nil
}

func (k *scaleUnits[T]) Backward(in, _, gout, gin [][]T) error {
	for _, g := range gin {
		clear(g)
	}
	if gout[0] == nil {
		return nil
	}
	clear(k.sums)
	for lo := 0; lo < len(in[0]); lo += k.n {
		x, g := in[0][lo:lo+k.n], gout[0][lo:lo+k.n]
		if gin[0] != nil {
			d := gin[0][lo : lo+k.n]
			for i, v := range g {
				d[i] = v * in[1][i]
			}
		}
		if gin[1] != nil {
			for i, v := range g {
				k.sums[i] += float64(v * x[i])
			}
		}
	}
	if gin[1] != nil {
		for i, s := range k.sums {
			gin[1][i] = T(s)
		}
	}
	return nil
}
