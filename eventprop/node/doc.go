// Package node puts layers of package eventprop into Gorgonia graphs.
//
// # Overview
//
// Spike times are ordinary tensors, so that any Gorgonia loss can follow a layer, and layers and
// other operations can be mixed:
//
//	times [B, N, K]   the k-th spike of neuron n in sample b, in seconds; End where there is none
//	mask  [B, N, K]   1 where there is a spike, 0 where not
//
// [Layer.Apply] maps the times and mask of the inputs to those of the neurons, with exact gradients
// to times, weights, delays, time constants, thresholds, leak, reset and initial state, each of
// which may be a node ([Inputs]). [FirstSpike] picks the first spike of each neuron, [Decode] and
// [Interpolate] make the spikes of time steps, [T, B, N], for layers that go through time, and
// [Encode] goes the other way.
package node
