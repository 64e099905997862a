// Command neurons compares the gradients of event-based networks of every neuron of package
// eventprop/equation with finite differences, over many random networks.
//
//	go run ./bench/neurons                     200 networks of each neuron
//	go run ./bench/neurons -nets 2000          as many as the bounds are stated for
//	go run ./bench/neurons -neuron qif -json   one neuron, as JSON
//
// A network is 3 neurons that differ, with 2 inputs of 6 spikes, dense recurrence with autapses,
// and delays. The loss is the sum of all spike times with random weights. Compared are the
// derivatives to all weights, delays, parameters and input times, each with Romberg's extrapolation
// of central differences with steps h, h/2 and h/4 (an error of h^6), relative to the largest
// derivative of its kind; h is smaller where their last correction is large, as it is where a
// neuron hardly spikes. Where an event of a neuron changes its place within the step, spike times
// are not smooth, and there is no difference to compare with: the column skipped counts these.
//
// The bounds are a median of 1e-9, and 1e-6 for 99.9 % of them. Where they are not met the program
// ends with status 1.
package main
