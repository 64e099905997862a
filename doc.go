// Package surge is the root of a module that trains spiking neural networks.
//
// Nothing is here but this overview; the packages are
//
//	graph       models as Gorgonia graphs: build, check, run, two engines
//	ops         differentiable operations: spikes, sequences, losses, readouts
//	surrogate   stand-ins for the derivative of a spike; surrogate/figure: drawn
//	models      synapses, neurons, readouts
//	            models/dynapse: neurons of the DynapSE-2 chip; models/dynapse/chip: its
//	            codes and configuration; models/dynapse/fit: fits to recordings,
//	            models/dynapse/fit/report: what is written of them;
//	            models/dynapse/live: chips that run beside a fit;
//	            models/dynapse/protocol: the neurons of one, stage by stage;
//	            models/dynapse/experiment: files and recordings;
//	            models/dynapse/simulate: traces; models/nir: files of other simulators
//	eventprop   event-based networks with exact gradients; eventprop/equation: of
//	            neurons that are given by their equations; eventprop/own: as functions;
//	            eventprop/node: its layers in Gorgonia graphs
//	optim       optimizers as composable gradient transforms; optim/minimize: fits of
//	            parameters to targets; optim/identify: how sure they are;
//	            optim/ensemble: samples of a posterior
//	train       the training loop; train/data: data sets and encoders, with
//	            train/data/speech: spoken digits; train/experiment: training runs as
//	            TOML files, with train/experiment/recipes: those that are built in;
//	            train/sweep: many of them; train/evaluate: how good a network is;
//	            train/inspect: what is in its files; train/export: networks as NIR and
//	            C; train/ranks: several processes; train/verify: the proof of a run
//	plot        figures of runs and simulations
//	bench       checks and benchmarks of gradients and speed. As libraries:
//	            bench/gradcheck, bench/gradbench, bench/fit, bench/speed are the
//	            commands of these names; bench/cases: case files, bench/cases/replay:
//	            their simulations; bench/truth: gradients of expected losses;
//	            bench/gradbench/lif, bench/gradbench/event, bench/gradbench/trained:
//	            the networks of the gradient benchmark, bench/gradbench/suite: its
//	            runs, bench/gradbench/answer and bench/gradbench/report: what they
//	            say. As programs: bench/eventprop, bench/events, bench/neurons,
//	            bench/scale, bench/soak, bench/survive, bench/unrolled
//	cmd/surge   the program
//
// and examples, one folder each. Imports point downwards only: cmd to bench and
// train, these to models, eventprop and optim, these to graph, ops and surrogate,
// these to internal.
package surge
