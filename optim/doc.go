// Package optim turns gradients into updates of parameters.
//
// Subpackage minimize looks for the parameters of a problem with the least loss, as in
// fits to recordings; identify says which of them the outputs determine.
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
// Optimizers are [SGD], [Adam], [AdamW], [RMSProp], [Adagrad] and [Lion]; [Lookahead],
// [Accumulate], [Groups], [Masked], [Reparam] and [SkipNonFinite] stand around others, clips,
// [WeightDecay], [Plateau] and [Box] beside them. What they compute is held against PyTorch and
// optax.
//
// The design follows optax (DeepMind, 2020), https://github.com/google-deepmind/optax.
//
// # State
//
// A [State] is a plain value that a checkpoint can hold: a run that continues from
// a state that was written and read back gives the same bytes as one that was
// never interrupted. No transform calls a function that differs between processors, or draws random
// numbers: the same input gives the same bytes on every
// processor. After Init, updates do not allocate.
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
