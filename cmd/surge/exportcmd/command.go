// Package exportcmd is the command surge export.
package exportcmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/models/nir"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/experiment"
	"github.com/surge-snn/surge/train/export"
)

// Command is surge export.
type Command struct {
	Dir    string `arg:"" name:"run" help:"The folder of a run of surge train."`
	Format string `enum:"nir,npz,c," default:"" help:"nir, npz or c; default: what the ending of --out says."`
	Out    string `placeholder:"FILE" help:"The file to write; default RUN/network.FORMAT."`
	For    string `placeholder:"READER" complete:"simulators" help:"nir: write it with the parameters that make another simulator give the same spikes: norse, snntorch, spikingjelly, sinabs, spyx, rockpool, jaxsnn; an error where it cannot."`
	JSON   bool   `help:"Print a JSON object."`
}

// Help is the text under the usage of the command.
func (Command) Help() string {
	return `Writes the parameters of the best epoch of a run, with the constants of a time step, in a form that others read. The input of the network is the encoded sample.

  nir   a NIR graph (HDF5) with time step, method and reset as metadata, without time steps in seconds with spikes as pulses of area 1; what other simulators make of it, surge nir check says
  npz   NumPy arrays: layer/w [in, N], layer/b, layer/w_rec, layer/alpha, layer/beta, layer/v_th, of other neurons those of their equations; dt; of a list [[layer]] also
        those of convolutions (w [out, in, height, width]), pools, normalisations and delays (in steps); of a network
        without time steps layer/w, layer/delay, layer/w_rec, layer/tau_mem, layer/tau_syn, layer/v_th, in seconds
  c     one C99 file without dependencies, whose spikes and logits are those of surge, bit for bit; without time steps it takes
        lists of spikes, and its spike times are those of the engines of events and of equations, bit for bit

Examples:

  surge export runs/yinyang-1 --format nir
  surge export runs/yinyang-1 --format nir --for norse --out norse.nir
  surge export runs/mnist-1 --out network.npz
  surge export runs/mnist-1 --out network.c && cc -O2 -DSURGE_MAIN network.c -o network -lm`
}

// AfterApply checks the flags.
func (c *Command) AfterApply() error {
	ext := strings.TrimPrefix(strings.ToLower(filepath.Ext(c.Out)), ".")
	if c.Format == "" {
		c.Format = ext
	}
	switch c.Format {
	case "nir", "npz", "c":
	default:
		return &exit.BadInput{File: "--format", Expected: "nir, npz or c, or a file --out that ends so", Found: fmt.Sprintf("%q", c.Format)}
	}
	if c.Out == "" {
		c.Out = filepath.Join(c.Dir, "network."+c.Format)
	}
	if c.For != "" && c.Format != "nir" {
		return &exit.BadInput{File: "--for", Expected: "--format nir", Found: c.Format}
	}
	return nil
}

// Run exports.
func (c *Command) Run(k *kong.Context) error {
	e, err := experiment.Read(filepath.Join(c.Dir, experiment.ConfigFile), "")
	if err != nil {
		return err
	}
	path := filepath.Join(c.Dir, experiment.ParamsFile)
	params, err := train.ReadParams(path)
	if err != nil {
		return &exit.BadInput{File: path, Expected: "the parameters of the best epoch, as surge train leaves them", Err: err}
	}
	form, err := e.ExportForm(c.Format, c.For, params)
	switch {
	case c.For != "" && errors.Is(err, nir.ErrMeaning):
		return &exit.BadInput{File: "--for " + c.For, Err: err}
	case errors.As(err, new(*exit.BadInput)):
		return err
	case err != nil:
		return &exit.BadInput{File: c.Dir, Err: err}
	}
	if err := form.Write(c.Out); errors.Is(err, export.ErrNetwork) {
		return &exit.BadInput{File: c.Dir, Err: err}
	} else if err != nil {
		return &exit.BadInput{File: "--out " + c.Out, Err: err}
	}
	info, err := os.Stat(c.Out)
	if err != nil {
		return &exit.BadInput{File: c.Out, Err: err}
	}
	if c.JSON {
		return json.NewEncoder(k.Stdout).Encode(struct {
			Out    string   `json:"out"`
			Format string   `json:"format"`
			Bytes  int64    `json:"bytes"`
			Layers []string `json:"layers"`
			Notes  []string `json:"notes"`
		}{c.Out, c.Format, info.Size(), form.Layers, append([]string{}, form.Notes...)})
	}
	for _, note := range form.Notes {
		fmt.Fprintln(k.Stdout, "note:", note)
	}
	_, err = fmt.Fprintf(k.Stdout, "wrote %s: %d inputs, layers %s, %d bytes\n", c.Out, form.Inputs, strings.Join(form.Layers, ", "), info.Size())
	return err
}
