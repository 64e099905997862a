// Package graph builds, checks and runs programs: models as Gorgonia graphs,
// unrolled over time or with one fused operation per sequence.
//
// # Overview
//
// A model is a function that adds nodes to a [Builder]. [Build] calls it,
// differentiates the loss, checks the graph, and returns a [Program] that runs for every
// mini-batch:
//
//	params := graph.NewParams(1)
//	prog, err := graph.Build(params, graph.Settings{}, func(b *graph.Builder) {
//		x := b.Input("x", 50, 32, 4)            // [T, B, N]
//		class := b.Input("class", 32)
//		i := models.Linear{Out: 100}.Apply(b, "hidden/w", x)
//		h := models.LIF{}.Apply(b, "hidden", i)
//		...
//		b.Output("logits", logits)
//		b.Loss(b.Check(ops.SoftmaxCrossEntropy(logits, class)))
//	})
//	defer prog.Close()
//	err = prog.Set("x", spikes)
//	err = prog.Run()
//	prog.Loss(); prog.Output("logits"); prog.Grad("hidden/w") // after each run
//
// Nodes are plain Gorgonia nodes: Gorgonia's operations may stand between those of
// surge, each wrapped in a [Builder.Check] of its own.
//
// # Values, not hidden state
//
// Parameters live outside of the program, in [Params]: several programs (training
// and evaluation, two engines) share them. The state of neurons goes into a run and
// comes out of it ([Program.SetState], [Program.FinalState]); without SetState
// every run starts at rest.
//
// # Engines
//
// [Builder.Scan] repeats a [Cell] over time. The unrolled engine writes the cell's
// step once per time step with Gorgonia's operations and differentiates each of them: this
// is the definition of the model, and needs about 30 nodes per time step and
// spiking layer. The fused engine runs a hand-written kernel for the whole sequence, where the
// cell has one ([Fused]). Both give the same numbers to rounding.
//
// # Unrolled graphs
//
// Building and planning take time linear in the number of nodes, some 20 µs for each: half a
// second for 1000 time steps of a network of two layers. The machine computes what is recorded
// and nothing else, not the gradients of inputs that Gorgonia's products come with, in memory
// that is used again as soon as it is free ([OwnMachine]). Settings.Checkpoint cuts long sequences
// into segments, of which one is in memory at a time; the bits stay the same. Gorgonia's tape
// machine runs the same graphs, for comparison ([TapeMachine]).
//
// [Program.WriteSVG] and [Program.WriteDOT] draw a graph, folded over time; Settings.DebugNaNs
// finds the first operation whose result is not finite.
//
// # What this package guards against
//
// This package is the one seam to Gorgonia. Gorgonia merges unnamed and equally named
// inputs: every input gets a unique name. It merges constants that print alike: constants
// are inputs, and those of Gorgonia's that could merge are refused. The identity that it gives
// a slice keeps eight bits of an index, and that of other operations leaves settings out: each
// of their nodes gets an identity of its own as soon as Builder.Check sees it. It identifies
// nodes by 32-bit hashes: each graph is built twice under
// different names, and accepted when both builds have the same nodes ([Build]).
//
// Some of its derivatives are wrong or missing without a word (of Log2, InverseSqrt, OuterProd, At,
// AveragePool2D, Max and MinBetween where elements are equal), and some values (sums and maxima of
// four axes and more, AveragePool2D, ByIndices): this package has its own. What it cannot make
// right it refuses, with the reason: what draws random numbers, BatchNorm, Sparsemax, LogSumExp,
// Norm of odd order, AveragePool1D. Every gradient must have the shape of its parameter. The rows
// "gorgonia." of [github.com/surge-snn/surge/bench/gradcheck] hold every operation to an
// independent value and to finite differences. Its tape machine reuses memory that is still read,
// through an alias such as a reshaped tensor even that of a parameter, ends the process when an
// operation panics, does nothing in a second run, and takes time quadratic in the number of nodes
// to compile: programs run on a machine of this package, which knows what may share memory. Its
// Grad is quadratic, too, and sums gradients in memory that grows with time: this package
// differentiates by itself. Dual values accumulate over runs: none are bound, and what is read
// after a run is a copy. A parameter without a gradient is an error that names it.
package graph
