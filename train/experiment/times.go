package experiment

import (
	"fmt"
	"slices"
	"strings"

	"github.com/surge-snn/surge/train/data"
)

// hasty are warnings of times of the network that are shorter than a time step, in which what they
// describe begins and ends: time constants, refractory times and delays.
func (e loading) hasty() (warnings []string) {
	if e.events() {
		return nil // there are no steps
	}
	add := func(key string, v float64) {
		if v > 0 && v < e.Encode.Dt {
			warnings = append(warnings, fmt.Sprintf("%s is %v s, less than a time step (encode.dt = %v s), in which what it describes is over", key, v, e.Encode.Dt))
		}
	}
	uses := e.uses()
	for _, k := range []struct {
		key  string
		v    float64
		used bool
	}{{"tau_mem", e.Model.TauMem, uses["tau_mem"]}, {"tau_syn", e.Model.TauSyn, uses["tau_syn"]}, {"tau_out", e.Model.TauOut, e.integrators()}} {
		if k.used {
			add("model."+k.key, k.v)
		}
	}
	for _, s := range e.sections() {
		for _, c := range s.choices() {
			if c.key != "neuron" && !strings.HasPrefix(s.name, "layer[") {
				continue // encoders, losses and readouts have times that are no part of the network
			}
			effective, _ := c.rows.Check(c.name, *c.keys)
			for _, p := range c.rows.Params(c.name) {
				if v, ok := effective[p.Name].(float64); ok && inSeconds(p) {
					add(s.name+"."+p.Name, v)
				}
			}
		}
	}
	return warnings
}

// inSeconds tells whether the unit of a parameter, with which its description begins, is s.
func inSeconds(p data.Param) bool {
	unit, _, _ := strings.Cut(p.Doc, " ")
	return slices.Contains([]string{"s", "s,", "s;"}, unit)
}
