package experiment

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/surge-snn/surge/internal/files"
)

// events is a list of spikes.
type events struct {
	path  string
	time  []float64 // s
	index []int     // of the neuron or channel
	trial []int     // nil: all of one
	line  func(i int) string
}

// Names under which lists of events have their columns: ours first, then those of AER recordings.
var (
	timeNames  = []string{"time", "t", "times", "timestamp", "timestamps", "ts"}
	indexNames = []string{"neuron", "channel", "id", "unit", "address", "addr", "neuron_id", "index"}
	trialNames = []string{"trial", "row", "sweep"}
)

// column returns the first of some columns that is there, whatever the case of its letters.
func column(columns []files.Column, names []string) (files.Column, bool) {
	for _, name := range names {
		for _, c := range columns {
			if strings.EqualFold(c.Name, name) && c.Data != nil {
				return c, true
			}
		}
	}
	return files.Column{}, false
}

// eventsOf reads a list of events from columns: a time and a neuron, and maybe a trial, and nothing
// that is a trace. Columns without names are taken in this order. It is nil for columns that are no
// list.
func (d *data) eventsOf(path string, columns []files.Column) (*events, error) {
	if len(columns) == 2 || len(columns) == 3 {
		unnamed := true
		for i, c := range columns {
			unnamed = unnamed && c.Name == fmt.Sprint(i)
		}
		if unnamed {
			for i := range columns {
				columns[i].Name = []string{timeNames[0], indexNames[0], trialNames[0]}[i]
			}
		}
	}
	t, hasTime := column(columns, timeNames)
	n, hasIndex := column(columns, indexNames)
	if !hasTime || !hasIndex {
		return nil, nil
	}
	e := &events{path: path, line: func(i int) string { return fmt.Sprintf("event %d", i) }}
	factor, err := d.timeUnit(path, t)
	if err != nil {
		return nil, err
	}
	for _, x := range t.Data {
		e.time = append(e.time, factor*x)
	}
	whole := func(c files.Column) (list []int, err error) {
		for i, x := range c.Data {
			if x != math.Trunc(x) || x < 0 || x > math.MaxInt32 {
				return nil, d.in(path, fmt.Sprintf("%s of %s", c.Name, e.line(i)), "a whole number >= 0", x)
			}
			list = append(list, int(x))
		}
		return list, nil
	}
	if e.index, err = whole(n); err != nil {
		return nil, err
	}
	if c, ok := column(columns, trialNames); ok {
		if e.trial, err = whole(c); err != nil {
			return nil, err
		}
	}
	if len(e.time) == 0 {
		return nil, d.in(path, "", "at least one event", "none")
	}
	for i, x := range e.time {
		if !(x >= 0) || x > mostSeconds {
			return nil, d.in(path, "time of "+e.line(i), fmt.Sprintf("0 to %v s; other units are said with unit = {time = \"us\"}", float64(mostSeconds)), fmt.Sprintf("%v s", x))
		}
	}
	return e, nil
}

// mostSeconds bounds the time of an event, s: a count of microseconds that is taken for seconds is
// beyond.
const mostSeconds = 1e5

// timeUnit is the factor from a column of times to seconds.
func (d *data) timeUnit(path string, c files.Column) (float64, error) {
	factor, ok := files.SI(c.Unit)
	if !ok || c.Unit != "" && !strings.HasSuffix(c.Unit, "s") {
		return 0, d.in(path, c.Name, "a unit of time: s, ms, us, ns", c.Unit)
	}
	if d.target == nil {
		return factor, nil
	}
	u, given := d.target.Unit["time"]
	if !given {
		return factor, nil
	}
	said, ok := files.SI(u)
	if !ok || !strings.HasSuffix(u, "s") {
		return 0, d.bad("unit.time", "s, ms, us or ns", u)
	}
	if c.Unit != "" && said != factor {
		return 0, d.bad("unit.time", c.Unit+", as the file says, or nothing", u)
	}
	return said, nil
}

// bins is the number of bins up to the last event.
func (e *events) bins(dt float64) int { return int(slices.Max(e.time)/dt+binSlack) + 1 }

// rows is the number of trials.
func (e *events) rows() int {
	if e.trial == nil {
		return 1
	}
	return slices.Max(e.trial) + 1
}

// counts puts the events into bins: an array [B, T, columns].
func (d *data) counts(e *events, name string, rows, steps, columns int) (files.Array, error) {
	a := files.Array{Name: name, Shape: []int{rows, steps, columns}}
	if float64(rows)*float64(steps)*float64(columns) > mostBins {
		return a, d.in(e.path, "", fmt.Sprintf("at most %d bins", mostBins), fmt.Sprintf("%d trials of %d steps of %d columns", rows, steps, columns))
	}
	a.Data = make([]float64, rows*steps*columns)
	for i, time := range e.time {
		row, bin := 0, int(time/d.dt+binSlack)
		if e.trial != nil {
			row = e.trial[i]
		}
		switch {
		case row >= rows:
			return a, d.in(e.path, "trial of "+e.line(i), fmt.Sprintf("0 to %d, as the input has %d rows", rows-1, rows), row)
		case bin >= steps:
			return a, d.in(e.path, "time of "+e.line(i), fmt.Sprintf("less than the %v s of the recording", float64(steps)*d.dt), fmt.Sprintf("%v s", time))
		case e.index[i] >= columns:
			return a, d.in(e.path, e.line(i), fmt.Sprintf("a neuron or channel, 0 to %d", columns-1), e.index[i])
		}
		a.Data[(row*steps+bin)*columns+e.index[i]]++
	}
	return a, nil
}

// once returns an error where a neuron fires twice at one time, which none does: the list has its
// spikes more than once.
func (d *data) once(spikes *events) error {
	type spike struct {
		time          float64
		neuron, trial int
	}
	seen := make(map[spike]int, len(spikes.time))
	for i, time := range spikes.time {
		s := spike{time: time, neuron: spikes.index[i]}
		if spikes.trial != nil {
			s.trial = spikes.trial[i]
		}
		if k, ok := seen[s]; ok {
			return d.in(spikes.path, spikes.line(i), "each spike once", fmt.Sprintf("neuron %d at %v s, as in %s", s.neuron, time, spikes.line(k)))
		}
		seen[s] = i
	}
	return nil
}

// mostBins is the largest recording, in bins of all rows and columns, that is made of events or of
// samples with times: what a fit can simulate.
const mostBins = 1 << 24

// binSlack is the share of a bin by which a time that is printed with few digits may lie before it.
const binSlack = 1e-6
