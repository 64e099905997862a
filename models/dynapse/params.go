package dynapse

import (
	"errors"
	"fmt"
	"math"
)

var (
	// ErrParameter is wrapped by errors about parameters and settings: a current that is not
	// positive, a wrong number of values, an unknown name.
	ErrParameter = errors.New("dynapse: bad parameter")
	// ErrState is wrapped by the error of a simulation whose state stops being a finite
	// number; it names the time step, the batch row and the neuron.
	ErrState = errors.New("dynapse: state is not finite")
)

// Param is a parameter of the neuron: a bias current, a constant of the layout, the weight
// current, or the time step.
type Param uint8

// The parameters, in the order that every list of them has. Bias currents are in amperes.
const (
	Idc       Param = iota // constant current into the membrane
	IfNMDA                 // cut-off of the NMDA gate: Imem at which half of Inmda passes; acts with four synapse types only
	IgainAHP               // gain of the spike frequency adaptation (AHP)
	IgainMem               // gain of the membrane
	IgainSyn               // gain of the synapse
	IpulseAHP              // pulse width of the AHP: t_pulse_ahp = Vth C_pulse_ahp / Ipulse_ahp
	Ipulse                 // pulse width of the synapse: t_pulse = Vth C_pulse / Ipulse
	Iref                   // refractory period: t_ref = Vth C_ref / Iref
	Ispkthr                // spiking threshold: spikes where Imem > Ispkthr
	ItauAHP                // leak of the AHP: tau_ahp = (Ut/kappa) C_ahp / Itau_ahp
	ItauMem                // leak of the membrane: tau_mem = (Ut/kappa) C_mem / (Itau_mem + Iahp)
	ItauSyn                // leak of the synapse: tau_syn = (Ut/kappa) C_syn / Itau_syn
	IwAHP                  // weight of the AHP

	CAHP      // capacitance of the AHP, F
	CSyn      // capacitance of the synapse, F
	CPulseAHP // capacitance of the AHP's pulse extender, F
	CPulse    // capacitance of the synapse's pulse extender, F
	CRef      // capacitance of the refractory circuit, F
	CMem      // capacitance of the membrane, F
	Io        // dark current: the lower end of all currents, and the reset value, A
	KappaN    // subthreshold slope factor of n-type transistors
	KappaP    // subthreshold slope factor of p-type transistors
	Ut        // thermal voltage, V
	Vth       // threshold voltage of the transistors, V

	Iscale // current of a weight of 1, A
	Dt     // time step, s

	// What follows acts with four synapse types only ([Network.FourSynapses]), where IgainSyn,
	// ItauSyn and CSyn are those of AMPA.

	IgainGABA  // gain of the GABA synapse
	IgainNMDA  // gain of the NMDA synapse
	IgainSHUNT // gain of the SHUNT synapse
	ItauGABA   // leak of the GABA synapse: tau_gaba = (Ut/kappa) C_gaba / Itau_gaba
	ItauNMDA   // leak of the NMDA synapse
	ItauSHUNT  // leak of the SHUNT synapse
	CGABA      // capacitance of the GABA synapse, F
	CNMDA      // capacitance of the NMDA synapse, F
	CSHUNT     // capacitance of the SHUNT synapse, F

	// NumParams counts the parameters.
	NumParams = int(CSHUNT) + 1
	// NumSingle counts the parameters of a neuron with one synapse, Idc to Dt, which come first.
	NumSingle = int(Dt) + 1
	// NumCurrents counts the bias currents of a neuron with one synapse, Idc to IwAHP, which come
	// first of these.
	NumCurrents = int(IwAHP) + 1
	// SynapseTypes counts the types of synapse of the chip's neuron: AMPA, GABA, NMDA, SHUNT.
	SynapseTypes = 4
)

// paramFacts are what is known of each parameter.
var paramFacts = [NumParams]struct {
	name  string
	def   float64
	unit  string
	zero  bool // 0 is a value, too
	clips bool // values below Io act as Io
}{
	Idc:       {"Idc", 5e-13, "A", true, false},
	IfNMDA:    {"If_nmda", 5e-13, "A", true, false},
	IgainAHP:  {"Igain_ahp", 2.8368794326241126e-11, "A", true, true},
	IgainMem:  {"Igain_mem", 2.1276595744680848e-11, "A", true, true},
	IgainSyn:  {"Igain_syn", 8.687943262411346e-09, "A", true, true},
	IpulseAHP: {"Ipulse_ahp", 3.5e-07, "A", false, false},
	Ipulse:    {"Ipulse", 3.4999999999999996e-08, "A", false, false},
	Iref:      {"Iref", 1.0499999999999999e-09, "A", false, false},
	Ispkthr:   {"Ispkthr", 1e-07, "A", false, false},
	ItauAHP:   {"Itau_ahp", 2.8368794326241126e-11, "A", true, true},
	ItauMem:   {"Itau_mem", 5.319148936170212e-12, "A", true, true},
	ItauSyn:   {"Itau_syn", 8.687943262411346e-11, "A", true, true},
	IwAHP:     {"Iw_ahp", 5e-13, "A", true, false},
	CAHP:      {"C_ahp", 4e-11, "F", false, false},
	CSyn:      {"C_syn", 2.45e-11, "F", false, false},
	CPulseAHP: {"C_pulse_ahp", 5e-13, "F", false, false},
	CPulse:    {"C_pulse", 5e-13, "F", false, false},
	CRef:      {"C_ref", 1.5e-12, "F", false, false},
	CMem:      {"C_mem", 3e-12, "F", false, false},
	Io:        {"Io", 5e-13, "A", false, false},
	KappaN:    {"kappa_n", 0.75, "", false, false},
	KappaP:    {"kappa_p", 0.66, "", false, false},
	Ut:        {"Ut", 0.025, "V", false, false},
	Vth:       {"Vth", 0.7, "V", false, false},
	Iscale:    {"Iscale", 1e-08, "A", false, false},
	Dt:        {"dt", 1e-3, "s", false, false},

	IgainGABA:  {"Igain_gaba", 8.865248226950353e-09, "A", true, true},
	IgainNMDA:  {"Igain_nmda", 8.865248226950353e-09, "A", true, true},
	IgainSHUNT: {"Igain_shunt", 8.687943262411346e-09, "A", true, true},
	ItauGABA:   {"Itau_gaba", 8.865248226950353e-11, "A", true, true},
	ItauNMDA:   {"Itau_nmda", 8.865248226950353e-11, "A", true, true},
	ItauSHUNT:  {"Itau_shunt", 8.687943262411346e-11, "A", true, true},
	CGABA:      {"C_gaba", 2.5e-11, "F", false, false},
	CNMDA:      {"C_nmda", 2.5e-11, "F", false, false},
	CSHUNT:     {"C_shunt", 2.45e-11, "F", false, false},
}

// String returns the name that Rockpool uses, as "Itau_mem".
func (p Param) String() string {
	if int(p) < NumParams {
		return paramFacts[p].name
	}
	return fmt.Sprintf("Param(%d)", uint8(p))
}

// Default returns the value that a neuron has unless told otherwise, in SI units. The time
// constants that follow are tau_mem = 20 ms, tau_syn = 10 ms (of every type), tau_ahp = 50 ms,
// t_ref = 1 ms, t_pulse = 10 us and t_pulse_ahp = 1 us. Source: Rockpool 3.1,
// devices.dynapse.lookup; the one synapse has the values of AMPA. It is 0 of what is no parameter.
func (p Param) Default() float64 {
	if !p.known() {
		return 0
	}
	return paramFacts[p].def
}

// known says whether p is a parameter.
func (p Param) known() bool { return int(p) < NumParams }

// IsCurrent says whether p is a bias current: one of 13 with one synapse, of 19 with four.
func (p Param) IsCurrent() bool { return int(p) < NumCurrents || p >= IgainGABA && p <= ItauSHUNT }

// CurrentOf says whether p is a bias current of a neuron with [SynapseTypes] types of synapse
// (four), or with one.
func (p Param) CurrentOf(four bool) bool { return p.IsCurrent() && (four || int(p) < NumSingle) }

// MayBeZero says whether 0 is a value of p: a current that can be switched off.
func (p Param) MayBeZero() bool { return p.known() && paramFacts[p].zero }

// ParseParam returns the parameter of this name, the inverse of [Param.String].
func ParseParam(name string) (Param, error) {
	for p := range Param(NumParams) {
		if paramFacts[p].name == name {
			return p, nil
		}
	}
	return 0, fmt.Errorf("%w: no parameter %q", ErrParameter, name)
}

// Check returns an error that wraps [ErrParameter] for a value x that p, in its unit, cannot
// have: not finite, negative, or zero where that is no value.
func (p Param) Check(x float64) error {
	if !p.known() {
		return fmt.Errorf("%w: %v is no parameter", ErrParameter, p)
	}
	if x > 0 && !math.IsInf(x, 0) || x == 0 && paramFacts[p].zero {
		return nil
	}
	want := "> 0"
	if paramFacts[p].zero {
		want = ">= 0"
	}
	return fmt.Errorf("%w: %s = %v %s, want a finite number %s", ErrParameter, p, x, paramFacts[p].unit, want)
}

// Params are the values of all parameters in SI units, each a list of one value that all
// neurons share or of one for each neuron. An empty list stands for the default.
//
//	var p dynapse.Params
//	p[dynapse.ItauMem] = []float64{3e-12}
type Params [NumParams][]float64

// PerCore returns one value per neuron from one value per core; core[j] is the core of neuron j.
// On the chip every bias current is set for a core of up to 256 neurons.
//
// Errors: a core that has no value.
func PerCore(values []float64, core []int) ([]float64, error) {
	v := make([]float64, len(core))
	for j, c := range core {
		if c < 0 || c >= len(values) {
			return nil, fmt.Errorf("%w: neuron %d is on core %d, but there are values for %d cores", ErrParameter, j, c, len(values))
		}
		v[j] = values[c]
	}
	return v, nil
}

// DynapSE returns p, checked for n neurons: the parameters of n neurons of the chip are
// those. It makes Params a population of a chip's graph. The error wraps [ErrParameter].
func (p Params) DynapSE(n int) (Params, error) {
	_, err := p.Expand(n)
	return p, err
}

// Expand returns p with one value for each of n neurons and each parameter, the default
// where p has none. The error wraps [ErrParameter] and names parameter and neuron.
func (p Params) Expand(n int) (Params, error) {
	if n < 0 {
		return p, fmt.Errorf("%w: %d neurons", ErrParameter, n)
	}
	return p.expandSamples(n, 1)
}

// expandSamples returns p with one value for each of m samples of n neurons; lists have one value,
// or n, or m*n.
func (p Params) expandSamples(n, m int) (Params, error) {
	for i, v := range p {
		name := Param(i)
		if len(v) == 0 {
			v = []float64{name.Default()}
		}
		if len(v) != 1 && len(v) != n && len(v) != n*m {
			return p, fmt.Errorf("%w: %s has %d values, want 1 or %d, one per neuron", ErrParameter, name, len(v), n)
		}
		full := make([]float64, n*m)
		for j := range full {
			full[j] = v[j%len(v)]
			if err := name.Check(full[j]); err != nil {
				return p, fmt.Errorf("neuron %d: %w", j%n, err)
			}
		}
		p[i] = full
	}
	return p, nil
}
