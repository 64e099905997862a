package graph

import (
	"fmt"
	"log/slog"

	"gorgonia.org/tensor"
)

// Engine selects how a [Cell] is repeated over time.
type Engine int

const (
	// FusedEngine runs one hand-written kernel for the whole sequence where a cell has one
	// ([Fused]), and falls back to UnrolledEngine where it has none; [Report] says so.
	FusedEngine Engine = iota
	// UnrolledEngine repeats the cell's step for each time step with Gorgonia's operations and
	// Gorgonia's gradient: the definition of the model, and about 30 nodes per
	// time step and layer.
	UnrolledEngine
)

// String returns "fused" or "unrolled".
func (e Engine) String() string {
	if e == UnrolledEngine {
		return "unrolled"
	}
	return "fused"
}

// ParseEngine reads what String prints.
func ParseEngine(s string) (Engine, error) {
	switch s {
	case "fused":
		return FusedEngine, nil
	case "unrolled":
		return UnrolledEngine, nil
	}
	return 0, fmt.Errorf("graph: engine %q, want fused or unrolled", s)
}

// Settings are the properties of a program that its model does not choose. The zero
// value trains in float32 with fused kernels at 1 ms.
type Settings struct {
	// Engine is how cells are repeated over time.
	Engine Engine
	// DType is tensor.Float32 or tensor.Float64; the zero value means Float32.
	DType tensor.Dtype
	// Dt is the time step in seconds; 0 means 1e-3.
	Dt float64
	// Twin builds the smoothed twin: spikes are the surrogate's antiderivative in
	// the forward pass, so that gradients are exact and finite differences can
	// check them. See [ops.SmoothSpike].
	Twin bool
	// NoGrad builds the forward pass alone: no gradients, less memory.
	NoGrad bool
	// Frozen, where it is not nil, says which parameters are not trained: they
	// have no gradient, and nothing is computed for one.
	Frozen func(param string) bool
	// Logger receives a debug record for each build; nil means silence.
	Logger *slog.Logger
}

func (s Settings) withDefaults() (Settings, error) {
	if s.DType.Type == nil {
		s.DType = tensor.Float32
	}
	if s.DType != tensor.Float32 && s.DType != tensor.Float64 {
		return s, fmt.Errorf("%w: dtype %v, want float32 or float64", ErrBuild, s.DType)
	}
	if s.Dt == 0 {
		s.Dt = 1e-3
	}
	if !(s.Dt > 0 && s.Dt < 1e300) {
		return s, fmt.Errorf("%w: time step %v s, want a positive number", ErrBuild, s.Dt)
	}
	if s.Frozen == nil {
		s.Frozen = func(string) bool { return false }
	}
	return s, nil
}
