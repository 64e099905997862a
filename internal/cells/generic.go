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

func (a *Currents[T]) generic(n, rows int) {
	for i := range n * rows {
		j := i % n
		a.Isyn[i] = T(a.DecaySyn[j]*a.Isyn0[i]) + T(a.ChargeSyn[j]*larger(T(a.GainSyn[j]*a.W[i]), 1))
		a.Iahp[i] = larger(1, T(a.DecayAHP[j]*a.Iahp0[i])+T(a.JumpAHP[j]*a.S0[i]))
		a.Leak[i] = a.LeakMem[j] + a.Iahp[i]
	}
}

// growth is the relative change of m in a step but for its rate, and the drive in it.
func growth[T Float](f, ratio, gain, iin, under, leak T) (inner, drive T) {
	drive = T(gain*iin) / under
	return f + T(ratio*(drive-leak)), drive
}

// grown is m after a step.
func (a *Membrane[T]) grown(i, j int) (m T, finite bool) {
	leak := a.Leak[i]
	f := Exp(T(a.Feedback[j] * a.V[i]))
	iin := T(1)
	if a.Timer0[i] == 0 {
		iin = larger(1, a.Syn[i]-leak+a.DcMem[j])
	}
	inner, _ := growth(f, T(leak*a.InvLeak[j]), a.GainMem[j], iin, a.M[i]+a.GainMem[j], leak)
	m = bound(a.M[i] + T(a.M[i]*T(a.RateMem[j]*inner)))
	sum := a.Syn[i] + leak + m
	return m, sum-sum == 0
}

// reset is what follows from s spikes.
func (a *Membrane[T]) reset(i, j int, m, pre T) {
	a.Pre[i], a.Post[i], a.M[i] = pre, pre, m
	switch {
	case a.S[i] > 0:
		a.Post[i], a.M[i], a.Timer[i] = 0, 1, a.Refractory[j]
	case a.Timer0[i] > a.Tick:
		a.Timer[i] = a.Timer0[i] - 1
	default:
		a.Timer[i] = 0
	}
}

// spikes is how many there are in a step.
func spikes[T Float](pre, threshold, most T) T {
	return smaller(most, larger(ceil(pre-threshold), 0))
}

func (a *Spiked[T]) generic(n, rows int) {
	for i, pre := range a.Pre[:n*rows] {
		a.S[i], a.Post[i] = spikes(pre, a.Threshold[i%n], a.Most), pre
		if a.S[i] > 0 {
			a.Post[i] = 0
		}
	}
}

func (a *Membrane[T]) generic(n, rows int) (finite bool) {
	finite = true
	for i := range n * rows {
		j := i % n
		m, ok := a.grown(i, j)
		finite = finite && ok
		pre := Log(m)
		a.S[i] = spikes(pre, a.Threshold[j], a.Most)
		a.reset(i, j, m, pre)
	}
	return finite
}

func (a *Forced[T]) generic(n, rows int) (finite bool) {
	finite = true
	for i := range n * rows {
		j := i % n
		m, ok := a.grown(i, j)
		finite = finite && ok
		a.reset(i, j, m, Log(m))
	}
	return finite
}

// expRange bounds the exponent of the slopes, which are smaller than 1e-17 beyond.
const expRange = 40

func (a *Slopes[T]) generic(n, rows int) {
	for i := range n * rows {
		j := i % n
		x := a.Pre[i] - a.Threshold[j]
		q := Exp(smaller(expRange, larger(-expRange, T(x*a.InvWidth))))
		count, terms := T(0), smaller(a.Most, larger(ceil(x), 0)+3)
		for k := T(0); k < terms; k++ {
			b := q / T((1+q)*(1+q))
			if k == 0 {
				a.Flag[i] = T(b * a.InvWidth)
			}
			count += b
			q *= a.Fall
		}
		a.Count[i] = T(count * a.InvWidth)
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

func (a *Local[T]) generic(n, rows int, soft bool) {
	for i := range n * rows {
		j := i % n
		m, leak := Exp(a.Post0[i]), a.LeakMem[j]+a.Iahp[i]
		a.Leak[i] = leak
		f := Exp(T(a.Feedback[j] * a.Pre0[i]))
		input := a.Syn[i] - leak + a.DcMem[j]
		open := larger(1, input)
		iin, slopeIn := T(1), T(0)
		if a.Timer0[i] == 0 {
			iin, slopeIn = open, slope(input, soft)
		}
		under := m + a.GainMem[j]
		ratio := T(leak * a.InvLeak[j])
		inner, drive := growth(f, ratio, a.GainMem[j], iin, under, leak)
		raw := m + T(m*T(a.RateMem[j]*inner))
		a.F[i], a.Drive[i], a.Iin[i], a.M0[i], a.InvUnder[i], a.Inner[i], a.Open[i] = f, drive, iin, m, 1/under, inner, slopeIn
		a.Gain[i] = T(slope(raw, soft)*m) / bound(raw)
		a.SlopeAHP[i] = slope(T(a.DecayAHP[j]*a.Iahp0[i])+T(a.JumpAHP[j]*a.S0[i]), soft)
		a.Jump[i] = 0
		if a.Timer0[i] > 0 && a.Timer0[i] <= a.Gate {
			inner, _ := growth(f, ratio, a.GainMem[j], open, under, leak)
			a.Jump[i] = Log(bound(m+T(m*T(a.RateMem[j]*inner)))) - a.Pre[i]
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

func (a *SpikeS[T]) generic(n, rows int) {
	for i := range n * rows {
		j := i % n
		spiked := a.Pre[i]-a.Threshold[j] > 0
		gpost := a.DPost[i] + a.GPost[i]
		gx := T((a.DS[i]+a.GS[i])*a.Count[i]) - T(T(gpost*a.Pre[i])*a.Flag[i])
		gy := a.DPre[i] + a.GPre[i]
		if !spiked {
			gy += gpost
		}
		a.Gy[i] = gy + gx
		a.DThreshold[j] -= gx
		tick(&a.DTimer[i], &a.DRefractory[j], a.Timer0[i], a.Tick, spiked)
	}
}

func (a *SpikeT[T]) generic(n, rows int) {
	for i := range n * rows {
		j := i % n
		gy := a.DPre[i] + a.GPre[i]
		spiked := a.Pre[i]-a.Threshold[j] > 0
		if spiked {
			q := a.Shift[i] - T(T(a.DS[i]*a.S[i])*a.RateAHP[j]) - a.DTimer[i] - T(T(a.GPost[i]*a.Pre[i])*0.5)
			q += T(T(a.S[i]*(a.GSBefore[i]-a.GSAfter[i])) * 0.5)
			q -= T(T(a.GPostBefore[i]*a.Post0[i]) * 0.5)
			gx := q / larger(a.Pre[i]-a.Post0[i], LeastGrowth)
			gy += gx
			a.DThreshold[j] -= gx
		} else {
			gy += a.DPost[i] + a.GPost[i]
		}
		a.Gy[i] = gy
		tick(&a.DTimer[i], &a.DRefractory[j], a.Timer0[i], a.Tick, spiked)
	}
}

func (a *SpikeForced[T]) generic(n, rows int) {
	for i := range n * rows {
		j := i % n
		gy, spiked := a.DPre[i]+a.GPre[i], a.S[i] > 0
		if !spiked {
			gy += a.DPost[i] + a.GPost[i]
		}
		a.Gy[i] = gy
		tick(&a.DTimer[i], &a.DRefractory[j], a.Timer0[i], a.Tick, spiked)
	}
}

func (a *SpikeRockpool[T]) generic(n, rows int) {
	for i := range n * rows {
		j := i % n
		y := a.Pre[i]
		spiked := y-a.Threshold[j] > 0
		gpost, gy := a.DPost[i]+a.GPost[i], a.DPre[i]+a.GPre[i]
		if y > 0 {
			m := Exp(y)
			gm := gpost // of Imem after the reset, relative to Io
			if !spiked {
				gm /= m
			}
			half := T(0)
			if a.S[i] <= 1 {
				half = 0.5
			}
			count := T((a.DS[i] + a.GS[i] + T(T(gm*(1-m))*half)) * m)
			a.DAmpere[j] += count
			gy += T(count * a.Ampere[j])
			if !spiked {
				gy += gpost
			}
		} else {
			gy += gpost
		}
		a.Gy[i] = gy
		tick(&a.DTimer[i], &a.DRefractory[j], a.Timer0[i], a.Tick, spiked)
	}
}

func (a *Linear[T]) generic(n, rows int) {
	for i := range n * rows {
		j := i % n
		// Membrane.
		gy, drive, f := fmath.Flush(a.Gy[i]), a.Drive[i], a.F[i]
		leak, inv := a.Leak[i], a.InvLeak[j]
		ratio := T(leak * inv)
		a.DTimer[i] -= T(gy * a.Jump[i])
		gr := T(gy * a.Gain[i])
		grh := T(gr * a.RateMem[j])
		a.DRateMem[j] += T(gr * a.Inner[i])
		gf := T(grh * f)
		a.DFeedback[j] += T(gf * a.Pre0[i])
		a.DPre[i] = T(gf * a.Feedback[j])
		gleak := T(grh * ratio)
		gdrive := T(gleak * a.InvUnder[i])
		a.DPost[i] = T(gr+T(grh*a.Inner[i])) - T(T(gdrive*drive)*a.M0[i])
		a.DGainMem[j] += T(gdrive * (a.Iin[i] - drive))
		gratio := T(T(grh*(drive-leak)) * inv)
		gin := T(T(gdrive*a.GainMem[j]) * a.Open[i])
		a.DDcMem[j] += gin
		gleak = gratio - gleak - gin
		a.DLeakMem[j] += gleak - T(gratio*ratio)
		a.Gsyn[i], a.Gleak[i] = gin, gleak

		// Adaptation.
		graw := fmath.Flush(T((a.DIahp[i] + a.GIahp[i] + gleak) * a.SlopeAHP[i]))
		jump, fall := T(graw*a.S0[i]), T(graw*a.DecayAHP[j])
		a.DRateAHP[j] -= T(fall * a.Iahp0[i])
		a.DPulseAHP[j] += T(T(jump*(1-a.ChargeAHP[j])) * a.GainAHP[j])
		a.DGainAHP[j] += T(jump * a.ChargeAHP[j])
		a.DS[i] = T(graw * a.JumpAHP[j])
		a.DIahp[i] = fall

		// Synapse.
		gsyn := fmath.Flush(a.DIsyn[i] + a.GIsyn[i] + gin)
		fall = T(gsyn * a.DecaySyn[j])
		a.DRateSyn[j] -= T(fall * a.Isyn0[i])
		w := a.W[i]
		to := T(a.GainSyn[j] * w)
		a.DPulseSyn[j] += T(T(gsyn*larger(to, 1)) * (1 - a.ChargeSyn[j]))
		gto := T(T(gsyn*a.ChargeSyn[j]) * slope(to, false))
		a.DGainSyn[j] += T(gto * w)
		a.DW[i] = T(gto * a.GainSyn[j])
		a.DIsyn[i] = fall
	}
}

func (a *Mixed[T]) generic(n, rows int) {
	a.Local.generic(n, rows, false)
	a.T.generic(n, rows)
	a.LinearT.generic(n, rows)
	a.S.generic(n, rows)
	a.LinearS.generic(n, rows)
}
