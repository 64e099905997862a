// Package lanes holds the loops over all neurons of a layer that are in the same
// situation: the time is common to them, and what differs is one number per neuron.
//
// # Overview
//
// For many neurons, interval after interval:
//
//	Advance   states after an interval, and which neurons may have crossed the threshold in it
//	Retreat   the adjoint of Advance for neurons that do not spike
//	Add       y_j += x_j
//	Moved     sum_j w_j (b_j beta - a_j alpha), what the time of an event gets from its targets
//	Finite    whether all x_j are
//	Cross     when neurons with TauMem = 2 TauSyn cross the threshold
//	Log1p     ln(1 + x_j)
//	Expm1     e^x_j - 1 of small x_j
//
// For neurons that differ, whose propagators are side by side:
//
//	Propagate               the propagators over an interval
//	AdvanceEach, RetreatEach
//	Slopes                  what an interval gives to the gradients of time constants
//	Flow                    the propagators over a time of each
//	Approach, Halley, Settle  when they cross the threshold
//
// For a block of few neurons, whose states stay in registers over many intervals:
//
//	Run       Advance and Add, until neurons may cross the threshold
//	Climb     the same for neurons without a threshold, with the largest voltage
//	RunBack   Moved, Add and Retreat, from the last interval to the first
//
// For neurons that are Taylor series, [Width] of them side by side: [Series], [SeriesBack],
// [Expand], [Polynomials], [Bounds] and [Powers].
//
// The state is a structure of arrays, so that neighbours are loaded together.
//
// # Bits
//
// Every product is rounded before it is added, and the sum of Moved has an order of its own, which
// is that of its lanes. The functions of generic.go are the specification. On amd64 with AVX2 or
// AVX-512 others take their place, which the program in _gen writes (go generate); the tests
// compare the two bit for bit. The build tag noasm leaves them out.
package lanes
