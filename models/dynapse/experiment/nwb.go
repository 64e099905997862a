package experiment

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/internal/hdf5"
)

// series is a time series of an NWB file.
type series struct {
	path  string
	array string // of ours that it is; empty: none
	time  []float64
	data  [][]float64 // of each channel, in SI units
}

// nwb reads a recording in Neurodata Without Borders 2 (Rübel et al. 2022,
// doi:10.7554/eLife.78362): the time series under acquisition and stimulus/presentation whose names
// are those of arrays, as target.arrays or the files say them, and the spikes of units, of which
// row j is neuron j. A number in the file stands for number·conversion + offset in the SI unit that
// it names. Where nothing is named, the only series in volts is vmem, and the only one in amperes
// imem. Bin 0 begins with the first sample.
func (d *data) nwb(path string, raw []byte) (c content, err error) {
	f, err := hdf5.NewFile(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return c, &Error{File: path, Err: err}
	}
	var all []*series
	for _, group := range []string{"acquisition", "stimulus/presentation"} {
		if !f.IsGroup(group) {
			continue
		}
		names, err := f.Names(group)
		if err != nil {
			return c, &Error{File: path, Member: group, Err: err}
		}
		for _, name := range names {
			if f.Has(group + "/" + name + "/data") {
				all = append(all, &series{path: group + "/" + name, array: d.named(group, name)})
			}
		}
	}
	if err := d.guess(f, path, all); err != nil {
		return c, err
	}
	start := math.Inf(1)
	for _, s := range all {
		if s.array == "" {
			d.unused = append(d.unused, s.path)
			continue
		}
		if err := s.read(f); err != nil {
			return c, &Error{File: path, Member: s.path, Err: err}
		}
		start = min(start, s.time[0])
	}
	if math.IsInf(start, 0) || d.absolute {
		start = 0
	}
	if c.events, err = d.units(f, path, start); err != nil {
		return c, err
	}
	clock := d.absolute
	d.absolute = true
	for _, s := range all {
		if s.array == "" {
			continue
		}
		columns := []files.Column{{Name: timeNames[0]}}
		for _, t := range s.time {
			columns[0].Data = append(columns[0].Data, t-start)
		}
		for k, x := range s.data {
			columns = append(columns, files.Column{Name: fmt.Sprintf("%s_%d", s.array, k), Data: x})
		}
		arrays, err := d.tabulate(path, columns)
		if err != nil {
			return c, err
		}
		d.converted = append(d.converted, s.array)
		if c.arrays, err = d.merge(path, c.arrays, arrays); err != nil {
			return c, err
		}
	}
	d.absolute = clock
	if c.arrays == nil && c.events == nil {
		return c, d.in(path, "", "time series that arrays = {vmem = \"NAME\"} names, or units with spike_times", "neither")
	}
	return c, nil
}

// named is the array of ours that a series is by its name, or by its path.
func (d *data) named(group, name string) string {
	for _, n := range []string{group + "/" + name, "/" + group + "/" + name, name} {
		if own := d.ours(n); own != n || slices.Contains(known, n) {
			return own
		}
	}
	return ""
}

// guess takes the only series in volts for vmem, and the only one in amperes for imem, where no
// series has a name of ours.
func (d *data) guess(f *hdf5.File, path string, all []*series) error {
	var names []string
	for _, s := range all {
		names = append(names, s.path[strings.LastIndexByte(s.path, '/')+1:])
	}
	for own, name := range d.target.Arrays {
		if !slices.ContainsFunc(all, func(s *series) bool { return s.array == own }) && slices.Contains(known, own) {
			return &Error{File: path, Member: name, Expected: "one of the time series " + strings.Join(names, ", "), Found: "no such series", Nearest: exit.Nearest(name, names)}
		}
	}
	if slices.ContainsFunc(all, func(s *series) bool { return s.array != "" && s.array != "input" }) {
		return nil
	}
	for unit, own := range map[string]string{"volts": "vmem", "amperes": "imem"} {
		var found []*series
		for _, s := range all {
			if u, err := text(f, s.path+"/data", "unit"); err == nil && u == unit && strings.HasPrefix(s.path, "acquisition") {
				found = append(found, s)
			}
		}
		if len(found) == 1 {
			found[0].array = own
		}
	}
	return nil
}

// attribute returns a number among the attributes of a data set.
func attribute(f *hdf5.File, path, name string, otherwise float64) (float64, error) {
	all, err := f.Attributes(path)
	if err != nil {
		return 0, err
	}
	a, ok := all[name]
	if !ok {
		return otherwise, nil
	}
	v, err := a.Floats()
	if err != nil || len(v) != 1 || v[0]-v[0] != 0 {
		return 0, fmt.Errorf("%s of %s: expected a finite number, found %v (%w)", name, path, v, errors.Join(files.ErrArray, err))
	}
	return v[0], nil
}

// text returns a text among the attributes of a data set.
func text(f *hdf5.File, path, name string) (string, error) {
	all, err := f.Attributes(path)
	if err != nil {
		return "", err
	}
	v, err := all[name].Strings()
	if err != nil || len(v) != 1 {
		return "", errors.Join(files.ErrArray, err)
	}
	return v[0], nil
}

// floats returns a whole data set.
func floats(f *hdf5.File, path string) ([]float64, []int, error) {
	s, err := f.Dataset(path)
	if err != nil {
		return nil, nil, err
	}
	n := 1
	for _, k := range s.Shape {
		if k < 0 || k > 0 && n > files.MaxElements/k {
			return nil, nil, fmt.Errorf("%w: %s of shape %v", files.ErrTooLarge, path, s.Shape)
		}
		n *= k
	}
	rows := 1
	if len(s.Shape) > 0 {
		rows = s.Shape[0]
	}
	v, err := s.Floats(0, rows)
	if err == nil && len(v) != n {
		err = fmt.Errorf("%w: %s has %d elements, want %d", files.ErrCorrupt, path, len(v), n)
	}
	return v, s.Shape, err
}

// read reads the samples and their times.
func (s *series) read(f *hdf5.File) error {
	data := s.path + "/data"
	x, shape, err := floats(f, data)
	if err != nil {
		return err
	}
	if len(shape) != 1 && len(shape) != 2 || len(x) == 0 {
		return fmt.Errorf("%w: data of shape %v, want [T] or [T, channels]", files.ErrArray, shape)
	}
	conversion, err := attribute(f, data, "conversion", 1)
	if err != nil {
		return err
	}
	offset, err := attribute(f, data, "offset", 0)
	if err != nil {
		return err
	}
	steps, channels := shape[0], len(x)/shape[0]
	s.data = make([][]float64, channels)
	for k := range channels {
		s.data[k] = make([]float64, steps)
		for t := range steps {
			s.data[k][t] = float64(x[t*channels+k]*conversion) + offset
		}
	}
	if f.Has(s.path + "/timestamps") {
		if s.time, _, err = floats(f, s.path+"/timestamps"); err == nil && len(s.time) != steps {
			err = fmt.Errorf("%w: %d timestamps of %d samples", files.ErrArray, len(s.time), steps)
		}
		return err
	}
	begin, _, err := floats(f, s.path+"/starting_time")
	if err != nil {
		return err
	}
	rate, err := attribute(f, s.path+"/starting_time", "rate", 0)
	if err != nil || len(begin) != 1 || !(rate > 0) {
		return fmt.Errorf("%w: starting_time %v with a rate of %v Hz, want a time and a rate (%w)", files.ErrArray, begin, rate, err)
	}
	for t := range steps {
		s.time = append(s.time, begin[0]+float64(t)/rate)
	}
	return nil
}

// units reads the spikes, of which the index says where those of each unit end; nil where there are
// none.
func (d *data) units(f *hdf5.File, path string, start float64) (*events, error) {
	const member = "units/spike_times"
	if !f.Has(member) {
		return nil, nil
	}
	times, _, err := floats(f, member)
	if err != nil {
		return nil, &Error{File: path, Member: member, Err: err}
	}
	ends, _, err := floats(f, member+"_index")
	if err != nil {
		return nil, &Error{File: path, Member: member + "_index", Err: err}
	}
	e := &events{path: path, line: func(i int) string { return fmt.Sprintf("spike %d", i) }}
	at := 0
	for j, end := range ends {
		if end != math.Trunc(end) || end < float64(at) || end > float64(len(times)) {
			return nil, d.in(path, fmt.Sprintf("%s_index[%d]", member, j), fmt.Sprintf("%d to %d", at, len(times)), end)
		}
		for ; at < int(end); at++ {
			t := times[at] - start
			if !(t >= 0) || t > mostSeconds {
				return nil, d.in(path, fmt.Sprintf("%s[%d]", member, at), fmt.Sprintf("a time from the first sample on, %v s", start), times[at])
			}
			e.time, e.index = append(e.time, t), append(e.index, j)
		}
	}
	if at == 0 {
		return nil, nil
	}
	return e, nil
}

// merge puts the arrays of another series beside those that are there: all end with the shortest,
// and a sample has the smaller of two weights.
func (d *data) merge(path string, all, more []files.Array) ([]files.Array, error) {
	steps := math.MaxInt
	for _, a := range append(slices.Clone(all), more...) {
		steps = min(steps, a.Shape[1])
	}
	cut := func(list []files.Array) {
		for i, a := range list {
			list[i].Shape = []int{1, steps, a.Shape[2]}
			list[i].Data = a.Data[:steps*a.Shape[2]]
		}
	}
	cut(all)
	cut(more)
	for _, a := range more {
		i := slices.IndexFunc(all, func(b files.Array) bool { return b.Name == a.Name })
		switch {
		case i < 0:
			all = append(all, a)
		case a.Name != "weight" || all[i].Shape[2] != a.Shape[2]:
			return nil, d.in(path, a.Name, "one series of an array", "two")
		default:
			for k, w := range a.Data {
				all[i].Data[k] = min(all[i].Data[k], w)
			}
		}
	}
	return all, nil
}
