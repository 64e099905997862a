package gradbenchcmd

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/surge-snn/surge/bench/gradbench/lif"
	"github.com/surge-snn/surge/bench/gradbench/trained"
	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/experiment"
)

// The files of a run.
const (
	configName = "config.toml"
	paramsName = "best.params"
)

// problem reads the network of a file, or of the folder of a run with its trained parameters.
func (c *Command) problem() (*lif.Problem, error) {
	switch {
	case c.Samples < 1:
		return nil, &exit.BadInput{File: "--samples", Expected: "a number > 0", Found: fmt.Sprint(c.Samples)}
	case !(c.Width > 0) || c.Width > 100:
		return nil, &exit.BadInput{File: "--width", Expected: "a number > 0, 100 at most", Found: fmt.Sprint(c.Width)}
	}
	config := c.Network
	var params *graph.Params
	if !strings.HasSuffix(config, ".toml") {
		config = filepath.Join(c.Network, configName)
		file := filepath.Join(c.Network, paramsName)
		var err error
		if params, err = train.ReadParams(file); err != nil {
			return nil, &exit.BadInput{File: file, Expected: "the parameters of a run", Err: err}
		}
	}
	e, err := experiment.Read(config, "")
	if err != nil {
		return nil, err
	}
	if c.Data != "" {
		e.Locate(c.Data)
	}
	p, err := trained.Problem(e, params, c.Samples)
	if err != nil {
		return nil, err
	}
	p.Width, p.Seed = c.Width*e.Model.VTh, c.Seed
	return p, nil
}
