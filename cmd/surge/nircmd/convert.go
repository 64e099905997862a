package nircmd

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/models/nir"
)

// Convert is surge nir convert.
type Convert struct {
	source
	To    string  `default:"surge" placeholder:"READER" complete:"simulators" help:"Who shall read the file: surge (default), norse, snntorch, spikingjelly, sinabs, spyx, rockpool, jaxsnn."`
	ToDt  float64 `placeholder:"DT" help:"Time step of the reader; default: its own."`
	Out   string  `required:"" placeholder:"FILE" help:"The new file: .nir, or .npz with the parameters as arrays named node.parameter."`
	Force bool    `help:"Write the file even where the reader will do something else; what it is, is printed."`
	JSON  bool    `help:"Print a JSON object."`
}

// Help is the text under the usage of the command.
func (Convert) Help() string {
	return `Rewrites a NIR file with the parameters that make another simulator do what the file means: time constants, resistances and thresholds for its time step and method. What it cannot do (a reset that subtracts, a time step later, a kind of node) is an error that says so; nothing is written then.

Examples:

  surge nir convert network.nir --to norse --out norse.nir
  surge nir convert theirs.nir --from snntorch --reset value --out ours.nir
  surge nir convert network.nir --out arrays.npz`
}

// Run converts.
func (c *Convert) Run(k *kong.Context) error {
	if c.ToDt < 0 {
		return &exit.BadInput{File: "--to-dt", Expected: "a positive number", Found: fmt.Sprint(c.ToDt)}
	}
	g, net, err := c.compile()
	if err != nil {
		return err
	}
	out, err := nir.Express(g, net, c.To, c.ToDt)
	var lost []string
	if err != nil {
		if !c.Force || out == nil || !isMeaning(err) {
			return &exit.BadInput{File: c.File, Member: "--to " + c.To, Err: err}
		}
		lost = lines(err)
	}
	switch ext := strings.ToLower(filepath.Ext(c.Out)); ext {
	case ".npz":
		err = files.WriteArrays(c.Out, out.Arrays())
	case ".nir", ".h5", ".hdf5":
		err = nir.Write(c.Out, out)
	default:
		return &exit.BadInput{File: "--out " + c.Out, Expected: "a name ending in .nir or .npz", Found: ext}
	}
	if err != nil {
		return &exit.BadInput{File: "--out " + c.Out, Err: err}
	}
	if c.JSON {
		return json.NewEncoder(k.Stdout).Encode(struct {
			Out   string   `json:"out"`
			To    string   `json:"to"`
			Lost  []string `json:"lost"`
			Notes []string `json:"notes"`
		}{c.Out, c.To, append([]string{}, lost...), append([]string{}, notes(net)...)})
	}
	for _, note := range notes(net) {
		fmt.Fprintln(k.Stdout, "note:", note)
	}
	for _, l := range lost {
		fmt.Fprintln(k.Stdout, "lost:", l)
	}
	_, err = fmt.Fprintf(k.Stdout, "wrote %s for %s\n", c.Out, c.To)
	return err
}
