// Package node puts layers of package eventprop into Gorgonia graphs.
//
// # Overview
//
// Spike times are ordinary tensors, so that any Gorgonia loss can follow a layer, and layers and other
// operations can be mixed:
//
//	times [B, N, K]   the k-th spike of neuron n in sample b, in seconds; End where there is none
//	mask  [B, N, K]   1 where there is a spike, 0 where not
//
// [Layer.Apply] maps the times and mask of the inputs to those of the neurons, with exact gradients to times and
// weights. [FirstSpike] picks the first spike of each neuron, [Decode] makes the spikes of time steps,
// [T, B, N], for layers that go through time, and [Encode] goes the other way.
package node
