package experiment

import (
	"fmt"
	"maps"
	"slices"

	"github.com/surge-snn/surge/models/dynapse/fit"
)

// measurement reads how a recording was measured, and whether it begins at rest.
func (d *data) measurement(rec *fit.Recording) error {
	t := d.target
	for _, m := range []struct {
		name  string
		value any
		into  *fit.Nuisance
	}{{"gain", t.Gain, &rec.Gain}, {"offset", t.Offset, &rec.Offset}, {"drift", t.Drift, &rec.Drift}, {"latency", t.Latency, &rec.Latency}} {
		if m.value == nil {
			continue
		}
		ok := false
		*m.into, ok = nuisance(m.value)
		if !ok || m.name == "gain" && !m.into.Fit && !(m.into.Mean > 0) || m.name == "latency" && m.into.Mean < 0 {
			return d.bad(m.name, `a number, "fit", or {mean = a number, sd = its standard deviation > 0}; a gain > 0, a latency >= 0`, fmt.Sprint(m.value))
		}
	}
	if t.Start != "" && t.Start != "fit" && t.Start != "rest" {
		return d.bad("start", `"fit" or "rest"`, t.Start)
	}
	rec.Start = t.Start == "fit"
	return nil
}

// nuisance reads a number, "fit", or a table with mean and sd.
func nuisance(value any) (n fit.Nuisance, ok bool) {
	switch v := value.(type) {
	case string:
		return fit.Nuisance{Fit: true}, v == "fit"
	case map[string]any:
		if !slices.Equal(slices.Sorted(maps.Keys(v)), []string{"mean", "sd"}) {
			return n, false
		}
		mean, ok := number(v["mean"])
		sd, also := number(v["sd"])
		return fit.Nuisance{Fit: true, Mean: mean, SD: sd}, ok && also && sd > 0
	}
	n.Mean, ok = number(value)
	return n, ok
}
