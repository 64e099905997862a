package fitcmd

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/models/dynapse/fit"
)

// units are those of targets, in SI units.
var units = map[string]float64{
	"A": 1, "mA": 1e-3, "uA": 1e-6, "nA": 1e-9, "pA": 1e-12, "fA": 1e-15,
	"V": 1, "mV": 1e-3, "uV": 1e-6,
}

// target reads the i-th target.
func (e *experiment) target(i int, read func(string) ([]byte, error)) error {
	t := &e.config.Target[i]
	member := fmt.Sprintf("target[%d]", i)
	if err := e.kind(i); err != nil {
		return err
	}
	switch {
	case t.FI != nil:
		e.Curves = append(e.Curves, fit.Curve{Name: e.file + ": " + member, InputRate: t.FI.InputRate, Rate: t.FI.Rate, Seconds: t.FI.Seconds, Seed: e.config.Seed})
		return nil
	case t.Statistics != nil:
		return e.statistics(t, member)
	}
	path := t.File
	if !filepath.IsAbs(path) {
		path = filepath.Join(e.folder, path)
	}
	arrays, err := e.arrays(path, read)
	if err != nil {
		if p := (*os.PathError)(nil); errors.As(err, &p) {
			err = p.Err
		}
		return &exit.BadInput{File: path, Err: err}
	}
	r := &reader{experiment: e, target: t, member: member, file: path, arrays: arrays}
	if t.Classes != nil {
		task, err := r.task()
		if err != nil {
			return err
		}
		e.Tasks = append(e.Tasks, *task)
		return nil
	}
	rec, err := r.recording()
	if err != nil {
		return err
	}
	e.Recordings = append(e.Recordings, *rec)
	return nil
}

// kinds are the members that say what a target is, and the others that go with each.
var kinds = []struct {
	name   string
	others []string
}{
	{"file", []string{"use", "neurons", "unit", "scale", "tau_spikes", "classes"}},
	{"fi", nil},
	{"statistics", []string{"neurons", "scale", "input_rate", "input_current", "seconds"}},
}

// kind checks that the i-th target is of one kind, with no members of another one.
func (e *experiment) kind(i int) error {
	t := &e.config.Target[i]
	member := fmt.Sprintf("target[%d]", i)
	given := map[string]bool{"file": t.File != "", "fi": t.FI != nil, "statistics": t.Statistics != nil, "classes": t.Classes != nil, "use": t.Use != nil, "neurons": t.Neurons != nil, "unit": t.Unit != nil,
		"scale": t.Scale != nil, "tau_spikes": t.TauSpikes != 0, "input_rate": t.InputRate != 0, "input_current": t.InputCurrent != 0, "seconds": t.Seconds != 0}
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
		return e.bad(member, "one of "+strings.Join(names, ", "), map[bool]string{true: "none", false: strings.Join(found, " and ")}[len(found) == 0])
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if given[name] && !allowed[name] {
			return e.bad(member+"."+name, "a member that goes with "+found[0], name)
		}
	}
	if t.FI != nil && (len(t.FI.InputRate) == 0 || len(t.FI.InputRate) != len(t.FI.Rate)) {
		return e.bad(member+".fi", "as many rates as input rates", fmt.Sprintf("%d and %d", len(t.FI.Rate), len(t.FI.InputRate)))
	}
	name, seconds := "seconds", t.Seconds
	if t.FI != nil {
		name, seconds = "fi.seconds", t.FI.Seconds
	}
	if !(seconds >= 0) || seconds > 1000 {
		return e.bad(member+"."+name, "0 to 1000 s", seconds)
	}
	return nil
}

// statistics reads a target of statistics.
func (e *experiment) statistics(t *target, member string) error {
	s := fit.Statistics{Name: e.file + ": " + member, Want: map[fit.Statistic]float64{}, Scale: map[fit.Statistic]float64{}, Neurons: t.Neurons,
		InputRate: t.InputRate, Current: t.InputCurrent, Seconds: t.Seconds, Seed: e.config.Seed}
	for _, list := range []struct {
		name string
		from map[string]float64
		to   map[fit.Statistic]float64
	}{{"statistics", t.Statistics, s.Want}, {"scale", t.Scale, s.Scale}} {
		for _, name := range slices.Sorted(maps.Keys(list.from)) {
			q, err := fit.ParseStatistic(name)
			if _, wanted := s.Want[q]; err != nil || list.name == "scale" && !wanted {
				return e.bad(member+"."+list.name, "names of "+strings.Join(fit.StatisticNames(), ", ")+", and scales for those that are wanted", name)
			}
			list.to[q] = list.from[name]
		}
	}
	e.Statistics = append(e.Statistics, s)
	return nil
}

// arrays reads a target file, whose bytes become part of what a checkpoint is compared with.
func (e *experiment) arrays(path string, read func(string) ([]byte, error)) ([]files.Array, error) {
	raw, err := read(path)
	if err != nil {
		return nil, err
	}
	e.data = append(e.data, raw...)
	return files.ReadArrays(path)
}

// reader turns the arrays of a file into a recording.
type reader struct {
	*experiment
	target       *target
	member, file string
	arrays       []files.Array
	rows, steps  int
	neurons      []int
}

func (r *reader) wrong(array, expected string, found any) error {
	return &exit.BadInput{File: r.file, Member: array, Expected: expected, Found: fmt.Sprint(found)}
}

// known are the arrays that a target file may have.
var known = []string{"input", "imem", "isyn", "iahp", "vmem", "spikes", "weight", recurrentWeights, recurrentCodes}

// inputs reads the input of a file that may have the arrays known, [T, B, N], and its shape.
func (r *reader) inputs(known []string) ([]float64, error) {
	n := r.Space.Network.N
	if strings.ToLower(filepath.Ext(r.file)) == ".csv" {
		if err := r.columns(); err != nil {
			return nil, err
		}
	}
	for _, a := range r.arrays {
		if !slices.Contains(known, a.Name) {
			return nil, r.wrong(a.Name, "one of "+strings.Join(known, " "), "an unknown array")
		}
	}
	input, ok := r.find("input")
	if !ok {
		return nil, r.wrong("input", "an array of spike counts", "none")
	}
	if len(input.Shape) != 3 || slices.Min(input.Shape) < 1 || input.Shape[2] != n {
		return nil, r.wrong("input", fmt.Sprintf("shape [B, T, %d], as there are %d neurons", n, n), fmt.Sprint(input.Shape))
	}
	r.rows, r.steps = input.Shape[0], input.Shape[1]
	return r.transpose(input, all(n), 1, 0), nil
}

func (r *reader) recording() (*fit.Recording, error) {
	input, err := r.inputs(known)
	if err != nil {
		return nil, err
	}
	if err := r.selection(); err != nil {
		return nil, err
	}
	rec := &fit.Recording{Name: r.file, T: r.steps, B: r.rows, TauSpikes: r.target.TauSpikes, Input: input}
	if rec.TauSpikes < 0 || rec.TauSpikes-rec.TauSpikes != 0 {
		return nil, r.bad(r.member+".tau_spikes", "a time in seconds > 0", rec.TauSpikes)
	}
	for _, name := range slices.Sorted(maps.Keys(r.target.Unit)) {
		if q, err := fit.ParseQuantity(name); err != nil || q == fit.Spikes {
			return nil, r.bad(r.member+".unit."+name, "imem, isyn, iahp or vmem", name)
		}
	}
	for q := range fit.Spikes + 1 {
		a, ok := r.find(q.String())
		if !ok {
			continue
		}
		factor := 1.0
		if u, given := r.target.Unit[q.String()]; given {
			if factor, ok = units[u]; !ok || strings.HasSuffix(u, "V") != (q == fit.Vmem) {
				return nil, r.bad(r.member+".unit."+q.String(), map[bool]string{true: "V, mV or uV", false: "A, mA, uA, nA, pA or fA"}[q == fit.Vmem], u)
			}
		}
		if err := r.shape(a); err != nil {
			return nil, err
		}
		rec.Target[q] = r.transpose(a, r.neurons, factor, math.NaN())
	}
	if err := r.weights(rec); err != nil {
		return nil, err
	}
	if err := r.uses(rec); err != nil {
		return nil, err
	}
	return rec, r.recurrence()
}

// columns turns the columns of a CSV file into arrays [1, T, N]: imem, or imem_0, imem_1, ... for several neurons. A column time, in seconds, must go in steps of dt.
func (r *reader) columns() error {
	var arrays []files.Array
	for _, column := range r.arrays {
		if column.Name == "time" {
			for i := 1; i < len(column.Data); i++ {
				if d := column.Data[i] - column.Data[i-1]; !(math.Abs(d-r.config.Dt) <= 1e-3*r.config.Dt) {
					return r.wrong(fmt.Sprintf("time, line %d", i+2), fmt.Sprintf("steps of dt = %v s", r.config.Dt), fmt.Sprintf("%v s", d))
				}
			}
			continue
		}
		name, k := column.Name, 0
		if i := strings.LastIndexByte(name, '_'); i > 0 {
			if index, err := strconv.Atoi(name[i+1:]); err == nil && index >= 0 {
				name, k = name[:i], index
			}
		}
		i := slices.IndexFunc(arrays, func(a files.Array) bool { return a.Name == name })
		if i < 0 {
			i = len(arrays)
			arrays = append(arrays, files.Array{Name: name, Shape: []int{1, len(column.Data), 0}})
		}
		if k != arrays[i].Shape[2] {
			return r.wrong(column.Name, fmt.Sprintf("%s_%d: columns of an array in their order", name, arrays[i].Shape[2]), column.Name)
		}
		arrays[i].Shape[2]++
		arrays[i].Data = append(arrays[i].Data, column.Data...) // [N, T] up to here
	}
	for i, a := range arrays {
		t, n := a.Shape[1], a.Shape[2]
		data := make([]float64, len(a.Data))
		for j := range n {
			for s := range t {
				data[s*n+j] = a.Data[j*t+s]
			}
		}
		arrays[i].Data = data
	}
	r.arrays = arrays
	return nil
}

// find returns an array, with one row where it has none.
func (r *reader) find(name string) (files.Array, bool) {
	i := slices.IndexFunc(r.arrays, func(a files.Array) bool { return a.Name == name })
	if i < 0 {
		return files.Array{}, false
	}
	a := r.arrays[i]
	if len(a.Shape) == 2 && name != recurrentWeights && name != recurrentCodes {
		a.Shape = append([]int{1}, a.Shape...)
	}
	return a, true
}

// selection reads which neurons were recorded.
func (r *reader) selection() error {
	n := r.Space.Network.N
	r.neurons = r.target.Neurons
	if r.neurons == nil {
		r.neurons = all(n)
	}
	if len(r.neurons) == 0 {
		return r.bad(r.member+".neurons", "at least one neuron", "none")
	}
	for i, j := range r.neurons {
		if j < 0 || j >= n || slices.Contains(r.neurons[:i], j) {
			return r.bad(fmt.Sprintf("%s.neurons[%d]", r.member, i), fmt.Sprintf("neurons 0 to %d, each once", n-1), j)
		}
	}
	return nil
}

func all(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

// shape checks an array of recorded neurons: it has all neurons of the network, or those that were recorded.
func (r *reader) shape(a files.Array) error {
	n := r.Space.Network.N
	if len(a.Shape) == 3 && a.Shape[0] == r.rows && a.Shape[1] == r.steps && (a.Shape[2] == n || a.Shape[2] == len(r.neurons)) {
		return nil
	}
	return r.wrong(a.Name, fmt.Sprintf("shape [%d, %d, %d], that of the input", r.rows, r.steps, len(r.neurons)), fmt.Sprint(a.Shape))
}

// transpose returns an array [B, T, .] as [T, B, N], times a factor, with the columns of the given neurons, and empty elsewhere.
func (r *reader) transpose(a files.Array, neurons []int, factor, empty float64) []float64 {
	n, columns := r.Space.Network.N, a.Shape[2]
	out := make([]float64, r.steps*r.rows*n)
	for i := range out {
		out[i] = empty
	}
	for b := range r.rows {
		for t := range r.steps {
			for k, j := range neurons {
				if columns == n {
					k = j
				}
				out[(t*r.rows+b)*n+j] = factor * a.Data[(b*r.steps+t)*columns+k]
			}
		}
	}
	return out
}

// weights reads the weight of each sample; what was not recorded has weight 0.
func (r *reader) weights(rec *fit.Recording) error {
	n := r.Space.Network.N
	a, ok := r.find("weight")
	if !ok && len(r.neurons) == n {
		return nil
	}
	if !ok {
		a = files.Array{Name: "weight", Shape: []int{r.rows, r.steps, n}, Data: slices.Repeat([]float64{1}, r.rows*r.steps*n)}
	}
	if err := r.shape(a); err != nil {
		return err
	}
	rec.Weight = r.transpose(a, r.neurons, 1, 0)
	return nil
}

// uses reads which arrays enter the loss, and their scales.
func (r *reader) uses(rec *fit.Recording) error {
	use := r.target.Use
	if use == nil {
		for q := range fit.Spikes + 1 {
			if rec.Target[q] != nil {
				use = append(use, q.String())
			}
		}
	}
	if len(use) == 0 {
		return r.wrong("", "at least one of imem, isyn, iahp, vmem, spikes", "none")
	}
	for i, name := range use {
		q, err := fit.ParseQuantity(name)
		if err != nil {
			return r.bad(fmt.Sprintf("%s.use[%d]", r.member, i), "imem, isyn, iahp, vmem or spikes", name)
		}
		if rec.Target[q] == nil {
			return r.wrong(name, "an array, as it is in use", "none")
		}
		rec.Use[q] = true
	}
	for _, name := range slices.Sorted(maps.Keys(r.target.Scale)) {
		q, err := fit.ParseQuantity(name)
		if err != nil || !rec.Use[q] {
			return r.bad(r.member+".scale."+name, "a quantity in use", name)
		}
		s := r.target.Scale[name]
		if !(s > 0) || math.IsInf(s, 0) {
			return r.bad(r.member+".scale."+name, "a finite number > 0", s)
		}
		rec.Scale[q] = s
	}
	return nil
}

// recurrence reads w_rec and w_rec_code.
func (r *reader) recurrence() error {
	n := r.Space.Network.N
	if c, ok := r.find(recurrentCodes); ok {
		if !r.config.Network.Recurrent {
			return r.bad("network.recurrent", "true, as "+r.file+" has w_rec_code", "false")
		}
		codes, good := codesOf(c.Data, n)
		if !good || !slices.Equal(c.Shape, []int{n, n}) {
			return r.wrong(recurrentCodes, fmt.Sprintf("whole numbers from -15 to 15 of shape [%d, %d]", n, n), fmt.Sprintf("shape %v", c.Shape))
		}
		if old := r.Space.Codes; old != nil && (!slices.Equal(old.Code, codes.Code) || !slices.Equal(old.Sign, codes.Sign)) {
			return r.wrong(recurrentCodes, "one w_rec_code for all targets", "another under [init] or in another file")
		}
		r.Space.Codes = codes
	}
	w, ok := r.find(recurrentWeights)
	switch {
	case !ok:
		return nil
	case !r.config.Network.Recurrent:
		return r.bad("network.recurrent", "true, as "+r.file+" has w_rec", "false")
	case !slices.Equal(w.Shape, []int{n, n}):
		return r.wrong(recurrentWeights, fmt.Sprintf("shape [%d, %d]", n, n), fmt.Sprint(w.Shape))
	case r.Space.Network.WRec != nil && !slices.Equal(r.Space.Network.WRec, w.Data):
		return r.wrong(recurrentWeights, "one w_rec for all targets", "another under [init] or in another file")
	}
	for i, x := range w.Data {
		if x-x != 0 {
			return r.wrong(fmt.Sprintf("w_rec[%d][%d]", i/n, i%n), "a finite number", x)
		}
	}
	r.Space.Network.WRec = w.Data
	return nil
}
