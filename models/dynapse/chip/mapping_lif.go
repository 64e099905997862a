package chip

import (
	"fmt"

	"github.com/surge-snn/surge/models/dynapse"
)

// LIF are leaky integrate-and-fire neurons with a current-based synapse, to be converted to neurons
// of the chip. Lists have one value for all neurons or one for each.
//
// The conversion keeps time constants, and scales voltages to currents:
//
//	Itau_mem = U C_mem/TauMem          Igain_mem = RGainMem Itau_mem
//	Itau_syn = U C_syn/TauSyn          Igain_syn = RGainSyn Itau_syn
//	Ispkthr  = VTh Iscale              Idc       = Bias Iscale
//	Ipulse   = Vth C_pulse/TPulse      Iref      = Vth C_ref/TRef
//	Iw_ahp   = If_nmda = 0             (a LIF neuron has neither)
//
// with the default layout. It is a start for training, not an equivalence: the membrane of the chip
// is exponential. Source: Rockpool 3.1, devices.dynapse.mapping.DynapseNeurons.
type LIF struct {
	TauMem []float64 // s
	TauSyn []float64 // s
	VTh    []float64 // threshold; default 1
	Bias   []float64 // constant input; default 0. A negative one is refused: Idc flows one way.

	RGainMem float64 // gain ratio of the membrane; default 4
	RGainSyn float64 // gain ratio of the synapse; default 100
	TPulse   float64 // s; default 10e-6
	TRef     float64 // s; default 1e-3
	Iscale   float64 // A; default 10 nA
	Dt       float64 // s; default 1e-3
}

// DynapSE converts the neurons. The error is [dynapse.ErrParameter] for lists of another length,
// and numbers out of range.
func (l LIF) DynapSE(n int) (p dynapse.Params, err error) {
	u, err := SlopeVoltage(dynapse.Ut.Default(), dynapse.KappaN.Default(), dynapse.KappaP.Default())
	if err != nil {
		return p, err
	}
	or := func(x float64, def float64) float64 {
		if x == 0 {
			return def
		}
		return x
	}
	iscale := or(l.Iscale, dynapse.Iscale.Default())
	list := func(name string, values []float64, convert func(x float64) (float64, error)) []float64 {
		if len(values) != 1 && len(values) != n && err == nil {
			err = fmt.Errorf("%w: %s of LIF neurons has %d values, want 1 or %d, one per neuron", dynapse.ErrParameter, name, len(values), n)
		}
		out := make([]float64, len(values))
		for i, x := range values {
			var bad error
			if out[i], bad = convert(x); bad != nil && err == nil {
				err = fmt.Errorf("%s of LIF neuron %d: %w", name, i, bad)
			}
		}
		return out
	}
	p[dynapse.ItauMem] = list("TauMem", l.TauMem, func(x float64) (float64, error) { return LeakCurrent(x, dynapse.CMem.Default(), u) })
	p[dynapse.ItauSyn] = list("TauSyn", l.TauSyn, func(x float64) (float64, error) { return LeakCurrent(x, dynapse.CSyn.Default(), u) })
	if err != nil {
		return p, err
	}
	p[dynapse.IgainMem] = list("RGainMem", p[dynapse.ItauMem], func(x float64) (float64, error) { return GainCurrent(or(l.RGainMem, 4), x) })
	p[dynapse.IgainSyn] = list("RGainSyn", p[dynapse.ItauSyn], func(x float64) (float64, error) { return GainCurrent(or(l.RGainSyn, 100), x) })
	if l.VTh == nil {
		l.VTh = []float64{1}
	}
	if l.Bias == nil {
		l.Bias = []float64{0}
	}
	p[dynapse.Ispkthr] = list("VTh", l.VTh, func(x float64) (float64, error) { return x * iscale, dynapse.Ispkthr.Check(x * iscale) })
	p[dynapse.Idc] = list("Bias", l.Bias, func(x float64) (float64, error) { return x * iscale, dynapse.Idc.Check(x * iscale) })
	p[dynapse.Ipulse] = list("TPulse", []float64{or(l.TPulse, 10e-6)}, func(x float64) (float64, error) {
		return PulseCurrent(x, dynapse.CPulse.Default(), dynapse.Vth.Default())
	})
	p[dynapse.Iref] = list("TRef", []float64{or(l.TRef, 1e-3)}, func(x float64) (float64, error) {
		return PulseCurrent(x, dynapse.CRef.Default(), dynapse.Vth.Default())
	})
	p[dynapse.IwAHP], p[dynapse.IfNMDA] = []float64{0}, []float64{0}
	p[dynapse.Iscale] = []float64{iscale}
	p[dynapse.Dt] = []float64{or(l.Dt, dynapse.Dt.Default())}
	if err == nil {
		_, err = p.Expand(n)
	}
	return p, err
}
