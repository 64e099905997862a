package traincmd

import (
	"path/filepath"
	"strings"

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/experiment"
)

// ReadNetwork reads the experiment in a file, NAME.toml, or that in the folder of a run with its
// trained parameters, which are nil for a file. data is where the data are, as --data; empty: where
// the experiment says.
func ReadNetwork(path, data string) (*experiment.Experiment, *graph.Params, error) {
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
	e, err := experiment.Read(config, "")
	if err != nil {
		return nil, nil, err
	}
	if data != "" {
		e.Locate(data)
	}
	return e, params, nil
}
