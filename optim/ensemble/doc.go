// Package ensemble samples a probability density of a handful of parameters, such as the posterior
// of a fit, with an ensemble of walkers.
//
// [Sample] moves the walkers; [Chain.Summary] says what they have seen, and with the effective
// sample size and R-hat how far that is to be trusted.
package ensemble
