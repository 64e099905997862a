package fitcmd

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/models/dynapse/fit"
)

// task reads a file of patterns: input [B, T, N], class [B], and maybe w_rec or w_rec_code. A pattern of class k is to make the neuron classes[k] fire and no other of them, one of class -1 none.
func (r *reader) task() (*fit.Task, error) {
	t := r.target
	for _, m := range []struct {
		name  string
		given bool
	}{{"use", t.Use != nil}, {"neurons", t.Neurons != nil}, {"unit", t.Unit != nil}, {"tau_spikes", t.TauSpikes != 0}} {
		if m.given {
			return nil, r.bad(r.member+"."+m.name, "a member that goes with classes", m.name)
		}
	}
	input, err := r.inputs([]string{"input", "class", recurrentWeights, recurrentCodes})
	if err != nil {
		return nil, err
	}
	task := &fit.Task{Name: r.file, T: r.steps, B: r.rows, Input: input, Neurons: t.Classes, Fire: make([]bool, r.rows*len(t.Classes))}
	for _, name := range slices.Sorted(maps.Keys(t.Scale)) {
		if s := t.Scale[name]; name != "classes" || !(s > 0) || math.IsInf(s, 0) {
			return nil, r.bad(r.member+".scale."+name, "classes = a finite number > 0", s)
		}
		task.Scale = t.Scale[name]
	}
	i := slices.IndexFunc(r.arrays, func(a files.Array) bool { return a.Name == "class" })
	if i < 0 {
		return nil, r.wrong("class", "an array [B] of classes", "none")
	}
	classes := r.arrays[i]
	if !slices.Equal(classes.Shape, []int{r.rows}) {
		return nil, r.wrong("class", fmt.Sprintf("shape [%d], a class for each pattern", r.rows), fmt.Sprint(classes.Shape))
	}
	for b, c := range classes.Data {
		if c != math.Floor(c) || !(c >= -1) || c >= float64(len(t.Classes)) {
			return nil, r.wrong(fmt.Sprintf("class[%d]", b), fmt.Sprintf("a whole number, 0 to %d, or -1 for no class", len(t.Classes)-1), c)
		}
		if c >= 0 {
			task.Fire[b*len(t.Classes)+int(c)] = true
		}
	}
	return task, r.recurrence()
}
