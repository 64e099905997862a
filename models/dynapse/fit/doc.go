// Package fit finds bias currents with which simulated DynapSE-2 neurons do what was recorded of a
// chip, or is wanted of it, as codes that the chip can be set to, and says how sure the answer is.
//
// # Overview
//
// An [Experiment] is a [Space], which says what may move, with targets: a [Recording] of traces and
// spikes, a [Curve] of rates, [Statistics], or a [Task]. What is known of currents beforehand is a
// [Prior]. Recurrent weights are numbers, or 4-bit codes with base currents ([Base]). [Run] fits:
//
//	e := fit.Experiment{
//		Space: fit.Space{
//			Network: start,
//			Params:  []dynapse.Param{dynapse.ItauMem, dynapse.IgainSyn},
//		},
//		Recordings: []fit.Recording{recording},
//	}
//	res, err := fit.Run(ctx, e, fit.Settings{DAC: true})
//
// # How it fits
//
// A spike is a jump that no derivative sees. Where the spikes of the target are known, they drive
// the model in the fit: they reset the membrane, start the refractory time and charge AHP and
// recurrence. What is left is smooth, and is solved as least squares (Levenberg-Marquardt, from
// several starts), neuron by neuron. The spikes themselves become bounds on the membrane: above the
// threshold where the target spikes, below it elsewhere, with the distance to the bound as a
// residual. Where all bounds hold, the free network does exactly what the forced one does. This
// also fits spike trains without any trace.
//
// Neurons that share currents and do not fit together, because their transistors differ, are fitted
// one by one: the answer is the median, with the interval that their differences leave to it.
//
// Spikes that were not recorded are read off a trace of the membrane. Behind a gap, which may hide
// one, the simulation starts again from the trace.
//
// Ispkthr and Iref act in steps. The refractory time is searched over whole bins, and the threshold
// is put into the middle of the values that the spikes allow.
//
// Curves of rates alone are least squares too, with difference quotients over many spikes and the
// same input at all points. What is left of the numbers of spikes is found without gradients.
//
// Where spikes are not known otherwise (rates together with recordings, neurons that were not
// recorded in a recurrent network), and where the free network spikes otherwise after all,
// surrogate gradients go on: counts by rule S, then the loss itself by rules T and S (see
// [dynapse.Rule]), and at last a search without gradients.
//
// Every point is judged by the loss of the free network ([Experiment]), whatever led to it.
//
// # How sure it is
//
// Sensitivities of the traces, in units of their noise, say which currents the target determines
// and in which directions it says nothing. The answer for Ispkthr and Iref is an interval, and so
// is that for currents which the sensitivities do not determine: profile likelihoods say in which
// they lie, of spike trains alone, too. Rates alone never determine currents. Method [MCMC] samples
// the posterior of all of them: see [Posterior]. How the determined currents move with what is not
// fitted, as capacitances or Ut, [Given] says.
//
// # Errors
//
// [ErrExperiment] is for targets that contradict themselves or hold nothing to fit: constant, too
// short, not a number where there is a weight, in another unit.
package fit
