// Package inspectcmd is the command surge inspect.
package inspectcmd

import (
	"encoding/json"
	"os"
	"path/filepath"

	"github.com/alecthomas/kong"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/train/experiment"
	"github.com/surge-snn/surge/train/experiment/recipes"
	"github.com/surge-snn/surge/train/inspect"
)

// Command is surge inspect.
type Command struct {
	File   string `arg:"" optional:"" name:"file" help:"A checkpoint, a file of parameters, or the folder of a run."`
	Config string `placeholder:"FILE" complete:"recipes" help:"Describe the program of an experiment instead: a TOML file, or the name of a recipe."`
	Graph  string `placeholder:"FILE" help:"With --config: draw the graph of the training program into a .svg file, or a .dot file for Graphviz; unrolled layers are folded to one time step."`
	Whole  bool   `help:"With --graph FILE.dot: every time step and all gradients."`
	JSON   bool   `help:"Print a JSON object."`
}

// Help is the text under the usage of the command.
func (Command) Help() string {
	return `Of a file: what is in it, and smallest element, mean, largest element, Euclidean norm of each array, and how many elements are NaN or infinite; these are left out of the others. Of a checkpoint also where the run is, and its optimizer.

Of an experiment (--config): the layers, the engine that runs each of them, the parameters, and the nodes of the graph.

Examples:

  surge inspect runs/yinyang-1
  surge inspect runs/yinyang-1/best.params --json
  surge inspect --config mnist
  surge inspect --config yinyang --graph yinyang.svg`
}

// Run inspects.
func (c *Command) Run(k *kong.Context) error {
	if err := c.checkGraph(); err != nil {
		return err
	}
	switch {
	case c.File != "" && c.Config != "":
		return &exit.BadInput{File: "surge inspect", Expected: "a file or --config, not both", Found: c.File + " and " + c.Config}
	case c.Config != "":
		e, err := read(c.Config)
		if err != nil {
			return err
		}
		channels, target, err := e.Sizes()
		if err != nil {
			return err
		}
		net, err := e.Build(channels, target)
		if err != nil {
			return err
		}
		defer net.Close()
		if c.Graph != "" {
			if err := drawGraph(c.Graph, net, c.Whole); err != nil {
				return err
			}
		}
		p := inspect.Describe(e, net, channels)
		if c.JSON {
			return json.NewEncoder(k.Stdout).Encode(p)
		}
		return p.Write(k.Stdout)
	case c.File != "":
		path := c.File
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			path = filepath.Join(path, experiment.CheckpointFile)
		}
		f, err := inspect.ReadFile(path)
		if err != nil {
			return err
		}
		if c.JSON {
			return json.NewEncoder(k.Stdout).Encode(f)
		}
		return f.Write(k.Stdout)
	}
	return &exit.BadInput{File: "surge inspect", Expected: "a file, or --config FILE", Found: "nothing"}
}

func read(config string) (*experiment.Experiment, error) {
	if text, ok := recipes.Read(config); ok {
		return experiment.Parse(config, text, "")
	}
	return experiment.Read(config, "")
}
