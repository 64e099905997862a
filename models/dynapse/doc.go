// Package dynapse is the mixed-signal neuromorphic chip DynapSE-2: the model of its neurons, and the chip around them.
//
// # Overview
//
// [Network] simulates a layer of the chip's neurons, the DynapSim of Rockpool, with gradients for every bias current
// ([Rule]). Its parameters ([Param]) are currents in amperes and constants of the layout. On the chip every current is
// set for a core of up to 256 neurons by a bias generator, weights are sums of four base currents, and connections are
// entries in small memories. The way there and back:
//
//	n, in, err := dynapse.FromGraph(graph)                     // populations and weights, LIF neurons too
//	core, err := n.Cores()                                     // or SpreadCores and n.Tie
//	q, err := dynapse.Quantise(in, rec, core, settings)         // 4-bit codes and base currents
//	device, err := dynapse.Deploy(n, q, dynapse.DeploySettings{}) // codes, tags, memories; says what does not fit
//	err = device.Write(file)                                   // JSON
//	device, err = dynapse.ReadDevice(file)
//	n, in, err = device.Network()                              // what the chip will really compute
//
// A neuron has one synapse, as that of DynapSim, or with [Network.FourSynapses] the four of the chip: AMPA, GABA, NMDA and SHUNT.
//
// # Gradients, and what they are worth
//
// A spike is a step, and a gradient needs a rule ([Rule]). Measured against differences of the expected loss of the model itself
// ([Network.Truth]), over currents whose effect is significant, with a cosine c and a ratio of norms r:
//
//	[SurgeS], number of spikes                  c .98 to .99, r .8 to 1.3; Ispkthr has the wrong sign below one spike per bin
//	[SurgeT], van Rossum distance               c .98 to 1, r .2 to 2; heavy tails, see Clip in [Settings]; nothing where the loss is flat
//	[Surge], van Rossum distance                c .99 to 1 for single neurons
//	[SurgeT], traces of a free-running membrane not reliable, cosines of both signs occur
//	recorded spikes ([Network.Simulate])        exact
//	smoothed twin ([Settings])                  exact, of another model
//
// This holds for single neurons, for small recurrent networks, for several spikes per bin, and in float32. A current
// that does nothing at the working point has a derivative of exactly zero, and [Gradient.Effect] says so. In a graph, [Neurons] is the
// layer.
//
// # Currents and codes
//
// A [Bias] converts between the current of a parameter and the code of the bias generator:
//
//	b, err := dynapse.BiasOf("SOIF_LEAK_N")
//	s, err := b.Lookup(5e-12) // the nearest of 1536 settings
//
// [DeviceParameter] and [SimulatorCurrent] translate names: Itau_mem is SOIF_LEAK_N. [Quantities] convert time constants, pulse
// widths and gain ratios to currents and back.
//
// # Errors
//
// [ErrParameter] is for numbers and names, [ErrState] for a simulation that leaves the finite numbers, [ErrGraph] for
// connections that the chip cannot have in principle, [ErrFit] for a network that is too large for it, and [ErrDevice] for a
// configuration file that contradicts itself.
//
// Sources: Chicca, Stefanini, Bartolozzi & Indiveri 2014, doi:10.1109/JPROC.2014.2313954, for the circuits; Rockpool 3.1
// (rockpool.ai, devices.dynapse) for the equations in discrete time, the measured tables and the names; its DynapSim before 2.4 for
// the currents of the four synapse types.
package dynapse
