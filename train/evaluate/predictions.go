package evaluate

import (
	"encoding/csv"
	"fmt"
	"io"
	"path/filepath"
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
}

// Predictions are what a network gave for samples.
type Predictions []row

// Add keeps a prediction.
func (all *Predictions) Add(p *train.Prediction) {
	if all == nil || p == nil {
		return
	}
	r := row{class: p.Class, out: append([]float64(nil), p.Out...)}
	for _, c := range p.Counts {
		r.counts = append(r.counts, append([]float64(nil), c...))
	}
	*all = append(*all, r)
}

// Write writes a row for each sample into a file, .npz or .csv: sample, class and out. A .npz has
// the number of the class, -1 where there is no answer, and the spikes of each neuron, counts_LAYER
// [S, N], too.
func (all Predictions) Write(path string, t *experiment.Trained) error {
	if filepath.Ext(path) == ".npz" {
		return all.writeNPZ(path)
	}
	return all.writeCSV(path, t)
}

func (all Predictions) writeCSV(path string, t *experiment.Trained) error {
	width := 0
	for _, r := range all {
		width = max(width, len(r.out))
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
	return files.WriteArrays(path, arrays)
}
