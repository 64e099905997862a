package experiment

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/surge-snn/surge/models/dynapse/fit"
)

// kinds are the keys that say what a target is, and the others that go with each.
var kinds = []struct {
	name   string
	others []string
}{
	{"file", []string{"use", "neurons", "unit", "scale", "tau_spikes", "classes", "arrays", "input", "seconds", "gain", "offset", "drift", "latency", "start", "dc", "stage"}},
	{"fi", nil},
	{"statistics", []string{"scale", "neurons", "input_rate", "input_current", "seconds"}},
}

// given says which keys a target has.
func (t *Target) given() map[string]bool {
	return map[string]bool{"file": t.File != "", "fi": t.FI != nil, "statistics": t.Statistics != nil, "classes": t.Classes != nil, "arrays": t.Arrays != nil, "input": t.Input != "",
		"use": t.Use != nil, "neurons": t.Neurons != nil, "unit": t.Unit != nil, "scale": t.Scale != nil, "tau_spikes": t.TauSpikes != 0,
		"gain": t.Gain != nil, "offset": t.Offset != nil, "drift": t.Drift != nil, "latency": t.Latency != nil, "start": t.Start != "", "dc": t.DC != nil, "stage": t.Stage != "",
		"input_rate": t.InputRate != 0, "input_current": t.InputCurrent != 0, "seconds": t.Seconds != 0}
}

// kind checks that a target is of one kind.
func (r *reader) kind(t *Target, key string) error {
	given := t.given()
	var names, found []string
	allowed := map[string]bool{}
	for _, k := range kinds {
		names = append(names, k.name)
		if given[k.name] {
			found = append(found, k.name)
			for _, name := range append(k.others, k.name) {
				allowed[name] = true
			}
		}
	}
	if len(found) != 1 {
		what := strings.Join(found, " and ")
		if what == "" {
			what = "none"
		}
		return r.bad(key, "one of "+strings.Join(names, ", "), what)
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if given[name] && !allowed[name] {
			return r.bad(key+"."+name, "a member that goes with "+found[0], name)
		}
	}
	if t.FI != nil && (len(t.FI.InputRate) == 0 || len(t.FI.InputRate) != len(t.FI.Rate)) {
		return r.bad(key+".fi", "as many rates as input rates", fmt.Sprintf("%d and %d", len(t.FI.Rate), len(t.FI.InputRate)))
	}
	name, seconds := "seconds", t.Seconds
	if t.FI != nil {
		name, seconds = "fi.seconds", t.FI.Seconds
	}
	if !(seconds >= 0) || seconds > 1000 {
		return r.bad(key+"."+name, "0 to 1000 s", seconds)
	}
	return nil
}

// inputDraws is how often the input of a curve is drawn at each rate, where the file does not say.
const inputDraws = 4

// target reads the i-th target.
func (r *reader) target(i int) error {
	t, e := &r.file.Target[i], &r.out
	key := fmt.Sprintf("target[%d]", i)
	if err := r.kind(t, key); err != nil {
		return err
	}
	switch {
	case t.FI != nil:
		e.Curves = append(e.Curves, fit.Curve{Name: r.path + ": " + key, InputRate: t.FI.InputRate, Rate: t.FI.Rate, Seconds: t.FI.Seconds, Inputs: cmp.Or(t.FI.Inputs, inputDraws), Seed: r.file.Seed})
		return nil
	case t.Statistics != nil:
		return r.statistics(t, key)
	}
	path := r.beside(t.File)
	d := data{path: path, owner: r.path, key: key + ".", network: e.Space.Network, dt: r.file.Dt, target: t, given: r.given}
	input := t.Input
	if input != "" && input != noInput {
		input = r.beside(input)
	}
	read := func(path string) ([]byte, error) {
		raw, err := r.ReadFile(path)
		r.sum.Write(raw)
		return raw, err
	}
	if err := d.load(read, input); err != nil {
		return err
	}
	if t.Classes != nil {
		task, err := d.task()
		if err != nil {
			return err
		}
		e.Tasks = append(e.Tasks, *task)
	} else {
		rec, err := d.recording()
		if err != nil {
			return err
		}
		e.Recordings = append(e.Recordings, *rec)
	}
	for _, name := range d.unused {
		e.Unused = append(e.Unused, path+": "+name)
	}
	return r.connections(&d)
}

// statistics reads a target of statistics.
func (r *reader) statistics(t *Target, key string) error {
	s := fit.Statistics{Name: r.path + ": " + key, Want: map[fit.Statistic]float64{}, Scale: map[fit.Statistic]float64{}, Neurons: t.Neurons,
		InputRate: t.InputRate, Current: t.InputCurrent, Seconds: t.Seconds, Seed: r.file.Seed}
	names := fit.StatisticNames()
	for _, list := range []struct {
		name string
		from map[string]float64
		to   map[fit.Statistic]float64
	}{{"statistics", t.Statistics, s.Want}, {"scale", t.Scale, s.Scale}} {
		for _, name := range slices.Sorted(maps.Keys(list.from)) {
			q, err := fit.ParseStatistic(name)
			if _, wanted := s.Want[q]; err != nil || list.name == "scale" && !wanted {
				return r.unknown(key+"."+list.name, "names of "+strings.Join(names, ", ")+", and scales for those that are wanted", name, names)
			}
			list.to[q] = list.from[name]
		}
	}
	r.out.Statistics = append(r.out.Statistics, s)
	return nil
}

// connections takes the weights that a target file has; all targets have the same.
func (r *reader) connections(d *data) error {
	s := &r.out.Space
	if d.codes != nil {
		if err := r.isRecurrent(d.path + " has w_rec_code"); err != nil {
			return err
		}
		if old := s.Codes; old != nil && (!slices.Equal(old.Code, d.codes.Code) || !slices.Equal(old.Sign, d.codes.Sign)) {
			return d.wrong(recurrentCodes, "one w_rec_code for all targets", "another under [init] or in another file")
		}
		s.Codes = d.codes
	}
	if d.wRec != nil {
		if err := r.isRecurrent(d.path + " has w_rec"); err != nil {
			return err
		}
		if old := s.Network.WRec; old != nil && !slices.Equal(old, d.wRec) {
			return d.wrong(recurrentWeights, "one w_rec for all targets", "another under [init] or in another file")
		}
		s.Network.WRec = d.wRec
	}
	files := len(r.out.Recordings) + len(r.out.Tasks)
	if old := r.out.In; (files > 1 || r.given != nil) && ((old == nil) != (d.wIn == nil) || old != nil && (old.Pre != d.wIn.Pre || !slices.Equal(old.W, d.wIn.W))) {
		return d.wrong(inputWeights, "one w_in for all targets", "another under [init] or in another file, or none")
	}
	r.out.In = d.wIn
	return nil
}
