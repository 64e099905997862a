package experiment

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/surge-snn/surge/internal/files"
)

// noInput is the value of the key input of a recording without any.
const noInput = "none"

// content is what a file has: arrays, or a list of events.
type content struct {
	arrays []files.Array
	events *events
}

// in is an error in a file.
func (d *data) in(path, member, expected string, found any) error {
	return &Error{File: path, Member: member, Expected: expected, Found: fmt.Sprint(found)}
}

// isTable says whether a file has columns rather than arrays of any shape.
func isTable(path string) bool {
	return slices.Contains([]string{".csv", ".txt", ".tsv", ".dat"}, strings.ToLower(filepath.Ext(path)))
}

// parse reads a file.
func (d *data) parse(path string, raw []byte) (c content, err error) {
	switch ext := strings.ToLower(filepath.Ext(path)); {
	case isTable(path):
		columns, err := files.ParseTable(path, raw)
		if err != nil {
			return c, &Error{File: path, Err: err}
		}
		for i := range columns {
			columns[i].Name = d.ours(columns[i].Name)
		}
		if c.events, err = d.eventsOf(path, columns); err != nil || c.events != nil {
			return c, err
		}
		c.arrays, err = d.tabulate(path, columns)
		return c, err
	case ext == ".nwb" || ext == ".h5" || ext == ".hdf5":
		return d.nwb(path, raw)
	}
	arrays, err := files.ParseArrays(path, raw)
	if err != nil {
		return c, &Error{File: path, Err: err}
	}
	var columns []files.Column
	for i := range arrays {
		arrays[i].Name = d.ours(arrays[i].Name)
		if len(arrays[i].Shape) == 1 {
			columns = append(columns, files.Column{Name: arrays[i].Name, Data: arrays[i].Data})
		}
	}
	if len(columns) == len(arrays) && len(columns) > 1 {
		if c.events, err = d.eventsOf(path, columns); err != nil || c.events != nil {
			return c, err
		}
	}
	return content{arrays: arrays}, nil
}

// ours is the name of an array that the target says, for one of the file.
func (d *data) ours(name string) string {
	if d.target != nil {
		for _, own := range slices.Sorted(maps.Keys(d.target.Arrays)) {
			if d.target.Arrays[own] == name {
				return own
			}
		}
	}
	return name
}

// load reads the file of a recording or a task, and that of its input, read by their paths.
func (d *data) load(read func(path string) ([]byte, error), input string) error {
	for _, name := range slices.Sorted(maps.Keys(d.target.Arrays)) {
		if !slices.Contains(known, name) && name != "time" && name != "neuron" && name != "trial" && name != "class" {
			return d.bad("arrays."+name, "names of "+joined(known)+" time neuron trial, each with its name in the file", name)
		}
	}
	d.absolute = input != "" && input != noInput
	one := func(path string) (content, error) {
		raw, err := read(path)
		if err != nil {
			return content{}, failed(path, err)
		}
		return d.parse(path, raw)
	}
	main, err := one(d.path)
	if err != nil {
		return err
	}
	var stimulus content
	if d.absolute {
		if stimulus, err = one(input); err != nil {
			return err
		}
	}
	d.arrays = main.arrays
	for _, a := range stimulus.arrays {
		if !slices.Contains([]string{"input", dcName, inputWeights, recurrentWeights, recurrentCodes}, a.Name) {
			d.unused = append(d.unused, a.Name)
			continue
		}
		if _, twice := d.find(a.Name); twice {
			return d.in(input, a.Name, "an array here or in "+d.path, "both")
		}
		d.arrays = append(d.arrays, a)
	}
	return d.fill(main.events, stimulus.events, input)
}

// fill makes the arrays spikes and input of lists of events, and of no input, over the time that
// the other arrays, target.seconds or the last event say.
func (d *data) fill(spikes, stimulus *events, input string) error {
	rows, steps := 0, 0
	for _, a := range d.arrays {
		x, _ := d.find(a.Name)
		if slices.Contains(known[:sampled], a.Name) && a.Name != inputWeights && len(x.Shape) >= 3 {
			rows, steps = max(rows, x.Shape[0]), max(steps, x.Shape[1])
		}
	}
	if s := d.target.Seconds; s > 0 {
		if steps > 0 && int(s/d.dt+0.5) != steps {
			return d.bad("seconds", fmt.Sprintf("%v s, the length of the recording", float64(steps)*d.dt), s)
		}
		steps = int(s/d.dt + 0.5)
	}
	lists := []*events{spikes, stimulus}
	for _, e := range lists {
		if e == nil {
			continue
		}
		rows = max(rows, e.rows())
		if d.target.Seconds == 0 && !slices.ContainsFunc(d.arrays, func(a files.Array) bool {
			return len(a.Shape) >= 2 && a.Name != inputWeights && slices.Contains(known[:sampled], a.Name)
		}) {
			steps = max(steps, e.bins(d.dt))
		}
	}
	if spikes != nil {
		if err := d.once(spikes); err != nil {
			return err
		}
		a, err := d.counts(spikes, "spikes", rows, steps, d.network.N)
		if err != nil {
			return err
		}
		d.arrays = append(d.arrays, a)
	}
	channels := d.network.N * d.types()
	if w, ok := d.find(inputWeights); ok && len(w.Shape) > 0 {
		channels = w.Shape[0]
	} else if d.given != nil {
		channels = d.given.Pre
	}
	switch _, given := d.find("input"); {
	case stimulus != nil && given:
		return d.in(input, "input", "input here or in "+d.path, "both")
	case stimulus != nil:
		a, err := d.counts(stimulus, "input", stimulus.rows(), steps, channels)
		if err != nil {
			return err
		}
		d.arrays = append(d.arrays, a)
	case input == noInput && given:
		return d.bad("input", "no input in "+d.path+", as it is none", "one")
	case (input == noInput || input == "" && stimulus == nil && d.undriven()) && rows > 0:
		d.arrays = append(d.arrays, files.Array{Name: "input", Shape: []int{rows, steps, channels}, Data: make([]float64, rows*steps*channels)})
	}
	d.repeat(rows)
	return nil
}

// repeat gives each trial the input, where there is one for all.
func (d *data) repeat(rows int) {
	i := slices.IndexFunc(d.arrays, func(a files.Array) bool { return a.Name == "input" })
	if i < 0 || rows < 2 {
		return
	}
	a := &d.arrays[i]
	if len(a.Shape) == 2 {
		a.Shape = append([]int{1}, a.Shape...)
	}
	if len(a.Shape) >= 3 && a.Shape[0] == 1 {
		a.Shape = append([]int{rows}, a.Shape[1:]...)
		a.Data = slices.Repeat(a.Data, rows)
	}
}
