// Package dynapse is the model of the neurons of the mixed-signal neuromorphic chip
// DynapSE-2, with gradients for every bias current.
//
// # Overview
//
// [Network] simulates a layer of neurons, the DynapSim of Rockpool, forward and backward.
// Its parameters ([Param]) are currents in amperes and constants of the layout; a [Rule]
// says what the derivative of a spike is. In a graph, [Neurons] is the layer. [Mismatch]
// draws neurons as transistors make them.
//
// A neuron has one synapse, as that of DynapSim, or with FourSynapses the four of the chip:
// AMPA, GABA, NMDA and SHUNT.
//
// The chip around the neurons (bias generator, names, 4-bit weights, cores, the
// configuration that is loaded) is package models/dynapse/chip; currents from recordings are
// found by package models/dynapse/fit.
//
// # Gradients, and what they are worth
//
// A spike is a step, and a gradient needs a rule ([Rule]). Measured against differences of
// the expected loss of the model itself ([Network.Truth]), over currents whose effect is
// significant, with a cosine c and a ratio of norms r:
//
//	[Surge], counts, van Rossum distance,       c .99 to 1 (.93 at 20 Hz), r .9 to 1.1, single
//	traces of a free-running membrane           neurons, with differences of 0.03 in ln I;
//	                                            c .98 to 1 in small recurrent networks, as far as
//	                                            their truth is known
//	[SurgeS], number of spikes                  c .98 to .99, r .8 to 1.3; Ispkthr has the
//	                                            wrong sign below one spike per bin
//	[SurgeT], van Rossum distance and traces    c .98 to 1, r .5 to 1.4 for single neurons; heavy
//	                                            tails, in recurrent networks above all, see Clip
//	[SurgeMixed], van Rossum distance           c .99 to 1 for single neurons
//	recorded spikes ([Network.Simulate])        exact
//	smoothed twin ([Settings])                  exact, of another model
//
// With differences of 0.1 the truth of the van Rossum distance and of traces has not settled: it is
// half as long and points 13 degrees elsewhere. A current that does nothing at the working point
// has a derivative of exactly zero, and [Gradient.Effect] says so.
//
// # Errors
//
// [ErrParameter] is for numbers and names, [ErrState] for a simulation that leaves the
// finite numbers.
//
// Sources: Chicca, Stefanini, Bartolozzi & Indiveri 2014, doi:10.1109/JPROC.2014.2313954,
// for the circuits; Rockpool 3.1 (rockpool.ai, devices.dynapse) for the equations in
// discrete time and the names; its DynapSim before 2.4 for the currents of the four synapse
// types.
package dynapse
