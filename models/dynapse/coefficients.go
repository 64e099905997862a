package dynapse

import (
	"github.com/surge-snn/surge/internal/fmath"
)

// coef is one of the numbers per neuron that the equations of a step consist of once every current
// is written relative to Io and every time relative to dt.
type coef uint8

const (
	rateSyn    coef = iota // dt/tau_syn
	pulseSyn               // t_pulse/tau_syn
	gainSyn                // Igain_syn/Itau_syn · Iscale/Io: target of the synapse for a weight of 1
	rateAHP                // dt/tau_ahp
	pulseAHP               // t_pulse_ahp/tau_ahp
	gainAHP                // Igain_ahp/Itau_ahp · Iw_ahp/Io
	leakMem                // Itau_mem/Io
	gainMem                // Igain_mem/Io
	dcMem                  // Idc/Io
	rateMem                // dt·Io·kappa/(Ut·C_mem), dt/tau_mem for a leak of Io
	feedback               // kappa/(kappa+1)
	threshold              // ln(Ispkthr/Io)
	refractory             // t_ref/dt
	ampere                 // Io; the rule of Rockpool counts spikes per ampere

	// With four synapse types.

	rateGABA // those of the synapse above are of AMPA
	rateNMDA
	rateSHUNT
	pulseGABA
	pulseNMDA
	pulseSHUNT
	gainGABA
	gainNMDA
	gainSHUNT
	cutoff // If_nmda/Io

	volt // Ut/kappa, the unit of vmem: of records, not of a step

	numSingle  = int(ampere) + 1 // what a step with one synapse takes
	numCoefs   = int(volt)       // and with four
	numDerived = numCoefs + 1
)

// factor is a power of a parameter; kappa stands for itself (index -1).
type factor struct {
	p   int
	exp int
}

const kappa = -1

// monomials says how each coefficient is made of parameters; Itau and Igain stand for max(., Io).
// threshold is the logarithm of its monomial, feedback has none.
var monomials = [numDerived][]factor{
	rateSyn:    {{int(Dt), 1}, {int(ItauSyn), 1}, {kappa, 1}, {int(Ut), -1}, {int(CSyn), -1}},
	pulseSyn:   {{int(Vth), 1}, {int(CPulse), 1}, {int(ItauSyn), 1}, {kappa, 1}, {int(Ipulse), -1}, {int(Ut), -1}, {int(CSyn), -1}},
	gainSyn:    {{int(IgainSyn), 1}, {int(Iscale), 1}, {int(ItauSyn), -1}, {int(Io), -1}},
	rateAHP:    {{int(Dt), 1}, {int(ItauAHP), 1}, {kappa, 1}, {int(Ut), -1}, {int(CAHP), -1}},
	pulseAHP:   {{int(Vth), 1}, {int(CPulseAHP), 1}, {int(ItauAHP), 1}, {kappa, 1}, {int(IpulseAHP), -1}, {int(Ut), -1}, {int(CAHP), -1}},
	gainAHP:    {{int(IgainAHP), 1}, {int(IwAHP), 1}, {int(ItauAHP), -1}, {int(Io), -1}},
	leakMem:    {{int(ItauMem), 1}, {int(Io), -1}},
	gainMem:    {{int(IgainMem), 1}, {int(Io), -1}},
	dcMem:      {{int(Idc), 1}, {int(Io), -1}},
	rateMem:    {{int(Dt), 1}, {int(Io), 1}, {kappa, 1}, {int(Ut), -1}, {int(CMem), -1}},
	threshold:  {{int(Ispkthr), 1}, {int(Io), -1}},
	refractory: {{int(Vth), 1}, {int(CRef), 1}, {int(Iref), -1}, {int(Dt), -1}},
	ampere:     {{int(Io), 1}},
	rateGABA:   {{int(Dt), 1}, {int(ItauGABA), 1}, {kappa, 1}, {int(Ut), -1}, {int(CGABA), -1}},
	rateNMDA:   {{int(Dt), 1}, {int(ItauNMDA), 1}, {kappa, 1}, {int(Ut), -1}, {int(CNMDA), -1}},
	rateSHUNT:  {{int(Dt), 1}, {int(ItauSHUNT), 1}, {kappa, 1}, {int(Ut), -1}, {int(CSHUNT), -1}},
	pulseGABA:  {{int(Vth), 1}, {int(CPulse), 1}, {int(ItauGABA), 1}, {kappa, 1}, {int(Ipulse), -1}, {int(Ut), -1}, {int(CGABA), -1}},
	pulseNMDA:  {{int(Vth), 1}, {int(CPulse), 1}, {int(ItauNMDA), 1}, {kappa, 1}, {int(Ipulse), -1}, {int(Ut), -1}, {int(CNMDA), -1}},
	pulseSHUNT: {{int(Vth), 1}, {int(CPulse), 1}, {int(ItauSHUNT), 1}, {kappa, 1}, {int(Ipulse), -1}, {int(Ut), -1}, {int(CSHUNT), -1}},
	gainGABA:   {{int(IgainGABA), 1}, {int(Iscale), 1}, {int(ItauGABA), -1}, {int(Io), -1}},
	gainNMDA:   {{int(IgainNMDA), 1}, {int(Iscale), 1}, {int(ItauNMDA), -1}, {int(Io), -1}},
	gainSHUNT:  {{int(IgainSHUNT), 1}, {int(Iscale), 1}, {int(ItauSHUNT), -1}, {int(Io), -1}},
	cutoff:     {{int(IfNMDA), 1}, {int(Io), -1}},
	volt:       {{int(Ut), 1}, {kappa, -1}},
}

// effective returns the value of a parameter of one neuron as the equations use it, with currents
// at least Io where the chip's model says so.
func effective(v *[NumParams]float64, p int) float64 {
	if p == kappa {
		return (v[KappaN] + v[KappaP]) / 2
	}
	if paramFacts[p].clips {
		return max(v[p], v[Io])
	}
	return v[p]
}

// product returns the monomial; without >= 0 leaves one power of that factor out and multiplies by
// its exponent: the derivative with respect to the factor.
func product(m []factor, v *[NumParams]float64, without int) float64 {
	x := 1.0
	for i, f := range m {
		e := f.exp
		if i == without {
			x *= float64(e)
			e--
		}
		base := effective(v, f.p)
		for ; e > 0; e-- {
			x *= base
		}
		for ; e < 0; e++ {
			x /= base
		}
	}
	return x
}

// coefficients computes the coefficients of one neuron from its parameters.
func coefficients(v *[NumParams]float64) (c [numDerived]float64) {
	for i, m := range monomials {
		c[i] = product(m, v, -1)
	}
	k := float64(effective(v, kappa))
	c[feedback] = k / (k + 1)
	c[threshold] = fmath.Log(c[threshold])
	return c
}

// chain adds to g the derivatives of the loss with respect to the parameters of one neuron, given
// those with respect to its coefficients, gc. A current at a bound max(I, Io) passes its
// derivative to the larger of the two, half to each where they are equal.
func chain(v *[NumParams]float64, gc *[numDerived]float64, g *[NumParams]float64) {
	dk := 0.0
	for i, m := range monomials {
		if gc[i] == 0 {
			continue
		}
		if coef(i) == feedback {
			k1 := float64(effective(v, kappa)) + 1
			dk += gc[i] / (k1 * k1)
			continue
		}
		outer := gc[i]
		if coef(i) == threshold {
			outer /= product(m, v, -1)
		}
		for j, f := range m {
			d := float64(outer * product(m, v, j))
			switch {
			case f.p == kappa:
				dk += d
			case !paramFacts[f.p].clips || v[f.p] > v[Io]:
				g[f.p] += d
			case v[f.p] == v[Io]:
				g[f.p] += float64(d / 2)
				g[Io] += float64(d / 2)
			default:
				g[Io] += d
			}
		}
	}
	g[KappaN] += float64(dk / 2)
	g[KappaP] += float64(dk / 2)
}
