// Package identify says how sure the parameters of a fit are: which of them outputs
// determine, which only in combination, and as what interval.
//
// [Analyze] reads it from sensitivities, to first order, by a singular value
// decomposition; [FeasibleInterval] from any predicate, for outputs that move in steps.
package identify
