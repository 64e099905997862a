package graph

import (
	"fmt"
	"log/slog"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Engine selects how a [Cell] is repeated over time.
type Engine int

const (
	// FusedEngine runs one hand-written kernel for the whole sequence where a cell has one
	// ([Fused]), and falls back to UnrolledEngine where it has none; [Report] says so.
	FusedEngine Engine = iota
	// UnrolledEngine repeats the cell's step for each time step with Gorgonia's operations and
	// differentiates them one by one: the definition of the model, and about 30 nodes
	// per time step and layer.
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

// Machine selects what runs the operations of a program. Both give the same numbers, but for what
// [TapeMachine] says of itself.
type Machine int

const (
	// OwnMachine is the machine of this package. It computes what is recorded and nothing
	// else, uses memory again as soon as nobody reads it any more, never writes over
	// a parameter, and turns a panic of an operation into an error. Planning a graph takes
	// time linear in the number of nodes.
	OwnMachine Machine = iota
	// TapeMachine is Gorgonia's, for comparison. Compiling takes time quadratic in the number
	// of nodes (25 s for 30 000), every run allocates all results anew, an addition to a
	// reshaped parameter overwrites the parameter, and a panic in an operation of Gorgonia's
	// ends the process.
	TapeMachine
)

// String returns "own" or "tape".
func (m Machine) String() string {
	if m == TapeMachine {
		return "tape"
	}
	return "own"
}

// ParseMachine reads what String prints.
func ParseMachine(s string) (Machine, error) {
	switch s {
	case "own":
		return OwnMachine, nil
	case "tape":
		return TapeMachine, nil
	}
	return 0, fmt.Errorf("graph: machine %q, want own or tape", s)
}

// Settings are the properties of a program that its model does not choose. The zero
// value trains in float32 with fused kernels at 1 ms.
type Settings struct {
	// Engine is how cells are repeated over time.
	Engine Engine
	// Machine is what runs the operations.
	Machine Machine
	// DebugNaNs makes a run end at the first operation whose result has a NaN or an infinity,
	// with an error that wraps [ErrNotFinite] and names layer, time step and operation. It
	// reads every result once more: a run takes two to three times as long. It needs
	// OwnMachine.
	DebugNaNs bool
	// Checkpoint, where it is K > 0, cuts sequences into segments of K time steps. Forwards nothing
	// is kept but the states between the segments; from the last to the first, each segment is
	// computed again and its gradient after it. A run computes the forward pass twice, and outputs
	// and gradients have the same bits. Where the fused engine has more segments than steps in one,
	// it keeps some of the states and computes the forward pass up to four times. 0: whole
	// sequences.
	//
	// With the fused engine, layers of which one feeds the other (Linear, LIF, LI, and readouts
	// over time) go through a segment together, so that neither voltages nor spikes between them
	// are kept as a whole. What something else reads, and layers of other kinds, are. DebugNaNs
	// computes whole sequences.
	//
	// With the unrolled engine the graph of a segment is built once and runs T/K times: building
	// takes time and memory for K steps instead of T. (Gradients may differ in the last bit where
	// an output sequence is read in more than two places, whose gradients are then added in another
	// order.) It needs OwnMachine.
	Checkpoint int
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
	// Scanned, where it is not nil, is called for each layer of [Builder.Scan] before it is added,
	// with its inputs and parameters: to look at them, or to record them as outputs. As a program
	// is built twice, so is it called.
	Scanned func(b *Builder, name string, c Cell, xs, params []*G.Node)
	// Partial allows the model and given parameters to differ: those that are new are created
	// beside those that are given, and those that are given may go without use. Without it, either
	// is an error that names them, as a misspelled layer would have random weights otherwise.
	Partial bool
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
	if s.Machine != OwnMachine && s.Machine != TapeMachine {
		return s, fmt.Errorf("%w: machine %d", ErrBuild, s.Machine)
	}
	if s.DebugNaNs && s.Machine != OwnMachine {
		return s, fmt.Errorf("%w: DebugNaNs with Gorgonia's tape machine, which cannot say where a node belongs", ErrBuild)
	}
	if s.Checkpoint < 0 || s.Checkpoint > 0 && s.Machine != OwnMachine {
		return s, fmt.Errorf("%w: Checkpoint %d on the %v machine, want a positive number of time steps on the own one, or 0", ErrBuild, s.Checkpoint, s.Machine)
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
