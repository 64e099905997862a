package chip

import (
	"fmt"
	"math"

	"github.com/surge-snn/surge/models/dynapse"
)

// SlopeVoltage returns the voltage U that stands in the time constants of the log-domain circuits,
// in volts:
//
//	U = Ut/κ,  κ = (kappaN + kappaP)/2
//
// with the thermal voltage ut in volts and the subthreshold slope factors of the two transistor
// types. It is [dynapse.ErrParameter] unless all are positive.
func SlopeVoltage(ut, kappaN, kappaP float64) (float64, error) {
	return positive(ut/((kappaN+kappaP)/2), "slope voltage", named{"Ut", ut}, named{"kappa_n", kappaN}, named{"kappa_p", kappaP})
}

// LeakCurrent returns the leak current Itau in ampere that gives a differential-pair integrator
// (membrane, synapse, or AHP) of the given capacitance in farad the time constant tau in seconds:
//
//	Itau = U·C/τ
//
// with u of [SlopeVoltage] (Chicca et al. 2014, doi:10.1109/JPROC.2014.2313954). It is
// [dynapse.ErrParameter] unless all are positive.
func LeakCurrent(tau, capacitance, u float64) (float64, error) {
	return positive(float64(u*capacitance)/tau, "Itau", named{"tau", tau}, named{"C", capacitance}, named{"U", u})
}

// TimeConstant is the inverse of [LeakCurrent]: τ = U·C/Itau in seconds.
func TimeConstant(itau, capacitance, u float64) (float64, error) {
	return positive(float64(u*capacitance)/itau, "tau", named{"Itau", itau}, named{"C", capacitance}, named{"U", u})
}

// PulseCurrent returns the current in ampere that makes the pulse of a spike (Ipulse, Ipulse_ahp),
// or the refractory period (Iref), last t seconds: the time in which it charges the capacitance, in
// farad, to the threshold vth of the transistor, in volts:
//
//	I = Vth·C/t
//
// It is [dynapse.ErrParameter] unless all are positive.
func PulseCurrent(t, capacitance, vth float64) (float64, error) {
	return positive(float64(vth*capacitance)/t, "pulse current", named{"t", t}, named{"C", capacitance}, named{"Vth", vth})
}

// PulseWidth is the inverse of [PulseCurrent]: t = Vth·C/I in seconds.
func PulseWidth(current, capacitance, vth float64) (float64, error) {
	return positive(float64(vth*capacitance)/current, "pulse width", named{"I", current}, named{"C", capacitance}, named{"Vth", vth})
}

// GainCurrent returns the current Igain in ampere that amplifies the input of an integrator of leak
// current itau by ratio:
//
//	Igain = r·Itau
//
// It is [dynapse.ErrParameter] unless both are positive.
func GainCurrent(ratio, itau float64) (float64, error) {
	return positive(itau*ratio, "Igain", named{"r_gain", ratio}, named{"Itau", itau})
}

// GainRatio is the inverse of [GainCurrent]: r = Igain/Itau.
func GainRatio(igain, itau float64) (float64, error) {
	return positive(igain/itau, "r_gain", named{"Igain", igain}, named{"Itau", itau})
}

// named is a number with its name for errors.
type named struct {
	name  string
	value float64
}

// positive returns result if it and all that it was made of are positive and finite.
func positive(result float64, name string, of ...named) (float64, error) {
	for _, n := range append(of, named{name, result}) {
		if !(n.value > 0) || math.IsInf(n.value, 0) {
			return 0, fmt.Errorf("%w: %s = %v, want a finite number > 0", dynapse.ErrParameter, n.name, n.value)
		}
	}
	return result, nil
}
