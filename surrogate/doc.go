// Package surrogate holds smooth stand-ins for the derivative of the Heaviside
// step, with which networks of spiking neurons are trained by gradient descent.
//
// # Overview
//
// A neuron spikes where x = v - VTh is positive, so its output is the step
// H(x), whose derivative is zero almost everywhere. A surrogate replaces that
// derivative in the backward pass by a bump around x = 0:
//
//	forward:   s = H(x)
//	backward:  dL/dx = dL/ds * Slope(x)
//
// See Neftci, Mostafa and Zenke (2019), doi:10.1109/MSP.2019.2931595.
//
// The names of the field do not pin a function down: "atan" differs by a factor
// of pi between libraries and "superspike" by 100 in area. A [Surrogate] is
// therefore the whole function: slope, antiderivative, peak and area. The
// antiderivative is the forward function of the smoothed twin of a model, on
// which the gradient that is computed with the slope is the true gradient, so
// that finite differences can check it.
//
// # At the threshold
//
// H(0) is 0: a neuron whose voltage equals the threshold does not spike. That holds for every layer
// that goes through time steps, and for the chip, whose count ceil(ln(Imem/Ispkthr)) is 0 at 0.
// From event to event (package eventprop) a neuron spikes where its voltage crosses the threshold
// from below, which is the same for all voltages but those that touch it and turn back. A learned
// threshold is kept as its logarithm, and is exactly the number that it starts with until it is
// trained (ops.ExpFrom).
//
//	v = VTh spikes      SpikingJelly, NEST (iaf_psc_exp)
//	does not            surge, snnTorch, Norse, Lava, Rockpool (DynapSim)
//
// # Sharpness
//
// Every type of the package has one field, Sharpness, written k below, in
// reciprocal units of x (1/V for a membrane voltage in volts). It enters as the
// product k*x alone, up to a factor before the whole slope: a larger k is a
// narrower bump. Zero stands for the default that the type names. A sharpness
// that is negative, not finite, or outside of [1e-18, 1e18] makes every method
// but String return NaN; [Check] and [Parse] turn it into an error.
//
// A width that changes from run to run, or is learned, is a factor of x in the graph: the neurons
// of package models have one, Sharpness.
//
// # Infinities and NaN
//
// All methods accept x = -Inf and x = +Inf and give the limits there. NaN gives
// NaN.
//
// # Own surrogates
//
// Any type with the methods of [Surrogate] can be used wherever the package's
// own can. [Slopes] and [Antiderivatives] then call it once per element.
package surrogate
