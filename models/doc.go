// Package models holds the layers of spiking networks: synapses, neurons, readouts.
//
// # Overview
//
// A layer is a plain struct of settings; its zero value is usable. Apply adds it to a
// graph under a name and returns nodes:
//
//	x := b.Input("x", 50, 32, 4)                                   // [T, B, N]
//	i := models.Linear{Out: 100}.Apply(b, "hidden/w", x)            // [T, B, 100]
//	h := models.LIF{TauMem: models.Learned(20e-3)}.Apply(b, "hidden", i)
//	o := models.Linear{Out: 3}.Apply(b, "out/w", h.Spikes)
//	y := models.LI{}.Apply(b, "out", o).Vmem                         // [T, B, 3]
//
// Sequences are [T, B, N]: time steps, batch rows, neurons. Time constants are in
// seconds; voltages have the unit of the threshold, 1 by default. The time step is a
// property of the program ([graph.Settings]).
//
//	synapses   Linear, Conv, DelayedLinear, ExpSyn, DoubleExp, AlphaSynapse
//	delays     Delay
//	images     Pool, Flatten; BatchNorm and Dropout between any layers
//	neurons    IF, LIF, ALIF, PLIF, EIF, AdEx, Izhikevich, Equations, WTASCell
//	readout    LI
//
// [Couple] joins synapses and neurons whose voltage the current depends on. Noise is an
// input of the program, filled before each run by [DrawNormal].
//
// [Compat] returns the neurons of other libraries, each with its order of reset and input, step by
// step equal.
//
// Every layer exists twice, as the step that defines it ([graph.Cell]) and as a kernel
// for the whole sequence ([graph.Fused]); the engine of the program chooses.
//
// Parameters that must stay positive (time constants, thresholds) are kept as natural
// logarithms where they are learned, under names like hidden/log_tau_mem.
package models
