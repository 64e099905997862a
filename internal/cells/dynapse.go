package cells

//go:generate go -C _gen run . -pkg cells -out ../cells_amd64.s -stubs ../stubs_amd64.go

// OfNeurons are numbers of neurons that all rows of a loop share: coefficients, and sums over the
// rows. All other slices have a number for each neuron of each row, row by row.
type OfNeurons[T Float] []T

// Float is a kind of numbers.
type Float interface{ float32 | float64 }

// Ceiling bounds Imem/Io: e^80, which is 1e22 A and a number in float32.
const Ceiling = 5.5e34

// LeastGrowth bounds the growth of ln Imem in the bin of a spike from below, in rule T.
const LeastGrowth = 0.2

// Currents is a step of the synapse and of the adaptation:
//
//	isyn  = DecaySyn isyn0 + ChargeSyn max(GainSyn w, 1)
//	iahp  = max(DecayAHP iahp0 + JumpAHP s0, 1)
//	leak  = LeakMem + iahp
type Currents[T Float] struct {
	Isyn0, Iahp0, S0, W                                      []T
	DecaySyn, ChargeSyn, GainSyn, DecayAHP, JumpAHP, LeakMem OfNeurons[T]
	Isyn, Iahp, Leak                                         []T
}

// Run computes the step of n neurons in some rows.
func (a *Currents[T]) Run(s *Scratch, n, rows int) {
	if n*rows > 0 && !run[T](currents, a, s, n, rows) {
		a.generic(n, rows)
	}
}

// Membrane is a step of the membrane after [Currents], with y = ln(Imem/Io):
//
//	iin   = max(syn - leak + DcMem, 1) where timer0 = 0, else 1
//	drive = GainMem iin/(m + GainMem)
//	m     = max(m (1 + RateMem (exp(Feedback v) + leak InvLeak (drive - leak))), 1)
//	pre   = ln m
//	s     = min(max(ceil(pre - Threshold), 0), Most)
//	where s > 0: post = 0, m = 1, timer = Refractory
//	elsewhere:   post = pre,      timer = timer0 - 1 where timer0 > Tick, else 0
//
// v is pre of the step before, InvLeak 1/LeakMem. m is not above [Ceiling].
type Membrane[T Float] struct {
	Syn, Leak, Timer0, V                                              []T
	RateMem, Feedback, GainMem, DcMem, InvLeak, Threshold, Refractory OfNeurons[T]
	M                                                                 []T // before, and after
	Pre, Post, S, Timer                                               []T
	Most, Tick                                                        T
}

// Run computes the step. It returns false where a state is not finite.
func (a *Membrane[T]) Run(s *Scratch, n, rows int) (finite bool) {
	if n*rows == 0 {
		return true
	}
	if bad, ok := call[T](membrane, a, s, n, rows); ok {
		return bad == 0
	}
	return a.generic(n, rows)
}

// Forced is [Membrane] with given spikes S.
type Forced[T Float] struct{ Membrane[T] }

// Run computes the step. It returns false where a state is not finite.
func (a *Forced[T]) Run(s *Scratch, n, rows int) (finite bool) {
	if n*rows == 0 {
		return true
	}
	if bad, ok := call[T](forced, a, s, n, rows); ok {
		return bad == 0
	}
	return a.generic(n, rows)
}

// Spiked is what [Membrane] makes of Pre: S = min(max(ceil(Pre - Threshold), 0), Most), and Post,
// which is Pre, or 0 with a spike.
type Spiked[T Float] struct {
	Pre       []T
	Threshold OfNeurons[T]
	S, Post   []T
	Most      T
}

// Run computes both.
func (a *Spiked[T]) Run(s *Scratch, n, rows int) {
	if n*rows > 0 && !run[T](spiked, a, s, n, rows) {
		a.generic(n, rows)
	}
}

// Slopes are those of rule S at x = pre - Threshold, with q = e^(x InvWidth):
//
//	flag  = InvWidth q / (1+q)²
//	count = InvWidth Σ_{k < n} q_k / (1+q_k)²,  q_{k+1} = Fall q_k,
//	        n = min(max(ceil x, 0) + 3, Most)
type Slopes[T Float] struct {
	Pre                  []T
	Threshold            OfNeurons[T]
	Count, Flag          []T
	InvWidth, Fall, Most T
}

// Run computes the slopes.
func (a *Slopes[T]) Run(s *Scratch, n, rows int) {
	if n*rows == 0 {
		return
	}
	if many, ok := call[T](slopes, a, s, n, rows); !ok || many != 0 {
		a.generic(n, rows) // many: some n is larger than the code is for
	}
}

// Local are the derivatives of a step that no rule changes, before and after as in [Membrane]:
//
//	Gain      d m' / dm (m/m') for a growth of 0: the slope of the bound, times m0/m
//	Inner     F + leak InvLeak (drive - leak),
//	          F = exp(Feedback v),  drive = GainMem iin/(m0 + GainMem)
//	Open      the slope of iin, 0 where the gate is closed
//	Leak      LeakMem + Iahp
//	SlopeAHP  that of the bound of iahp
//	Jump      ln m with the gate open less pre, in the bin in which the gate is about to open,
//	          else 0
//
// The slope of max(a, 1) is 1, 1/2 and 0 above, at and below 1; soft it is the logistic function
// of a - 1.
type Local[T Float] struct {
	Post0, Pre0, Timer0, Syn, Iahp, Iahp0, S0, Pre                         []T
	RateMem, Feedback, GainMem, DcMem, InvLeak, LeakMem, DecayAHP, JumpAHP OfNeurons[T]
	F, Drive, Iin, M0, InvUnder, Gain, Inner, Open, SlopeAHP, Jump, Leak   []T
	Gate                                                                   T // the largest timer for which the gate is about to open, 0 for none
}

// Run computes the derivatives.
func (a *Local[T]) Run(s *Scratch, n, rows int) {
	if n*rows > 0 && !run[T](local, a, s, n, rows) {
		a.generic(n, rows, false)
	}
}

// RunSoft computes them with soft slopes.
func (a *Local[T]) RunSoft(s *Scratch, n, rows int) {
	if n*rows > 0 && !run[T](localSoft, a, s, n, rows) {
		a.generic(n, rows, true)
	}
}

// SpikeS is the adjoint of spike, reset and timer by rule S, with x = pre - Threshold, the
// cotangents G of the records and the adjoints D that come from the step after:
//
//	gs = DS + GS, gpost = DPost + GPost, gx = gs Count - gpost pre Flag
//	Gy = DPre + GPre + gx, and gpost where there is no spike
//	DThreshold -= gx
//	with a spike DRefractory += DTimer, DTimer = 0; else DTimer *= [timer0 > Tick]
type SpikeS[T Float] struct {
	Pre, Timer0, Count, Flag         []T
	Threshold                        OfNeurons[T]
	DS, DPost, DPre, GS, GPost, GPre []T
	DTimer                           []T          // before, and after
	DThreshold, DRefractory          OfNeurons[T] // sums
	Gy                               []T
	Tick                             T
}

// Run computes the adjoint.
func (a *SpikeS[T]) Run(s *Scratch, n, rows int) {
	if n*rows > 0 && !run[T](spikeS, a, s, n, rows) {
		a.generic(n, rows)
	}
}

// SpikeT is that by rule T; Before and After are cotangents of the steps before and after:
//
//	with a spike    q  = Shift - RateAHP S DS - DTimer - GPost pre/2 +
//	                     S (GSBefore - GSAfter)/2 - GPostBefore post0/2
//	                gx = q / max(pre - post0, LeastGrowth), DThreshold -= gx
//	                Gy = DPre + GPre + gx
//	without         Gy = DPre + GPre + DPost + GPost
//
// and the timer as in [SpikeS].
type SpikeT[T Float] struct {
	Pre, Timer0, S, Post0                                               []T
	Threshold, RateAHP                                                  OfNeurons[T]
	Shift, DS, DPost, DPre, GPost, GPre, GSBefore, GSAfter, GPostBefore []T
	DTimer                                                              []T
	DThreshold, DRefractory                                             OfNeurons[T] // sums
	Gy                                                                  []T
	Tick                                                                T
}

// Run computes the adjoint.
func (a *SpikeT[T]) Run(s *Scratch, n, rows int) {
	if n*rows > 0 && !run[T](spikeT, a, s, n, rows) {
		a.generic(n, rows)
	}
}

// SpikeForced is that for given spikes S, which no parameter moves.
type SpikeForced[T Float] struct {
	S, Timer0                []T
	DPost, DPre, GPost, GPre []T
	DTimer                   []T
	DRefractory              OfNeurons[T] // sums
	Gy                       []T
	Tick                     T
}

// Run computes the adjoint.
func (a *SpikeForced[T]) Run(s *Scratch, n, rows int) {
	if n*rows > 0 && !run[T](spikeForced, a, s, n, rows) {
		a.generic(n, rows)
	}
}

// SpikeRockpool is that by the rule of Rockpool: 1 spike per ampere where Imem > Io, and the linear
// reset with half slopes where there are 0 spikes or 1.
type SpikeRockpool[T Float] struct {
	Pre, Timer0, S                   []T
	Threshold, Ampere                OfNeurons[T]
	DS, DPost, DPre, GS, GPost, GPre []T
	DTimer                           []T
	DAmpere, DRefractory             OfNeurons[T] // sums
	Gy                               []T
	Tick                             T
}

// Run computes the adjoint.
func (a *SpikeRockpool[T]) Run(s *Scratch, n, rows int) {
	if n*rows > 0 && !run[T](spikeRockpool, a, s, n, rows) {
		a.generic(n, rows)
	}
}

// Linear is the adjoint of membrane, adaptation and synapse, given that of pre, Gy, and [Local]. D
// are adjoints, of the coefficients sums; GIsyn and GIahp cotangents of records. Gsyn and Gleak are
// the adjoints of what the synapses drive and of the leak.
type Linear[T Float] struct {
	Gy, F, Drive, Iin, M0, InvUnder, Gain, Inner, Open, SlopeAHP, Jump  []T // of Local
	Pre0, Leak, Iahp0, S0, Isyn0, W                                     []T
	RateMem, Feedback, GainMem, InvLeak                                 OfNeurons[T]
	DecayAHP, ChargeAHP, JumpAHP, GainAHP, DecaySyn, ChargeSyn, GainSyn OfNeurons[T]
	GIsyn, GIahp                                                        []T
	DIsyn, DIahp, DTimer                                                []T // before, and after
	DRateMem, DFeedback, DGainMem, DLeakMem, DDcMem                     OfNeurons[T]
	DRateAHP, DPulseAHP, DGainAHP, DRateSyn, DPulseSyn, DGainSyn        OfNeurons[T]
	DPost, DPre, DW, DS, Gsyn, Gleak                                    []T
}

// Run computes the adjoint.
func (a *Linear[T]) Run(s *Scratch, n, rows int) {
	if n*rows > 0 && !run[T](linear, a, s, n, rows) {
		a.generic(n, rows)
	}
}

// Mixed is the adjoint of a step by the rules T and S: the loops of its parts, one after the other.
// The parts share the memory of what one hands to another and of what several of them read.
type Mixed[T Float] struct {
	Local   Local[T]
	T       SpikeT[T]
	LinearT Linear[T]
	S       SpikeS[T]
	LinearS Linear[T]
	Next    Next[T]
}

// Next is what the next step back reads and writes: it comes to the cache while this one computes.
type Next[T Float] struct{ Timer0, Iahp0, Isyn0, W, DWT, DWS []T }

// Run computes the adjoint. What Local but Jump, Gy, Gsyn and Gleak hold after it is arbitrary.
func (a *Mixed[T]) Run(s *Scratch, n, rows int) {
	if n*rows > 0 && !run[T](mixed, a, s, n, rows) {
		a.generic(n, rows)
	}
}
