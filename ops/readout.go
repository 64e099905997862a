package ops

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// SumOverTime returns the sum of a sequence [T, B, N], as [B, N]:
//
//	y = Σ_t x[t]
//
// Of spikes it is the spike count.
func SumOverTime(x *G.Node) (*G.Node, error) {
	return apply1(Kernels{&overTime[float32]{kind: sum}, &overTime[float64]{kind: sum}}, nil, x)
}

// MeanOverTime returns the mean of a sequence [T, B, N], as [B, N]:
//
//	y = (1/T) Σ_t x[t]
func MeanOverTime(x *G.Node) (*G.Node, error) {
	return apply1(Kernels{&overTime[float32]{kind: mean}, &overTime[float64]{kind: mean}}, nil, x)
}

// MaxOverTime returns the largest value of a sequence [T, B, N], as [B, N]:
//
//	y = max_t x[t]
//
// The gradient goes to the first step that reaches the maximum. Of voltages: Cramer et al. 2022,
// doi:10.1109/TNNLS.2020.3044364.
func MaxOverTime(x *G.Node) (*G.Node, error) {
	return apply1(Kernels{&overTime[float32]{kind: maximum}, &overTime[float64]{kind: maximum}}, nil, x)
}

// LastStep returns the last value of a sequence [T, B, N], as [B, N]:
//
//	y = x[T-1]
func LastStep(x *G.Node) (*G.Node, error) {
	return apply1(Kernels{&overTime[float32]{kind: last}, &overTime[float64]{kind: last}}, nil, x)
}

type reduction int

const (
	sum reduction = iota
	mean
	maximum
	last
)

// adds tells whether the steps are added up.
func (r reduction) adds() bool { return r == sum || r == mean }

func (r reduction) String() string {
	return [...]string{"SumOverTime", "MeanOverTime", "MaxOverTime", "LastStep"}[r]
}

func sequenceShape(name string, s tensor.Shape) (tensor.Shape, error) {
	if s.Dims() != 3 {
		return nil, fmt.Errorf("%w: %s of %v, want a sequence [T, B, N]", ErrShape, name, s)
	}
	return s, nil
}

// FirstSpikeTime returns the time of the first spike of every neuron, in seconds,
// as [B, N], from spikes [T, B, N]; a silent neuron gets T·dt, the end of the
// sequence. It is the time spent without a spike,
//
//	t_first = dt · Σ_t Π_{u<=t} (1 - s[u])
//
// which is the index of the first spike times dt where s is 0 or 1, and smooth in s.
// The gradient is that of the formula:
//
//	dt_first/ds[k] = -dt · Σ_{t>=k} Π_{u<=t, u≠k} (1 - s[u])
//
// zero behind the first spike; at it, minus the time to the next one; before it,
// minus the time by which a spike there would come earlier. dt is the time step in s, that of the
// program (graph.Builder.Dt): another one is an error of the build. Cost: O(T·B·N).
func FirstSpikeTime(spikes *G.Node, dt float64) (*G.Node, error) {
	if !(dt > 0) || !finite(dt) {
		return nil, fmt.Errorf("%w: FirstSpikeTime with dt = %v s, want a positive number", ErrValue, dt)
	}
	return apply1(Kernels{&firstSpike[float32]{dt: float32(dt), step64: dt}, &firstSpike[float64]{dt: dt, step64: dt}}, nil, spikes)
}

type firstSpike[T Float] struct {
	dt      T
	step64  float64 // dt before it is rounded
	t, step int
	before  []T // Π_{u<k} (1 - s[u]) for one neuron
}

func (k *firstSpike[T]) Name() string { return "FirstSpikeTime" }

func (k *firstSpike[T]) Shapes(in []tensor.Shape) ([]tensor.Shape, error) {
	s, err := sequenceShape(k.Name(), in[0])
	if err != nil {
		return nil, err
	}
	k.t, k.step = s[0], s[1]*s[2]
	k.before = make([]T, k.t)
	return []tensor.Shape{{s[1], s[2]}}, nil
}

func (k *firstSpike[T]) Forward(in, out [][]T) error {
	for i := range out[0] {
		silent, n := T(1), T(0)
		for t := range k.t {
			silent = T(silent * (1 - in[0][t*k.step+i]))
			n += silent
		}
		out[0][i] = k.dt * n
	}
	return nil
}

func (k *firstSpike[T]) Backward(in, _, gout, gin [][]T) error {
	if gout[0] == nil {
		clear(gin[0])
		return nil
	}
	for i, g := range gout[0] {
		p := T(1)
		for t := range k.t {
			k.before[t] = p
			p *= 1 - in[0][t*k.step+i]
		}
		// after = Σ_{t>=k} Π_{k<u<=t} (1 - s[u]), from the end.
		after := T(0)
		for t := k.t - 1; t >= 0; t-- {
			after = 1 + after
			gin[0][t*k.step+i] = -g * k.dt * k.before[t] * after
			after = T(after * (1 - in[0][t*k.step+i]))
		}
	}
	return nil
}
