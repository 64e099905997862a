package cells

//go:generate go -C _gen run . -pkg cells -out ../cells_amd64.s -stubs ../stubs_amd64.go

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
	DecaySyn, ChargeSyn, GainSyn, DecayAHP, JumpAHP, LeakMem []T
	Isyn, Iahp, Leak                                         []T
}

// Run computes the step.
func (a *Currents[T]) Run(s *Scratch) {
	if n := len(a.W); n > 0 && !run[T](currents, a, s, n) {
		a.generic(n)
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
	RateMem, Feedback, GainMem, DcMem, InvLeak, Threshold, Refractory []T
	M                                                                 []T // before, and after
	Pre, Post, S, Timer                                               []T
	Most, Tick                                                        T
}

// Run computes the step. It returns false where a state is not finite.
func (a *Membrane[T]) Run(s *Scratch) (finite bool) {
	n := len(a.M)
	if n == 0 {
		return true
	}
	if bad, ok := call[T](membrane, a, s, n); ok {
		return bad == 0
	}
	return a.generic(n)
}

// Forced is [Membrane] with given spikes S.
type Forced[T Float] struct{ Membrane[T] }

// Run computes the step. It returns false where a state is not finite.
func (a *Forced[T]) Run(s *Scratch) (finite bool) {
	n := len(a.M)
	if n == 0 {
		return true
	}
	if bad, ok := call[T](forced, a, s, n); ok {
		return bad == 0
	}
	return a.generic(n)
}

// Slopes are those of rule S at x = pre - Threshold, with q = e^(x InvWidth):
//
//	flag  = InvWidth q / (1+q)²
//	count = InvWidth Σ_{k < n} q_k / (1+q_k)²,  q_{k+1} = Fall q_k,
//	        n = min(max(ceil x, 0) + 3, Most)
type Slopes[T Float] struct {
	Pre, Threshold       []T
	Count, Flag          []T
	InvWidth, Fall, Most T
}

// Run computes the slopes.
func (a *Slopes[T]) Run(s *Scratch) {
	n := len(a.Pre)
	if n == 0 {
		return
	}
	if many, ok := call[T](slopes, a, s, n); !ok || many != 0 {
		a.generic(n) // many: some n is larger than the code is for
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
// The slope of max(a, 1) is 1, 1/2 and 0 above, at and below 1; with [LocalSoft] it is the logistic
// function of a - 1.
type Local[T Float] struct {
	Post0, Pre0, Timer0, Syn, Iahp, Iahp0, S0, Pre                         []T
	RateMem, Feedback, GainMem, DcMem, InvLeak, LeakMem, DecayAHP, JumpAHP []T
	F, Drive, Iin, M0, InvUnder, Gain, Inner, Open, SlopeAHP, Jump, Leak   []T
	Gate                                                                   T // the largest timer for which the gate is about to open, 0 for none
}

// Run computes the derivatives.
func (a *Local[T]) Run(s *Scratch) {
	if n := len(a.Pre); n > 0 && !run[T](local, a, s, n) {
		a.generic(n, false)
	}
}

// LocalSoft is [Local] with soft slopes.
type LocalSoft[T Float] struct{ Local[T] }

// Run computes the derivatives.
func (a *LocalSoft[T]) Run(s *Scratch) {
	if n := len(a.Pre); n > 0 && !run[T](localSoft, a, s, n) {
		a.generic(n, true)
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
	Pre, Timer0, Threshold, Count, Flag []T
	DS, DPost, DPre, GS, GPost, GPre    []T
	DTimer                              []T // before, and after
	DThreshold, DRefractory             []T // sums
	Gy                                  []T
	Tick                                T
}

// Run computes the adjoint.
func (a *SpikeS[T]) Run(s *Scratch) {
	if n := len(a.Pre); n > 0 && !run[T](spikeS, a, s, n) {
		a.generic(n)
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
	Pre, Timer0, Threshold, S, Post0, RateAHP                           []T
	Shift, DS, DPost, DPre, GPost, GPre, GSBefore, GSAfter, GPostBefore []T
	DTimer                                                              []T
	DThreshold, DRefractory                                             []T
	Gy                                                                  []T
	Tick                                                                T
}

// Run computes the adjoint.
func (a *SpikeT[T]) Run(s *Scratch) {
	if n := len(a.Pre); n > 0 && !run[T](spikeT, a, s, n) {
		a.generic(n)
	}
}

// SpikeForced is that for given spikes S, which no parameter moves.
type SpikeForced[T Float] struct {
	S, Timer0                []T
	DPost, DPre, GPost, GPre []T
	DTimer                   []T
	DRefractory              []T
	Gy                       []T
	Tick                     T
}

// Run computes the adjoint.
func (a *SpikeForced[T]) Run(s *Scratch) {
	if n := len(a.S); n > 0 && !run[T](spikeForced, a, s, n) {
		a.generic(n)
	}
}

// SpikeRockpool is that by the rule of Rockpool: 1 spike per ampere where Imem > Io, and the linear
// reset with half slopes where there are 0 spikes or 1.
type SpikeRockpool[T Float] struct {
	Pre, Timer0, Threshold, S, Ampere []T
	DS, DPost, DPre, GS, GPost, GPre  []T
	DTimer                            []T
	DAmpere, DRefractory              []T
	Gy                                []T
	Tick                              T
}

// Run computes the adjoint.
func (a *SpikeRockpool[T]) Run(s *Scratch) {
	if n := len(a.Pre); n > 0 && !run[T](spikeRockpool, a, s, n) {
		a.generic(n)
	}
}

// Linear is the adjoint of membrane, adaptation and synapse, given that of pre, Gy, and [Local]. D
// are adjoints, of the coefficients sums; GIsyn and GIahp cotangents of records. Gsyn and Gleak are
// the adjoints of what the synapses drive and of the leak.
type Linear[T Float] struct {
	Gy, F, Drive, Iin, M0, InvUnder, Gain, Inner, Open, SlopeAHP, Jump  []T // of Local
	Pre0, Leak, Iahp0, S0, Isyn0, W                                     []T
	RateMem, Feedback, GainMem, InvLeak                                 []T
	DecayAHP, ChargeAHP, JumpAHP, GainAHP, DecaySyn, ChargeSyn, GainSyn []T
	GIsyn, GIahp                                                        []T
	DIsyn, DIahp, DTimer                                                []T // before, and after
	DRateMem, DFeedback, DGainMem, DLeakMem, DDcMem                     []T
	DRateAHP, DPulseAHP, DGainAHP, DRateSyn, DPulseSyn, DGainSyn        []T
	DPost, DPre, DW, DS, Gsyn, Gleak                                    []T
}

// Run computes the adjoint.
func (a *Linear[T]) Run(s *Scratch) {
	if n := len(a.Gy); n > 0 && !run[T](linear, a, s, n) {
		a.generic(n)
	}
}
