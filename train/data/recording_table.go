package data

import (
	"math"
	"strings"

	"github.com/surge-snn/surge/internal/files"
)

// names of the columns of event tables.
var (
	timeNames     = []string{"t", "time", "timestamp", "ts", "0"}
	channelNames  = []string{"channel", "c", "addr", "address", "unit", "neuron", "1"}
	polarityNames = []string{"p", "polarity", "on", "pol", "2"}
	trialNames    = []string{"trial", "3"}
)

// micros returns a time in µs; the finest that is kept is 1 µs.
func micros(t, per float64) int64 { return int64(math.Floor(float64(t*(1e6/per)) + 1e-3)) }

// readEventTable reads a text file of rows time, channel or x and y, polarity, trial. Without names
// the columns stand in the order time, channel, polarity, trial. Each trial is a recording. A
// column without a name here is not read.
func readEventTable(path, unit string) (rec recording, trials []int32, err error) {
	columns, err := files.ReadTable(path)
	if err != nil {
		return nil, nil, err
	}
	t := table{path, columns}
	find := func(names []string) *files.Column {
		for _, name := range names {
			for i := range columns {
				// faery names the size of the sensor behind an @.
				if plain, _, _ := strings.Cut(columns[i].Name, "@"); strings.EqualFold(plain, name) {
					return &columns[i]
				}
			}
		}
		return nil
	}
	times, channel, polarity, trial := find(timeNames), find(channelNames), find(polarityNames), find(trialNames)
	x, y := find([]string{"x"}), find([]string{"y"})
	if times == nil || channel == nil && x == nil {
		return nil, nil, t.bad("", "columns time and channel, or time, x and y; found %s", t.names())
	}
	switch {
	case x != nil && (y != nil || channel == nil):
		channel = x
	default:
		y = nil
	}
	for _, c := range []*files.Column{times, channel, y, polarity, trial} {
		if c != nil && c.Codes != nil {
			return nil, nil, t.bad(c.Name, "numbers, found %s", noNumber(c))
		}
	}
	if times.Unit != "" {
		if unit != "" && unit != times.Unit {
			return nil, nil, t.bad(times.Name, "the unit %s (data.unit), found %s", unit, times.Unit)
		}
		unit = times.Unit
	}
	if unit == "" {
		whole := true
		for _, v := range times.Data {
			whole = whole && v == math.Trunc(v)
		}
		if unit = "s"; whole && len(times.Data) > 0 {
			return nil, nil, t.bad(times.Name, "data.unit, one of s, ms, us, because times are whole numbers")
		}
	}
	per, ok := perSecond[strings.ReplaceAll(unit, "µ", "u")]
	if !ok {
		return nil, nil, t.bad(times.Name, "times in s, ms or us, found %s", unit)
	}
	rec = make(recording, len(times.Data))
	if trial != nil {
		trials = make([]int32, len(rec))
	}
	for i := range rec {
		e := &rec[i]
		v := times.Data[i]
		if !(math.Abs(v) < 1e12) {
			return nil, nil, t.bad(times.Name, "a time, found %v in row %d", v, i+1)
		}
		e.t = micros(v, per)
		var number int32
		for _, c := range []struct {
			column *files.Column
			dst    *int32
			below  float64
		}{{channel, &e.x, maxPixel}, {y, &e.y, maxPixel}, {polarity, &e.p, 2}, {trial, &number, 1 << 31}} {
			if c.column == nil {
				continue
			}
			v := c.column.Data[i]
			if c.dst == &e.p && v == -1 { // some write -1 and 1
				v = 0
			}
			if !(v >= 0 && v < c.below) || v != math.Trunc(v) {
				return nil, nil, t.bad(c.column.Name, "whole numbers from 0 to %g, found %v in row %d", c.below-1, v, i+1)
			}
			*c.dst = int32(v)
		}
		if trial != nil {
			trials[i] = number
		}
	}
	return rec, trials, nil
}

// readEventArray reads a structured array of NumPy with the fields t, x, and where there are some y
// and p, as tonic writes them; times are in µs unless the unit is another.
func readEventArray(path, unit string) (recording, error) {
	list, err := files.ReadPacked(path)
	if err != nil {
		return nil, err
	}
	a := arrays{path: path, list: list}
	field := func(name string) *files.Packed {
		for i := range list {
			if dot := strings.LastIndexByte(list[i].Name, '.'); dot >= 0 && list[i].Name[dot+1:] == name {
				return &list[i]
			}
		}
		return nil
	}
	t, x, y, p := field("t"), field("x"), field("y"), field("p")
	if t == nil || x == nil {
		return nil, a.bad("", "a structured array with the fields t, x, and perhaps y and p, as tonic writes them; found %s", a.names(path))
	}
	if len(t.Shape) != 1 {
		return nil, a.bad(t.Name, "shape [E], one element for each event, found %v", t.Shape)
	}
	if unit == "" {
		unit = "us"
	}
	rec := make(recording, t.Len())
	for i := range rec {
		e := &rec[i]
		v := t.Float(i)
		if !(math.Abs(v) < 1e18) {
			return nil, a.bad(t.Name, "a time, found %v for event %d", v, i)
		}
		e.t = micros(v, perSecond[unit])
		for _, c := range []struct {
			field *files.Packed
			dst   *int32
			below int64
		}{{x, &e.x, maxPixel}, {y, &e.y, maxPixel}, {p, &e.p, 2}} {
			if c.field == nil {
				continue
			}
			v, ok := c.field.Int(i)
			if !ok || v < 0 || v >= c.below {
				return nil, a.bad(c.field.Name, "whole numbers from 0 to %d, found %v for event %d", c.below-1, c.field.Float(i), i)
			}
			*c.dst = int32(v)
		}
	}
	return rec, nil
}
