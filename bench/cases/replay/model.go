package replay

import (
	"context"

	"github.com/surge-snn/surge/bench/cases"
)

// Model computes what a case file asks for.
type Model interface {
	// Name is the value of the member "model" of the case files.
	Name() string

	// Run reads c through its Fields, computes, and returns new tensors. Errors in the case are
	// those of Fields. Run ends early with ctx.Err() where it takes long.
	//
	// The names of outputs and gradients are those of the case files, without prefixes. Infinities
	// are allowed, NaN is not.
	Run(ctx context.Context, c *cases.Case, o Options) (*cases.Result, error)

	// Tolerance is the bound of --check for a quantity; ok is false for what stands in case files
	// but is not computed.
	Tolerance(q cases.Quantity) (t cases.Tolerance, ok bool)
}

// Checker is a model that compares with something else than the members outputs and grads of the
// file.
type Checker interface {
	// Check replaces [cases.Case.Check].
	Check(c *cases.Case, r *cases.Result, o Options) ([]cases.Comparison, error)
}

// Options say how a case is computed. What a model does not have (a second engine, a twin) it
// ignores.
type Options struct {
	Engine       string `default:"fused" enum:"fused,unrolled" help:"Engine of the model: ${enum}. Both give the same numbers; models that have one engine accept both."`
	DType        string `name:"dtype" default:"float64" enum:"float64,float32" help:"Arithmetic: ${enum}."`
	GradientRule string `default:"" enum:",rockpool,surge-S,surge-T,surge-mixed,surge" placeholder:"NAME" help:"Gradient rule of DynapSim: rockpool, surge-S, surge-T, surge-mixed or surge; goes before the one in the file. For step_pwl all but surge are rockpool."`
	NoGrads      bool   `help:"Compute the outputs only."`
	Twin         bool   `help:"Compute the smoothed twin of surrogate gradients: each step function becomes the antiderivative of its surrogate, the backward code stays."`
	Method       string `default:"eventprop" enum:"eventprop,analytical" help:"Gradients of the event-based models: ${enum} (the implicit derivative of every spike)."`
}

// Single tells whether the arithmetic is that of float32.
func (o Options) Single() bool { return o.DType == "float32" }
