package cells

import (
	"math"
	"unsafe"

	"github.com/surge-snn/surge/internal/fmath"
)

func single[T Float]() bool {
	var x T
	return unsafe.Sizeof(x) == 4
}

// larger is a where a > b, else b.
func larger[T Float](a, b T) T {
	if a > b {
		return a
	}
	return b
}

// smaller is a where a < b, else b.
func smaller[T Float](a, b T) T {
	if a < b {
		return a
	}
	return b
}

// Exp is e^x with x taken into the range in which it is a normal number.
func Exp[T Float](x T) T {
	if single[T]() {
		return T(fmath.Exp32(float32(smaller(88, larger(-87, x)))))
	}
	return T(fmath.Exp(float64(smaller(709, larger(-700, x)))))
}

// Log is ln x.
func Log[T Float](x T) T {
	if single[T]() {
		return T(fmath.Log32(float32(x)))
	}
	return T(fmath.Log(float64(x)))
}

func ceil[T Float](x T) T { return T(math.Ceil(float64(x))) }

// bound keeps m in [1, Ceiling]; NaN stays.
func bound[T Float](m T) T { return smaller(Ceiling, larger(1, m)) }

func (a *Currents[T]) generic(n int) {
	for j := range n {
		a.Isyn[j] = T(a.DecaySyn[j]*a.Isyn0[j]) + T(a.ChargeSyn[j]*larger(T(a.GainSyn[j]*a.W[j]), 1))
		a.Iahp[j] = larger(1, T(a.DecayAHP[j]*a.Iahp0[j])+T(a.JumpAHP[j]*a.S0[j]))
		a.Leak[j] = a.LeakMem[j] + a.Iahp[j]
	}
}

// growth is the relative change of m in a step but for its rate, and the drive in it.
func growth[T Float](f, ratio, gain, iin, under, leak T) (inner, drive T) {
	drive = T(gain*iin) / under
	return f + T(ratio*(drive-leak)), drive
}

// grown is m after a step.
func (a *Membrane[T]) grown(j int) (m T, finite bool) {
	leak := a.Leak[j]
	f := Exp(T(a.Feedback[j] * a.V[j]))
	iin := T(1)
	if a.Timer0[j] == 0 {
		iin = larger(1, a.Syn[j]-leak+a.DcMem[j])
	}
	inner, _ := growth(f, T(leak*a.InvLeak[j]), a.GainMem[j], iin, a.M[j]+a.GainMem[j], leak)
	m = bound(a.M[j] + T(a.M[j]*T(a.RateMem[j]*inner)))
	sum := a.Syn[j] + leak + m
	return m, sum-sum == 0
}

// reset is what follows from s spikes.
func (a *Membrane[T]) reset(j int, m, pre T) {
	a.Pre[j], a.Post[j], a.M[j] = pre, pre, m
	switch {
	case a.S[j] > 0:
		a.Post[j], a.M[j], a.Timer[j] = 0, 1, a.Refractory[j]
	case a.Timer0[j] > a.Tick:
		a.Timer[j] = a.Timer0[j] - 1
	default:
		a.Timer[j] = 0
	}
}

func (a *Membrane[T]) generic(n int) (finite bool) {
	finite = true
	for j := range n {
		m, ok := a.grown(j)
		finite = finite && ok
		pre := Log(m)
		a.S[j] = smaller(a.Most, larger(ceil(pre-a.Threshold[j]), 0))
		a.reset(j, m, pre)
	}
	return finite
}

func (a *Forced[T]) generic(n int) (finite bool) {
	finite = true
	for j := range n {
		m, ok := a.grown(j)
		finite = finite && ok
		a.reset(j, m, Log(m))
	}
	return finite
}

// expRange bounds the exponent of the slopes, which are smaller than 1e-17 beyond.
const expRange = 40

func (a *Slopes[T]) generic(n int) {
	for j := range n {
		x := a.Pre[j] - a.Threshold[j]
		q := Exp(smaller(expRange, larger(-expRange, T(x*a.InvWidth))))
		count, terms := T(0), smaller(a.Most, larger(ceil(x), 0)+3)
		for k := T(0); k < terms; k++ {
			b := q / T((1+q)*(1+q))
			if k == 0 {
				a.Flag[j] = T(b * a.InvWidth)
			}
			count += b
			q *= a.Fall
		}
		a.Count[j] = T(count * a.InvWidth)
	}
}

// slope is that of max(a, 1).
func slope[T Float](a T, soft bool) T {
	switch {
	case soft:
		return 1 / (1 + Exp(1-a))
	case a > 1:
		return 1
	case a == 1:
		return 0.5
	}
	return 0
}

func (a *Local[T]) generic(n int, soft bool) {
	for j := range n {
		m, leak := Exp(a.Post0[j]), a.LeakMem[j]+a.Iahp[j]
		a.Leak[j] = leak
		f := Exp(T(a.Feedback[j] * a.Pre0[j]))
		input := a.Syn[j] - leak + a.DcMem[j]
		open := larger(1, input)
		iin, slopeIn := T(1), T(0)
		if a.Timer0[j] == 0 {
			iin, slopeIn = open, slope(input, soft)
		}
		under := m + a.GainMem[j]
		ratio := T(leak * a.InvLeak[j])
		inner, drive := growth(f, ratio, a.GainMem[j], iin, under, leak)
		raw := m + T(m*T(a.RateMem[j]*inner))
		a.F[j], a.Drive[j], a.Iin[j], a.M0[j], a.InvUnder[j], a.Inner[j], a.Open[j] = f, drive, iin, m, 1/under, inner, slopeIn
		a.Gain[j] = T(slope(raw, soft)*m) / bound(raw)
		a.SlopeAHP[j] = slope(T(a.DecayAHP[j]*a.Iahp0[j])+T(a.JumpAHP[j]*a.S0[j]), soft)
		a.Jump[j] = 0
		if a.Timer0[j] > 0 && a.Timer0[j] <= a.Gate {
			inner, _ := growth(f, ratio, a.GainMem[j], open, under, leak)
			a.Jump[j] = Log(bound(m+T(m*T(a.RateMem[j]*inner)))) - a.Pre[j]
		}
	}
}

// tick takes the adjoint of the timer back over a step, and that of its start to sum.
func tick[T Float](d, sum *T, timer0, end T, spiked bool) {
	start := T(0)
	switch {
	case spiked:
		start, *d = *d, 0
	case !(timer0 > end):
		*d = 0
	}
	*sum += start
}

func (a *SpikeS[T]) generic(n int) {
	for j := range n {
		spiked := a.Pre[j]-a.Threshold[j] > 0
		gpost := a.DPost[j] + a.GPost[j]
		gx := T((a.DS[j]+a.GS[j])*a.Count[j]) - T(T(gpost*a.Pre[j])*a.Flag[j])
		gy := a.DPre[j] + a.GPre[j]
		if !spiked {
			gy += gpost
		}
		a.Gy[j] = gy + gx
		a.DThreshold[j] -= gx
		tick(&a.DTimer[j], &a.DRefractory[j], a.Timer0[j], a.Tick, spiked)
	}
}

func (a *SpikeT[T]) generic(n int) {
	for j := range n {
		gy := a.DPre[j] + a.GPre[j]
		spiked := a.Pre[j]-a.Threshold[j] > 0
		if spiked {
			q := a.Shift[j] - T(T(a.DS[j]*a.S[j])*a.RateAHP[j]) - a.DTimer[j] - T(T(a.GPost[j]*a.Pre[j])*0.5)
			q += T(T(a.S[j]*(a.GSBefore[j]-a.GSAfter[j])) * 0.5)
			q -= T(T(a.GPostBefore[j]*a.Post0[j]) * 0.5)
			gx := q / larger(a.Pre[j]-a.Post0[j], LeastGrowth)
			gy += gx
			a.DThreshold[j] -= gx
		} else {
			gy += a.DPost[j] + a.GPost[j]
		}
		a.Gy[j] = gy
		tick(&a.DTimer[j], &a.DRefractory[j], a.Timer0[j], a.Tick, spiked)
	}
}

func (a *SpikeForced[T]) generic(n int) {
	for j := range n {
		gy, spiked := a.DPre[j]+a.GPre[j], a.S[j] > 0
		if !spiked {
			gy += a.DPost[j] + a.GPost[j]
		}
		a.Gy[j] = gy
		tick(&a.DTimer[j], &a.DRefractory[j], a.Timer0[j], a.Tick, spiked)
	}
}

func (a *SpikeRockpool[T]) generic(n int) {
	for j := range n {
		y := a.Pre[j]
		spiked := y-a.Threshold[j] > 0
		gpost, gy := a.DPost[j]+a.GPost[j], a.DPre[j]+a.GPre[j]
		if y > 0 {
			m := Exp(y)
			gm := gpost // of Imem after the reset, relative to Io
			if !spiked {
				gm /= m
			}
			half := T(0)
			if a.S[j] <= 1 {
				half = 0.5
			}
			count := T((a.DS[j] + a.GS[j] + T(T(gm*(1-m))*half)) * m)
			a.DAmpere[j] += count
			gy += T(count * a.Ampere[j])
			if !spiked {
				gy += gpost
			}
		} else {
			gy += gpost
		}
		a.Gy[j] = gy
		tick(&a.DTimer[j], &a.DRefractory[j], a.Timer0[j], a.Tick, spiked)
	}
}

func (a *Linear[T]) generic(n int) {
	for j := range n {
		// Membrane.
		gy, drive, f := a.Gy[j], a.Drive[j], a.F[j]
		leak, inv := a.Leak[j], a.InvLeak[j]
		ratio := T(leak * inv)
		a.DTimer[j] -= T(gy * a.Jump[j])
		gr := T(gy * a.Gain[j])
		grh := T(gr * a.RateMem[j])
		a.DRateMem[j] += T(gr * a.Inner[j])
		gf := T(grh * f)
		a.DFeedback[j] += T(gf * a.Pre0[j])
		a.DPre[j] = T(gf * a.Feedback[j])
		gleak := T(grh * ratio)
		gdrive := T(gleak * a.InvUnder[j])
		a.DPost[j] = T(gr+T(grh*a.Inner[j])) - T(T(gdrive*drive)*a.M0[j])
		a.DGainMem[j] += T(gdrive * (a.Iin[j] - drive))
		gratio := T(T(grh*(drive-leak)) * inv)
		gin := T(T(gdrive*a.GainMem[j]) * a.Open[j])
		a.DDcMem[j] += gin
		gleak = gratio - gleak - gin
		a.DLeakMem[j] += gleak - T(gratio*ratio)
		a.Gsyn[j], a.Gleak[j] = gin, gleak

		// Adaptation.
		graw := T((a.DIahp[j] + a.GIahp[j] + gleak) * a.SlopeAHP[j])
		jump, fall := T(graw*a.S0[j]), T(graw*a.DecayAHP[j])
		a.DRateAHP[j] -= T(fall * a.Iahp0[j])
		a.DPulseAHP[j] += T(T(jump*(1-a.ChargeAHP[j])) * a.GainAHP[j])
		a.DGainAHP[j] += T(jump * a.ChargeAHP[j])
		a.DS[j] = T(graw * a.JumpAHP[j])
		a.DIahp[j] = fall

		// Synapse.
		gsyn := a.DIsyn[j] + a.GIsyn[j] + gin
		fall = T(gsyn * a.DecaySyn[j])
		a.DRateSyn[j] -= T(fall * a.Isyn0[j])
		w := a.W[j]
		to := T(a.GainSyn[j] * w)
		a.DPulseSyn[j] += T(T(gsyn*larger(to, 1)) * (1 - a.ChargeSyn[j]))
		gto := T(T(gsyn*a.ChargeSyn[j]) * slope(to, false))
		a.DGainSyn[j] += T(gto * w)
		a.DW[j] = T(gto * a.GainSyn[j])
		a.DIsyn[j] = fall
	}
}
