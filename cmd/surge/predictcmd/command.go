// Package predictcmd is the command surge predict: what a trained network gives for samples.
package predictcmd

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strconv"

	"github.com/alecthomas/kong"

	"github.com/surge-snn/surge/cmd/surge/evalcmd"
	"github.com/surge-snn/surge/cmd/surge/traincmd"
	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/experiment"
)

// Command is surge predict.
type Command struct {
	RunDir string `arg:"" name:"run" help:"The folder of a run of surge train."`
	Data   string `arg:"" optional:"" help:"A file of samples, as those of the run; default the test set of the run."`
	Out    string `placeholder:"FILE" help:"Write a row for each sample there, .npz or .csv."`
	JSON   bool   `help:"Print the summary as JSON."`
}

// Help is the text under the usage of the command.
func (Command) Help() string {
	return `Runs the network of a run, with the parameters of its best epoch, on samples in a file of the kind that it learned from (npz, csv, ts), or on its test set. Samples need no targets; where they have some, a line says how well the network does. Tables and the confusion matrix are those of surge eval.

The file of --out has

  sample   number of the sample
  class    name of the class, where the targets are classes (npz: its number, -1 where there is no answer)
  out      logits, or the vector or sequence that the network gives (npz: [S, C]; csv: out_0, out_1, ...)
  counts   npz: spikes of each neuron, an array counts_LAYER [S, N] for each layer

Examples:

  surge predict runs/yinyang-1
  surge predict runs/mine new.npz --out y.npz
  surge predict runs/mine new.csv --out y.csv --json`
}

// Run predicts.
func (c *Command) Run(ctx context.Context, k *kong.Context) (err error) {
	if ext := filepath.Ext(c.Out); c.Out != "" && ext != ".npz" && ext != ".csv" {
		return &exit.BadInput{File: "--out " + c.Out, Expected: "a name that ends in .npz or .csv", Found: ext}
	}
	t, err := experiment.Restore(filepath.Join(c.RunDir, traincmd.ConfigFile), filepath.Join(c.RunDir, traincmd.ParamsFile))
	if err != nil {
		return err
	}
	defer t.Net.Close()
	set, err := t.Open(c.Data)
	if err != nil {
		return err
	}
	var all []row
	s := evalcmd.NewSummary(t, set.Data.Form().Target)
	err = t.Predict(ctx, set, func(p *train.Prediction) error {
		s.Add(p)
		if c.Out != "" {
			all = append(all, rowOf(p))
		}
		return nil
	})
	if err != nil {
		return err
	}
	if c.Out != "" {
		write := writeCSV
		if filepath.Ext(c.Out) == ".npz" {
			write = writeNPZ
		}
		if err := write(c.Out, t, all); err != nil {
			return &exit.BadInput{File: "--out " + c.Out, Err: err}
		}
	}
	s.Finish()
	if c.JSON {
		return json.NewEncoder(k.Stdout).Encode(s)
	}
	if _, err = fmt.Fprintln(k.Stdout, s.Head()); err == nil && c.Out != "" {
		_, err = fmt.Fprintf(k.Stdout, "%s  a row per sample\n", c.Out)
	}
	return err
}

// row is what a file gets of a sample.
type row struct {
	class  int
	out    []float64
	counts [][]float64
}

func rowOf(p *train.Prediction) row {
	r := row{class: p.Class, out: append([]float64(nil), p.Out...)}
	for _, c := range p.Counts {
		r.counts = append(r.counts, append([]float64(nil), c...))
	}
	return r
}

func writeCSV(path string, t *experiment.Trained, all []row) error {
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
			line := []string{strconv.Itoa(i), evalcmd.ClassName(t, r.class)}
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

func writeNPZ(path string, _ *experiment.Trained, all []row) error {
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
			counts = append(counts, r.counts[l]...)
		}
		arrays = append(arrays, files.Array{Name: fmt.Sprintf("counts_%d", l), Shape: []int{n, size}, Data: counts, DType: files.Float64})
	}
	return files.WriteArrays(path, arrays)
}
