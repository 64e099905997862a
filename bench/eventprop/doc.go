// Command eventprop measures gradient steps of event-based networks, alone or beside jaxsnn
// (Electronic Vision(s), Heidelberg) in one run, and prints medians and ratios.
//
//	go run ./bench/eventprop                          our times
//	go run ./bench/eventprop -jaxsnn python3          beside the jaxsnn of that Python
//	go run ./bench/eventprop -jaxsnn python3 -json    as JSON
//	go run ./bench/eventprop -net yinyang             networks whose name contains it
//
// A step is the loss of a batch and its gradient with respect to all weights, without an optimizer.
// Both sides get the same weights, input spikes and targets; the loss is the mean over the samples
// of
//
//	sum_j ((min(t_j, 2 TauMem) - target_j)/TauMem)²
//
// with t_j the first spike of output j, as in the Yin-Yang example of jaxsnn. Loss and gradient
// are compared before anything is timed: a difference in float64 is an error, the differences
// are printed.
//
// jaxsnn simulates a fixed number of events for each layer. It is given the fewest that give the
// right loss on this batch, which is its best case. Its time of compilation is a column of its own.
// Both sides run by turns, in rounds, so that what disturbs one disturbs the other. jaxsnn runs in
// float64 and in float32, each in a process that is idle while others run.
//
// jaxsnn 0.3.0 (pip install jaxsnn) and 0.2 (pip install jaxsnn==0.2.0, or 0.2.1 from its
// repository for newer versions of jax) are known; the version is stated above the table. Networks
// with recurrence are compared with 0.2 alone: the loss of 0.3.0 differs by 15 % from those of
// 0.2.0 and ours, which agree to 4e-16.
package main
