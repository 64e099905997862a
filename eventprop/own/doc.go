// Package own makes neurons of event-based layers from Go functions: a right-hand side, a
// threshold and a reset, each with the product of its Jacobian with a vector ([Cell]). Such
// [Neurons] go wherever the other neurons of package eventprop go, with exact gradients of the
// spike times with respect to weights, delays, parameters, initial states and input times.
//
//	layer := eventprop.Layer{
//		In:     eventprop.NewDense(5, 100),
//		Neuron: own.Neurons{Cell: cell{}, Params: map[string][]float64{"tau_mem": {10e-3}, ...}},
//	}
//
// The example is a complete neuron in 40 lines. Equations as text, of package eventprop/equation,
// need no derivatives, are faster and can be exported; functions are for what has no formula, such
// as a table of measured currents.
//
// Between events the states go by steps of order 5 of Dormand and Prince 1980,
// doi:10.1016/0771-050X(80)90013-3, whose length an estimate of their error decides. A spike is
// where the threshold rises through 0: the root of its value after a step as a function of the
// length of that step, to rounding. The gradient is that of the steps that were taken: each of them
// in reverse, with the length of the last before an event, and the theorem of implicit functions at
// a spike.
package own
