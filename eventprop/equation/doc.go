// Package equation simulates networks of neurons that are given by their equations, from event to
// event, with exact gradients of the spike times with respect to all weights, delays, parameters,
// initial states and input times.
//
//	model, err := equation.Parse(`
//	dV/dt = (V^2 + I)/tau_mem
//	dI/dt = -I/tau_syn
//	threshold: V - v_th
//	reset: V = v_reset
//	input: I = I + w`)
//	layer := equation.Layer{Model: model, In: eventprop.NewDense(5, 100), Params: map[string][]float64{"tau_mem": {10e-3}, ...}}
//	var run equation.Run
//	err = run.Forward(&layer, input, 40e-3)
//	g, err := run.Backward(time) // of dL/d(time) of each of run.Spikes
//
// LIF with an absolute refractory time, Alpha, ALIF, QIF, Theta, EIF, AdEx and Izhikevich are there
// as texts.
//
// Between events each neuron goes in steps of its own, of the pair of Dormand and Prince of orders
// 5 and 4 with the tolerance of the layer. A spike is where the threshold rises through 0. Neurons
// are taken ahead of the others until their next spike; an arrival before it cuts the way ahead.
// The cost is that of some hundred operations of the equations per step, and of a look at all
// neurons per event. LIF neurons without a refractory time are far faster in package eventprop,
// whose times are exact to rounding.
package equation
