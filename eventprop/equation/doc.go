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
//	layer := equation.Layer{
//		Model: model, In: eventprop.NewDense(5, 100),
//		Params: map[string][]float64{"tau_mem": {10e-3}, ...},
//	}
//	var run equation.Run
//	err = run.Forward(&layer, input, 40e-3)
//	g, err := run.Backward(time) // of dL/d(time) of each of run.Spikes
//
// LIF with an absolute refractory time, Alpha, ALIF, QIF, Theta, EIF, AdEx and Izhikevich are there
// as texts.
//
// Between events the states of each neuron are Taylor series of time, whose coefficients follow
// from the equations by the rules of differentiation (A. Jorba and M. Zou 2005,
// doi:10.1080/10586458.2005.10128904), of an order and over steps that the tolerance of the layer
// decides. A spike is where the series of the threshold rises through 0: its first root, of which
// none is missed. The gradient goes through the same series in reverse. Eight neurons go side by
// side; those of a feed-forward layer each at a time of its own, those of a recurrent one from
// event to event, at a cost per event of the neurons that it reaches. LIF neurons without a
// refractory time are faster in package eventprop, whose times are exact to rounding.
package equation
