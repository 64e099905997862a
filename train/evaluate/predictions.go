package evaluate

import (
	"encoding/csv"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/experiment"
)

// row is what a file gets of a sample.
type row struct {
	class  int
	out    []float64
	counts [][]float64
	steps  int
	traces []train.Recorded
}

// Predictions are what a network gave for samples.
type Predictions []row

// Add keeps a prediction.
func (all *Predictions) Add(p *train.Prediction) {
	if all == nil || p == nil {
		return
	}
	r := row{class: p.Class, out: slices.Clone(p.Out)}
	for _, c := range p.Counts {
		r.counts = append(r.counts, slices.Clone(c))
	}
	for _, t := range p.Recorded {
		t.Values, t.Spikes = slices.Clone(t.Values), slices.Clone(t.Spikes)
		r.steps = max(r.steps, len(t.Values)/max(t.Neurons, 1))
		r.traces = append(r.traces, t)
	}
	*all = append(*all, r)
}

// Write writes a row for each sample into a file, .npz or .csv: sample, class and out. A .npz has
// the number of the class, -1 where there is no answer, and the spikes of each neuron, counts_LAYER
// [S, N], too, and what was recorded under its name: with time steps an array [S, T, N] and steps
// [S], behind which it is 0; from event to event times, s, neurons and offsets [S+1], as NAME.times
// and so on.
//
// Errors: more than [files.MaxElements] recorded numbers, recordings in a .csv, predictions of
// different networks, and those of the file system.
func (all Predictions) Write(path string, t *experiment.Trained) error {
	if filepath.Ext(path) == ".npz" {
		return all.writeNPZ(path)
	}
	return all.writeCSV(path, t)
}

func (all Predictions) writeCSV(path string, t *experiment.Trained) error {
	width := 0
	for _, r := range all {
		if width = max(width, len(r.out)); len(r.traces) > 0 {
			return fmt.Errorf("evaluate: what was recorded has no place in a table: expected a name that ends in .npz")
		}
	}
	return files.WriteAtomic(path, func(w io.Writer) error {
		table := csv.NewWriter(w)
		head := []string{"sample", "class"}
		for i := range width {
			head = append(head, fmt.Sprintf("out_%d", i))
		}
		if err := table.Write(head); err != nil {
			return err
		}
		for i, r := range all {
			line := []string{strconv.Itoa(i), ClassName(t, r.class)}
			for _, x := range r.out {
				line = append(line, strconv.FormatFloat(x, 'g', -1, 64))
			}
			for len(line) < len(head) {
				line = append(line, "") // a sequence that is shorter
			}
			if err := table.Write(line); err != nil {
				return err
			}
		}
		table.Flush()
		return table.Error()
	})
}

func (all Predictions) writeNPZ(path string) error {
	width := 0
	for _, r := range all {
		width = max(width, len(r.out))
	}
	n := len(all)
	classes, out := make([]float64, n), make([]float64, n*width)
	for i, r := range all {
		classes[i] = float64(r.class)
		copy(out[i*width:], r.out)
	}
	arrays := []files.Array{
		{Name: "class", Shape: []int{n}, Data: classes, DType: files.Int64},
		{Name: "out", Shape: []int{n, width}, Data: out, DType: files.Float64},
	}
	for l := 0; n > 0 && l < len(all[0].counts); l++ {
		size := len(all[0].counts[l])
		counts := make([]float64, 0, n*size)
		for _, r := range all {
			if len(r.counts) <= l || len(r.counts[l]) != size {
				return fmt.Errorf("evaluate: predictions of different networks, whose layer %d is of %d neurons", l, size)
			}
			counts = append(counts, r.counts[l]...)
		}
		arrays = append(arrays, files.Array{Name: fmt.Sprintf("counts_%d", l), Shape: []int{n, size}, Data: counts, DType: files.Float64})
	}
	recorded, err := all.recorded()
	if err != nil {
		return err
	}
	return files.WriteArrays(path, append(arrays, recorded...))
}

// recorded returns the arrays of what was recorded.
func (all Predictions) recorded() (arrays []files.Array, err error) {
	if len(all) == 0 || len(all[0].traces) == 0 {
		return nil, nil
	}
	most, steps, total := 0, make([]float64, len(all)), 0
	for i, r := range all {
		if len(r.traces) != len(all[0].traces) {
			return nil, fmt.Errorf("evaluate: predictions of different networks")
		}
		most, steps[i] = max(most, r.steps), float64(r.steps)
	}
	for l, first := range all[0].traces {
		events := []files.Array{{Name: first.Name + ".times"}, {Name: first.Name + ".neurons", DType: files.Int64}, {Name: first.Name + ".offsets", DType: files.Int64, Data: []float64{0}}}
		for _, r := range all {
			t := r.traces[l]
			if t.Name != first.Name || t.Neurons != first.Neurons {
				return nil, fmt.Errorf("evaluate: predictions of different networks: %s of %d neurons and %s of %d", first.Name, first.Neurons, t.Name, t.Neurons)
			}
			for _, s := range t.Spikes {
				events[0].Data = append(events[0].Data, s.Time)
				events[1].Data = append(events[1].Data, float64(s.Channel))
			}
			events[2].Data = append(events[2].Data, float64(len(events[0].Data)))
		}
		size := most * first.Neurons
		if total += len(all)*size + 2*len(events[0].Data); total > files.MaxElements {
			return nil, fmt.Errorf("evaluate: %d and more recorded numbers, a file has at most %d: record less, or of fewer samples", total, files.MaxElements)
		}
		if most == 0 {
			for i := range events {
				events[i].Shape = []int{len(events[i].Data)}
			}
			arrays = append(arrays, events...)
			continue
		}
		v := make([]float64, len(all)*size)
		for i, r := range all {
			copy(v[i*size:], r.traces[l].Values)
		}
		arrays = append(arrays, files.Array{Name: first.Name, Shape: []int{len(all), most, first.Neurons}, Data: v})
	}
	if most > 0 {
		arrays = append(arrays, files.Array{Name: "steps", Shape: []int{len(all)}, Data: steps, DType: files.Int64})
	}
	return arrays, nil
}
