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

	"github.com/surge-snn/surge/graph"
	"github.com/surge-snn/surge/internal/exit"
	"github.com/surge-snn/surge/internal/files"
	"github.com/surge-snn/surge/models/nir"
	"github.com/surge-snn/surge/train"
	"github.com/surge-snn/surge/train/experiment"
	"github.com/surge-snn/surge/train/export"
)

// Command is surge export.
type Command struct {
	Dir    string `arg:"" name:"run" help:"The folder of a run of surge train; nir needs time steps."`
	Format string `enum:"nir,npz,c," default:"" help:"nir, npz or c; default: what the ending of --out says."`
	Out    string `placeholder:"FILE" help:"The file to write; default RUN/network.FORMAT."`
	For    string `placeholder:"READER" complete:"simulators" help:"nir: write it with the parameters that make another simulator give the same spikes: norse, snntorch, spikingjelly, sinabs, spyx, rockpool, jaxsnn; an error where it cannot."`
	JSON   bool   `help:"Print a JSON object."`
}

// Help is the text under the usage of the command.
func (Command) Help() string {
	return `Writes the parameters of the best epoch of a run, with the constants of a time step, in a form that others read. The input of the network is the encoded sample.

  nir   a NIR graph (HDF5) with time step, method and reset as metadata; what other simulators make of it, surge nir check says
  npz   NumPy arrays: layer/w [in, N], layer/b, layer/w_rec, layer/alpha, layer/beta, layer/v_th; dt; of a list [[layer]] also
        those of convolutions (w [out, in, height, width]), pools, normalisations and delays (in steps); of a network
        without time steps layer/w, layer/delay, layer/w_rec, layer/tau_mem, layer/tau_syn, layer/v_th, in seconds
  c     one C99 file without dependencies, whose spikes and logits are those of surge, bit for bit; without time steps it takes
        lists of spikes, and its spike times are those of the engine of events, bit for bit

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
	e, params, err := c.read()
	if err != nil {
		return err
	}
	var notes []string
	n := &export.Network{}
	if len(e.Layer) > 0 && c.Format == "nir" {
		notes, err = c.writeLayers(e, params, n)
	} else if c.Format != "nir" && !e.HasSteps() {
		err = c.writeEvents(e, params, n)
	} else if n, err = c.network(e, params); err != nil {
		return &exit.BadInput{File: c.Dir, Err: err}
	} else {
		switch c.Format {
		case "npz":
			err = files.WriteArrays(c.Out, n.NPZ())
		case "c":
			err = files.WriteAtomic(c.Out, n.C)
		case "nir":
			notes, err = c.writeNIR(n.NIR())
		}
	}
	if bad := (*exit.BadInput)(nil); errors.As(err, &bad) {
		return err
	}
	if err != nil {
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
		}{c.Out, c.Format, info.Size(), n.Names(), append([]string{}, notes...)})
	}
	for _, note := range notes {
		fmt.Fprintln(k.Stdout, "note:", note)
	}
	_, err = fmt.Fprintf(k.Stdout, "wrote %s: %d inputs, layers %s, %d bytes\n", c.Out, n.Inputs, strings.Join(n.Names(), ", "), info.Size())
	return err
}

// read reads the run.
func (c *Command) read() (*experiment.Experiment, *graph.Params, error) {
	e, err := experiment.Read(filepath.Join(c.Dir, experiment.ConfigFile), "")
	if err != nil {
		return nil, nil, err
	}
	path := filepath.Join(c.Dir, experiment.ParamsFile)
	params, err := train.ReadParams(path)
	if err != nil {
		return nil, nil, &exit.BadInput{File: path, Expected: "the parameters of the best epoch, as surge train leaves them", Err: err}
	}
	return e, params, nil
}

// writeEvents writes a network without time steps, and tells what is in it.
func (c *Command) writeEvents(e *experiment.Experiment, params *graph.Params, n *export.Network) error {
	channels, classes, err := e.Sizes()
	if err != nil {
		return err
	}
	x, err := e.ExportEvents(params, channels, classes)
	if err != nil {
		return &exit.BadInput{File: c.Dir, Err: err}
	}
	n.Inputs = channels
	n.Layers = x.Summary()
	if c.Format == "npz" {
		return files.WriteArrays(c.Out, x.NPZ())
	}
	if err = files.WriteAtomic(c.Out, x.C); errors.Is(err, export.ErrNetwork) {
		return &exit.BadInput{File: c.Dir, Err: err}
	}
	return err
}

// network returns the network for npz, c, and for nir where it is no list of layers.
func (c *Command) network(e *experiment.Experiment, params *graph.Params) (*export.Network, error) {
	channels := 0
	if len(e.Layer) > 0 {
		var err error
		if channels, _, err = e.Sizes(); err != nil {
			return nil, err
		}
	}
	return e.Export(params, channels)
}

// writeLayers writes the graph of a list of layers, and tells what is in it.
func (c *Command) writeLayers(e *experiment.Experiment, params *graph.Params, n *export.Network) ([]string, error) {
	channels, _, err := e.Sizes()
	if err != nil {
		return nil, err
	}
	n.Inputs = channels
	for _, l := range e.Layer {
		n.Layers = append(n.Layers, export.Layer{Name: l.Kind})
	}
	return c.writeNIR(e.NIR(params, channels))
}

// writeNIR writes a graph, and returns what other readers could take for something else.
func (c *Command) writeNIR(g *nir.Graph, err error) ([]string, error) {
	if err != nil {
		return nil, err
	}
	if c.For != "" && c.For != "surge" {
		convention, err := nir.Surge(g)
		if err != nil {
			return nil, err
		}
		net, err := nir.Compile(g, convention, 0)
		if err != nil {
			return nil, err
		}
		if g, err = nir.Express(g, net, c.For, 0); err != nil {
			return nil, &exit.BadInput{File: "--for " + c.For, Err: err}
		}
		return nil, nir.Write(c.Out, g)
	}
	return nir.Warnings(g), nir.Write(c.Out, g)
}
