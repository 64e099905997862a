// Package predictcmd is the command surge predict: what a trained network gives for samples.
package predictcmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/alecthomas/kong"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/evaluate"
	"github.com/surge-snn/surge/train/experiment"
)

// Command is surge predict.
type Command struct {
	RunDir string   `arg:"" name:"run" help:"The folder of a run of surge train."`
	Data   string   `arg:"" optional:"" help:"A file of samples as those of the run, or a folder of recordings; default the test set of the run."`
	Out    string   `placeholder:"FILE" help:"Write a row for each sample there, .npz or .csv."`
	Record []string `placeholder:"NAME,..." help:"Also write what layers did, into the .npz: LAYER.spikes, LAYER.v (voltage before the reset), LAYER.i (current from the weights), readout."`
	JSON   bool     `help:"Print the summary as JSON."`
}

// Help is the text under the usage of the command.
func (Command) Help() string {
	return `Runs the network of a run, with the parameters of its best epoch, on samples of the kind that it learned from, or on its test set: a file (npz, csv, ts, the HDF5 of SHD), or of recordings of events a file, a folder of files, or one of CLASS/FILE. Samples need no targets; where they have some, a line says how well the network does. Tables and the confusion matrix are those of surge eval.

The file of --out has

  sample   number of the sample
  class    name of the class, where the targets are classes (npz: its number, -1 where there is no answer)
  out      logits, or the vector or sequence that the network gives (npz: [S, C]; csv: out_0, out_1, ...)
  counts   npz: spikes of each neuron, an array counts_LAYER [S, N] for each layer
  NAME     npz, of --record: [S, T, N], 0 behind the steps [S] of a sample; of networks from event to event, which have LAYER.spikes
           alone, NAME.times (s), NAME.neurons and NAME.offsets [S+1]

Examples:

  surge predict runs/yinyang-1
  surge predict runs/mine new.npz --out y.npz
  surge predict runs/mine new.csv --out y.csv --json
  surge predict runs/mine new.npz --out y.npz --record hidden1.v,hidden1.spikes,readout`
}

// Run predicts.
func (c *Command) Run(ctx context.Context, k *kong.Context) (err error) {
	if ext := filepath.Ext(c.Out); c.Out != "" && ext != ".npz" && ext != ".csv" {
		return &exit.BadInput{File: "--out " + c.Out, Expected: "a name that ends in .npz or .csv", Found: ext}
	}
	if len(c.Record) > 0 && filepath.Ext(c.Out) != ".npz" {
		return &exit.BadInput{File: "--record", Expected: "--out with a name that ends in .npz", Found: c.Out}
	}
	t, err := experiment.Restore(filepath.Join(c.RunDir, experiment.ConfigFile), filepath.Join(c.RunDir, experiment.ParamsFile))
	if err != nil {
		return err
	}
	defer t.Net.Close()
	set, err := t.Open(c.Data)
	if err != nil {
		return err
	}
	var all evaluate.Predictions
	s := evaluate.New(t, set.Data.Form().Target)
	err = t.Predict(ctx, set, func(p *train.Prediction) error {
		s.Add(p)
		if c.Out != "" {
			all.Add(p)
		}
		return nil
	}, c.Record...)
	if errors.Is(err, train.ErrRecord) {
		return &exit.BadInput{File: "--record", Err: err}
	}
	if err != nil {
		return err
	}
	if c.Out != "" {
		if err := all.Write(c.Out, t); err != nil {
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
