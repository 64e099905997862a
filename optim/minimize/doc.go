// Package minimize fits parameters to targets: it looks for the least loss of a problem,
// within bounds and with priors.
//
// # Overview
//
// [Fit] looks for the parameters of a [Problem] with the least loss by a [Method]:
//
//	LevenbergMarquardt  residuals with exact derivatives, such as traces
//	LBFGS               smooth losses with exact gradients
//	Descent             any optim.Transform, for surrogate gradients
//	CMAES, NelderMead   no gradient: baselines
//	MultiStart          another method from many points, in parallel
//	Sequence            methods one after the other, each on a loss of its own
//
// A method is a plain value, and all that a fit remembers is an [optim.State], so that a
// checkpoint resumes to the same bytes. Around it are [ToLog] and its kin for positive
// parameters, [Check] for derivatives, [Robust] for losses over samples of the model and
// [RefineGrid] for parameters that can be set in steps only. How sure the answer is, says
// package identify. Problem, Method and Result are after gonum's package optimize.
//
// # Determinism
//
// The same input gives the same bytes for any number of workers; across processors results
// agree to rounding only, since linear algebra is gonum's and models call exponentials.
//
// # Errors
//
// A problem that is not well posed wraps [ErrProblem], a point outside the bounds
// [ErrBounds], NaN and infinities [optim.ErrNonFinite], with the parameter's name.
package minimize
