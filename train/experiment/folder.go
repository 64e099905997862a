package experiment

import (
	"path/filepath"
	"strings"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/train"
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
