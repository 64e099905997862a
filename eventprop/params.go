package eventprop

import (
	"fmt"
	"math"
)

// LIFParameters are the parameters of the N neurons of a layer. Each slice holds one
// number for all neurons or one for each; a nil slice stands for the default.
type LIFParameters struct {
	TauMem []float64 // s, > 0; nil means 10 ms
	TauSyn []float64 // s, > 0; nil means 5 ms
	VTh    []float64 // threshold; nil means 1, +Inf a neuron that never spikes
	VLeak  []float64 // leak potential; nil means 0. Above VTh the neuron fires without input (tonic).
	VReset []float64 // voltage after a spike, < VTh; nil means 0
	VInit  []float64 // V at 0; nil means VLeak. At or above VTh the neuron spikes at 0.
	IInit  []float64 // I at 0; nil means 0
}

// value returns the number of neuron j.
func value(p []float64, j int, byDefault float64) float64 {
	switch len(p) {
	case 0:
		return byDefault
	case 1:
		return p[0]
	}
	return p[j]
}

// check returns an error (ErrParameter, ErrShape) that names the parameter and neuron.
func (p *LIFParameters) check(n int) error {
	for _, f := range []struct {
		name     string
		v        []float64
		infinite bool
	}{
		{"TauMem", p.TauMem, false}, {"TauSyn", p.TauSyn, false}, {"VTh", p.VTh, true}, {"VLeak", p.VLeak, false},
		{"VReset", p.VReset, false}, {"VInit", p.VInit, false}, {"IInit", p.IInit, false},
	} {
		if len(f.v) > 1 && len(f.v) != n {
			return fmt.Errorf("%w: %s has %d values, want 1 or %d, one per neuron", ErrShape, f.name, len(f.v), n)
		}
		for j, x := range f.v {
			if math.IsNaN(x) || math.IsInf(x, -1) || math.IsInf(x, 1) && !f.infinite {
				return fmt.Errorf("%w: %s[%d] is %g, want a finite number", ErrParameter, f.name, j, x)
			}
		}
	}
	return nil
}

// cell returns neuron j and its initial state, V counted from VLeak.
func (p *LIFParameters) cell(j int) (c cell, init State, err error) {
	f, err := NewFlow(value(p.TauMem, j, 10e-3), value(p.TauSyn, j, 5e-3))
	if err != nil {
		return c, init, fmt.Errorf("neuron %d: %w", j, err)
	}
	vTh, vLeak, vReset := value(p.VTh, j, 1), value(p.VLeak, j, 0), value(p.VReset, j, 0)
	if !(vReset < vTh) {
		return c, init, fmt.Errorf("neuron %d: %w: VReset is %g, want less than VTh, which is %g", j, ErrParameter, vReset, vTh)
	}
	init = State{value(p.VInit, j, vLeak) - vLeak, value(p.IInit, j, 0)}
	c = newCell(f, vTh, vLeak, vReset)
	if math.IsInf(c.q, 0) && !math.IsInf(vTh, 1) || math.IsInf(c.rho, 0) || math.IsInf(init.V, 0) {
		return c, init, fmt.Errorf("neuron %d: %w: the differences of VTh, VReset and VInit to VLeak = %g overflow", j, ErrParameter, vLeak)
	}
	return c, init, nil
}

// uniform tells whether all neurons are alike.
func (p *LIFParameters) uniform() bool {
	return p.oneCell() && max(len(p.VInit), len(p.IInit)) <= 1
}

// oneCell tells whether all neurons are alike but for their start.
func (p *LIFParameters) oneCell() bool {
	return max(len(p.TauMem), len(p.TauSyn), len(p.VTh), len(p.VLeak), len(p.VReset)) <= 1
}
