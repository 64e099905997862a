// Package experiment describes a training run as a TOML file: which data, how they are encoded,
// which network, which loss, which optimizer.
//
//	name = "yinyang"
//	seed = 1
//	[data]       see Data
//	[encode]     see Encode
//	[model]      see Model
//	[loss]       see Loss
//	[train]      see Train; train.method says how gradients are made
//
// [Read] reads such a file, [Experiment.Text] prints it with all that is in effect, and reads back
// to the same experiment. Everything in a file must be known and have an effect: unknown keys,
// values of another type or out of range, and keys that the other choices make meaningless are
// errors that name the file, the key, what was expected and what was found.
package experiment
