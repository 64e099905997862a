package chip

import (
	"fmt"

	"github.com/surge-snn/surge/models/dynapse"
)

// simulated pairs each bias current of the simulated core with the device parameter that sets it,
// in the order of the alphabet of the simulator.
//
// Source: Rockpool 3.1.0, devices.dynapse.lookup.
var simulated = [...]struct{ current, parameter string }{
	{"Idc", "SOIF_DC_P"},
	{"If_nmda", "DENM_NMREV_N"},
	{"Igain_ahp", "SOAD_GAIN_P"},
	{"Igain_ampa", "DEAM_EGAIN_P"},
	{"Igain_gaba", "DEGA_IGAIN_P"},
	{"Igain_mem", "SOIF_GAIN_N"},
	{"Igain_nmda", "DENM_EGAIN_P"},
	{"Igain_shunt", "DESC_IGAIN_P"},
	{"Ipulse", "SYPD_EXT_N"},
	{"Ipulse_ahp", "SOAD_PWTAU_N"},
	{"Iref", "SOIF_REFR_N"},
	{"Ispkthr", "SOIF_SPKTHR_P"},
	{"Itau_ahp", "SOAD_TAU_P"},
	{"Itau_ampa", "DEAM_ETAU_P"},
	{"Itau_gaba", "DEGA_ITAU_P"},
	{"Itau_mem", "SOIF_LEAK_N"},
	{"Itau_nmda", "DENM_ETAU_P"},
	{"Itau_shunt", "DESC_ITAU_P"},
	{"Iw_0", "SYAM_W0_P"},
	{"Iw_1", "SYAM_W1_P"},
	{"Iw_2", "SYAM_W2_P"},
	{"Iw_3", "SYAM_W3_P"},
	{"Iw_ahp", "SOAD_W_N"},
}

// Where a model has one synapse instead of four, its currents are those of AMPA.
var singleSynapse = map[string]string{"Itau_syn": "Itau_ampa", "Igain_syn": "Igain_ampa"}

// ChipCurrents returns the names of the currents of a core, in the order of the alphabet: those
// that DynapSim simulates, with the leak and gain of each of the four synapse types, and the base
// currents Iw_0 to Iw_3 of the weight bits.
func ChipCurrents() []string {
	list := make([]string, len(simulated))
	for i, s := range simulated {
		list[i] = s.current
	}
	return list
}

// DeviceParameter returns the device parameter that sets the given current of the simulator:
//
//	Itau_mem -> SOIF_LEAK_N, Iw_0 -> SYAM_W0_P
//
// Itau_syn and Igain_syn, the currents of a single synapse, are those of AMPA. The error is
// [dynapse.ErrParameter].
func DeviceParameter(current string) (string, error) {
	if name, ok := singleSynapse[current]; ok {
		current = name
	}
	for _, s := range simulated {
		if s.current == current {
			return s.parameter, nil
		}
	}
	return "", fmt.Errorf("%w: no device parameter for the current %q", dynapse.ErrParameter, current)
}

// SimulatorCurrent is the inverse of [DeviceParameter]: the current of the simulator that the
// device parameter sets. Most parameters of the device are not simulated; the error is
// [dynapse.ErrParameter] for them too.
func SimulatorCurrent(parameter string) (string, error) {
	for _, s := range simulated {
		if s.parameter == parameter {
			return s.current, nil
		}
	}
	if _, ok := scaleFactor(parameter); ok {
		return "", fmt.Errorf("%w: the device parameter %s is not simulated", dynapse.ErrParameter, parameter)
	}
	return "", fmt.Errorf("%w: no device parameter %q", dynapse.ErrParameter, parameter)
}
