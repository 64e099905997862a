package gradcheck

import (
	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/surrogate"
)

// Case is one row of the table: a small model that uses the things it covers. Every
// quantity that a gradient must reach is a parameter of the model.
type Case struct {
	// Name is unique in the table: "what/variant".
	Name string
	// Covers lists the exported identifiers that the case checks, as "models.LIF".
	Covers []string
	// Model adds the nodes and sets the loss. It must be deterministic, and use
	// [models.Spike] or Builder.Twin so that the twin is smooth.
	Model func(b *graph.Builder)
	// Inexact says why the gradient on the twin is not the derivative of the twin's
	// loss; empty: it is. An inexact case has no finite differences.
	Inexact string
	// Formula, where it is not nil, returns the gradients that the rule states, by
	// parameter, from the values of the parameters.
	Formula func(value func(param string) []float64) map[string][]float64
	// Value, where it is not nil, returns shape and elements of the first node that the loss
	// weighs, from the values of the parameters, computed independently.
	Value func(value func(param string) []float64) (shape []int, elements []float64)
	// Surrogate, where it is not nil, is checked by itself, at all distances from the threshold.
	Surrogate surrogate.Surrogate
	// Gorgonia says that the row is about an operation of Gorgonia's own, whose derivative may
	// be one of package graph in place of a wrong one.
	Gorgonia bool
}

// Result is the outcome of one check.
type Result struct {
	Case string `json:"case"`
	// Check is "engines", "engines/twin", "float32", "float32/twin", "twin/fused",
	// "twin/unrolled", "formula", "value" or "surrogate".
	Check string `json:"check"`
	// Where is the parameter, output or state with the largest error.
	Where string `json:"where"`
	// Error is the largest error, relative to the largest magnitude of the quantity; 1
	// for a gradient that is missing or zero where it must not be, and for a surrogate that no
	// layer takes.
	Error  float64 `json:"error"`
	Limit  float64 `json:"limit"`
	Passed bool    `json:"passed"`
}

// Limits of the relative errors.
//
// Engines differ by the order of sums and the way exponentials are spelled: no row has
// more than 1000 roundings one after the other (8 time steps of 3 layers of some 20
// operations, there and back), each of half a unit in the last place. Where the terms of
// a gradient cancel, their errors are larger than that of the sum; a factor of 10 covers
// the terms of the rows here.
//
// The finite difference is a five-point formula: its rounding error is below 2·2⁻⁵³/h
// of the loss, 2e-9 for the smallest step of 1e-7; its truncation error, h⁴/30 of the
// fifth derivative, is 1e-10 for a derivative of 3e7 at the first step of 1e-4. 1e-6 is
// what the project asks for.
const (
	EngineLimit  = 10 * 1000 * 0x1p-53
	Float32Limit = 10 * 1000 * 0x1p-24
	TwinLimit    = 1e-6
)
