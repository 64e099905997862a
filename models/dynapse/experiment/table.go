package experiment

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/models/dynapse/fit"
)

// table is what the rows of a table of samples belong to.
type table struct {
	rows, steps int
	row, bin    []int     // of each sample
	late        []bool    // of each sample, whether it lies at the end of its bin
	whole       bool      // a sample is a bin
	gaps        []float64 // [rows, steps, columns] of the traces, 1 where a sample is missing; nil: none
	columns     int       // of gaps
}

// tabulate turns the columns of a table into arrays [B, T, N]: imem, or imem_0, imem_1, ... for
// several neurons. See the package documentation for times, trials and gaps.
func (d *data) tabulate(path string, columns []files.Column) ([]files.Array, error) {
	if len(columns) == 0 {
		return nil, d.in(path, "", "a column for each array", "none")
	}
	t, err := d.timetable(path, columns)
	if err != nil {
		return nil, err
	}
	var arrays []files.Array
	for _, c := range columns {
		if isName(c.Name, timeNames[0]) || isName(c.Name, trialNames[0]) || c.Data == nil {
			continue
		}
		name, k := c.Name, 0
		if i := strings.LastIndexByte(name, '_'); i > 0 {
			if index, err := strconv.Atoi(name[i+1:]); err == nil && index >= 0 {
				name, k = name[:i], index
			}
		}
		i := slices.IndexFunc(arrays, func(a files.Array) bool { return a.Name == name })
		if i < 0 {
			i = len(arrays)
			arrays = append(arrays, files.Array{Name: name, Shape: []int{t.rows, t.steps, 0}})
		}
		if k != arrays[i].Shape[2] {
			return nil, d.in(path, c.Name, fmt.Sprintf("%s_%d: columns of an array in their order", name, arrays[i].Shape[2]), c.Name)
		}
		if c.Unit != "" {
			factor, ok := files.SI(c.Unit)
			if !ok {
				return nil, d.in(path, c.Name, "a unit of time, current, voltage or frequency as ms, nA, mV", c.Unit)
			}
			for j := range c.Data {
				c.Data[j] *= factor
			}
			d.converted = append(d.converted, name)
		}
		arrays[i].Shape[2]++
		arrays[i].Data = append(arrays[i].Data, t.binned(name, k, c)...) // [N, B, T] up to here
	}
	for i, a := range arrays {
		arrays[i].Data = columnsLast(a.Data, t.rows*t.steps, a.Shape[2])
	}
	return t.weighted(arrays), nil
}

// columnsLast turns [N, samples] into [samples, N].
func columnsLast(x []float64, samples, n int) []float64 {
	out := make([]float64, len(x))
	for j := range n {
		for s := range samples {
			out[s*n+j] = x[j*samples+s]
		}
	}
	return out
}

func isName(name, want string) bool { return strings.EqualFold(name, want) }

// timetable finds the trial and the bin of each row.
func (d *data) timetable(path string, columns []files.Column) (*table, error) {
	length := columns[0].Len()
	t := &table{rows: 1, row: make([]int, length), bin: make([]int, length), late: make([]bool, length), whole: true}
	if c, ok := column(columns, trialNames[:1]); ok {
		for i, x := range c.Data {
			if most := min(length, 1e6); x != math.Trunc(x) || x < 0 || x > float64(most) {
				return nil, d.in(path, fmt.Sprintf("%s, row %d", c.Name, i), fmt.Sprintf("a whole number, 0 to %d: no more trials than rows", most), x)
			}
			t.row[i] = int(x)
			t.rows = max(t.rows, int(x)+1)
		}
	}
	next := make([]int, t.rows)
	time, timed := column(columns, timeNames[:1])
	if timed {
		factor, err := d.timeUnit(path, time)
		if err != nil {
			return nil, err
		}
		if t.whole, err = d.times(path, t, time, factor); err != nil {
			return nil, err
		}
	}
	if t.whole {
		for i, row := range t.row {
			t.bin[i], t.late[i] = next[row], true
			next[row]++
		}
	}
	for _, b := range t.bin {
		t.steps = max(t.steps, b+1)
	}
	if float64(t.rows)*float64(t.steps) > mostBins {
		return nil, d.in(path, "time", fmt.Sprintf("at most %d bins of dt = %v s", mostBins, d.dt), fmt.Sprintf("%d trials of %d", t.rows, t.steps))
	}
	return t, nil
}

// endOfBin is the last part of a bin whose samples stand for a state at its end.
const endOfBin = 0.1

// times finds the bin of each sample from its time; whole says that the samples are bins
// themselves.
func (d *data) times(path string, t *table, c files.Column, factor float64) (whole bool, err error) {
	first, last, step := make([]float64, t.rows), make([]float64, t.rows), make([]float64, t.rows)
	for r := range first {
		first[r] = math.NaN()
	}
	whole = true
	for i, x := range c.Data {
		x *= factor
		r := t.row[i]
		if x-x != 0 {
			return false, d.in(path, fmt.Sprintf("%s, row %d", c.Name, i), "a time", "none")
		}
		if first[r] != first[r] {
			first[r], last[r] = x, x
			if d.absolute {
				first[r], whole = 0, false
			}
		} else {
			h := x - last[r]
			if !(h > 0) {
				return false, d.in(path, fmt.Sprintf("%s, row %d", c.Name, i), "times that go up", fmt.Sprintf("a step of %v s", h))
			}
			if step[r] == 0 || h < step[r] {
				step[r] = h
			}
			whole = whole && h >= 0.999*d.dt && h <= 1.001*d.dt
			last[r] = x
		}
		b := (x-first[r])/d.dt + binSlack
		if !(b >= 0 && b <= mostBins) {
			return false, d.in(path, fmt.Sprintf("%s, row %d", c.Name, i), "a time within the recording, in seconds or in unit.time", fmt.Sprintf("%v s", x))
		}
		t.bin[i] = int(b)
	}
	if whole {
		return true, nil
	}
	for i, x := range c.Data {
		r := t.row[i]
		if step[r] > mostStep*d.dt {
			return false, d.in(path, c.Name, fmt.Sprintf("samples at most %v bins of dt = %v s apart; other units are said with unit = {time = \"ms\"}", float64(mostStep), d.dt), fmt.Sprintf("%v s", step[r]))
		}
		end := float64(t.bin[i]+1)*d.dt - max(endOfBin*d.dt, step[r])
		t.late[i] = factor*x-first[r] >= end-binSlack*d.dt
	}
	return false, nil
}

// mostStep is the distance of samples, in bins, beyond which times are in another unit.
const mostStep = 100

// binned returns a column in bins, [B, T]: the sum of counts, the smallest of weights, and of
// others the mean of the samples at the end of the bin, or the last one. Bins without any are gaps,
// but for input.
func (t *table) binned(name string, k int, c files.Column) []float64 {
	out := make([]float64, t.rows*t.steps)
	seen, late := make([]int, len(out)), make([]int, len(out))
	gap := 0
	for i, x := range c.Data {
		at := t.row[i]*t.steps + t.bin[i]
		if gap < len(c.Gaps) && c.Gaps[gap] == i {
			gap++
			continue
		}
		seen[at]++
		switch {
		case t.whole:
			out[at] = x
		case name == "input" || name == "spikes":
			out[at] += x
		case name == "weight" && seen[at] > 1:
			out[at] = min(out[at], x)
		case name == "weight":
			out[at] = x
		case t.late[i]:
			late[at]++
			if late[at] == 1 {
				out[at] = 0
			}
			out[at] += x
		case late[at] == 0:
			out[at] = x
		}
	}
	_, err := fit.ParseQuantity(name)
	for at, n := range seen {
		if late[at] > 1 {
			out[at] /= float64(late[at])
		}
		if n == 0 && err == nil {
			t.gap(at, k)
			out[at] = math.NaN()
		}
		if n == 0 && name == dcName { // it goes on
			out[at] = math.NaN()
		}
	}
	return out
}

// gap notes that column k of a trace has no sample in a bin.
func (t *table) gap(at, k int) {
	size := t.rows * t.steps
	if k >= t.columns {
		t.gaps = append(t.gaps, make([]float64, (k+1-t.columns)*size)...)
		t.columns = k + 1
	}
	t.gaps[k*size+at] = 1
}

// weighted gives the gaps a weight of 0.
func (t *table) weighted(arrays []files.Array) []files.Array {
	if t.columns == 0 {
		return arrays
	}
	width := 0
	for _, a := range arrays {
		if _, err := fit.ParseQuantity(a.Name); err == nil {
			width = max(width, a.Shape[2])
		}
	}
	i := slices.IndexFunc(arrays, func(a files.Array) bool { return a.Name == "weight" })
	if i < 0 {
		size := t.rows * t.steps * width
		i = len(arrays)
		arrays = append(arrays, files.Array{Name: "weight", Shape: []int{t.rows, t.steps, width}, Data: slices.Repeat([]float64{1}, size)})
	}
	w := arrays[i]
	size := t.rows * t.steps
	for at, missing := range t.gaps {
		if k := at / size; missing > 0 && k < w.Shape[2] {
			w.Data[at%size*w.Shape[2]+k] = 0
		}
	}
	return arrays
}
