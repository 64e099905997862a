// Package experiment reads what an experiment with DynapSE-2 neurons is described and recorded in:
// the TOML file of surge fit, surge sim dynapsim and surge truth, and the recordings in .npz and
// .csv files that it names. It is the one reader of both.
//
// # Overview
//
// [Read] reads an experiment whole, with its targets, as one that [fit.Run] takes:
//
//	e, err := experiment.Read("fit.toml", experiment.Options{})
//	res, err := fit.Run(ctx, e.Experiment, e.Settings)
//
// [ReadNetwork] reads what a file says of the neurons alone; [ReadRecording] reads a recording for
// a network that is there already, and [ReadInput] input for a simulation.
//
// # The file
//
// [File] has its keys. A file may leave out [fit] and [[target]] where neurons are simulated only;
// what it does say is held to the same rules by every command.
//
// # Recordings
//
// A recording has the arrays [B, T, N], or [T, N] where B = 1: input, spike counts, and any of
// imem, isyn, iahp (A), vmem (V) and spikes (counts), with a weight for each sample. Of neurons
// that were not recorded there may be no columns, as Target.Neurons says. With weights w_in,
// [channels, N], input is [B, T, channels]. A .csv has a header and a column for each array and
// neuron, imem or imem_0, imem_1 and so on.
//
// The constant current that was set while something was recorded is dc, A, in place of Idc: an
// array [B, T, N], [T, N] or [T, 1] or a column of the recording or of its input, or the key dc of
// the target. Where Idc is fitted, what flows is the same multiple of it.
//
// With synapses = 4 a neuron has four columns of input in place of one, in the order AMPA, GABA,
// NMDA, SHUNT: input without w_in is [B, T, 4N] or [B, T, N, 4], w_in is [channels, 4N] or
// [channels, N, 4], and w_rec [N, 4N] or [N, N, 4].
//
// # Errors
//
// All are [*Error]: they name the file, the key or array, what was expected and found, and for a
// name that is none the nearest that is.
package experiment
