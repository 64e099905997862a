// Package data brings samples to a spiking network: data sets, encoders that turn
// features into spikes or currents, the order of an epoch, and batches.
//
// # Overview
//
//	Dataset ──► Order ──► Encoder ──► Batch  [T, B, N]   layers that go through time steps
//	                          └─────► Events             layers that go from event to event
//
// A [Dataset] holds samples, each with an input (features, a sequence or events) and a target (a
// class, numbers, a sequence or spike times): [YinYang], [Images] (MNIST and its relatives), views
// by [Subset] and [Split], or a type of the caller's own. An [Encoder] turns the input of one
// sample into a block of T steps and N channels: [Latency], [TTFSBias], [Rate], [Current] for
// features and for the steps of sequences, [Delta] for sequences, [None] for what is in time
// already. Those that know an exact time for each spike are an [EventEncoder] or an
// [EventSequenceEncoder] too.
//
//	train, _, test := data.StandardYinYang()
//	batches := data.Batches{Data: train, Encoder: data.TTFSBias{}, Steps: 31, Size: 20, Seed: 1}
//	var b data.Batch // reused: nothing is allocated after the first batches
//	for epoch := range uint64(10) {
//		for k := range batches.Len() {
//			if err := batches.Fill(&b, epoch, k); err != nil {
//				return err
//			}
//			// b.Input [T, B, N], b.Lengths [B], b.Labels [B] (or other targets), b.Valid rows
//		}
//	}
//
// # Determinism
//
// The order of an epoch is a pure function of (seed, epoch, position), and the
// random numbers of a sample one of (seed, epoch, sample). A batch is therefore the
// same bytes for any number of workers and can be made without those before it,
// which is all that a resumed run needs.
//
// # Errors
//
// Nothing is dropped in silence: a spike outside of the time window, a feature
// that an encoder cannot take, and a file that is not what it says are errors with
// names and numbers in them.
package data
