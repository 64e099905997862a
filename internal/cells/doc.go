// Package cells holds the loops over the neurons of one time step of the chip's neurons and of
// synapses, forwards and backwards, for all that is elementwise in them.
//
// # Overview
//
// Every loop is a struct whose slices are its operands, all of one length, and a method:
//
//	Currents  synapse and adaptation of DynapSim, a step
//	Membrane  its membrane, the spikes and the refractory time
//	Slopes    the surrogate slopes of rule S
//	Local     the derivatives of a step that no rule changes
//	SpikeS, SpikeT, SpikeForced, SpikeRockpool
//	          the adjoint of spike, reset and timer, by rule
//	Linear    the adjoint of membrane, adaptation and synapse, given Local
//
// Equations are those of package models/dynapse, with currents relative to Io and times to dt.
//
// # Bits
//
// The methods named generic are the specification: every product is rounded before it is added, and
// larger and smaller return their second operand where one is NaN. On amd64 with AVX2 or AVX-512,
// code written by _gen gives the same bits; tests compare. exp is [fmath.Exp] or [fmath.Exp32], log
// is [fmath.Log] or [fmath.Log32].
package cells
