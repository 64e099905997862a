package chip

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/surge-snn/surge/models/dynapse"
)

// Quantities are numbers by name that say how a core works:
//
//	tau_mem tau_ahp tau_ampa tau_gaba tau_nmda tau_shunt                 time constants, s
//	t_ref t_pulse t_pulse_ahp                                            refractory, pulses, s
//	r_gain_mem r_gain_ahp r_gain_ampa r_gain_gaba r_gain_nmda r_gain_shunt   gain ratios, 1
//	Idc ... (see [ChipCurrents])                                         currents, A
//	C_mem C_ahp C_ampa C_gaba C_nmda C_shunt C_ref C_pulse C_pulse_ahp   capacitances, F
//	Ut Vth kappa_n kappa_p                                               V; slope factors, 1
//
// A core is set through its currents alone; the others are converted by [Quantities.Currents] and
// back by [Describe].
type Quantities map[string]float64

// conversion is a quantity that stands for a current.
type conversion struct {
	kind              func(c conversion, x float64, layout Quantities, currents map[string]float64, back bool) (float64, error)
	quantity, current string
	of                string // the capacitance; for a gain ratio the leak current
}

var conversions = [...]conversion{
	// Leak currents come before the gains that are ratios to them.
	{leak, "tau_ahp", "Itau_ahp", "C_ahp"},
	{leak, "tau_ampa", "Itau_ampa", "C_ampa"},
	{leak, "tau_gaba", "Itau_gaba", "C_gaba"},
	{leak, "tau_mem", "Itau_mem", "C_mem"},
	{leak, "tau_nmda", "Itau_nmda", "C_nmda"},
	{leak, "tau_shunt", "Itau_shunt", "C_shunt"},
	{pulse, "t_pulse", "Ipulse", "C_pulse"},
	{pulse, "t_pulse_ahp", "Ipulse_ahp", "C_pulse_ahp"},
	{pulse, "t_ref", "Iref", "C_ref"},
	{gain, "r_gain_ahp", "Igain_ahp", "Itau_ahp"},
	{gain, "r_gain_ampa", "Igain_ampa", "Itau_ampa"},
	{gain, "r_gain_gaba", "Igain_gaba", "Itau_gaba"},
	{gain, "r_gain_mem", "Igain_mem", "Itau_mem"},
	{gain, "r_gain_nmda", "Igain_nmda", "Itau_nmda"},
	{gain, "r_gain_shunt", "Igain_shunt", "Itau_shunt"},
}

// leak converts between tau and Itau.
func leak(c conversion, x float64, layout Quantities, _ map[string]float64, back bool) (float64, error) {
	u, err := SlopeVoltage(layout["Ut"], layout["kappa_n"], layout["kappa_p"])
	if err != nil {
		return 0, err
	}
	if back {
		return TimeConstant(x, layout[c.of], u)
	}
	return LeakCurrent(x, layout[c.of], u)
}

// pulse converts between a time and the current that charges a capacitance in it.
func pulse(c conversion, x float64, layout Quantities, _ map[string]float64, back bool) (float64, error) {
	if back {
		return PulseWidth(x, layout[c.of], layout["Vth"])
	}
	return PulseCurrent(x, layout[c.of], layout["Vth"])
}

// gain converts between a gain ratio and Igain.
func gain(c conversion, x float64, _ Quantities, currents map[string]float64, back bool) (float64, error) {
	if back {
		return GainRatio(x, currents[c.of])
	}
	return GainCurrent(x, currents[c.of])
}

// DefaultQuantities are those of Rockpool 3.1.0 (devices.dynapse.lookup). It returns a new map.
func DefaultQuantities() Quantities {
	return Quantities{
		"tau_mem": 20e-3, "tau_ahp": 50e-3, "tau_ampa": 10e-3, "tau_gaba": 10e-3, "tau_nmda": 10e-3, "tau_shunt": 10e-3,
		"t_ref": 1e-3, "t_pulse": 10e-6, "t_pulse_ahp": 1e-6,
		"r_gain_mem": 4, "r_gain_ahp": 1, "r_gain_ampa": 100, "r_gain_gaba": 100, "r_gain_nmda": 100, "r_gain_shunt": 100,
		"Idc": dynapse.Idc.Default(), "If_nmda": dynapse.IfNMDA.Default(), "Ispkthr": dynapse.Ispkthr.Default(), "Iw_ahp": dynapse.IwAHP.Default(),
		"Iw_0": 1e-9, "Iw_1": 2e-9, "Iw_2": 4e-9, "Iw_3": 8e-9,
		"C_mem": dynapse.CMem.Default(), "C_ahp": dynapse.CAHP.Default(),
		"C_ampa": dynapse.CSyn.Default(), "C_gaba": 25e-12, "C_nmda": 25e-12, "C_shunt": 24.5e-12,
		"C_ref": dynapse.CRef.Default(), "C_pulse": dynapse.CPulse.Default(), "C_pulse_ahp": dynapse.CPulseAHP.Default(),
		"Ut": dynapse.Ut.Default(), "Vth": dynapse.Vth.Default(), "kappa_n": dynapse.KappaN.Default(), "kappa_p": dynapse.KappaP.Default(),
	}
}

// Currents returns all currents of a core, in ampere by the names of [ChipCurrents]. What q does
// not name has its default; a gain that q does not name keeps its ratio to the leak current.
//
// The error is [dynapse.ErrParameter] for a name that is none of the above, a current that is given
// twice (tau_mem and Itau_mem), or a number that is not positive; a current may be 0, where no
// other one follows from it.
func (q Quantities) Currents() (map[string]float64, error) {
	all, err := q.complete()
	if err != nil {
		return nil, err
	}
	currents := map[string]float64{}
	for _, name := range ChipCurrents() {
		x, ok := all[name]
		if !ok {
			continue // converted below
		}
		if x != 0 {
			if x, err = positive(x, name); err != nil {
				return nil, err
			}
		}
		currents[name] = x
	}
	for _, c := range conversions {
		if _, given := currents[c.current]; given {
			continue
		}
		if currents[c.current], err = c.kind(c, all[c.quantity], all, currents, false); err != nil {
			return nil, fmt.Errorf("%s from %s: %w", c.current, c.quantity, err)
		}
	}
	return currents, nil
}

// Describe returns the time constants, pulse widths and gain ratios that the given currents stand
// for, in ampere by the names of [ChipCurrents], with the layout constants of layout (defaults for
// what it does not name).
//
// Quantities of currents that are not among the given ones, or that are 0, are absent. The error is
// [dynapse.ErrParameter] for a name that is neither, a current that is negative or a layout
// constant that is not positive.
func Describe(currents map[string]float64, layout Quantities) (Quantities, error) {
	all := DefaultQuantities()
	for _, name := range slices.Sorted(maps.Keys(layout)) {
		if _, ok := all[name]; !ok {
			return nil, fmt.Errorf("%w: %q is no layout constant", dynapse.ErrParameter, name)
		}
		all[name] = layout[name]
	}
	known := ChipCurrents()
	for _, name := range slices.Sorted(maps.Keys(currents)) {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("%w: %q is no current of a core", dynapse.ErrParameter, name)
		}
	}
	q := Quantities{}
	for _, c := range conversions {
		x := currents[c.current]
		if x == 0 || strings.HasPrefix(c.of, "I") && currents[c.of] == 0 {
			continue
		}
		var err error
		if q[c.quantity], err = c.kind(c, x, all, currents, true); err != nil {
			return nil, fmt.Errorf("%s from %s: %w", c.quantity, c.current, err)
		}
	}
	return q, nil
}

// complete returns q with the defaults, without those of quantities whose current is given.
func (q Quantities) complete() (Quantities, error) {
	all := DefaultQuantities()
	for _, name := range slices.Sorted(maps.Keys(q)) {
		if _, ok := all[name]; ok {
			continue
		}
		i := slices.IndexFunc(conversions[:], func(c conversion) bool { return c.current == name })
		if i < 0 {
			return nil, fmt.Errorf("%w: %q is no time constant, gain ratio, current or layout constant of a core", dynapse.ErrParameter, name)
		}
		quantity := conversions[i].quantity
		if x, twice := q[quantity]; twice {
			return nil, fmt.Errorf("%w: %s = %v and %s = %v both set the same current", dynapse.ErrParameter, name, q[name], quantity, x)
		}
		delete(all, quantity)
	}
	maps.Copy(all, q)
	return all, nil
}
