// Package fit measures how well models/dynapse/fit finds bias currents, on random problems whose
// answer is known. The command surge bench fit runs it.
//
// A [Problem] is a network of 1 to 4 neurons with random currents, a recording of it, and a start
// within a decade of the truth. A [Benchmark] is a question about the fit, with a committed list of
// problems and a target:
//
//	clean    identifiable currents within 1 % of the truth, from clean traces, in 95 % of the
//	         problems
//	spikes   spike counts within one of the truth's, from spike trains alone, in 90 % of the
//	         problems
//	noise    what the rounding to codes of the bias generator costs, with 5 % noise on imem: at
//	         the median at most 5 % of the loss of the truth
//	robust   the 95th percentile of the loss over 256 fresh chips with mismatch: the robust fit's
//	         is less than the nominal one's
//	cmaes    the simulations for a small loss that both have: at the median at most a tenth of
//	         those of CMA-ES
//	coverage-*  how often intervals of 95 % hold the truth, for a kind of noise: 93 to 97 %, and
//	         whether ranks of the truth are spread evenly
//	protocol neurons of hidden chips that the staged procedure ends with: spike counts within
//	         10 %, and rates for constant currents within 5 %, of 95 % of them
//
// Intervals belong to an optimum, and the problems of coverage, of one neuron, begin near theirs:
// whether a search from afar ends there is what clean, spikes and noise ask.
//
// [Run] solves the problems, several at a time. What it finds depends on the seeds alone, but for
// the time.
package fit
