// Package gradbench measures how far estimators of gradients of spiking networks are from the
// gradient that exists, and what they cost.
//
// # Overview
//
// A [Network] has parameters, inputs and a loss, which may depend on random numbers; the gradient
// that exists is that of the expected loss, the mean over inputs and random numbers. An [Estimator]
// gives a gradient for one input and one draw. [Sample] averages it, in blocks from which errors
// follow, and [Compare] sets two averages beside each other: cosine, ratio of norms, share of equal
// signs, for every class of parameters. [Step] says how far the loss falls along a gradient, and
// [Predict] how well a gradient predicts what a small step does, apart for the samples whose spikes
// stay and for those where one appears or vanishes.
//
// Ten lines compare an estimator of your own on a network of your own:
//
//	net := myNetwork{...}                          // five methods
//	truth := gradbench.Differences(net, 0.05)      // or an estimator that is known to be unbiased
//	t, err := gradbench.Until(ctx, net, truth, 0, 16, 0.02, 4096)
//	g, err := gradbench.Sample(ctx, net, mine, 1, 16, 64)
//	for _, r := range gradbench.Compare(g, t, net.Classes()) {
//		fmt.Println(r.Class, r.Cosine, r.Ratio, r.Signs)
//	}
//
// # Rooms
//
//	lif      discrete LIF in plain loops, its estimators, and the stochastic truth
//	trained  networks of surge train
//	suite    the runs: what is varied, and which estimators are compared
//	answer   the questions on which the literature disagrees, read from the rows of the runs
//	report   table, CSV, JSON, figures and the HTML page
//
// # Errors of measurement
//
// Means are over blocks of independent draws. Inner products and norms are freed of the bias that
// the variance of the means gives them (the squared norm of a noisy mean is too large by the sum of
// its squared standard errors), and their standard errors are those of the jackknife over blocks
// (Efron 1982, doi:10.1137/1.9781611970319).
//
// # Reproducibility
//
// Every draw has a random stream of its own, and blocks are added in their order: the same seed
// gives the same bytes for any GOMAXPROCS. Times and memory are measured apart, with [Cost].
package gradbench
