// Package eventprop simulates layers of leaky integrate-and-fire neurons from event
// to event and gives exact gradients of losses of their spike times and voltages.
//
// # Overview
//
// Between events every neuron obeys
//
//	TauMem dV/dt = VLeak - V + I
//	TauSyn dI/dt = -I
//
// and at events
//
//	arrival over synapse i -> j:  I_j <- I_j + w_ij          at t_i + d_ij
//	V_j reaches VTh from below:   V_j <- VReset, I_j stays   spike of j
//
// There is no time step: the next crossing is found as the root of the closed form
// of V ([NextSpike]), for any TauMem, TauSyn, VTh, VLeak and VReset < VTh, each one
// number or one per neuron; VTh = +Inf makes a readout that never spikes.
//
//	layer := eventprop.Layer{In: eventprop.NewDense(5, 100)}
//	var tape eventprop.Tape
//	if err := tape.Forward(&layer, input, 40e-3); err != nil {
//		return err
//	}
//	var c eventprop.Cotangent
//	c.Reset(&tape)
//	for k, s := range tape.Spikes { // L = sum_k (t_k - target)^2 / 2
//		c.Time[k] = s.Time - target
//	}
//	grads := layer.NewGradients()
//	if err := tape.Backward(grads, &c); err != nil {
//		return err
//	}
//
// # Gradients
//
// Two engines that share no derivative check each other: [Tape.Backward] is the
// adjoint method EventProp (T. Wunderlich and C. Pehle 2021,
// doi:10.1038/s41598-021-91786-z) with the jumps for any reset and leak;
// [Tape.Analytical] differentiates every spike time implicitly, in forward mode (as
// J. Göltz et al. 2021, doi:10.1038/s42256-021-00388-x, for closed forms).
// Both give the gradients with respect to weights, delays, input times, time
// constants, threshold, leak, reset and initial state.
//
// # Engines
//
// Layers with dense weights and no delays take a fast way: one sweep over the sorted input for a
// feed-forward layer, also of neurons that differ, a common step from event to event for a
// recurrent one of neurons that are alike. Readouts that are alike, and the largest voltages of
// silent neurons of a feed-forward layer of such, are swept too. Other feed-forward layers, with
// delays or sparse weights, and few neurons that differ, go neuron by neuron over arrivals that
// are sorted before. All other layers are simulated touch by touch, with a calendar of the next
// spikes and a heap of the arrivals that are under way. Of these a pass keeps what happened in 16
// bytes for each spike and all that it reaches at once; the states after all touches, 56 bytes
// each, only once voltages or gradients of time constants are asked for, for which the pass is
// made again. The ways give the same spikes to rounding; which one is taken depends on the layer
// alone.
//
// A gradient step of 784-350-10 on latency-coded images takes 1.5 times as long with time constants
// and thresholds of each neuron as with equal ones, 1.2 times as long with the gradients of all
// parameters of equal neurons, 1.9 times with both, and 11 times with a delay of each of the
// 274,400 synapses, where no two arrivals are at one time; of 5-100-3 (Yin-Yang) 1.4, 1.2, 1.7 and
// 1.0 times. Beside equal neurons with TauMem = 2 TauSyn, whose spikes have a closed form, neurons
// that differ take 2.1 times as long (Yin-Yang 3.9), with the gradients of all parameters 2.2 times
// as long as such neurons with these (2.5): the rest is the search for each spike of time constants
// that have no closed form, which equal ones take as well (CPU time on AVX2, BenchmarkParameters).
//
// # Building blocks
//
// The parts of the family of layers in jaxsnn (Electronic Vision(s), Heidelberg) are here under
// these names:
//
//	lif_exponential_flow, adjoint_...           Flow.Apply, Flow.Adjoint
//	transition_with(out)_recurrence, adjoint_...
//	                                            TransitionWithRecurrence,
//	                                            AdjointTransitionWithRecurrence, ...
//	ttfs_solver, next_event                     TTFS, NextSpike
//	step, step_bwd                              Tape.Step, Tape.StepBackward
//	trajectory                                  Tape.Forward, Tape.Backward
//	construct_init_fn, ..._recurrent_init_fn    Synapses.Init, Layer.InitLayers
//	LIF, RecurrentLIF                           Layer, with Tape.Analytical
//	EventPropLIF, RecurrentEventPropLIF         Layer, with Tape.Backward
//	HardwareLIF, HardwareRecurrentLIF           Layer, with Tape.ForwardRecorded
//	serial                                      Serial
//	LIFParameters, LIFState, EventPropSpike     LIFParameters, State, Spike
//
// # Units
//
// Times are in seconds; voltages, and currents times the membrane resistance, are in
// any one unit.
//
// # Edges
//
// A spike at an instant at which an input arrives comes first (unless
// Settings.InputFirst), and so uses the current before it. All neurons that reach
// threshold at one instant spike. Touching the threshold without crossing it is no
// spike. Events at or after the end of the simulation do not count. Gradients at
// exact ties and at exact grazing are one-sided.
package eventprop
