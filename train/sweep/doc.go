// Package sweep plans many runs of one experiment, with other values of some of its keys, and says
// what came out.
//
// A [Sweep] is a grid, all combinations of the values of its keys, or a number of points drawn at
// random. Each point is run with each of the seeds, the same for all points, so that points are
// compared pair by pair: the difference between two of them is less noisy than either.
package sweep
