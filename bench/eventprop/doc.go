// Command eventprop measures gradient steps of event-based networks, alone or beside jaxsnn
// (Electronic Vision(s), Heidelberg) and Eventax (arXiv:2603.08146) in one run, and prints medians
// and ratios.
//
//	go run ./bench/eventprop                          our times
//	go run ./bench/eventprop -jaxsnn python3          beside the jaxsnn of that Python
//	go run ./bench/eventprop -eventax python3         quadratic neurons beside Eventax
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
//
// Eventax (pip install eventax) solves any equations by steps, and finds spikes within these: its
// quadratic neuron, TauMem dV/dt = V (V - 1) + I with spikes at infinity, is compared with the
// equations of [equation.Theta], which are solved to rounding. It has steps of 0.5 ms of the method
// of Tsitouras, with which its gradients are within some 1e-4 of ours, and no more events than it
// needs.
package main
