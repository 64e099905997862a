package nir

import (
	"fmt"
	"math"

	"github.com/surge-snn/surge/internal/fmath"
)

// Reset says what a spike does to the voltage.
type Reset string

// The resets. NIR itself has only that to v_reset.
const (
	ToValue  Reset = "value"    // to v_reset
	Subtract Reset = "subtract" // lower by the threshold
	NoReset  Reset = "none"
)

// Method says how a differential equation becomes a step.
type Method string

// The methods. Both take the input as constant within a step.
const (
	Exact Method = "exact" // decay e^(-dt/tau), gain 1-e^(-dt/tau)
	Euler Method = "euler" // decay 1-dt/tau, gain dt/tau
)

// Step is what neurons do in a time step, with the input x[t]:
//
//	i[t]  = Beta i[t-1] + GainIn x[t]            current-based (CubaLI, CubaLIF); else i[t] = x[t]
//	v⁻[t] = Alpha v[t-1] + Gain i[t] + Offset
//	s[t]  = v⁻[t] > VTh, or with AtThreshold v⁻[t] >= VTh
//	v[t]  = v⁻[t], but max(v⁻[t], Floor), where there is no spike, else VReset (ToValue) or
//	        v⁻[t] - VTh s[t] (Subtract)
//
// With Several, s[t] is how often the threshold fits into v⁻[t]. With Late, spike and reset of a
// step are those that the voltage of the step before asks for. With Carry, a voltage that is above
// the threshold after the reset, too, is lowered by it before it is compared, and counts as reset.
// With Undecayed, the threshold is subtracted behind the decay of the next step, and with Blank the
// step behind a spike ends at VReset whatever comes,
//
//	v⁻[t] = Alpha v⁻[t-1] + ... - VTh s[t-1]                          Undecayed
//	v⁻[t] = VReset where s[t-1], else Alpha v⁻[t-1] + ...             Blank
//
// All numbers are per neuron.
type Step struct {
	Synapse     bool // current-based
	Spikes      bool // else the output is the voltage
	Alpha, Gain []float64
	Beta        []float64
	GainIn      []float64
	Offset      []float64
	VTh, VReset []float64
	Floor       []float64 // nil: none
	Start       []float64 // voltage before the first step; nil: 0
	Reset       Reset
	AtThreshold bool
	Several     bool
	Late        bool
	Carry       bool
	Undecayed   bool
	Blank       bool
}

// values returns a parameter for each of n neurons, or byDefault where it is missing.
func (n *Node) values(name string, size int, byDefault float64) []float64 {
	a, ok := n.Values[name]
	v := make([]float64, size)
	for i := range v {
		switch {
		case !ok:
			v[i] = byDefault
		case len(a.Data) == 1:
			v[i] = a.Data[0]
		default:
			v[i] = a.Data[i]
		}
	}
	return v
}

// decay returns the factor of a step and one minus it.
func (m Method) decay(dt, tau float64) (factor, rest float64) {
	if m == Euler {
		return 1 - dt/tau, dt / tau
	}
	return fmath.Exp(-dt / tau), -fmath.Expm1(-dt / tau)
}

// step discretises a neuron of any kind with a method and a time step in the unit of its time
// constants.
func (n *Node) step(m Method, dt float64, size int) Step {
	s := Step{
		Spikes: n.Spikes(), Synapse: n.Kind == "CubaLIF" || n.Kind == "CubaLI",
		Reset: ToValue, VTh: n.values("v_threshold", size, 0), VReset: n.values("v_reset", size, 0),
		Alpha: make([]float64, size), Gain: make([]float64, size), Offset: make([]float64, size),
		Beta: make([]float64, size), GainIn: make([]float64, size),
	}
	tau := n.values("tau", size, math.Inf(1))
	if s.Synapse {
		tau = n.values("tau_mem", size, 0)
		syn, w := n.values("tau_syn", size, 0), n.values("w_in", size, 1)
		for j := range syn {
			var gain float64
			s.Beta[j], gain = m.decay(dt, syn[j])
			s.GainIn[j] = w[j] * gain
		}
	}
	r, leak := n.values("r", size, 1), n.values("v_leak", size, 0)
	for j := range tau {
		if n.Kind == "I" || n.Kind == "IF" { // dv/dt = R I
			s.Alpha[j], s.Gain[j] = 1, r[j]*dt
			continue
		}
		var gain float64
		s.Alpha[j], gain = m.decay(dt, tau[j])
		s.Gain[j], s.Offset[j] = r[j]*gain, leak[j]*gain
	}
	if n.Kind == "Threshold" {
		s.VTh = n.values("threshold", size, 0)
		s.Alpha, s.Reset = make([]float64, size), NoReset
		for j := range s.Gain {
			s.Gain[j], s.Offset[j] = 1, 0
		}
	}
	return s
}

// pulses lets an input of 1 be a pulse of area 1 at the beginning of the step: it raises a current
// by w_in/tau_syn, and without one the voltage by r/tau, or r.
func (s *Step) pulses(n *Node) {
	size := len(s.Gain)
	if n.Kind == "Threshold" {
		return
	}
	if s.Synapse {
		w := n.values("w_in", size, 1)
		for j, tau := range n.values("tau_syn", size, 0) {
			s.GainIn[j] = w[j] / tau
		}
		return
	}
	tau := n.values("tau", size, 1)
	for j, r := range n.values("r", size, 1) {
		s.Gain[j] = r / tau[j]
	}
}

// differ lists in words where two steps of neuron j are not the same.
func (s Step) differ(o Step, j int) []string {
	var why []string
	number := func(name string, a, b []float64) {
		if math.Abs(a[j]-b[j]) > 1e-6*max(math.Abs(a[j]), math.Abs(b[j])) { // files have float32
			why = append(why, fmt.Sprintf("%s is %.6g, here %.6g", name, b[j], a[j]))
		}
	}
	number("the decay of the voltage in a step", s.Alpha, o.Alpha)
	if s.Synapse && o.Synapse {
		number("the decay of the synaptic current in a step", s.Beta, o.Beta)
	}
	// The gains count relative to the threshold.
	gain := func(x Step) []float64 {
		g := make([]float64, j+1)
		if g[j] = x.Gain[j]; x.Synapse {
			g[j] *= x.GainIn[j]
		}
		if x.VTh[j] != 0 {
			g[j] /= x.VTh[j]
		}
		return g
	}
	number("the rise of the voltage by an input of 1, in thresholds,", gain(s), gain(o))
	relative := func(v []float64, x Step) []float64 {
		g := make([]float64, j+1)
		if g[j] = v[j]; x.VTh[j] != 0 {
			g[j] /= x.VTh[j]
		}
		return g
	}
	number("the rise by the leak, in thresholds,", relative(s.Offset, s), relative(o.Offset, o))
	switch {
	case s.Reset != o.Reset:
		words := map[Reset]string{ToValue: "sets the voltage to v_reset", Subtract: "subtracts the threshold", NoReset: "does not reset"}
		why = append(why, fmt.Sprintf("a spike %s, here it %s", words[o.Reset], words[s.Reset]))
	case s.Reset == ToValue:
		number("v_reset, in thresholds,", relative(s.VReset, s), relative(o.VReset, o))
	}
	if s.AtThreshold != o.AtThreshold {
		words := map[bool]string{true: "at", false: "above"}
		why = append(why, fmt.Sprintf("a neuron spikes %s the threshold, here %s it", words[o.AtThreshold], words[s.AtThreshold]))
	}
	if o.Several != s.Several {
		why = append(why, "a step can have several spikes of a neuron")
	}
	if o.Late != s.Late {
		why = append(why, "spikes come one step later")
	}
	start := func(x Step) []float64 {
		if x.Start == nil {
			return make([]float64, j+1)
		}
		return relative(x.Start, x)
	}
	number("the voltage at the start, in thresholds,", start(s), start(o))
	if o.Carry != s.Carry {
		why = append(why, "a voltage above twice the threshold is lowered again in the next step, before it is compared")
	}
	if o.Undecayed != s.Undecayed {
		why = append(why, "the threshold is subtracted before, here behind the decay of a step, or the other way round")
	}
	if o.Blank != s.Blank {
		why = append(why, "the input of the step behind a spike is lost, here or there")
	}
	if (o.Floor == nil) != (s.Floor == nil) {
		why = append(why, "the voltage has a lower bound")
	}
	return why
}
