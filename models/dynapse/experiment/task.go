package experiment

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/models/dynapse/fit"
)

// task reads a file of patterns: input [B, T, N], class [B], and maybe w_in, w_rec or w_rec_code. A
// pattern of class k is to make the neuron classes[k] fire and no other of them, one of class -1
// none.
func (d *data) task() (*fit.Task, error) {
	t := d.target
	for _, m := range []struct {
		name  string
		given bool
	}{{"use", t.Use != nil}, {"neurons", t.Neurons != nil}, {"unit", t.Unit != nil}, {"tau_spikes", t.TauSpikes != 0}, {"dc", t.DC != nil}, {"stage", t.Stage != ""}} {
		if m.given {
			return nil, d.bad(m.name, "a member that goes with classes", m.name)
		}
	}
	arrays := []string{"input", "class", recurrentWeights, recurrentCodes, inputWeights}
	for _, a := range d.arrays {
		if !slices.Contains(arrays, a.Name) {
			return nil, d.wrong(a.Name, "one of "+joined(arrays), "an unknown array")
		}
	}
	input, err := d.inputs()
	if err != nil {
		return nil, err
	}
	k := len(t.Classes)
	task := &fit.Task{Name: d.path, T: d.steps, B: d.rows, Input: input, Channels: d.channels, Neurons: t.Classes, Fire: make([]bool, d.rows*k)}
	for _, name := range slices.Sorted(maps.Keys(t.Scale)) {
		if s := t.Scale[name]; name != "classes" || !(s > 0) || math.IsInf(s, 0) {
			return nil, d.bad("scale."+name, "classes = a finite number > 0", s)
		}
		task.Scale = t.Scale[name]
	}
	i := slices.IndexFunc(d.arrays, func(a files.Array) bool { return a.Name == "class" })
	if i < 0 {
		return nil, d.wrong("class", "an array [B] of classes", "none")
	}
	classes := d.arrays[i]
	if !slices.Equal(classes.Shape, []int{d.rows}) {
		return nil, d.wrong("class", fmt.Sprintf("shape [%d], a class for each pattern", d.rows), fmt.Sprint(classes.Shape))
	}
	for b, c := range classes.Data {
		if c != math.Floor(c) || !(c >= -1) || c >= float64(k) {
			return nil, d.wrong(fmt.Sprintf("class[%d]", b), fmt.Sprintf("a whole number, 0 to %d, or -1 for no class", k-1), c)
		}
		if c >= 0 {
			task.Fire[b*k+int(c)] = true
		}
	}
	return task, d.recurrence()
}
