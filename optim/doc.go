// Package optim turns gradients into updates of parameters, and fits parameters to
// targets.
//
// # Overview
//
// A [Transform] is a pair of functions, as in optax: Init makes the state that
// belongs to the parameters, Update turns gradients into updates in place. The
// loop that trains is
//
//	state := t.Init(params)
//	for {
//		// fill grads
//		if err := t.Update(grads, params, &state); err != nil { ... }
//		if err := optim.Apply(params, grads); err != nil { ... }
//	}
//
// Transforms are plain values and hold no state, so that one value serves many
// models. Fields that are zero stand for the defaults that they name; only an Inner
// must be set. [Chain] composes them:
//
//	optim.Chain{
//		optim.ClipByGlobalNorm{Max: 1},
//		optim.Adam{LR: optim.Cosine{Init: 1e-3, Steps: 10000}},
//		optim.Masked{Match: isTau, Inner: optim.Scale{Factor: 0.1}},
//	}
//
// The design follows optax (DeepMind, 2020), https://github.com/google-deepmind/optax.
//
// # State
//
// A [State] is a plain value that a checkpoint can hold: a run that continues from
// a state that was written and read back gives the same bytes as one that was
// never interrupted. No transform calls a transcendental function, uses more than one
// goroutine or draws random numbers: the same input gives the same bytes on every
// processor. After Init, updates do not allocate.
//
// # Fits
//
// [Fit] looks for the parameters of a [Problem] with the least loss, within bounds and
// with priors, by a [Method]:
//
//	LevenbergMarquardt  residuals with exact derivatives, such as traces
//	LBFGS               smooth losses with exact gradients
//	Descent             any Transform, for surrogate gradients
//	CMAES, NelderMead   no gradient: baselines
//	MultiStart          another method from many points, in parallel
//	Sequence            methods one after the other, each on a loss of its own
//
// A method is a plain value too, and all that a fit remembers is a State. Around it
// are [ToLog] and its kin for positive parameters, [Check] for derivatives, [Robust]
// for losses over samples of the model, [Identify] and [FeasibleInterval] for how sure
// the answer is, and [RefineGrid] for parameters that can be set in steps only.
// Problem, Method and Result are after gonum's package optimize. The same input gives
// the same bytes for any number of workers; across processors results agree to
// rounding only, since linear algebra is gonum's and models call exponentials.
//
// # Errors
//
// NaN and infinities are errors that wrap [ErrNonFinite] and name the leaf and the
// index. A transform that keeps moments checks all gradients before it writes to
// anything, so that after such an error parameters and state are as before. In a
// Chain this holds for gradients that are not finite when they come in; where
// finite gradients overflow between two members, the members before have taken
// their step already. [SkipNonFinite] counts and skips bad gradients instead.
package optim
