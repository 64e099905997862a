package gradcheckcmd

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/surge-snn/surge/bench/gradcheck"
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

// isNetwork says whether the argument is a network and not a pattern: a file of TOML, or a folder that is there.
func isNetwork(name string) bool {
	if strings.HasSuffix(name, ".toml") {
		return true
	}
	info, err := os.Stat(name)
	return name != "" && err == nil && info.IsDir()
}

// network checks the network of a file, or of the folder of a run with its trained parameters.
func (c *Command) network(ctx context.Context, w io.Writer) error {
	if c.Rows < 1 {
		return &exit.BadInput{File: "--rows", Expected: "a number > 0", Found: "less"}
	}
	config := c.Pattern
	var params *graph.Params
	if !strings.HasSuffix(config, ".toml") {
		config = filepath.Join(c.Pattern, configName)
		file := filepath.Join(c.Pattern, paramsName)
		var err error
		if params, err = train.ReadParams(file); err != nil {
			return &exit.BadInput{File: file, Expected: "the parameters of a run", Err: err}
		}
	}
	e, err := experiment.Read(config, "")
	if err != nil {
		return err
	}
	if c.Data != "" {
		e.Locate(c.Data)
	}
	name := filepath.Base(c.Pattern)
	results, err := gradcheck.Network(ctx, name, e, params, c.Rows)
	if ctx.Err() != nil {
		err = exit.ErrInterrupted
	}
	p := newPrinter(w, c.JSON, []string{name})
	p.byParameter = true
	return errors.Join(p.print(results), err, p.verdict())
}
