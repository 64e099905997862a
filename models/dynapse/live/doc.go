// Package live drives a chip while it runs: it is set to a configuration, given input, and what it
// does is recorded and fitted.
//
// # Overview
//
// A [Chip] does two things: Set loads a configuration, and Record drives its input channels and
// returns what was seen. [Pipe] is a chip behind the pipe of a program, which may be written in any
// language; [Software] is one that is simulated, with transistors that differ, noise, and a scope
// that is not calibrated. [Tune] fits in the loop: the chip runs forward, the model says what to
// change.
//
//	c := &live.Pipe{Command: []string{"python3", "chip.py"}}
//	defer c.Close()
//	tuned, err := live.Tune(ctx, c, experiment, live.Settings{})
//
// # The line protocol
//
// A program reads requests from its standard input and writes answers to its standard output, each
// a JSON object on one line. A request has an id, and so has its answer:
//
//	{"id": 1, "do": "set", "device": {...}}
//	{"id": 1}
//	{"id": 2, "do": "record", "dt": 0.001, "input": [[[1], [0]]], "want": ["spikes", "vmem"]}
//	{"id": 2, "spikes": [[[0], [1]]], "vmem": [[[0.21], [0.35]]]}
//	{"id": 3, "error": "the board is not there"}
//
// device is the configuration as surge fit writes it to device.json: of each core the parameters
// with their coarse and fine codes (and the current, A, that they stand for), its neurons with
// latches, synapses (tag, weight bits, dendrite) and destinations, and under inputs the tags that
// each input channel sends; see [chip.Device]. input has the spikes of each channel, [B, T, C]: B
// rows of T bins of dt seconds. Each row begins at rest. Where the constant current into the
// membrane (SOIF_DC_P) changes meanwhile there is "dc", [B, T, N]: factors of what device sets it
// to. A chip that cannot do that answers with error. want names what is to be recorded: spikes
// (counts), vmem (V, before the reset of a bin), and maybe imem, isyn, iahp (A). The answer has
// arrays [B, T, N], neuron i being that with the id i in device; null is a sample that is missing.
// An answer without a quantity, or with error, costs that recording. Whatever else the program has
// to say goes to its standard error; lines of its standard output that are no JSON objects are
// ignored. At the end of its standard input it ends.
//
// A program that gives no answer in time, dies, or answers with something else is ended and started
// anew, with the last configuration, when it is needed again.
//
// # Errors
//
// [ErrLost] is wrapped by the errors of a request that the chip did not answer as it should, of
// which nothing else follows.
package live
