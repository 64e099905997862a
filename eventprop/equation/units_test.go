package equation

import (
	"errors"
	"strings"
	"testing"
)

// inUnits is a neuron with a capacitance and conductances.
const inUnits = `
dV/dt = (g_leak*(v_leak - V) + g_leak*delta*exp((V - v_t)/delta) + I)/c_mem
dI/dt = -I/tau_syn
threshold: V - v_th
reset: V = v_reset
input: I = I + w
start: V = v_leak
V, v_leak, v_th, v_t, v_reset, delta: V
I, w: A
g_leak: A/V
c_mem: F
tau_syn: s`

// TestUnits: units that fit are read, and each kind of mistake is named.
func TestUnits(t *testing.T) {
	if _, err := Parse(inUnits); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ old, new, want string }{
		"slope":     {"c_mem: F", "c_mem: V", "line 2: equation: bad equations: the slope of V is in V^-1*A, want s^-1*V"},
		"sum":       {"I, w: A\ng_leak: A/V", "I, w: A\ng_leak: S^2", "line 2: the slope of V: equation: bad equations: a sum of"},
		"function":  {"exp((V - v_t)/delta)", "exp(V - v_t)", "line 2: the slope of V: equation: bad equations: a function of a number in V"},
		"threshold": {"threshold: V - v_th", "threshold: V - tau_syn", "line 4: threshold: "},
		"reset":     {"reset: V = v_reset", "reset: V = tau_syn", "line 5: equation: bad equations: the reset of V is in s, want V"},
		"input":     {"I, w: A", "I: A\nw: V", "line 6: the input of I: equation: bad equations: a sum of"},
		"start":     {"start: V = v_leak", "start: V = 3", "line 7: equation: bad equations: the start of V is in 1, want V"},
		"missing":   {"tau_syn: s", "", "tau_syn has no unit"},
		"prefix":    {"tau_syn: s", "tau_syn: ms", "without prefixes"},
		"twice":     {"tau_syn: s", "tau_syn: s\nV: V", "line 13: equation: bad equations: a second unit of V"},
		"unknown":   {"tau_syn: s", "tau_syn: s\ntau: s", "line 13: equation: bad equations: a unit of tau, which is neither state nor parameter"},
		"number":    {"tau_syn: s", "tau_syn: 2*s", "line 12: equation: bad equations: the unit \" 2*s\" has the number 2"},
		"hold":      {"c_mem: F", "c_mem: F\nhold: V for c_mem", "line 12: equation: bad equations: the refractory time c_mem is in"},
	} {
		if !strings.Contains(inUnits, c.old) {
			t.Fatal(name)
		}
		_, err := Parse(strings.Replace(inUnits, c.old, c.new, 1))
		if !errors.Is(err, ErrEquation) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
	// 0 fits all units, and powers and roots have theirs
	if _, err := Parse("dV/dt = (sqrt(V^2) - V)/tau\nthreshold: V - 0\nreset: V = 0\nV: V\ntau: s"); err != nil {
		t.Error(err)
	}
}
