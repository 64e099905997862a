package experiment

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/given"
	"github.com/surge-snn/surge/internal/rundir"
	"github.com/surge-snn/surge/plot"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/data"
)

// Names of the files of a run.
const (
	ConfigFile     = "config.toml"
	MetricsFile    = "metrics.jsonl"
	TimesFile      = "times.jsonl"
	CheckpointFile = "checkpoint"
	ParamsFile     = "best.params"
	CurvesFile     = "curves.png"
	RasterFile     = "raster.png"
	ReceiptFile    = "receipt.jsonl"
)

// FilesOf returns the names of all files that a run may have left in a folder, whether they are
// there or not, with the kept checkpoints that are there.
func FilesOf(folder string) ([]string, error) {
	names := []string{
		ConfigFile, rundir.SumsFile, MetricsFile, TimesFile, ReceiptFile, CheckpointFile, CheckpointFile + ".prev",
		ParamsFile, CurvesFile, RasterFile,
	}
	kept, err := train.KeptCheckpoints(filepath.Join(folder, CheckpointFile))
	for _, k := range kept {
		names = append(names, filepath.Base(k))
	}
	return names, err
}

// ReadNetwork reads the experiment in a file, NAME.toml, or that in the folder of a run with its
// trained parameters, which are nil for a file. data is where the data are, as --data; empty: where
// the experiment says.
func ReadNetwork(path, data string) (*Experiment, *graph.Params, error) {
	config := path
	var params *graph.Params
	if !strings.HasSuffix(path, ".toml") {
		config = filepath.Join(path, ConfigFile)
		file := filepath.Join(path, ParamsFile)
		var err error
		if params, err = train.ReadParams(file); err != nil {
			return nil, nil, &exit.BadInput{File: file, Expected: "the parameters of a run", Err: err}
		}
	}
	e, err := Read(config, "")
	if err != nil {
		return nil, nil, err
	}
	if data != "" {
		e.Locate(data)
	}
	return e, params, nil
}

// Settings returns what a run of the experiment is done with: the training of a network, on a
// number of samples to learn. Files and progress are the caller's to add; without an experiment
// they are the zero value.
func (e *Experiment) Settings(net Network, samples int) train.Settings {
	if e == nil {
		return train.Settings{}
	}
	var learned []string
	if net != nil {
		for _, g := range net.Grads() {
			learned = append(learned, g.Name)
		}
	}
	return train.Settings{
		Epochs: e.Train.Epochs, Patience: e.Train.Patience, OnNonFinite: e.Train.OnNonFinite, Optimizer: e.Optimizer(samples, learned...), LR: e.LR(samples), Plateau: e.Plateau(), Config: e.Text(),
		Begin: e.scaleWeights,
	}
}

// Draw draws [CurvesFile], of the metrics in a file, and [RasterFile], of the first test sample,
// into a folder.
func (e *Experiment) Draw(net Network, test data.Batches, metricsFile, folder string) error {
	if err := e.usable(); err != nil {
		return err
	}
	if err := given.Need("net", net, "test.Data", test.Data); err != nil {
		return fmt.Errorf("experiment: Draw: %w", err)
	}
	metrics, err := train.ReadMetrics(metricsFile)
	if err != nil {
		return err
	}
	if err := Curves(e.Name, []Run{{Epochs: metrics}}).Write(filepath.Join(folder, CurvesFile)); err != nil {
		return err
	}
	one, err := net.Sample(test)
	if err != nil {
		return err
	}
	title := e.Name + ": test sample 0"
	if test.Data.Form().Target.Kind == data.ClassTarget {
		predicted := fmt.Sprint(one.Predicted)
		if one.Predicted < 0 {
			predicted = "none"
		}
		title += fmt.Sprintf(", class %d, predicted %s", one.Label, predicted)
	}
	return plot.Raster{
		Title:    title,
		Duration: one.Duration, Layers: one.Layers, Readout: one.Readout, Dt: one.Dt,
	}.Write(filepath.Join(folder, RasterFile))
}
