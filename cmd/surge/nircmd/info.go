package nircmd

import (
	"encoding/json"

	"github.com/alecthomas/kong"

	"github.com/surge-snn/surge/models/nir"
)

// Info is surge nir info.
type Info struct {
	File string `arg:"" help:"A NIR file."`
	JSON bool   `help:"Print a JSON object."`
}

// Help is the text under the usage of the command.
func (Info) Help() string {
	return `Prints the nodes of a NIR graph with their parameters and what leads to them, the metadata, which library probably wrote it, and what a reader could take for something else.

Examples:

  surge nir info network.nir
  surge nir info network.nir --json`
}

// Run describes.
func (c *Info) Run(k *kong.Context) error {
	g, err := source{File: c.File}.read()
	if err != nil {
		return err
	}
	d, err := nir.Describe(g)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(k.Stdout).Encode(d)
	}
	return d.Write(k.Stdout)
}
