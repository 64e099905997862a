package dynapse

import (
	"fmt"
	"math"

	"github.com/surge-snn/surge/internal/cells"
	"github.com/surge-snn/surge/internal/fmath"
)

// Rule says how gradients pass through spikes. A spike count is a step function of the
// membrane: its derivative is zero or infinite, and every useful rule replaces it.
type Rule uint8

const (
	// SurgeMixed is the sum of SurgeT and of SurgeS at 0.3 of its norm,
	//
	//	g = T + 0.3 (|T|/|S|) S
	//
	// with norms over the derivatives with respect to ln of the coefficients of the neurons; the
	// entry of Ispkthr in S is left out, as its sign is wrong. Where T vanishes (no spikes) g = S.
	// It costs two backward passes. It is the zero value: the rule to train by where Surge costs
	// too much.
	SurgeMixed Rule = iota
	// Surge moves every spike by a bin, runs the rest of the input again, and takes what that does
	// to the loss (by its derivatives with respect to the records): smoothed perturbation analysis
	// (Gong and Ho, IEEE Trans. Autom. Control 32, 1987). With ∂ for spikes that stay in their bins
	// and x = ln(Imem/Ispkthr),
	//
	//	dL = ∂L + Σ_spikes ∂x/v (w₋ ΔL₋ - w₊ ΔL₊)
	//	v  = √(D ln(1 + (e^D-1) e^{D kappa/(kappa+1)}))
	//
	// ΔL₋ is that of a spike a bin earlier, ΔL₊ that of a membrane left at threshold, from where it
	// may spike a bin later or not at all; w is 1/2 each, and w₊ is 1 where the bin after has no
	// spike or the bin before could not have one. D is the growth of ln Imem in the bin, at least
	// 0.2, and v that at threshold: the feedback makes it grow. Where D > 1, ceil(D)-1 times the
	// effect of one spike more in the bin are added. Nothing multiplies from spike to spike, which
	// is what gives SurgeT its tails. Cost: two runs of half the length for each spike, of its
	// neuron, or of all neurons where there is w_rec.
	Surge
	// SurgeS treats spikes as created and deleted: for counts, rates and regularisers. With x =
	// ln(Imem/Ispkthr), y = ln(Imem/Io) before the reset and σ the logistic function of width w:
	//
	//	count   ds = S'(x) dx,  S'(x) = Σ_{k=0}^{K-1} σ'((x-k)/w)/w,  K = max(ceil x, 0) + 3
	//	reset   dy_post = (1-b) dy - y B'(x) dx,  B'(x) = σ'(x/w)/w,  b = min(s, 1)
	//	gate    one bin per spike, the last of the refractory time: dg/dtimer = -1/dt
	SurgeS
	// SurgeT treats spikes as moved in time, the discrete form of EventProp: for spike trains and
	// first spikes. A spike in bin n comes earlier by dq = dx/D bins, with D the growth of y in its
	// bin, at least 0.2. It moves its output between the neighbouring bins (central difference),
	// the end of the refractory time, the decay of the charges that it set off (AHP, recurrence),
	// and the jump of the recorded membrane. A spike in the bin behind the last one that the loss
	// sees moves back into it: a window that goes on there has another gradient.
	SurgeT
	// Rockpool is the rule of the package: 1 spike per ampere where Imem > Io, nothing to Ispkthr
	// and Iref, half slopes at ties. It is for comparison with that package.
	Rockpool
)

var ruleNames = [...]string{Surge: "surge", SurgeS: "surge-S", SurgeT: "surge-T", Rockpool: "rockpool", SurgeMixed: "surge-mixed"}

// String returns "surge", "surge-S", "surge-T", "rockpool" or "surge-mixed".
func (r Rule) String() string {
	if int(r) < len(ruleNames) {
		return ruleNames[r]
	}
	return fmt.Sprintf("Rule(%d)", uint8(r))
}

// ParseRule reads what String prints.
func ParseRule(name string) (Rule, error) {
	for r, n := range ruleNames {
		if n == name {
			return Rule(r), nil
		}
	}
	return 0, fmt.Errorf("%w: gradient rule %q, want surge, surge-S, surge-T, surge-mixed or rockpool", ErrParameter, name)
}

// moves says whether spikes are moved in time, and not created and deleted.
func (r Rule) moves() bool { return r == Surge || r == SurgeT }

// kernelOnly says whether the rule cannot be written step by step.
func (r Rule) kernelOnly() bool { return r == Surge || r == SurgeT || r == SurgeMixed }

const (
	// DefaultWidth is the width w of the logistic function of SurgeS, in e-folds of Imem. Below the
	// growth of the membrane per bin at threshold (0.5 at the default currents and 1 ms) gradients
	// explode.
	DefaultWidth = 0.7
	// share is the weight of S in SurgeMixed.
	share = 0.3
	// gateWidth is the width of the refractory gate of the twin, in bins, and timerWidth that of
	// the lower end of its timer.
	gateWidth, timerWidth = 0.15, 0.05
	// ceiling bounds Imem/Io: e^80, which is 1e22 A and a number in float32.
	ceiling = cells.Ceiling
)

// logistic returns 1/(1+e^-x) without overflow.
func logistic(x float64) float64 {
	if x >= 0 {
		return 1 / (1 + fmath.Exp(-x))
	}
	e := fmath.Exp(x)
	return e / (1 + e)
}

// softplus returns ln(1+e^x).
func softplus(x float64) float64 { return max(x, 0) + fmath.Log1p(fmath.Exp(-math.Abs(x))) }

// steps returns K, how many logistic steps stand for the count at x. In the twin so many that no
// step can be seen where K changes.
func (m mode) steps(x float64) float64 {
	above := 3.0
	if m.twin {
		above = math.Ceil(30 * m.width)
	}
	return min(max(math.Ceil(x), 0)+above, m.most)
}

// slopes returns S'(x) and B'(x), the slopes of the count and of the flag, from one exponential:
//
//	σ'((x-k)/w)/w = q/(w (1+q)²),   q = e^(x/w) e^(-k/w)
func (m mode) slopes(x float64) (count, flag float64) {
	q := fmath.Exp(x / m.width)
	for k, n := 0.0, m.steps(x); k < n; k++ {
		b := q / ((1 + q) * (1 + q)) / m.width
		if k == 0 {
			flag = b
		}
		count += b
		q *= m.fall
	}
	return count, flag
}

// smoothCount returns S(x), the count of the twin.
func (m mode) smoothCount(x float64) (count float64) {
	for k, n := 0.0, m.steps(x); k < n; k++ {
		count += logistic((x - k) / m.width)
	}
	return count
}

// hardSlope is the slope of max(a, least), halved at a tie.
func hardSlope(a, least float64) float64 {
	switch {
	case a > least:
		return 1
	case a == least:
		return 0.5
	}
	return 0
}
